import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isErrno } from '../errors';

/**
 * Loads an optional package with compiled parts: where npm has put it, else from `native` beside the bundle that this is in
 * (scripts/copy-native.mjs).
 * @throws what Node.js says, of the first place where the package is and cannot be loaded
 */
export function loadNativePackage(name: string): unknown {
  const load = createRequire(__filename);
  const beside = join(__dirname, 'native', name);
  try {
    return load(name);
  } catch (error) {
    const isElsewhere = isErrno(error, 'MODULE_NOT_FOUND') && existsSync(beside);
    if (!isElsewhere) throw error;
  }
  return load(beside);
}
