import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isNativeError } from 'node:util/types';
import { visible } from '../config/visible';
import { EitError } from '../errors';

/** What browsers and web servers open of a folder. */
export const PAGE_FILE = 'index.html';

/**
 * Writes a page into a folder, which is made where there is none; who reads meanwhile has the old one or the new one. Its mode is by the umask, as
 * of whatever else one writes.
 * @returns its path
 * @throws EitError EIT_PAGES
 */
export function writePage(dir: string, text: string): string {
  const path = join(dir, PAGE_FILE);
  const temporary = join(dir, `.${PAGE_FILE}.${process.pid}.tmp`);
  try {
    mkdirSync(dir, { recursive: true });
    rmSync(temporary, { force: true });
    writeFileSync(temporary, text, { flag: 'wx' });
    renameSync(temporary, path);
  } catch (cause) {
    if (!isNativeError(cause) || !('syscall' in cause)) throw cause;
    removeQuietly(temporary);
    throw new EitError(
      'EIT_PAGES',
      `the page cannot be written to ${visible(dir)}: ${visible(String(cause))}; give a folder that you may write to`,
      { cause },
    );
  }
  return path;
}

/** What is wrong already is said; where the folder is a file, say, there is nothing to remove either. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    if (!isNativeError(error)) throw error;
  }
}
