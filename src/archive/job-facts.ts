import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EitError, isErrno } from '../errors';
import { ledgerClusters } from '../ledger/inbox-files';
import { FactsTable } from '../runs/facts-table';
import type { RunFilter } from '../runs/run-filter';
import { REPORT_LIMITS, sqlText, withDuckDb } from './duckdb';
import { jobFactsFiles, jobsFolder, ownJobFactsFiles, SYNC_FILE } from './job-files';
import { readSyncedUntil } from './job-sync';
import { BY_USER } from './published-common';

/** What began or ended so close to a window may be told otherwise by the hooks' clocks. */
const SLACK_S = 3600;

/** As doubles, which are quicker than bigints and hold what job-columns.ts keeps. */
const NUMBERS = [
  'job_id',
  'submit_s',
  'start_s',
  'end_s',
  'array_job_id',
  'array_task_id',
  'het_job_id',
  'het_offset',
  'alloc_cpus',
  'req_memory_bytes',
  'time_limit_s',
  'slurm_energy_j',
];
const COLUMNS = [...NUMBERS.map((name) => `${name}::DOUBLE`), 'state', 'qos', 'sluid', 'name'].join(', ');

type FactsFilter = Pick<RunFilter, 'jobs' | 'jobRange' | 'users'>;

/** What a reader gets. */
export interface FactsFor {
  /** null: nothing was ever synced for any of the clusters, or nothing is told of it. */
  readonly facts: FactsTable | null;
  /** Clusters whose facts are not his to read. */
  readonly refused: readonly string[];
}

/** What there is of a cluster. */
interface Source {
  readonly cluster: string;
  readonly files: readonly string[];
  readonly untilS: number | null;
  readonly isRefused?: true;
}

/**
 * The facts of the runs that can lie in [fromMs, toMs), Unix ms.
 * @param clusters absent: all of the ledger
 * @param filter which runs are asked for: others may be left out. The id of an array or a heterogeneous job is that of all its jobs
 * @returns null where nothing was ever synced for any of the clusters
 * @throws EitError EIT_LEDGER_UNREADABLE, EIT_ARCHIVE for a file that cannot be read, EIT_DUCKDB
 */
export async function readJobFacts(
  ledger: string,
  clusters: readonly string[] | undefined,
  fromMs: number,
  toMs: number,
  filter: FactsFilter = {},
): Promise<FactsTable | null> {
  const sources = [];
  for (const cluster of await clustersOf(ledger, clusters))
    sources.push(await sourceOfAll(ledger, cluster, toMs));
  return tableOf(ledger, sources, fromMs, toMs, filter);
}

/**
 * The same for somebody who may not read all of them: of a private ledger a user gets what was published of his own jobs.
 * @param uid who reads
 * @throws as {@link readJobFacts}
 */
export async function readFactsFor(
  uid: number,
  ledger: string,
  clusters: readonly string[] | undefined,
  fromMs: number,
  toMs: number,
  filter: FactsFilter,
): Promise<FactsFor> {
  const sources: Source[] = [];
  for (const cluster of await clustersOf(ledger, clusters)) {
    try {
      sources.push(await sourceOfAll(ledger, cluster, toMs));
    } catch (error) {
      if (!(error instanceof EitError) || !isErrno(error.cause, 'EACCES')) throw error;
      sources.push(await sourceOfOwn(ledger, cluster, toMs, filter.users, uid));
    }
  }
  return {
    facts: await tableOf(ledger, sources, fromMs, toMs, filter),
    refused: sources.flatMap(({ cluster, isRefused }) => (isRefused === true ? [cluster] : [])),
  };
}

async function clustersOf(ledger: string, asked: readonly string[] | undefined): Promise<string[]> {
  return (await ledgerClusters(ledger)).filter((cluster) => asked?.includes(cluster) ?? true);
}

async function sourceOfAll(ledger: string, cluster: string, toMs: number): Promise<Source> {
  const files = await jobFactsFiles(ledger, cluster, toMs);
  return { cluster, files, untilS: readSyncedUntil(jobsFolder(ledger, cluster)) };
}

