import type { DuckDBConnection } from '@duckdb/node-api';
import type { ArchivePart } from '../generated/manifest';
import { stretchesOf } from './days';
import { partsIn } from './manifest';
import { runUjSql } from './month-sums';
import { partsSql, rowsOf } from './part';
import type { ReadableArchive } from './read-archive';
import { SLICES } from './slice-table';
import { freshSql, summedParts } from './totals';

/** What totals should hold and hold, measured and modelled energy under all policies together. */
export interface TotalsFault {
  /** Paths of the parts that are wrong. */
  readonly paths: readonly string[];
  readonly days: readonly string[];
  readonly expectedUj: bigint;
  readonly foundUj: bigint;
}

/**
 * Compares the totals of some parts with the slices of their days, and the sums of runs with the runs that they are of, to the µJ.
 * @param parts of any kinds; those that hold no totals are passed over
 * @throws EitError EIT_ARCHIVE
 */
export async function faultsOfTotals(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  parts: readonly ArchivePart[],
): Promise<TotalsFault[]> {
  const { dir, manifest } = archive;
  const faults: TotalsFault[] = [];
  const compare = async (of: readonly ArchivePart[], expectedUj: bigint): Promise<void> => {
    const rows = of.map((part) =>
      part.of === undefined
        ? freshSql(dir, part, manifest.time_zone)
        : `SELECT * FROM ${partsSql(dir, [part.path])}`,
    );
    let foundUj = 0n;
    for (const each of rows) foundUj += await ujOf(connection, `(${each})`);
    if (foundUj === expectedUj) return;
    faults.push({ paths: of.map(({ path }) => path), days: of[0]?.days ?? [], expectedUj, foundUj });
  };
  for (const part of parts) {
    if (part.days === undefined || part.of !== undefined) continue;
    await compare([part], await ujOfSlices(connection, archive, part.days));
  }
  for (const { part, sums, open } of summedParts(parts)) {
    const expectedUj = await ujOf(connection, `(${freshSql(dir, part, manifest.time_zone)})`);
    await compare(
      [sums, open].flatMap((made) => made ?? []),
      expectedUj,
    );
  }
  return faults;
}

async function ujOfSlices(
  connection: DuckDBConnection,
  { dir, manifest }: ReadableArchive,
  days: readonly string[],
): Promise<bigint> {
  let uj = 0n;
  for (const [fromMs, toMs] of stretchesOf(days, manifest.time_zone)) {
    const paths = partsIn(manifest, SLICES.name, fromMs, toMs).map(({ path }) => path);
    if (paths.length === 0) continue;
    uj += await ujOf(connection, `${partsSql(dir, paths)} WHERE slot_ms >= ${fromMs} AND slot_ms < ${toMs}`);
  }
  return uj;
}

async function ujOf(connection: DuckDBConnection, from: string): Promise<bigint> {
  const [row] = await rowsOf(
    connection,
    `SELECT coalesce(sum((${runUjSql()})::HUGEINT), 0)::VARCHAR AS uj FROM ${from}`,
  );
  return BigInt((row?.['uj'] as string | undefined) ?? '0');
}
