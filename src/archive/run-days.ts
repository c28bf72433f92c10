import { POLICIES } from '../attribution/policy';
import { type Fragment, Fragments } from '../runs/fragments';
import { GroupSums } from '../runs/group-sums';
import type { HardwareModels } from '../runs/hardware-models';
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
import type { Day } from './days';
import { momentOf } from './read-archive';
import type { RunDay } from './run-day-table';

/** What rows are made days of runs with. */
export interface RunDayContext {
  readonly slotMs: number;
  readonly dayOf: (ms: number) => string;
  /** By its name. */
  readonly dayNamed: (day: string) => Day;
  readonly models: HardwareModels;
  readonly facts: FactsLookup | null;
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
