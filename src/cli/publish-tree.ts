import { chmod, lstat, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type AccessLists, grant } from '../archive/access-list';
import { visible } from '../config/visible';
import { EitError, isErrno } from '../errors';
import { PAGE_FILE } from '../pages/page-file';

/** Who may write to a folder beside its owner. */
const OTHERS_WRITE = 0o022;
/** May be gone through and not be listed. */
const PASSAGE = 0o711;
const MODES = { open: { folder: 0o755, file: 0o644 }, private: { folder: 0o700, file: 0o600 } } as const;
const TEMPORARY = `.${PAGE_FILE}.tmp`;

/**
 * The folder that pages are published in: all of it is one user's, who alone may write in it, so that nobody can put a link where a page goes.
 * Each page is written beside its place, gets its readers, and then its name.
 */
export class PublishTree {
  readonly #dir: string;
  readonly #lists: AccessLists | null;
  readonly #owner: number;
  readonly #written = new Set<string>();
  readonly #checked = new Set<string>();

  /** @param lists by which readers are let in; null: everybody may read all */
  private constructor(dir: string, lists: AccessLists | null, owner: number) {
    this.#dir = dir;
    this.#lists = lists;
    this.#owner = owner;
  }

  /**
   * @param owner uid of who writes
   * @throws EitError EIT_PAGES where the folder cannot be had, or others could change what is in it
   */
  static async open(
    dir: string,
    owner: number,
    listsOf: ((dir: string) => Promise<AccessLists>) | null,
  ): Promise<PublishTree> {
    await asPages(dir, () => mkdir(dir, { recursive: true, mode: PASSAGE }));
    await mustBeOwn(dir, owner);
    if (listsOf !== null) await closeOpenPages(dir);
    await chmod(dir, listsOf === null ? MODES.open.folder : PASSAGE);
    return new PublishTree(dir, listsOf === null ? null : await listsOf(dir), owner);
  }

  /**
   * Writes a page.
   * @param folder below the tree's, such as `users/1001`
   * @param uids who may read it, beside the owner and root
   * @throws EitError EIT_PAGES, EIT_PRIVACY
   */
  async write(folder: string, text: string, uids: readonly number[]): Promise<void> {
    const parts = folder.split('/');
    for (let i = 1; i < parts.length; i++) await this.#passage(parts.slice(0, i).join('/'));
    const modes = this.#lists === null ? MODES.open : MODES.private;
    const path = join(this.#dir, folder);
    const temporary = join(path, TEMPORARY);
    const readers = uids.filter((uid) => uid !== 0 && uid !== this.#owner);
    await asPages(path, async () => {
      await mkdir(path, { recursive: true, mode: modes.folder });
      await mustBeOwn(path, this.#owner);
      if (this.#lists === null) await chmod(path, modes.folder);
      else await grant(this.#lists, this.#dir, [{ path: folder, isFolder: true, uids: readers }]);
      await rm(temporary, { force: true });
      await writeFile(temporary, text, { flag: 'wx', mode: modes.file });
      if (this.#lists === null) await chmod(temporary, modes.file);
      else await grant(this.#lists, path, [{ path: TEMPORARY, isFolder: false, uids: readers }]);
      await rename(temporary, join(path, PAGE_FILE));
    });
    for (let i = 1; i <= parts.length; i++) this.#written.add(parts.slice(0, i).join('/'));
  }

  /**
   * Takes away the pages of this tree that were not written now: of users who have no runs any more, of accounts that are gone.
   * @param folders whose folders are all pages', such as `users`
   * @returns how many
   */
  async removeOthers(folders: readonly string[]): Promise<number> {
    let removed = 0;
    for (const folder of folders) {
      const path = join(this.#dir, folder);
      const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
        if (isErrno(error, 'ENOENT')) return [];
        throw error;
      });
      if (entries.length > 0) await mustBeOwn(path, this.#owner);
      for (const { name } of entries) {
        if (this.#written.has(`${folder}/${name}`)) continue;
        if (!(await isPageFolder(join(path, name)))) continue;
        // A link is removed, not what it leads to.
        await asPages(join(path, name), () => rm(join(path, name), { recursive: true, force: true }));
        removed++;
      }
    }
    return removed;
  }

  /** A folder that everybody may go through to what is his. */
  async #passage(folder: string): Promise<void> {
    if (this.#checked.has(folder) || this.#written.has(folder)) return;
    const path = join(this.#dir, folder);
    await asPages(path, () => mkdir(path, { recursive: true, mode: PASSAGE }));
    await mustBeOwn(path, this.#owner);
    await chmod(path, this.#lists === null ? MODES.open.folder : PASSAGE);
    this.#checked.add(folder);
  }
}

/** Pages of a time when everybody might read them: closed before anything can fail. */
async function closeOpenPages(dir: string): Promise<void> {
  const folders = [join(dir, 'site')];
  for (const group of ['users', 'accounts', 'site/partitions']) {
    const names = await readdir(join(dir, group)).catch(() => []);
    folders.push(...names.map((name) => join(dir, group, name)));
  }
  for (const folder of folders) {
    const stats = await lstat(folder).catch(() => null);
    if (stats?.isDirectory() === true && (stats.mode & 0o004) !== 0) await chmod(folder, 0o700);
  }
}

/** Whether there is nothing in it but a page: what else lies in such a folder is not ours to take away. */
async function isPageFolder(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => null);
  if (stats === null || stats.isSymbolicLink() || !stats.isDirectory()) return stats !== null;
  const names = await readdir(path);
  return names.every((name) => name === PAGE_FILE || name === TEMPORARY);
}

/** @throws EitError EIT_PAGES where it is a link, somebody else's, or others may write in it */
async function mustBeOwn(path: string, owner: number): Promise<void> {
  const stats = await lstat(path);
  const fault = stats.isSymbolicLink()
    ? 'it is a symbolic link'
    : !stats.isDirectory()
      ? 'it is no folder'
      : stats.uid !== owner
        ? `it belongs to uid ${stats.uid}`
        : (stats.mode & OTHERS_WRITE) !== 0
          ? 'others may write in it'
          : null;
  if (fault === null) return;
  throw new EitError(
    'EIT_PAGES',
    `${visible(path)} cannot hold pages: ${fault}. It must be a folder of the ledger's owner (uid ${owner}), in which nobody else may write: ` +
      `install -d -o ${owner} -m 711 ${visible(path)}`,
  );
}

async function asPages<T>(path: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (cause) {
    if (
      cause instanceof EitError ||
      !isErrno(cause, 'EACCES', 'EPERM', 'ENOSPC', 'EROFS', 'ENOTDIR', 'EEXIST', 'ELOOP', 'EDQUOT')
    )
      throw cause;
    throw new EitError(
      'EIT_PAGES',
      `pages cannot be written to ${visible(path)}: ${visible(String(cause))}; make ${visible(dirname(path))} a folder of the ledger's owner`,
      { cause },
    );
  }
}
