import { dirname } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { POLICIES } from '../attribution/policy';
import type { ArchiveManifest, ArchivePart } from '../generated/manifest';
import { calendar } from '../runs/calendar';
import { type Fragment, Fragments } from '../runs/fragments';
import { GroupSums } from '../runs/group-sums';
import { HardwareModels } from '../runs/hardware-models';
import type { FactsLookup, JobFacts } from '../runs/job-facts';
import {
  CLOSE_MS,
  isToldApart,
  joinRuns,
  nodesExpected,
  type Part,
  partsOf,
  type Run,
  runKeyOf,
} from '../runs/runs';
import type { SliceRow } from '../runs/slice-row';
import { SlurmSums } from '../runs/slurm-sums';
import { type Archive, commit } from './commit';
import { type Day, dayNamed, daysIn } from './days';
import { hourTotalsSql, HOUR_TOTALS } from './hour-table';
import { readJobFacts } from './job-facts';
import { partsIn } from './manifest';
import { partsSql, writePart } from './part';
import { momentOf, readHardware } from './read-archive';
import { readRows } from './read-rows';
import { RUN_DAYS, type RunDay } from './run-day-table';
import { sliceRow, SLICES } from './slice-table';
import { Staging } from './staging';

/** A day's lines have mostly come two hours after its end; what comes later makes its totals anew. */
const SETTLED_MS = 7_200_000;

/** So long totals wait for Slurm's accounting. */
const TOLD_MS = 86_400_000;

/** Tables that are made from slices, day by day. */
export const DERIVED = [RUN_DAYS.name, HOUR_TOTALS.name] as const;

/**
 * Days that are over and have slices, and of which there are no totals that are as the slices are; by month.
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
  const toldUntilMs = (await factsOf(archive.dir, cluster, nowMs, nowMs, new Set()))?.untilMs ?? null;
  const due = dueDays(archive.manifest, nowMs, toldUntilMs);
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
  await readHardware(
    connection,
    { cluster, dir, manifest },
    {
      addHardware: (told) => models.add(told),
    },
  );
  const facts = await factsOf(dir, cluster, fromMs, toMs);
  const staging = new Staging<RunDay>(connection, RUN_DAYS);
  const dayOf = calendar('day', timeZone);
  // Asked for each run.
  const named = new Map(days.map((day) => [day.day, day]));
  const columns = SLICES.columns.map(({ name }) => name);
  let rows: SliceRow[] = [];
  const endJob = async (): Promise<void> => {
    for (const row of runDays(cluster, rows, {
      slotMs,
      dayOf,
      dayNamed: (day) => named.get(day) ?? dayNamed(day, timeZone),
      models,
      facts,
    }))
      await staging.add(row);
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
  const hours = await writePart(connection, dir, HOUR_TOTALS, month, 1, hourTotalsSql(from, days), modes);
  return [runs, hours].flatMap((part) => (part === null ? [] : [{ ...part, days: names }]));
}

/** What rows are made days of runs with. */
export interface RunDayContext {
  readonly slotMs: number;
  readonly dayOf: (ms: number) => string;
  /** By its name. */
  readonly dayNamed: (day: string) => Day;
  readonly models: HardwareModels;
  readonly facts: FactsLookup | null;
}

/** @param jobs absent: of all */
async function factsOf(
  dir: string,
  cluster: string,
  fromMs: number,
  toMs: number,
  jobs?: ReadonlySet<number>,
): Promise<FactsLookup | null> {
  return readJobFacts(dirname(dir), [cluster], fromMs, toMs, { jobs });
}

/** One job's rows as its runs on each day: what a report of that day alone would make of them. */
export function runDays(
  cluster: string,
  rows: readonly SliceRow[],
  { slotMs, dayOf, dayNamed: named, models, facts }: RunDayContext,
): RunDay[] {
  const byDay = new Map<string, SliceRow[]>();
  for (const row of rows) {
    const day = dayOf(momentOf(row, slotMs));
    const ofDay = byDay.get(day);
    if (ofDay === undefined) byDay.set(day, [row]);
    else ofDay.push(row);
  }
  return [...byDay.keys()]
    .sort()
    .flatMap((day) => runsOfDay(cluster, byDay.get(day)!, named(day), { models, facts }));
}

function runsOfDay(
  cluster: string,
  rows: readonly SliceRow[],
  { day, fromMs, toMs }: Day,
  { models, facts }: Pick<RunDayContext, 'models' | 'facts'>,
): RunDay[] {
  const byPolicy = POLICIES.map((policy) => {
    const fragments = new Fragments(policy, () => day);
    for (const row of rows) fragments.addRow(cluster, row, fromMs);
    return fragments.jobs.flatMap(({ job }) => joinRuns(fragments.take(cluster, job)));
  });
  const isMixed = !haveSameNames(rows);
  const [first = []] = byPolicy;
  return first.map((run, i) => {
    const parts = byPolicy.map((runs) => partsOf(runs[i]!, models));
    const told = facts?.of(run) ?? null;
    const isWhole = isWithin(run, fromMs, toMs);
    return {
      day,
      dayMs: fromMs,
      run,
      runKey: runKeyOf(run),
      isWhole,
      isApart: isMixed || !(isWhole || isToldApart(run)),
      begun: run.fragments.filter(({ startedMs }) => startedMs >= fromMs && startedMs < toMs).length,
      ended: run.fragments.filter(hasEnded).length,
      sums: parts.map((ofPolicy) => sumsOf(run, ofPolicy)),
      facts: told,
      slurm: slurmSumsOf(run, parts[0]!, told),
    };
  });
}

function sumsOf(run: Run, parts: readonly Part[]): GroupSums {
  const sums = new GroupSums();
  sums.addRun(run, parts, nodesExpected(run), null);
  return sums;
}

function slurmSumsOf(run: Run, parts: readonly Part[], facts: JobFacts | null): SlurmSums {
  const sums = new SlurmSums();
  sums.addRun(run, parts, facts);
  return sums;
}

/** A report lets rows through by whose they are, one by one. */
function haveSameNames(rows: readonly SliceRow[]): boolean {
  const [first] = rows;
  return rows.every(
    ({ uid, user, account, partition }) =>
      uid === first?.uid &&
      user === first?.user &&
      account === first?.account &&
      partition === first?.partition,
  );
}

/**
 * Whether nothing of a run lies outside a time, as far as its fragments tell: all its nodes have reported its beginning and end, and where Slurm does
 * not tell which run a fragment is of, none that lies outside is close enough.
 */
function isWithin(run: Run, fromMs: number, toMs: number): boolean {
  const marginMs = isToldApart(run) ? 0 : CLOSE_MS;
  const isAll = !isToldApart(run) || (run.nodes !== null && run.fragments.length >= run.nodes);
  return (
    isAll &&
    run.fragments.every(
      (fragment) =>
        fragment.startedMs >= fromMs + marginMs && fragment.toMs <= toMs - marginMs && hasEnded(fragment),
    )
  );
}

function hasEnded({ slices }: Fragment): boolean {
  return [...slices.values()].some(({ ends }) => ends);
}
