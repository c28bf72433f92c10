import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EitError, isErrno } from '../errors';
import type { ArchivePart } from '../generated/manifest';
import { parseManifest } from './manifest';
import { BY_USER, COMMON_FILE } from './published-common';
import type { ReadableArchive } from './read-archive';
import { SLICES } from './slice-table';

const MONTH_FILE = /^(\d{4})-(\d\d)\.parquet$/;
/** No row takes less: more rows than there are only make a report read them in order. */
const LEAST_ROW_BYTES = 10;

/**
 * What a user may read of himself, as an archive that holds nothing else.
 * @param dir the cluster's folder
 * @throws EitError EIT_LEDGER_UNREADABLE where nothing was published for him or he may not read it, EIT_ARCHIVE
 */
export async function readOwnArchive(dir: string, cluster: string, uid: number): Promise<ReadableArchive> {
  const index = join(dir, BY_USER, COMMON_FILE);
  // First: what it promises is then there.
  const common = parseManifest(
    await readFile(index, 'utf8').catch((cause: unknown) => fail(index, cause)),
    index,
  );
  const own = `${BY_USER}/${uid}`;
  const names = await readdir(join(dir, own)).catch((cause: unknown) => {
    // He has had no run.
    if (isErrno(cause, 'ENOENT')) return [];
    return fail(join(dir, own), cause);
  });
  const parts: ArchivePart[] = [];
  for (const name of names) {
    const [, year, month] = MONTH_FILE.exec(name) ?? [];
    if (year === undefined) continue;
    const path = `${own}/${name}`;
    const { size } = await stat(join(dir, path)).catch((cause: unknown) => fail(join(dir, path), cause));
    parts.push({
      path,
      kind: SLICES.name,
      month: `${year}-${month}`,
      from_ms: Date.UTC(Number(year), Number(month) - 1),
      to_ms: Date.UTC(Number(year), Number(month)),
      level: 2,
      rows: Math.ceil(size / LEAST_ROW_BYTES),
      bytes: size,
    });
  }
  return { cluster, dir, manifest: { ...common, parts: [...common.parts, ...parts] } };
}

function fail(path: string, cause: unknown): never {
  const mend = isErrno(cause, 'ENOENT')
    ? 'Nothing has been published for users yet: an admin finds the reason in what `eit ledger compact` says.'
    : isErrno(cause, 'EACCES')
      ? 'It should be yours to read: ask an admin to run `eit ledger compact`, which sets its readers anew.'
      : 'Ask an admin to check the storage.';
  throw new EitError('EIT_LEDGER_UNREADABLE', `cannot read ${path}: ${String(cause)}. ${mend}`, { cause });
}
