import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { EitError } from '../errors';

/** Who may read a file or folder beside its owner, who may do all. */
export interface Granted {
  /** Below the folder that the lists are set in; `.`: that folder. */
  readonly path: string;
  readonly isFolder: boolean;
  readonly uids: readonly number[];
  /** Of a folder: what is made in it gets the same readers. */
  readonly isInherited?: boolean;
}

/** What a list lets others do, as far as it concerns us. */
export interface Readers {
  /** uid to what it may do, `r-x`; the owner and who may do nothing are not among them. */
  readonly users: ReadonlyMap<number, string>;
  /** Whoever else may do something, in words. */
  readonly others: readonly string[];
}

/** One way to say who may read: what the file system understands. */
export interface AccessLists {
  readonly name: string;
  /**
   * Sets the lists, all at once.
   * @param dir folder that the paths are below
   * @throws EitError EIT_PRIVACY
   */
  readonly set: (dir: string, granted: readonly Granted[]) => Promise<void>;
  /**
   * Reads them back.
   * @param paths below `dir`; all there must be
   * @throws EitError EIT_PRIVACY
   */
  readonly read: (dir: string, paths: readonly string[]) => Promise<Map<string, Readers>>;
}

/** Sets lists and reads them back. @throws EitError EIT_PRIVACY where they are not what was set, or a link is where a file or folder should be */
export async function grant(lists: AccessLists, dir: string, granted: readonly Granted[]): Promise<void> {
  if (granted.length === 0) return;
  await mustBeReal(dir, granted);
  await lists.set(dir, granted);
  const [wrong] = await wronglyGranted(lists, dir, granted);
  if (wrong === undefined) return;
  throw new EitError(
    'EIT_PRIVACY',
    `${dir}/${wrong.granted.path}: the file system took an access list (${lists.name}) and shows another one: ${wrong.fault}. ` +
      'Nothing of it was made readable. See docs/privacy.md, "File systems".',
  );
}

/** The programs follow links: then the list would be set wherever it leads. */
async function mustBeReal(dir: string, granted: readonly Granted[]): Promise<void> {
  for (const { path, isFolder } of granted) {
    const stats = await lstat(join(dir, path)).catch((cause: unknown) => {
      throw new EitError('EIT_PRIVACY', `${join(dir, path)} cannot be looked at: ${String(cause)}`, {
        cause,
      });
    });
    if (isFolder ? stats.isDirectory() : stats.isFile()) continue;
    throw new EitError(
      'EIT_PRIVACY',
      `${join(dir, path)} is ${stats.isSymbolicLink() ? 'a link' : `no ${isFolder ? 'folder' : 'plain file'}`}: ` +
        'it is given no readers. See who put it there, and remove it',
    );
  }
}

/** Those whose lists are not what they should be, and how. */
export async function wronglyGranted(
  lists: AccessLists,
  dir: string,
  granted: readonly Granted[],
): Promise<{ readonly granted: Granted; readonly fault: string }[]> {
  const found = await lists.read(
    dir,
    granted.map(({ path }) => path),
  );
  return granted.flatMap((one) => {
    const readers = found.get(one.path);
    const fault = readers === undefined ? 'it has no list' : faultOf(readers, one);
    return fault === null ? [] : [{ granted: one, fault }];
  });
}

/** What is wrong with a list, in words; null: nothing. */
export function faultOf({ users, others }: Readers, { uids, isFolder }: Granted): string | null {
  const wanted = rightsOf(isFolder);
  const [stranger] = [...users].filter(([uid]) => !uids.includes(uid));
  if (stranger !== undefined) return `uid ${stranger[0]} may ${stranger[1]}`;
  if (others.length > 0) return others.join(', ');
  for (const uid of uids) {
    const may = users.get(uid) ?? '---';
    if (may.includes('w')) return `uid ${uid} may write (${may})`;
    if ([...wanted].some((right) => right !== '-' && !may.includes(right))) {
      return `uid ${uid} may ${may}, not ${wanted}`;
    }
  }
  return null;
}

export function rightsOf(isFolder: boolean): string {
  return isFolder ? 'r-x' : 'r--';
}
