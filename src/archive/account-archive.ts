import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../errors';
import type { ArchiveManifest } from '../generated/manifest';
import { ACCOUNT_INDEX, accountFolder, BY_ACCOUNT } from './by-account';
import { parseManifest } from './manifest';
import type { ReadableArchive } from './read-archive';

/**
 * The totals of accounts, as an archive that holds nothing else.
 * @param dir the cluster's folder
 * @returns null where one of them is not the reader's to read
 * @throws EitError EIT_ARCHIVE; the system's error
 */
export async function readAccountArchive(
  dir: string,
  cluster: string,
  accounts: ReadonlySet<string>,
): Promise<ReadableArchive | null> {
  const found: ArchiveManifest[] = [];
  for (const account of accounts) {
    const path = join(dir, BY_ACCOUNT, accountFolder(account), ACCOUNT_INDEX);
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (isErrno(error, 'EACCES', 'ENOENT')) return null;
      throw error;
    });
    if (text === null) return null;
    found.push(parseManifest(text, path));
  }
  const [first] = found;
  if (first === undefined) return null;
  return { cluster, dir, manifest: { ...first, parts: found.flatMap(({ parts }) => parts) } };
}
