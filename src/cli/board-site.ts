import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { visible } from '../config/visible';
import { EitError, isErrno, isSystemError } from '../errors';

/** By which a folder is known to be a leaderboard's. */
export const BOARD_JSON = 'leaderboard.json';

/** As pages of entries are called; nothing else is ever removed. */
const ENTRY_PAGE = /^[0-9]{1,6}-[a-z0-9-]{1,60}\.html$/;

/** A name that files can have, whatever the entry is called. */
export function entryPage(name: string, number: number): string {
  const word = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 60);
  return `entries/${number}-${word === '' ? 'entry' : word}.html`;
}

/**
 * Writes a site into a folder that is empty, new, or that of a leaderboard: file by file, each whole, leaderboard.json last. Pages of entries that are
 * not there any more go; what else lies there stays.
 * @param files by path within the folder
 * @throws EitError EIT_LEADERBOARD
 */
export function writeSite(dir: string, files: ReadonlyMap<string, string>): void {
  try {
    mkdirSync(dir, { recursive: true });
    // A folder can be a repository.
    const there = readdirSync(dir).filter((name) => !name.startsWith('.'));
    if (there.length > 0 && !isBoard(dir))
      throw new EitError(
        'EIT_LEADERBOARD',
        `--output ${visible(dir, 200)}: the folder is not empty and holds no leaderboard; name another one`,
      );
    for (const [path, text] of files) writeWhole(join(dir, path), text);
    const entries = join(dir, 'entries');
    for (const name of readdirSync(entries))
      if (ENTRY_PAGE.test(name) && !files.has(`entries/${name}`)) rmSync(join(entries, name));
  } catch (cause) {
    if (cause instanceof EitError || !isSystemError(cause)) throw cause;
    throw new EitError(
      'EIT_LEADERBOARD',
      `the site cannot be written to ${visible(dir, 200)}: ${cause.message}; name a folder that you may write to`,
      { cause },
    );
  }
}

/** Whether this command wrote what is in a folder. */
function isBoard(dir: string): boolean {
  try {
    const told: unknown = JSON.parse(readFileSync(join(dir, BOARD_JSON), 'utf8'));
    return typeof told === 'object' && told !== null && 'task' in told && 'parts' in told;
  } catch (error) {
    if (error instanceof SyntaxError || isErrno(error, 'ENOENT', 'EISDIR')) return false;
    throw error;
  }
}

function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.${process.pid}.tmp`);
  rmSync(temporary, { force: true });
  writeFileSync(temporary, text, { flag: 'wx' });
  renameSync(temporary, path);
}
