import { lstat, mkdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EitError } from '../errors';
import { type AccessLists, grant, type Granted, wronglyGranted } from './access-list';
import { ACCOUNT_KEY } from './by-account';
import { findAccessLists } from './find-access-lists';
import { JOBS } from './job-files';
import { entries, type InTree, jobsTree, treeOf } from './ledger-tree';
import { MANIFEST_FILE } from './manifest';
import type { FileModes } from './part';
import { clearPosixLists } from './posix-acl';
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
const OTHERS = 0o007;
const EVERYBODY = { folder: 0o755, file: 0o644 } as const;
/** Of what nobody else may read. */
export const OWNER_ONLY: FileModes = { folder: 0o700, file: 0o600 };

/**
 * Gives a cluster's folders the permissions that they should have, whatever they had: ledger and cluster may be gone through, inbox, state and
 * refused lines are their owner's, parts, manifest and what sacct told also the admins' or, with `open`, everybody's.
 * @returns how new files are to be made; where private cannot be had it is the owner's alone, with the reason
 * @throws EitError EIT_PATH_UNTRUSTED where the cluster's folder is a link of somebody else's
 */
export async function guardCluster(ledger: string, cluster: string, privacy: Privacy): Promise<Guard> {
  const dir = join(ledger, cluster);
  return guarding(dir, ['parts', JOBS], async () => {
    await setPassage(ledger, dir, privacy);
    await setOwn(dir);
    const trees = async (): Promise<InTree[]> => [
      ...(await treeOf(dir, 'parts')),
      ...(await jobsTree(dir)),
      ...(await manifestOf(dir)),
    ];
    if (privacy.mode === 'open') return openTo(dir, await trees());
    await mkdir(join(dir, 'parts'), { recursive: true, mode: OWNER_ONLY.folder });
    await shut(dir, 'parts', true);
    await shut(dir, JOBS);
    return grantAll(dir, await readersOf(dir, privacy.adminUids), trees);
  });
}

/**
 * The same of what sacct told alone, for who writes it.
 * @returns as {@link guardCluster}
 * @throws EitError EIT_PATH_UNTRUSTED
 */
export async function guardJobs(ledger: string, cluster: string, privacy: Privacy): Promise<Guard> {
  const dir = join(ledger, cluster);
  return guarding(dir, [JOBS], async () => {
    await setPassage(ledger, dir, privacy);
    if (privacy.mode === 'open') return openTo(dir, await jobsTree(dir));
    await shut(dir, JOBS, true);
    const uids = await readersOf(dir, privacy.adminUids);
    if (uids.length > 0) return grantAll(dir, uids, async () => jobsTree(dir));
    // That takes no list, which not every file system has.
    for (const { path, isFolder } of await jobsTree(dir))
      await setMode(join(dir, path), OWNER_ONLY[isFolder ? 'folder' : 'file'], isFolder ? 'folder' : 'file');
    return { modes: OWNER_ONLY, lists: null, refusal: null };
  });
}

/** @param folders below `dir` that are the owner's alone where readers cannot be given */
async function guarding(
  dir: string,
  folders: readonly string[],
  guard: () => Promise<Guard>,
): Promise<Guard> {
  try {
    return await guard();
  } catch (error) {
    if (!(error instanceof EitError) || error.code !== 'EIT_PRIVACY') throw error;
    for (const folder of folders)
      await setMode(join(dir, folder), OWNER_ONLY.folder, 'folder').catch(() => false);
    return { modes: OWNER_ONLY, lists: null, refusal: error };
  }
}

/** Those among the admins who need a list. */
async function readersOf(dir: string, adminUids: readonly number[]): Promise<number[]> {
  const { uid: owner } = await stat(dir);
  return adminUids.filter((uid) => uid !== 0 && uid !== owner);
}

async function manifestOf(dir: string): Promise<InTree[]> {
  const manifest = await lstat(join(dir, MANIFEST_FILE)).catch(() => null);
  return manifest?.isFile() === true ? [{ path: MANIFEST_FILE, isFolder: false }] : [];
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
async function setPassage(ledger: string, dir: string, { mode }: Privacy): Promise<void> {
  const passage = mode === 'open' ? EVERYBODY.folder : PASSAGE;
  const top = await realpath(ledger);
  await setMode(top, passage, 'folder', true);
  await setMode(await clusterFolder(top, dir), passage, 'folder', true);
}

/** What is the owner's alone in any ledger. */
async function setOwn(dir: string): Promise<void> {
  for (const name of ['inbox', 'state', 'aside']) await setMode(join(dir, name), OWNER_ONLY.folder, 'folder');
  await setMode(join(dir, ACCOUNT_KEY), OWNER_ONLY.file, 'file');
  if (await isLink(join(dir, 'inbox'))) return;
  for (const { name } of await entries(join(dir, 'inbox'))) {
    if (DAY_FOLDER.test(name)) await setMode(join(dir, 'inbox', name), OWNER_ONLY.folder, 'folder');
  }
}

/** Shuts everybody out of a folder at once; what lists let in stays until they are looked at: a reader is in the middle of it. */
async function shut(dir: string, folder: string, mustBe = false): Promise<void> {
  const path = join(dir, folder);
  const stats = await lstat(path).catch(() => null);
  const isShut = stats?.isDirectory() === true && (stats.mode & OTHERS) === 0;
  if (!isShut) await setMode(path, OWNER_ONLY.folder, 'folder', mustBe);
}

/** Lets everybody read. Lists of a time when it was private go: by them the group would still be kept out. */
async function openTo(dir: string, tree: readonly InTree[]): Promise<Guard> {
  const shutBefore = [];
  for (const { path, isFolder } of tree) {
    if (await setMode(join(dir, path), EVERYBODY[isFolder ? 'folder' : 'file'], isFolder ? 'folder' : 'file'))
      shutBefore.push({ path, isFolder });
  }
  await clearPosixLists(
    dir,
    shutBefore.map(({ path }) => path),
  );
  for (const { path, isFolder } of shutBefore) {
    await setMode(join(dir, path), EVERYBODY[isFolder ? 'folder' : 'file'], isFolder ? 'folder' : 'file');
  }
  return { modes: EVERYBODY, lists: null, refusal: null };
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

/**
 * Gives all there is its readers, since the list of admins changes.
 * @param treeOfAll asked once the lists are known
 */
async function grantAll(
  dir: string,
  uids: readonly number[],
  treeOfAll: () => Promise<readonly InTree[]>,
): Promise<Guard> {
  const lists = await findAccessLists(dir);
  const wanted = (await treeOfAll()).map(({ path, isFolder }): Granted => ({
    path,
    isFolder,
    uids,
    ...(isFolder ? { isInherited: uids.length > 0 } : {}),
  }));
  const wrong = await wronglyGranted(lists, dir, wanted);
  await grant(
    lists,
    dir,
    wrong.map(({ granted }) => granted),
  );
  return { modes: modesFor(lists, uids), lists, refusal: null };
}
