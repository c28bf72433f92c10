import type { DuckDBConnection } from '@duckdb/node-api';
import { allEnded } from '../archive/all-ended';
import { dayNamed } from '../archive/days';
import { isToldByHours, keyOf, weightedByGroup } from '../archive/hour-groups';
import { TOTAL_KEYS, type TotalKey } from '../archive/group-sql';
import { type ReadableArchive, readSlices, type Window } from '../archive/read-archive';
import {
  countTotals,
  daysWithTotals,
  namesInTotals,
  totalsByGroup,
  totalsByOutcome,
  type TotalsGroup,
} from '../archive/run-day-groups';
import type { TotalsQuery } from '../archive/totals';
import { runsElsewhere } from '../archive/runs-elsewhere';
import { jobsApart, jobsInTotals, jobTable, partsWith } from '../archive/totals-jobs';
import { POLICIES } from '../attribution/policy';
import { type Aggregation, type LostSums, type ReportQuery } from '../report/aggregate';
import { fieldOfKey, type GroupFields, type SumKey } from '../report/group-fields';
import { GroupSums } from '../runs/group-sums';
import { WeightedSums, type Weighing } from '../runs/slot-weights';
import { SlurmSums } from '../runs/slurm-sums';
import type { Outcome } from '../slurm/job-states';

/**
 * The days of a report that can be added up from the archive's totals. None where it asks for what these do not tell: jobs or nodes one by one,
 * what nobody observed, days of another time zone.
 */
export function daysAddedUp(
  archive: ReadableArchive,
  query: ReportQuery,
  weighing: Weighing | null,
): Set<string> {
  const { timeZone, sinceMs, untilMs } = query;
  if (!isToldByTotals(query, archive.manifest.time_zone) || !isWeighable(archive, query, weighing))
    return new Set();
  // Of the days that are held, not of the window's: that may begin long before the first of them.
  return new Set(
    [...daysWithTotals(archive)].filter((day) => {
      const { fromMs, toMs } = dayNamed(day, timeZone);
      return fromMs >= sinceMs && toMs <= untilMs;
    }),
  );
}

/** Whether the totals by slot are fine enough for what energies are weighed by. */
function isWeighable(
  { cluster, manifest }: ReadableArchive,
  { groupBy, filter }: ReportQuery,
  weighing: Weighing | null,
): boolean {
  const curve = weighing?.curveOf(cluster) ?? null;
  if (curve === null) return true;
  return curve.isBySlot(manifest.slot_ms) && isToldByHours(groupBy.filter(isTotalKey), filter);
}

/** Whether totals by day of a zone tell what is asked for. */
export function isToldByTotals(
  { groupBy, filter, extrapolate, compareSlurm, embodied, policy, timeZone }: ReportQuery,
  ofTimeZone: string,
): boolean {
  return (
    groupBy.every((key) => key === 'cluster' || isTotalKey(key)) &&
    filter.jobs === undefined &&
    filter.jobRange === undefined &&
    filter.nodes === undefined &&
    !extrapolate &&
    compareSlurm !== true &&
    embodied !== true &&
    policy !== 'hybrid' &&
    timeZone === ofTimeZone
  );
}

function isTotalKey(key: SumKey): key is TotalKey {
  return (TOTAL_KEYS as readonly SumKey[]).includes(key);
}

/**
 * Adds up a cluster's archive: whole days from their totals, the rest from slices. A job that is in both, or in the inbox, or
 * whose days cannot be joined by what they tell, is added up from slices everywhere, so that it stays one.
 * @param days see {@link daysAddedUp}
 * @param inboxJobs jobs of which the aggregation has lines already
 * @returns the jobs that the aggregation has lines or slices of
 * @throws EitError EIT_ARCHIVE
 */
export async function addDays(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  query: ReportQuery,
  days: ReadonlySet<string>,
  inboxJobs: ReadonlySet<number>,
  aggregation: Aggregation,
  weighing: Weighing | null,
): Promise<Set<number>> {
  const jobs = new Set(inboxJobs);
  const { inside, outside } = windowsOf(query, days);
  for (const window of outside) {
    await readSlices(
      connection,
      archive,
      { ...query, ...window },
      {
        addSlice: (cluster, row, atMs) => {
          jobs.add(row.job);
          aggregation.addSlice(cluster, row, atMs);
        },
      },
    );
  }
  const totals: TotalsQuery = {
    days,
    policy: POLICIES.indexOf(query.policy),
    filter: query.filter,
    exceptJobs: null,
  };
  const inBoth = await jobsInTotals(connection, archive, totals, jobs);
  for (const job of await jobsApart(connection, archive, totals)) inBoth.add(job);
  // Those too are added up from slices.
  for (const job of inBoth) jobs.add(job);
  const exceptJobs = inBoth.size === 0 ? null : await jobTable(connection, 'except_jobs', inBoth);
  if (exceptJobs !== null) {
    for (const window of inside) {
      await readSlices(
        connection,
        archive,
        { ...query, ...window },
        { addSlice: (cluster, row, atMs) => aggregation.addSlice(cluster, row, atMs) },
        exceptJobs,
      );
    }
  }
  const notSummed =
    exceptJobs === null ? new Set<string>() : await partsWith(connection, archive, totals, exceptJobs);
  const known = { ...totals, exceptJobs, notSummed };
  const elsewhere = await runsElsewhere(connection, archive, known);
  await addTotals(connection, archive, query, { ...known, elsewhere }, aggregation, weighing);
  return jobs;
}

