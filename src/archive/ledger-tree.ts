import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EitError, isErrno } from '../errors';
import { isJobsFile, JOBS } from './job-files';

/** A file or folder of a cluster. */
export interface InTree {
  /** From the cluster's folder on. */
  readonly path: string;
  readonly isFolder: boolean;
}

/** A folder and all below it, from `dir` on; no link is followed. */
export async function treeOf(dir: string, folder: string): Promise<InTree[]> {
  const top = await lstat(join(dir, folder)).catch(() => null);
  if (top?.isDirectory() !== true) return [];
  const below: InTree[] = [];
  for (const entry of await entries(join(dir, folder))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) below.push(...(await treeOf(dir, path)));
    else if (entry.isFile()) below.push({ path, isFolder: false });
  }
  return [{ path: folder, isFolder: true }, ...below];
}

/** The folder of what sacct told and its files, without those that come and go while it is asked. */
export async function jobsTree(dir: string): Promise<InTree[]> {
  const tree = await treeOf(dir, JOBS);
  return tree.filter(
    ({ path, isFolder }) => path === JOBS || (!isFolder && isJobsFile(path.slice(JOBS.length + 1))),
  );
}

/** What lies in a folder; nothing where there is none. @throws EitError EIT_PRIVACY */
export async function entries(folder: string): Promise<Dirent[]> {
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
