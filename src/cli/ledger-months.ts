import type { DuckDBConnection } from '@duckdb/node-api';
import { SUM_KEYS } from '../archive/group-sql';
import { monthsByGroup, namesInMonths } from '../archive/month-groups';
import type { ReadableArchive } from '../archive/read-archive';
import type { TotalKey } from '../archive/group-sql';
import { POLICIES } from '../attribution/policy';
import { type Aggregation, type Group, needsFacts, type ReportQuery } from '../report/aggregate';
import { GroupSums } from '../runs/group-sums';
import { SlurmSums } from '../runs/slurm-sums';
import type { Outcome } from '../slurm/job-states';

const KEYS: ReadonlySet<string> = new Set([...SUM_KEYS, 'cluster']);

/** Whether totals of months by user, account and partition tell what is asked for. */
export function isToldByTotals({ manifest }: ReadableArchive, query: ReportQuery): boolean {
  const { groupBy, filter, extrapolate, timeZone } = query;
  return (
    groupBy.every((key) => KEYS.has(key)) &&
    filter.jobs === undefined &&
    filter.jobRange === undefined &&
    filter.nodes === undefined &&
    !needsFacts(query) &&
    !extrapolate &&
    timeZone === manifest.time_zone
  );
}

/**
 * Adds up months of which nothing but totals is kept. A run that goes on in another month is a run of each.
 * @throws EitError EIT_ARCHIVE
 */
export async function addMonths(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  { groupBy, filter, policy: name }: ReportQuery,
  months: readonly string[],
  aggregation: Aggregation,
): Promise<void> {
  if (months.length === 0) return;
  const { cluster } = archive;
  const asked = { policy: POLICIES.indexOf(name), filter };
  const keys = groupBy.filter((key): key is TotalKey => key !== 'cluster');
  const groups = await monthsByGroup(connection, archive, months, keys, asked);
  const total = { sums: new GroupSums(), slurm: new SlurmSums(), lost: new Map<Outcome, GroupSums>() };
  for (const { sums, slurm } of groups) {
    total.sums.addSums(sums);
    total.slurm.addSums(slurm);
  }
  const [all] = await monthsByGroup(connection, archive, months, [], asked);
  if (all === undefined) return;
  total.sums.jobs = all.sums.jobs;
  aggregation.addTotals(
    cluster,
    groups.map(({ keys: found, sums, slurm }): Group => ({
      // In the order of the query's keys, by which groups are known.
      fields: Object.fromEntries(
        groupBy.map((key) => [key, key === 'cluster' ? cluster : found[key as TotalKey]]),
      ),
      sums,
      slurm,
    })),
    total,
  );
  for (const names of await namesInMonths(connection, archive, months, filter))
    aggregation.addFound({ cluster, ...names });
}

/** What to say where a report lacks months. */
export function goneNote(cluster: string, months: readonly string[]): string {
  return (
    `${cluster}: of ${months.join(', ')} nothing but monthly totals is kept (keep in eit.yaml), which are not in this report: ` +
    'ask for whole months, by user, account, partition or month'
  );
}
