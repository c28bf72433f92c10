import type { DuckDBConnection } from '@duckdb/node-api';
import { POLICIES } from '../attribution/policy';
import type { ArchiveManifest, ArchivePart } from '../generated/manifest';
import { calendar } from '../runs/calendar';
import { Fragments, type Fragment } from '../runs/fragments';
import { GroupSums } from '../runs/group-sums';
import { HardwareModels } from '../runs/hardware-models';
import { joinRuns, nodesExpected, type Part, partsOf, type Run, runKeyOf } from '../runs/runs';
import type { SliceRow } from '../runs/slice-row';
import { type Archive, commit } from './commit';
import { type Day, dayNamed, daysIn } from './days';
import { hourTotalsSql, HOUR_TOTALS } from './hour-table';
import { partsIn } from './manifest';
import { partsSql, writePart } from './part';
import { momentOf, readHardware } from './read-archive';
import { readRows } from './read-rows';
import { RUN_DAYS, type RunDay } from './run-day-table';
import { sliceRow, SLICES } from './slice-table';
import { Staging } from './staging';

/** A day's lines have mostly come two hours after its end; what comes later makes its totals anew. */
const SETTLED_MS = 7_200_000;

/** Tables that are made from slices, day by day. */
export const DERIVED = [RUN_DAYS.name, HOUR_TOTALS.name] as const;

/** Days that are over and have slices, and of which there are no totals that are as the slices are; by month. */
export function dueDays(manifest: ArchiveManifest, nowMs: number): Map<string, Day[]> {
  const { time_zone: timeZone, slot_ms: slotMs } = manifest;
  const held = new Set(
    manifest.parts.filter(({ kind }) => kind === RUN_DAYS.name).flatMap(({ days = [] }) => days),
  );
  const due = new Map<string, Map<string, Day>>();
  for (const part of manifest.parts) {
    if (part.kind !== SLICES.name) continue;
    for (const day of daysIn(part.from_ms, part.to_ms + slotMs, timeZone)) {
      if (held.has(day.day) || day.toMs + SETTLED_MS > nowMs) continue;
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
  const due = dueDays(archive.manifest, nowMs);
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
  { dir, manifest, modes }: Archive,
  cluster: string,
  month: string,
  days: readonly Day[],
): Promise<ArchivePart[]> {
  const { slot_ms: slotMs, time_zone: timeZone } = manifest;
  const [fromMs, toMs] = [days[0]!.fromMs, days.at(-1)!.toMs];
  const paths = partsIn(manifest, SLICES.name, fromMs, toMs).map(({ path }) => path);
  const within = days.map((day) => `(slot_ms >= ${day.fromMs} AND slot_ms < ${day.toMs})`).join(' OR ');
  const from = `${partsSql(dir, paths)} WHERE ${within}`;

  const models = new HardwareModels();
  await readHardware(connection, { cluster, dir, manifest }, toMs, {
    addHardware: (told) => models.add(told),
  });
  const staging = new Staging<RunDay>(connection, RUN_DAYS);
  const dayOf = calendar('day', timeZone);
  const columns = SLICES.columns.map(({ name }) => name);
  let rows: SliceRow[] = [];
  const endJob = async (): Promise<void> => {
    for (const row of runDays(cluster, rows, slotMs, dayOf, timeZone, models)) await staging.add(row);
    rows = [];
  };
  for await (const values of readRows(reader, SLICES, columns, `${from} ORDER BY job`)) {
    const row = sliceRow(values);
    if (rows.length > 0 && rows[0]!.job !== row.job) await endJob();
    rows.push(row);
  }
  if (rows.length > 0) await endJob();

  const names = days.map(({ day }) => day);
  const runs = await writePart(connection, dir, RUN_DAYS, month, 1, await staging.relation(), modes);
  await staging.clear();
  const hours = await writePart(connection, dir, HOUR_TOTALS, month, 1, hourTotalsSql(from), modes);
  return [runs, hours].flatMap((part) => (part === null ? [] : [{ ...part, days: names }]));
}

/** One job's rows as its runs on each day. */
export function runDays(
  cluster: string,
  rows: readonly SliceRow[],
  slotMs: number,
  dayOf: (ms: number) => string,
  timeZone: string,
  models: HardwareModels,
): RunDay[] {
  const byPolicy = POLICIES.map((policy) => {
    const fragments = new Fragments(policy, dayOf);
    for (const row of rows) fragments.addRow(cluster, row, momentOf(row, slotMs));
    return fragments.jobs.flatMap(({ job }) => joinRuns(fragments.take(cluster, job)));
  });
  const [first = []] = byPolicy;
  return first.flatMap((run, i) => {
    const parts = byPolicy.map((runs) => partsOf(runs[i]!, models));
    const days = [...new Set(parts[0]!.map(({ slice }) => slice.bucket))].sort();
    return days.map((day) => {
      const { fromMs, toMs } = dayNamed(day, timeZone);
      return {
        day,
        dayMs: fromMs,
        run,
        runKey: runKeyOf(run),
        isWhole: isWithin(run.fragments, fromMs, toMs),
        sums: parts.map((ofPolicy) => sumsOf(run, ofPolicy, day)),
      };
    });
  });
}

function sumsOf(run: Run, parts: readonly Part[], day: string): GroupSums {
  const sums = new GroupSums();
  sums.addRun(
    run,
    parts.filter(({ slice }) => slice.bucket === day),
    nodesExpected(run),
    null,
  );
  return sums;
}

/** Whether the fragments began and ended in a time, as far as they tell. */
function isWithin(fragments: readonly Fragment[], fromMs: number, toMs: number): boolean {
  return fragments.every(
    ({ startedMs, toMs: endMs, slices }) =>
      startedMs >= fromMs && endMs <= toMs && [...slices.values()].some(({ ends }) => ends),
  );
}
