import type { Table } from './column';
import { DOMAINS, HARDWARE, HOSTS, SERIES } from './host-table';
import { HOUR_TOTALS } from './hour-table';
import { RUN_DAYS } from './run-day-table';
import { SLICES } from './slice-table';

/** All that the archive keeps of what hosts wrote. */
export const TABLES: readonly Table<never>[] = [SLICES, HOSTS, DOMAINS, HARDWARE, SERIES];

/** What is made from it, day by day. */
export const TOTALS: readonly Table<never>[] = [RUN_DAYS, HOUR_TOTALS];