async function addTotals(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  { groupBy, filter, lost: isLostAsked = false }: ReportQuery,
  totals: TotalsQuery,
  aggregation: Aggregation,
  weighing: Weighing | null,
): Promise<void> {
  const { cluster } = archive;
  const keys = groupBy.filter(isTotalKey);
  const curve = weighing?.curveOf(cluster) ?? null;
  // DuckDB goes on with the next while groups are made of the first.
  const [groups, ofAll, weighted] = await allEnded([
    totalsByGroup(connection, archive, keys, totals),
    readTotal(connection, archive, keys, totals),
    curve === null ? null : weightedByGroup(connection, archive, keys, totals, curve),
  ]);
  const { sums, slurm } = totalOf(groups, ofAll);
  if (sums.runs === 0) return;
  if (weighted !== null) weigh(cluster, keys, weighted, { groups, sums });
  const lost =
    slurm.toldRuns === 0
      ? new Map<Outcome, GroupSums>()
      : new Map(
          (await totalsByOutcome(connection, archive, totals, [])).map(({ outcome, sums: of }) => [
            outcome,
            of,
          ]),
        );
  const lostOfGroups = isLostAsked ? await lostByGroup(connection, archive, keys, totals) : null;
  aggregation.addTotals(
    cluster,
    groups.map((group) => ({
      ...group,
      fields: fieldsOf(group, groupBy, cluster),
      ...(lostOfGroups === null ? {} : { lost: lostOfGroups.get(keyOf(keys, group.keys)) ?? new Map() }),
    })),
    { sums, slurm, lost },
  );
  const { users, accounts, partitions } = filter;
  const isNamed = users !== undefined || accounts !== undefined || partitions !== undefined;
  const names = isNamed
    ? await namesInTotals(connection, archive, totals)
    : [{ uid: null, user: '', account: '', partition: '' }];
  for (const name of names) aggregation.addFound({ cluster, ...name });
}

/** What was lost, by the key of the group ({@link keyOf}) that it is of. */
async function lostByGroup(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  keys: readonly TotalKey[],
  totals: TotalsQuery,
): Promise<Map<string, LostSums>> {
  const found = new Map<string, LostSums>();
  for (const { of, outcome, sums } of await totalsByOutcome(connection, archive, totals, keys)) {
    const key = keyOf(keys, of);
    const lost = found.get(key) ?? new Map<Outcome, GroupSums>();
    found.set(key, lost.set(outcome, sums));
  }
  return found;
}

/** Gives groups, and the sums of all, the weighed energies that belong to them. */
function weigh(
  cluster: string,
  keys: readonly TotalKey[],
  weighted: ReadonlyMap<string, WeightedSums>,
  { groups, sums }: { groups: readonly TotalsGroup[]; sums: GroupSums },
): void {
  const all = new WeightedSums();
  for (const each of weighted.values()) all.addSums(each);
  sums.clusterEnergy(cluster).weighted = all;
  for (const group of groups)
    group.sums.clusterEnergy(cluster).weighted = weighted.get(keyOf(keys, group.keys)) ?? new WeightedSums();
}

/** In the order of the query's keys, by which groups are known. */
function fieldsOf({ keys }: TotalsGroup, groupBy: ReportQuery['groupBy'], cluster: string): GroupFields {
  return Object.fromEntries(
    groupBy.map((key) => [fieldOfKey(key), key === 'cluster' ? cluster : keys[key as TotalKey]]),
  );
}

/** What the groups do not tell of all: a job can have runs in several; days, weeks and months cut runs in pieces, and then the total is another sum. */
async function readTotal(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  keys: readonly TotalKey[],
  totals: TotalsQuery,
): Promise<TotalsGroup | number> {
  if (keys.includes('day') || keys.includes('week') || keys.includes('month')) {
    const [all] = await totalsByGroup(connection, archive, [], totals);
    return all ?? { keys: {}, sums: new GroupSums(), slurm: new SlurmSums() };
  }
  return (await countTotals(connection, archive, totals)).jobs;
}

/** @param ofAll the sums of all, or only how many jobs there are */
function totalOf(
  groups: readonly TotalsGroup[],
  ofAll: TotalsGroup | number,
): Pick<TotalsGroup, 'sums' | 'slurm'> {
  if (typeof ofAll !== 'number') return ofAll;
  const [sums, slurm] = [new GroupSums(), new SlurmSums()];
  for (const group of groups) {
    sums.addSums(group.sums);
    slurm.addSums(group.slurm);
  }
  sums.jobs = ofAll;
  return { sums, slurm };
}

/** The stretches of a window that days fill, and those between. */
function windowsOf(
  { sinceMs, untilMs, timeZone }: ReportQuery,
  days: ReadonlySet<string>,
): { readonly inside: Window[]; readonly outside: Window[] } {
  const inside: { sinceMs: number; untilMs: number }[] = [];
  const outside: Window[] = [];
  let atMs = sinceMs;
  for (const day of [...days].sort()) {
    const { fromMs, toMs } = dayNamed(day, timeZone);
    if (fromMs > atMs) outside.push({ sinceMs: atMs, untilMs: fromMs });
    const last = inside.at(-1);
    if (last?.untilMs === fromMs) last.untilMs = toMs;
    else inside.push({ sinceMs: fromMs, untilMs: toMs });
    atMs = toMs;
  }
  if (untilMs > atMs) outside.push({ sinceMs: atMs, untilMs });
  return { inside, outside };
}
