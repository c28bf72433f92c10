import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { isErrno } from '../errors';

/**
 * Makes a folder and those above it that are missing. Node.js' own way (`recursive`) goes round for ever where a file system answers that
 * there is no such folder though the one above is there, as /proc and automounters do.
 * @throws the system's error
 */
export function makeFolders(path: string, mode = 0o777): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (isErrno(error, 'EEXIST') && statSync(path).isDirectory()) return;
    const above = dirname(path);
    if (!isErrno(error, 'ENOENT') || isThere(above)) throw error;
    makeFolders(above, mode);
    makeFolders(path, mode);
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
