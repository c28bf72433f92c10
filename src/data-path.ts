import { join } from 'node:path';

/** Path of a file in the package's folder data/. This file and the bundles in dist/ lie one below the top alike. */
export function dataPath(name: string): string {
  return join(__dirname, '../data', name);
}
