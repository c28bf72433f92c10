import type { DuckDBConnection } from '@duckdb/node-api';
import type { ArchiveManifest, ArchivePart } from '../generated/manifest';
import { type Archive, commit } from './commit';
import { RUN_DAYS } from './run-day-table';
import { sumsOfPart } from './sums-of-part';
import { summedParts } from './totals';

/** Parts of `rundays` that have no sums of what they hold now, and sums that are of none. */
export function dueSums({ parts }: Pick<ArchiveManifest, 'parts'>): {
  readonly due: ArchivePart[];
  readonly orphans: ArchivePart[];
} {
  const summed = summedParts(parts);
  const held = new Set(summed.flatMap(({ part, sums, open }) => [part.path, sums?.path, open?.path]));
  return {
    due: parts.filter(({ kind, path }) => kind === RUN_DAYS.name && !held.has(path)),
    orphans: parts.filter(({ of, path }) => of !== undefined && !held.has(path)),
  };
}

/**
 * Makes the sums that are due, a commit a part: reports do without them where they are not there.
 * @returns how many parts were summed
 * @throws EitError EIT_ARCHIVE, EIT_LEDGER_LOCKED
 */
export async function sumDue(
  connection: DuckDBConnection,
  archive: Archive,
  nowMs: number,
  isStillOurs: () => boolean,
): Promise<number> {
  const { due, orphans } = dueSums(archive.manifest);
  let replaced = orphans.map(({ path }) => path);
  for (const part of due) {
    const added = await sumsOfPart(connection, archive, part);
    await commit(archive, { added, replaced }, nowMs, isStillOurs);
    replaced = [];
  }
  if (replaced.length > 0) await commit(archive, { replaced }, nowMs, isStillOurs);
  return due.length;
}
