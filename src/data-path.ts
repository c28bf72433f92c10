import { join } from 'node:path';

/** Path of a file in the package's folder data/, or of the folder. This file and the bundles in dist/ lie one below the top alike. */
export function dataPath(...names: readonly string[]): string {
  return join(__dirname, '../data', ...names);
}
