import type { DuckDBConnection } from '@duckdb/node-api';
import { wholeDaysIn } from '../archive/days';
import { type ReadableArchive, readSlices, type Window } from '../archive/read-archive';
import {
  countTotals,
  daysWithTotals,
  jobsInTotals,
  jobTable,
  namesInTotals,
  TOTAL_KEYS,
  type TotalKey,
  totalsByGroup,
  type TotalsGroup,
  type TotalsQuery,
} from '../archive/run-day-groups';
import { POLICIES } from '../attribution/policy';
import type { Aggregation, Group, ReportQuery, SumKey } from '../report/aggregate';
import { GroupSums } from '../runs/group-sums';
import { SlurmSums } from '../runs/slurm-sums';

/**
 * The days of a report that can be added up from the archive's totals. None where it asks for what these do not tell: jobs or nodes one by one,
 * what nobody observed, days of another time zone.
 */
export function daysAddedUp(archive: ReadableArchive, query: ReportQuery): Set<string> {
  const { groupBy, filter, extrapolate, timeZone, sinceMs, untilMs } = query;
  const isTold =
    groupBy.every((key) => key === 'cluster' || isTotalKey(key)) &&
    filter.jobs === undefined &&
    filter.nodes === undefined &&
    !extrapolate &&
    query.policy !== 'hybrid' &&
    timeZone === archive.manifest.time_zone;
  if (!isTold) return new Set();
  const held = daysWithTotals(archive);
  return new Set(wholeDaysIn(sinceMs, untilMs, timeZone).flatMap(({ day }) => (held.has(day) ? [day] : [])));
}

function isTotalKey(key: SumKey): key is TotalKey {
  return (TOTAL_KEYS as readonly SumKey[]).includes(key);
}

/**
 * Adds up a cluster's archive: whole days from their totals, the rest from slices. A job that is in both, or in the inbox, is added up from slices
 * everywhere, so that it stays one.
 * @param days see {@link daysAddedUp}
 * @param inboxJobs jobs of which the aggregation has lines already
 * @throws EitError EIT_ARCHIVE
 */
export async function addDays(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  query: ReportQuery,
  days: ReadonlySet<string>,
  inboxJobs: ReadonlySet<number>,
  aggregation: Aggregation,
): Promise<void> {
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
  await addTotals(connection, archive, query, { ...totals, exceptJobs }, aggregation);
}

async function addTotals(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  { groupBy, filter }: ReportQuery,
  totals: TotalsQuery,
  aggregation: Aggregation,
): Promise<void> {
  const { cluster } = archive;
  const keys = groupBy.filter(isTotalKey);
  const groups = await totalsByGroup(connection, archive, keys, totals);
  const total = await totalOf(connection, archive, keys, totals, groups);
  aggregation.addTotals(
    cluster,
    groups.map(({ keys: found, sums }): Group => ({
      // In the order of the query's keys, by which groups are known.
      fields: Object.fromEntries(
        groupBy.map((key) => [key, key === 'cluster' ? cluster : found[key as TotalKey]]),
      ),
      sums,
      slurm: new SlurmSums(),
    })),
    total,
  );
  if (total.runs === 0) return;
  const { users, accounts, partitions } = filter;
  const isNamed = users !== undefined || accounts !== undefined || partitions !== undefined;
  const names = isNamed
    ? await namesInTotals(connection, archive, totals)
    : [{ uid: null, user: '', account: '', partition: '' }];
  for (const name of names) aggregation.addFound({ cluster, ...name });
}

/** Days, weeks and months cut runs in pieces: then the total is another sum. A job can have runs in several groups. */
async function totalOf(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  keys: readonly TotalKey[],
  totals: TotalsQuery,
  groups: readonly TotalsGroup[],
): Promise<GroupSums> {
  if (keys.includes('day') || keys.includes('week') || keys.includes('month')) {
    const [all] = await totalsByGroup(connection, archive, [], totals);
    return all?.sums ?? new GroupSums();
  }
  const total = new GroupSums();
  for (const { sums } of groups) total.addSums(sums);
  total.jobs = (await countTotals(connection, archive, totals)).jobs;
  return total;
}

/** The stretches of a window that days fill, and those between. */
function windowsOf(
  { sinceMs, untilMs, timeZone }: ReportQuery,
  days: ReadonlySet<string>,
): { readonly inside: Window[]; readonly outside: Window[] } {
  const inside: { sinceMs: number; untilMs: number }[] = [];
  const outside: Window[] = [];
  let atMs = sinceMs;
  for (const { day, fromMs, toMs } of wholeDaysIn(sinceMs, untilMs, timeZone)) {
    if (!days.has(day)) continue;
    if (fromMs > atMs) outside.push({ sinceMs: atMs, untilMs: fromMs });
    const last = inside.at(-1);
    if (last?.untilMs === fromMs) last.untilMs = toMs;
    else inside.push({ sinceMs: fromMs, untilMs: toMs });
    atMs = toMs;
  }
  if (untilMs > atMs) outside.push({ sinceMs: atMs, untilMs });
  return { inside, outside };
}
