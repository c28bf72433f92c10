import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ArchivePart } from '../generated/manifest';
import { calendar } from '../runs/calendar';
import type { Table } from './column';
import { BY_ACCOUNT } from './by-account';
import { type Archive, commit } from './commit';
import { MONTHS } from './month-table';
import { mustAgree, sumsOfParts } from './month-sums';
import { partsSql, rowsOf, writePart } from './part';
import { BY_USER } from './published-common';
import { withdrawFacts } from './published-facts';
import { SERIES } from './host-table';
import { SLICES } from './slice-table';
import { type Veil, veiledSql } from './veil';

/** What a writer of the archive has at hand. */
export interface Writing {
  readonly connection: DuckDBConnection;
  /** For rows that come while others are written. */
  readonly reader: DuckDBConnection;
  readonly archive: Archive;
  readonly nowMs: number;
  readonly isStillOurs: () => boolean;
  /** Told before each thing that cannot be taken back, by name: a test ends the work there. */
  readonly onStep?: (step: string) => void;
}

/** A part without some of its rows, or with other values in them; null: nothing is left. */
interface Rewritten {
  readonly before: ArchivePart;
  readonly after: ArchivePart | null;
}

/**
 * Veils rows of slices, a commit a month; each new part must hold what the old one held, to the µJ. Totals of the zone's months that
 * they lie in go in the same commit: they are made again from the slices.
 * @param where SQL condition of the rows, by `"user"`, `uid` and `slot_ms`
 * @returns how many rows were veiled
 * @throws EitError EIT_ARCHIVE, EIT_LEDGER_LOCKED
 */
export async function veilSlices(
  writing: Writing,
  where: string,
  veil: Veil,
  parts: readonly ArchivePart[] = partsOf(writing.archive, SLICES),
): Promise<number> {
  const { connection, archive, nowMs, isStillOurs, onStep } = writing;
  const { dir, manifest } = archive;
  const dayOf = calendar('day', manifest.time_zone);
  let rows = 0;
  for (const month of new Set(parts.map((part) => part.month))) {
    const rewritten: Rewritten[] = [];
    const zoneMonths = new Set<string>();
    for (const part of parts.filter((each) => each.month === month)) {
      const from = partsSql(dir, [part.path]);
      const found = await rowsOf(
        connection,
        `SELECT slot_ms, count(*) AS n FROM ${from} WHERE ${where} GROUP BY slot_ms`,
      );
      if (found.length === 0) continue;
      for (const { slot_ms: slotMs, n } of found) {
        zoneMonths.add(dayOf(Number(slotMs)).slice(0, 7));
        rows += Number(n);
      }
      const select = veiledSql(SLICES.columns, from, where, veil);
      rewritten.push({ before: part, after: await rewrite(writing, SLICES, part, select) });
    }
    if (rewritten.length === 0) continue;
    await mustHoldTheSame(writing, rewritten);
    await withdrawPublished(writing);
    const stale = manifestTotals(archive, zoneMonths);
    onStep?.(`slices of ${month}`);
    await commit(archive, changeOf(rewritten, stale), nowMs, isStillOurs);
  }
  return rows;
}

/**
 * Veils rows of months of which only totals are kept.
 * @param where SQL condition of the rows, by `"user"`, `uid` and `month_ms`
 * @returns how many rows were veiled
 * @throws EitError EIT_ARCHIVE, EIT_LEDGER_LOCKED
 */
export async function veilMonths(writing: Writing, where: string, veil: Veil): Promise<number> {
  const { connection, archive, nowMs, isStillOurs, onStep } = writing;
  const rewritten: Rewritten[] = [];
  let rows = 0;
  for (const part of partsOf(archive, MONTHS)) {
    const from = partsSql(archive.dir, [part.path]);
    const found = await countRows(connection, from, where);
    if (found === 0) continue;
    rows += found;
    const select = veiledSql(MONTHS.columns, from, where, veil);
    rewritten.push({ before: part, after: await rewrite(writing, MONTHS, part, select) });
  }
  if (rewritten.length === 0) return 0;
  await mustHoldTheSame(writing, rewritten);
  await withdrawPublished(writing);
  onStep?.('totals of months');
  await commit(archive, changeOf(rewritten), nowMs, isStillOurs);
  return rows;
}

/**
 * Takes rows of series away.
 * @param where SQL condition of the rows that go
 * @param parts in which they can be
 * @returns how many went
 */
export async function dropSeries(
  writing: Writing,
  where: string,
  parts: readonly ArchivePart[] = partsOf(writing.archive, SERIES),
): Promise<number> {
  const { connection, archive, nowMs, isStillOurs, onStep } = writing;
  const rewritten: Rewritten[] = [];
  let rows = 0;
  for (const part of parts) {
    const from = partsSql(archive.dir, [part.path]);
    const going = await countRows(connection, from, where);
    if (going === 0) continue;
    rows += going;
    const select = `SELECT * FROM ${from} WHERE NOT (${where})`;
    rewritten.push({
      before: part,
      after: going === part.rows ? null : await rewrite(writing, SERIES, part, select),
    });
  }
  if (rewritten.length === 0) return 0;
  onStep?.('series');
  await commit(archive, changeOf(rewritten), nowMs, isStillOurs);
  return rows;
}

/**
 * Takes away what was published of the archive, since it tells what is about to go: the next compaction publishes what is left. It is
 * written down first that nothing is published any more.
 */
export async function withdrawPublished({ archive, nowMs, isStillOurs }: Writing): Promise<void> {
  if (archive.state.unpublished !== 'all') await commit(archive, { unpublished: 'all' }, nowMs, isStillOurs);
  // First what says which facts are there.
  await withdrawFacts(join(archive.dir, BY_USER));
  for (const folder of [BY_USER, BY_ACCOUNT]) {
    await rm(join(archive.dir, folder), { recursive: true, force: true });
  }
}

export async function countRows(connection: DuckDBConnection, from: string, where: string): Promise<number> {
  const [row] = await rowsOf(connection, `SELECT count(*) AS n FROM ${from} WHERE ${where}`);
  return Number(row?.['n'] ?? 0);
}

export function partsOf({ manifest }: Pick<Archive, 'manifest'>, { name }: Table<never>): ArchivePart[] {
  return manifest.parts.filter(({ kind }) => kind === name);
}

async function rewrite(
  { connection, archive: { dir, modes } }: Writing,
  table: Table<never>,
  { month, level }: ArchivePart,
  select: string,
): Promise<ArchivePart | null> {
  return writePart(connection, dir, table, month, level, select, modes);
}

/** Whoever it was of, it is there still. @throws EitError EIT_ARCHIVE */
async function mustHoldTheSame(
  { connection, archive: { dir } }: Writing,
  rewritten: readonly Rewritten[],
): Promise<void> {
  const after = rewritten.flatMap((each) => each.after ?? []);
  mustAgree(
    'what was rewritten',
    await sumsOfParts(
      connection,
      dir,
      rewritten.map(({ before }) => before),
    ),
    await sumsOfParts(connection, dir, after),
  );
}

function changeOf(rewritten: readonly Rewritten[], stale: readonly ArchivePart[] = []) {
  return {
    added: rewritten.flatMap(({ after }) => after ?? []),
    replaced: [...rewritten.map(({ before }) => before), ...stale].map(({ path }) => path),
  };
}

/** Totals of days go by whole months: those of runs and those of hours have the same days then. */
function manifestTotals({ manifest }: Archive, zoneMonths: ReadonlySet<string>): ArchivePart[] {
  return manifest.parts.filter(({ days = [] }) => days.some((day) => zoneMonths.has(day.slice(0, 7))));
}