async function sourceOfOwn(
  ledger: string,
  cluster: string,
  toMs: number,
  users: FactsFilter['users'],
  uid: number,
): Promise<Source> {
  const top = join(ledger, cluster, BY_USER);
  const untilS = readSyncedUntil(top);
  // It is written last: what it promises is there.
  const isPublished = existsSync(join(top, SYNC_FILE));
  if (!isPublished || users?.length !== 1 || users[0]?.uid !== uid)
    return { cluster, files: [], untilS, isRefused: true };
  return { cluster, files: await ownJobFactsFiles(join(top, String(uid)), toMs), untilS };
}

async function tableOf(
  ledger: string,
  all: readonly Source[],
  fromMs: number,
  toMs: number,
  filter: FactsFilter,
): Promise<FactsTable | null> {
  const sources = all.filter(({ files, untilS }) => files.length > 0 || untilS !== null);
  if (sources.length === 0) return null;
  const known = sources.flatMap(({ untilS }) => (untilS === null ? [] : [untilS * 1000]));
  const table = new FactsTable(known.length === 0 ? null : Math.min(...known));
  const filled = sources.filter(({ files }) => files.length > 0);
  if (filled.length === 0) return table;
  await withDuckDb(REPORT_LIMITS, async (connection) => {
    for (const { cluster, files } of filled) {
      const from = `read_parquet([${files.map(sqlText).join(', ')}], union_by_name = true)`;
      const sql = `SELECT ${COLUMNS} FROM ${from} WHERE ${condition(fromMs, toMs, filter)}`;
      const rows = await connection.stream(sql).catch((cause: unknown) => {
        throw unreadableFacts(ledger, cluster, cause);
      });
      for (;;) {
        const chunk = await rows.fetchChunk().catch((cause: unknown) => {
          throw unreadableFacts(ledger, cluster, cause);
        });
        if (chunk === null || chunk.rowCount === 0) break;
        for (const row of chunk.getRows()) addRow(table, cluster, row);
      }
    }
  });
  return table;
}

function condition(fromMs: number, toMs: number, { jobs, jobRange, users }: FactsFilter): string {
  const fromS = Math.floor(fromMs / 1000) - SLACK_S;
  const toS = Math.ceil(toMs / 1000) + SLACK_S;
  const all = [`start_s < ${toS}`, `(end_s IS NULL OR end_s > ${fromS})`];
  if (jobs !== undefined) all.push(jobs.size === 0 ? 'false' : idSql([...jobs].join(', ')));
  if (jobRange !== undefined) all.push(`job_id >= ${jobRange.from} AND job_id < ${jobRange.below}`);
  const uids = users?.map(({ uid }) => uid);
  // One who is known by his name only may have another name in Slurm's accounting.
  if (uids?.every((uid) => uid !== undefined))
    all.push(uids.length === 0 ? 'false' : `(uid IS NULL OR uid IN (${uids.join(', ')}))`);
  return all.join(' AND ');
}

/** Tasks of an array and parts of a heterogeneous job belong to the job whose id is theirs. */
function idSql(ids: string): string {
  return `(${['job_id', 'array_job_id', 'het_job_id'].map((name) => `${name} IN (${ids})`).join(' OR ')})`;
}

function addRow(table: FactsTable, cluster: string, row: readonly unknown[]): void {
  const number = (i: number): number | null => (typeof row[i] === 'number' ? row[i] : null);
  const text = (i: number): string | null => (typeof row[i] === 'string' ? row[i] : null);
  const [jobId, startS] = [number(0), number(2)];
  if (jobId === null || startS === null) return;
  table.add(cluster, jobId, {
    submitS: number(1),
    startS,
    endS: number(3),
    arrayJobId: number(4),
    arrayTaskId: number(5),
    hetJobId: number(6),
    hetOffset: number(7),
    allocCpus: number(8),
    reqMemoryBytes: number(9),
    timeLimitS: number(10),
    slurmEnergyJ: number(11),
    state: text(12) ?? 'UNKNOWN',
    qos: text(13),
    sluid: text(14),
    name: text(15) ?? '',
  });
}

/** That a file of what sacct told is damaged, and what to do. */
export function unreadableFacts(ledger: string, cluster: string, cause: unknown): EitError {
  return new EitError(
    'EIT_ARCHIVE',
    `cannot read what sacct told in ${jobsFolder(ledger, cluster)}: ${String(cause)}. Who may read the ledger must be able to read it; ` +
      'move a damaged file away and fetch its month again (eit sacct-sync --since MONTH-01).',
    { cause },
  );
}
