import { join } from 'node:path';

/** data/ of the package. */
export const DATA = join(__dirname, '../../../data');
