import { constants } from 'node:fs';
import { type FileHandle, open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EitError, isErrno } from '../errors';
import type { SkipReason, Skipped } from './record-line';

const DAY_FOLDER = /^\d{4}-\d\d-\d\d$/;
const ENDING = '.ndjson';
const CLUSTER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Which clusters the ledger has. */
export const CLUSTERS_FILE = 'clusters.json';

/** One host's lines of one day. */
export interface InboxFile {
  readonly cluster: string;
  /** UTC day of its records' `to`. */
  readonly day: string;
  readonly host: string;
  readonly path: string;
}

/**
 * The clusters that the ledger has a folder of, in alphabetical order.
 * @throws EitError EIT_LEDGER_UNREADABLE
 */
export async function ledgerClusters(ledger: string): Promise<string[]> {
  const names = await namesIn(ledger);
  const folders = await Promise.all(
    names.map(async (name) =>
      (await isFolder(join(ledger, name, 'inbox'))) || (await isFolder(join(ledger, name, 'parts')))
        ? [name]
        : [],
    ),
  );
  return folders.flat().sort();
}

/** A private ledger cannot be listed; then compaction has written down which clusters there are. */
async function namesIn(ledger: string): Promise<string[]> {
  try {
    return (await list(ledger, ledger)).map(({ name }) => name);
  } catch (error) {
    if (!(error instanceof EitError) || !isErrno(error.cause, 'EACCES')) throw error;
    const text = await readFile(join(ledger, CLUSTERS_FILE), 'utf8').catch(() => null);
    if (text === null) throw error;
    return parseClusters(text, join(ledger, CLUSTERS_FILE));
  }
}

/** `{"clusters": ["alpha"]}`. @throws EitError EIT_ARCHIVE */
export function parseClusters(text: string, path: string): string[] {
  try {
    const { clusters } = JSON.parse(text) as { clusters: unknown };
    if (
      Array.isArray(clusters) &&
      clusters.every((name) => typeof name === 'string' && CLUSTER_NAME.test(name))
    ) {
      return clusters as string[];
    }
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  throw new EitError(
    'EIT_ARCHIVE',
    `${path} is no list of clusters; the next eit ledger compact writes it anew`,
  );
}

/**
 * A cluster's inbox files, by day and host.
 * @param firstDay earliest folder that is looked into, and `lastDay` the latest, both included; absent: all
 * @param skipped takes the count of links, which are not followed
 * @throws EitError EIT_LEDGER_UNREADABLE
 */
export async function inboxFiles(
  ledger: string,
  cluster: string,
  { firstDay = '', lastDay = '~', skipped }: { firstDay?: string; lastDay?: string; skipped?: Skipped },
): Promise<InboxFile[]> {
  const inbox = join(ledger, cluster, 'inbox');
  const files: InboxFile[] = [];
  for (const day of await list(ledger, inbox)) {
    if (!DAY_FOLDER.test(day.name) || day.name < firstDay || day.name > lastDay) continue;
    if (day.isSymbolicLink()) skipped?.count('symbolic link');
    if (!day.isDirectory()) continue;
    const folder = join(inbox, day.name);
    for (const { name } of await list(ledger, folder)) {
      if (!name.endsWith(ENDING)) continue;
      files.push({ cluster, day: day.name, host: name.slice(0, -ENDING.length), path: join(folder, name) });
    }
  }
  return files;
}

/** Entries in the order of their names. */
async function list(ledger: string, folder: string) {
  try {
    return (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    // Compaction takes days away while we read.
    if (folder !== ledger && isErrno(error, 'ENOENT')) return [];
    throw unreadable(folder, error);
  }
}

/** What the admin links below the ledger itself (a cluster on another disk) is followed. */
async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return false;
    throw unreadable(path, error);
  }
}

export function unreadable(path: string, cause: unknown): EitError {
  const mend = isErrno(cause, 'ENOENT')
    ? 'It does not exist on this machine: is the shared storage mounted, and does `ledger` in eit.yaml (EIT_CONFIG, --config) name the right folder? That of a new installation is yet to be made: README.md, "Install".'
    : isErrno(cause, 'EACCES', 'EPERM')
      ? 'You may not read it: the ledger belongs to its own user, ask an admin to run the report or to let you read the folder.'
      : 'Check the storage and `ledger` in eit.yaml.';
  return new EitError('EIT_LEDGER_UNREADABLE', `cannot read the ledger at ${path}. ${mend}`, { cause });
}

/** Opens a file of an inbox without following a link and without waiting on a pipe. */
export async function openPlain(path: string): Promise<FileHandle | SkipReason | Error> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    return 'not a plain file';
  } catch (error) {
    if (isErrno(error, 'ELOOP')) return 'symbolic link';
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** A damaged disk, or a file system that went away. */
export function isStorageGone(error: unknown): boolean {
  return isErrno(error, 'EIO', 'ESTALE', 'EREMOTEIO', 'ENODATA');
}
