import { dirname } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ArchiveManifest, ArchivePart } from '../generated/manifest';
import { type Archive, commit } from './commit';
import { type Day, daysIn } from './days';
import { hourTotalsSql, HOUR_TOTALS } from './hour-table';
import { jobsFolder } from './job-files';
import { readSyncedUntil } from './job-sync';
import { writePart } from './part';
import { RUN_DAYS } from './run-day-table';
import { SLICES } from './slice-table';
import { slicesOfDaysSql, withRunDays } from './stage-run-days';
import { readToldRows } from './told-rows';

/** A day's lines have mostly come two hours after its end; what comes later makes its totals anew. */
const SETTLED_MS = 7_200_000;

/** So long totals wait for Slurm's accounting. */
const TOLD_MS = 86_400_000;

/** Tables that are made from slices, day by day. */
export const DERIVED = [RUN_DAYS.name, HOUR_TOTALS.name] as const;

/**
 * Days that are over and have slices, and of which there are no totals that are as the slices are; by month. What is told later of the jobs of
 * days that have totals: retell.ts.
 * @param toldUntilMs until when Slurm's accounting was asked: states of jobs are in the totals, so they wait for it, a day at most; null:
 *   it was never asked
 */
export function dueDays(
  manifest: ArchiveManifest,
  nowMs: number,
  toldUntilMs: number | null,
): Map<string, Day[]> {
  const { time_zone: timeZone, slot_ms: slotMs } = manifest;
  const held = new Set(
    manifest.parts.filter(({ kind }) => kind === RUN_DAYS.name).flatMap(({ days = [] }) => days),
  );
  const due = new Map<string, Map<string, Day>>();
  for (const part of manifest.parts) {
    if (part.kind !== SLICES.name) continue;
    for (const day of daysIn(part.from_ms, part.to_ms + slotMs, timeZone)) {
      const isTold = toldUntilMs === null || toldUntilMs >= day.toMs || nowMs > day.toMs + TOLD_MS;
      if (held.has(day.day) || day.toMs + SETTLED_MS > nowMs || !isTold) continue;
      const month = day.day.slice(0, 7);
      due.set(month, (due.get(month) ?? new Map<string, Day>()).set(day.day, day));
    }
  }
  return new Map(
    [...due]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([month, days]) => [month, [...days.values()].sort((a, b) => a.fromMs - b.fromMs)]),
  );
}

/**
 * Makes the totals of the days that are due, a commit a month.
 * @param reader another connection to the same database, for the rows that come while totals are written
 * @returns how many days
 * @throws EitError EIT_ARCHIVE, EIT_LEDGER_LOCKED
 */
export async function deriveDue(
  connection: DuckDBConnection,
  reader: DuckDBConnection,
  archive: Archive,
  cluster: string,
  nowMs: number,
  isStillOurs: () => boolean,
  onProgress?: (done: number, days: number) => void,
): Promise<number> {
  const toldUntilS = readSyncedUntil(jobsFolder(dirname(archive.dir), cluster));
  const due = dueDays(archive.manifest, nowMs, toldUntilS === null ? null : toldUntilS * 1000);
  const all = [...due.values()].reduce((sum, days) => sum + days.length, 0);
  let done = 0;
  for (const [month, days] of due) {
    onProgress?.(done, all);
    const added = await deriveMonth(connection, reader, archive, cluster, month, days);
    await commit(archive, { added }, nowMs, isStillOurs);
    done += days.length;
  }
  return all;
}

async function deriveMonth(
  connection: DuckDBConnection,
  reader: DuckDBConnection,
  archive: Archive,
  cluster: string,
  month: string,
  days: readonly Day[],
): Promise<ArchivePart[]> {
  const { dir, modes } = archive;
  await readToldRows(connection, dirname(dir), cluster, days);
  const runs = await withRunDays({ connection, reader, archive, cluster, days }, (select) =>
    writePart(connection, dir, RUN_DAYS, month, 1, select, modes),
  );
  const from = slicesOfDaysSql(archive, days);
  const hours = await writePart(connection, dir, HOUR_TOTALS, month, 1, hourTotalsSql(from, days), modes);
  const names = days.map(({ day }) => day);
  return [runs, hours].flatMap((part) => (part === null ? [] : [{ ...part, days: names }]));
}
