import type { Dirent } from 'node:fs';
import { lstat, mkdir, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EitError, isErrno } from '../errors';
import { type AccessLists, grant, type Granted, wronglyGranted } from './access-list';
import { ACCOUNT_KEY } from './by-account';
import { findAccessLists } from './find-access-lists';
import { MANIFEST_FILE } from './manifest';
import type { FileModes } from './part';
import { setMode } from './set-mode';

/** Who may read what was compacted. */
export type Privacy =
  | { readonly mode: 'open' }
  | {
      readonly mode: 'private';
      /** Those who may read all, beside the ledger's owner. */
      readonly adminUids: readonly number[];
      /** Account to those who may read its totals. */
      readonly coordinators: ReadonlyMap<string, readonly number[]>;
    };

/** How a cluster's archive is guarded, as far as it could be. */
export interface Guard {
  readonly modes: FileModes;
  /** null: nothing is published for users, with the reason in `refusal` where it should be. */
  readonly lists: AccessLists | null;
  readonly refusal: EitError | null;
}

/** May be gone through and not be listed. */
const PASSAGE = 0o711;
const DAY_FOLDER = /^\d{4}-\d\d-\d\d$/;
const EVERYBODY = { folder: 0o755, file: 0o644 } as const;
/** Of what nobody else may read. */
export const OWNER_ONLY: FileModes = { folder: 0o700, file: 0o600 };

/**
 * Gives a cluster's folders the permissions that they should have, whatever they had: ledger and cluster may be gone through, inbox, state and
 * refused lines are their owner's, parts and manifest also the admins' or, with `open`, everybody's.
 * @returns how new files are to be made; where private cannot be had it is the owner's alone, with the reason
 * @throws EitError EIT_PATH_UNTRUSTED where the cluster's folder is a link of somebody else's
 */
export async function guardCluster(ledger: string, cluster: string, privacy: Privacy): Promise<Guard> {
  const dir = join(ledger, cluster);
  try {
    await setModes(ledger, dir, privacy);
    if (privacy.mode === 'open') return { modes: EVERYBODY, lists: null, refusal: null };
    await mkdir(join(dir, 'parts'), { recursive: true, mode: OWNER_ONLY.folder });
    await setMode(join(dir, 'parts'), OWNER_ONLY.folder, 'folder', true);
    const lists = await findAccessLists(dir);
    const { uid: owner } = await stat(dir);
    const uids = privacy.adminUids.filter((uid) => uid !== 0 && uid !== owner);
    await grantParts(lists, dir, uids);
    return { modes: modesFor(lists, uids), lists, refusal: null };
  } catch (error) {
    if (!(error instanceof EitError) || error.code !== 'EIT_PRIVACY') throw error;
    return { modes: OWNER_ONLY, lists: null, refusal: error };
  }
}

/** Parts get their readers from their folder; the manifest, which lies beside what is nobody's, gets its own. */
function modesFor(lists: AccessLists, uids: readonly number[]): FileModes {
  if (uids.length === 0) return OWNER_ONLY;
  return {
    // The group's bits are the list's mask: the group itself has an entry without rights.
    folder: 0o750,
    file: 0o640,
    beforeNamed: async (temporary) =>
      grant(lists, dirname(temporary), [
        { path: temporary.slice(dirname(temporary).length + 1), isFolder: false, uids },
      ]),
  };
}

/** What the admin linked, the ledger itself or a cluster on another disk, is followed; below that no link is. */
async function setModes(ledger: string, dir: string, privacy: Privacy): Promise<void> {
  const passage = privacy.mode === 'open' ? EVERYBODY.folder : PASSAGE;
  const top = await realpath(ledger);
  await setMode(top, passage, 'folder', true);
  await setMode(await clusterFolder(top, dir), passage, 'folder', true);
  for (const name of ['inbox', 'state', 'aside']) await setMode(join(dir, name), OWNER_ONLY.folder, 'folder');
  await setMode(join(dir, ACCOUNT_KEY), OWNER_ONLY.file, 'file');
  if (!(await isLink(join(dir, 'inbox')))) {
    for (const { name } of await entries(join(dir, 'inbox'))) {
      if (DAY_FOLDER.test(name)) await setMode(join(dir, 'inbox', name), OWNER_ONLY.folder, 'folder');
    }
  }
  if (privacy.mode === 'private') return;
  await setMode(join(dir, MANIFEST_FILE), EVERYBODY.file, 'file');
  for (const { path, isFolder } of await treeOf(dir, 'parts')) {
    if (isFolder) await setMode(join(dir, path), EVERYBODY.folder, 'folder');
    else await setMode(join(dir, path), EVERYBODY.file, 'file');
  }
}

/**
 * A cluster's folder, wherever the admin has it.
 * @throws EitError EIT_PATH_UNTRUSTED for a link that somebody else put there
 */
async function clusterFolder(ledger: string, dir: string): Promise<string> {
  const [{ uid: owner }, link] = [await stat(ledger), await lstat(dir)];
  if (!link.isSymbolicLink() || [owner, 0, process.geteuid?.()].includes(link.uid)) return realpath(dir);
  throw new EitError(
    'EIT_PATH_UNTRUSTED',
    `${dir} is a link that uid ${link.uid} has made, whom the ledger does not belong to: it is not followed. Remove it, or make it as the ledger's owner`,
  );
}

async function isLink(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null))?.isSymbolicLink() === true;
}

/** Whom parts and manifest are open to: all there are, since the list of admins changes. */
async function grantParts(lists: AccessLists, dir: string, uids: readonly number[]): Promise<void> {
  const tree = await treeOf(dir, 'parts');
  const wanted = tree.map(({ path, isFolder }): Granted => ({
    path,
    isFolder,
    uids,
    ...(isFolder ? { isInherited: uids.length > 0 } : {}),
  }));
  const manifest = await lstat(join(dir, MANIFEST_FILE)).catch(() => null);
  if (manifest?.isFile() === true) wanted.push({ path: MANIFEST_FILE, isFolder: false, uids });
  const wrong = await wronglyGranted(lists, dir, wanted);
  await grant(
    lists,
    dir,
    wrong.map(({ granted }) => granted),
  );
}

/** A folder and all below it, from `dir` on; no link is followed. */
export async function treeOf(
  dir: string,
  folder: string,
): Promise<{ readonly path: string; readonly isFolder: boolean }[]> {
  const top = await lstat(join(dir, folder)).catch(() => null);
  if (top?.isDirectory() !== true) return [];
  const below: { readonly path: string; readonly isFolder: boolean }[] = [];
  for (const entry of await entries(join(dir, folder))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) below.push(...(await treeOf(dir, path)));
    else if (entry.isFile()) below.push({ path, isFolder: false });
  }
  return [{ path: folder, isFolder: true }, ...below];
}

async function entries(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    if (isErrno(cause, 'ENOENT', 'ENOTDIR')) return [];
    throw new EitError(
      'EIT_PRIVACY',
      `${folder} cannot be listed: ${String(cause)}. Run compact as the ledger's owner`,
      { cause },
    );
  }
}
