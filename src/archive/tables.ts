import type { Table } from './column';
import { DOMAINS, HARDWARE, HOSTS, SERIES } from './host-table';
import { SLICES } from './slice-table';

/** All that the archive keeps of what hosts wrote. */
export const TABLES: readonly Table<never>[] = [SLICES, HOSTS, DOMAINS, HARDWARE, SERIES];
