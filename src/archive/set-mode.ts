import { constants, type Stats } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { EitError, isErrno } from '../errors';

const PERMISSIONS = 0o777;
const SPECIAL = 0o7000;

/** What a handle may be of, without waiting on a pipe. */
const FLAGS = { folder: constants.O_DIRECTORY, file: constants.O_NONBLOCK } as const;

export type Kind = keyof typeof FLAGS;

/**
 * Gives a folder or plain file of a ledger its permissions; setuid, setgid and sticky bits stay. A link is left alone, as is what is of another kind:
 * whoever may write beside it could have put it there, and it leads wherever he likes.
 * @param mustBe whether it is an error where it is not there, or is something else
 * @returns whether they were others before
 * @throws EitError EIT_PRIVACY
 */
export async function setMode(path: string, wanted: number, kind: Kind, mustBe = false): Promise<boolean> {
  try {
    const seen = await lstat(path);
    if (!isOf(kind, seen)) {
      if (!mustBe) return false;
      throw new Error(`it is no ${kind === 'folder' ? 'folder' : 'plain file'}, or a link to one`);
    }
    if ((seen.mode & PERMISSIONS) === wanted) return false;
    // Between that look and this it may have become a link.
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | FLAGS[kind]);
    try {
      const stats = await handle.stat();
      if (!isOf(kind, stats)) throw new Error('it became something else meanwhile');
      await handle.chmod((stats.mode & SPECIAL) | wanted);
    } finally {
      await handle.close();
    }
    return true;
  } catch (cause) {
    if (!mustBe && isErrno(cause, 'ENOENT', 'ENOTDIR')) return false;
    const octal = wanted.toString(8).padStart(4, '0');
    throw new EitError(
      'EIT_PRIVACY',
      `${path} cannot be given the mode ${octal}: ${String(cause)}. Nothing is published for users before it has it. Run compact as ` +
        `the owner of the ledger, or as root: chmod ${octal} ${path}`,
      { cause },
    );
  }
}

function isOf(kind: Kind, stats: Stats): boolean {
  return kind === 'folder' ? stats.isDirectory() : stats.isFile();
}
