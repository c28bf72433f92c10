import type { LoadedConfig } from '../config/config';
import { EitError, isErrno } from '../errors';
import type { RunRecord } from '../generated/record';
import type { ReportGroup } from '../generated/report';
import { RawSums } from '../leaderboard/recompute';
import type { InboxQuery } from '../ledger/inbox';
import { Skipped } from '../ledger/record-line';
import type { ReportQuery } from '../report/aggregate';
import { midpointMs } from '../runs/slice-row';
import { archivedLines } from './archived-lines';
import { recordsInWindow } from './ledger-aggregate';
import type { Output } from './output';

/** A job whose records are wanted. */
export interface WantedJob {
  readonly job: ReportGroup;
  /** What its cluster's energy is with. */
  readonly nodeOverhead: number;
}

/** The records of a job. */
export interface RunLines {
  readonly records: readonly RunRecord[];
  /** Whether they are sums that the archive has, not the lines that hosts wrote. */
  readonly areSums: boolean;
}

/** Doubles that were added up in another order. */
const ROUNDING = 1e-9;

/**
 * The records of some jobs: the lines that hosts wrote, where the inbox has all of them still, else what the archive has, with what is newer.
 * @param query of reports by job over the jobs; its policy is that of their energies
 * @param uid who reads
 * @returns in the order of `wanted`
 * @throws EitError EIT_LEDGER_UNREADABLE, EIT_ARCHIVE, EIT_DUCKDB
 */
export async function readRunLines(
  { config }: LoadedConfig,
  wanted: readonly WantedJob[],
  query: ReportQuery,
  uid: number,
  output: Output,
): Promise<RunLines[]> {
  const lines = await inboxLines(config, wanted, query, output).catch((error: unknown) => {
    // Of a private ledger most read the archive only.
    if (error instanceof EitError && isErrno(error.cause, 'EACCES')) return null;
    throw error;
  });
  const found = wanted.map((one): RunLines => ({
    records: lines?.get(keyOf(one.job)) ?? [],
    areSums: false,
  }));
  const lacking = wanted.filter((one, i) => !isWhole(one, found[i]?.records ?? [], query));
  if (lacking.length === 0) return found;

  const ofJobs = { ...query, filter: { ...query.filter, ...idsOf(lacking) } };
  const { records, taken, inboxes } = await archivedLines(config.ledger, ofJobs, uid);
  const clusters = new Set([...ofJobs.filter.clusters].filter((name) => inboxes?.has(name) ?? true));
  const newer =
    clusters.size === 0
      ? new Map<string, RunRecord[]>()
      : await inboxLines(config, lacking, { ...ofJobs, filter: { clusters } }, output, { taken });
  const sums = grouped(lacking, records);
  return found.map((own, i) => {
    const one = wanted[i]!;
    if (!lacking.includes(one)) return own;
    const key = keyOf(one.job);
    return { records: [...(sums.get(key) ?? []), ...(newer.get(key) ?? [])], areSums: true };
  });
}

async function inboxLines(
  config: LoadedConfig['config'],
  wanted: readonly WantedJob[],
  query: Pick<ReportQuery, 'filter' | 'sinceMs' | 'untilMs'>,
  output: Output,
  given: Pick<InboxQuery, 'taken'> = {},
): Promise<Map<string, RunRecord[]>> {
  const found: RunRecord[] = [];
  const jobs = new Set(wanted.map(({ job }) => job.job_id));
  const access = { config, skipped: new Skipped(), output };
  for await (const record of recordsInWindow(access, query, given)) {
    if (record.kind !== 'run' || !jobs.has(record.job)) continue;
    const atMs = midpointMs(record);
    if (atMs >= query.sinceMs && atMs < query.untilMs) found.push(record);
  }
  return grouped(wanted, found);
}

function grouped(wanted: readonly WantedJob[], records: readonly RunRecord[]): Map<string, RunRecord[]> {
  const byJob = new Map(wanted.map(({ job }) => [keyOf(job), [] as RunRecord[]]));
  for (const record of records) byJob.get(`${record.cluster}\0${record.job}`)?.push(record);
  return byJob;
}

/** Whether records give the energy that the report has of a job. */
function isWhole(
  { job, nodeOverhead }: WantedJob,
  records: readonly RunRecord[],
  query: ReportQuery,
): boolean {
  const sums = new RawSums(query.policy);
  for (const record of records) sums.add(record);
  const run = job.job_id ?? 0;
  const itKwh = sums
    .finish([{ run, factors: { ...NO_FACTORS, node_overhead: nodeOverhead } }])
    .get(run)?.itKwh;
  return itKwh !== undefined && Math.abs(itKwh - job.energy_kwh.it) <= ROUNDING * job.energy_kwh.it;
}

const NO_FACTORS = { pue: 1, zone: '', g_per_kwh: 0, source: '' };

function idsOf(wanted: readonly WantedJob[]): { clusters: Set<string>; jobs: Set<number> } {
  return {
    clusters: new Set(wanted.map(({ job }) => job.cluster ?? '')),
    jobs: new Set(wanted.map(({ job }) => job.job_id ?? 0)),
  };
}

function keyOf({ cluster, job_id: id }: ReportGroup): string {
  return `${cluster ?? ''}\0${id ?? 0}`;
}
