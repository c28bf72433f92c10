import type { DuckDBConnection } from '@duckdb/node-api';
import { GPU_BINDINGS } from '../attribution/gpu-binding';
import { BlockIoSums } from '../runs/block-io';
import { DOMAIN_CLASSES } from '../runs/domain-class';
import { GpuSums } from '../runs/gpu-sums';
import { GroupSums } from '../runs/group-sums';
import type { RunFilter } from '../runs/run-filter';
import { P_STATES } from '../runs/slice-row';
import { POLICIES } from '../attribution/policy';
import { quoted } from './column';
import { emptyInAll, rowsOf } from './part';
import { filterSql, type ReadableArchive } from './read-archive';
import {
  CLASS_SUM_NAMES,
  classColumn,
  type Figure,
  FIGURES,
  NAME_SEPARATOR,
  overheadColumn,
  RUN_DAYS,
} from './run-day-table';
import { freshSql } from './totals';

/** What the totals can be grouped by. */
export const TOTAL_KEYS = ['user', 'uid', 'account', 'partition', 'day', 'week', 'month'] as const;
export type TotalKey = (typeof TOTAL_KEYS)[number];

export interface TotalsQuery {
  /** Days that are added up: those of which the archive has totals that are as its slices are. */
  readonly days: ReadonlySet<string>;
  readonly policy: number;
  readonly filter: Pick<RunFilter, 'users' | 'accounts' | 'partitions'>;
  /** Table of jobs that somebody else adds up (see {@link jobTable}); null: of none. */
  readonly exceptJobs: string | null;
}

/** The sums of one group of runs. */
export interface TotalsGroup {
  /** Value of each key asked for. */
  readonly keys: Readonly<Partial<Record<TotalKey, string | number | null>>>;
  readonly sums: GroupSums;
}

/** Days of a window of which the archive has totals. */
export function daysWithTotals({ manifest }: Pick<ReadableArchive, 'manifest'>): Set<string> {
  return new Set(
    manifest.parts.filter(({ kind }) => kind === RUN_DAYS.name).flatMap(({ days = [] }) => days),
  );
}

/**
 * Adds up totals of whole days. A run of several days is one run of a group, unless days, weeks or months are asked for: then it is one in each.
 * @throws EitError EIT_ARCHIVE
 */
export async function totalsByGroup(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  keys: readonly TotalKey[],
  query: TotalsQuery,
): Promise<TotalsGroup[]> {
  const totals = totalsOf(archive, query);
  if (totals === null) return [];
  const rows = await rowsOf(connection, groupSql(totals, keys));
  return rows.map((row) => ({
    keys: Object.fromEntries(keys.map((key) => [key, keyOf(row[key])])),
    sums: groupSums(archive.cluster, row, query.policy),
  }));
}

/** Uids are numbers, and can be absent. */
function keyOf(value: unknown): string | number | null {
  return typeof value === 'bigint' ? Number(value) : (value as string | null);
}

/** How many jobs and runs there are: a job can have runs in several groups. @throws EitError EIT_ARCHIVE */
export async function countTotals(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  query: TotalsQuery,
): Promise<{ readonly jobs: number; readonly runs: number }> {
  const totals = totalsOf(archive, query);
  if (totals === null) return { jobs: 0, runs: 0 };
  const [row] = await rowsOf(connection, groupSql({ ...totals, figures: [] }, []));
  return { jobs: Number(row?.['jobs'] ?? 0), runs: Number(row?.['runs'] ?? 0) };
}

/** Whose runs there are, of those that the filter lets through. @throws EitError EIT_ARCHIVE */
export async function namesInTotals(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  query: TotalsQuery,
): Promise<{ uid: number | null; user: string; account: string; partition: string }[]> {
  const totals = totalsOf(archive, query);
  if (totals === null) return [];
  const rows = await rowsOf(
    connection,
    `SELECT DISTINCT uid, "user", account, "partition" FROM (${totals.from})${totals.where}`,
  );
  return rows.map(({ uid, user, account, partition }) => ({
    uid: uid === null ? null : Number(uid),
    user: String(user),
    account: String(account),
    partition: String(partition),
  }));
}

/** Of some jobs those that the totals hold runs of too. @throws EitError EIT_ARCHIVE */
export async function jobsInTotals(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  query: TotalsQuery,
  jobs: ReadonlySet<number>,
): Promise<Set<number>> {
  const totals = totalsOf(archive, query);
  if (totals === null || jobs.size === 0) return new Set();
  const asked = await jobTable(connection, 'asked_jobs', jobs);
  const rows = await rowsOf(
    connection,
    `SELECT DISTINCT job FROM (${totals.from}) WHERE job IN (FROM ${asked})`,
  );
  return new Set(rows.map(({ job }) => Number(job)));
}

/** Puts job ids into a table of their own: there can be a million. @returns its name */
export async function jobTable(
  connection: DuckDBConnection,
  name: string,
  jobs: ReadonlySet<number>,
): Promise<string> {
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${name} (job BIGINT)`);
  const appender = await connection.createAppender(name);
  for (const job of jobs) {
    appender.appendBigInt(BigInt(job));
    appender.endRow();
  }
  appender.closeSync();
  return name;
}

/** What a query is made of. */
interface Totals {
  /** SQL that gives the rows of the days asked for. */
  readonly from: string;
  /** SQL from WHERE on; empty: all of them. */
  readonly where: string;
  readonly figures: readonly Figure[];
}

function totalsOf(
  { dir, manifest }: ReadableArchive,
  { days, policy, filter, exceptJobs }: TotalsQuery,
): Totals | null {
  const parts = manifest.parts.filter(
    (part) => part.kind === RUN_DAYS.name && (part.days ?? []).some((day) => days.has(day)),
  );
  if (parts.length === 0) return null;
  const empty = emptyInAll(parts);
  const figures = FIGURES.filter(
    (figure) => (figure.policy === undefined || figure.policy === policy) && !empty.has(figure.name),
  );
  const where = [...filterSql(filter), ...(exceptJobs === null ? [] : [`job NOT IN (FROM ${exceptJobs})`])];
  return {
    from: parts.map((part) => freshSql(dir, part, manifest.time_zone, days)).join(' UNION ALL BY NAME '),
    where: where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`,
    figures,
  };
}

const BY_KEY: Readonly<Record<TotalKey, string>> = {
  user: '"user"',
  uid: 'uid',
  account: 'account',
  partition: '"partition"',
  day: 'bucket AS "day"',
  week: `${weekSql('bucket')} AS "week"`,
  month: 'bucket[1:7] AS "month"',
};

/** The first day of what a run is cut by, or as much of it as tells that. */
function bucketSql(keys: readonly TotalKey[]): string {
  if (keys.includes('day')) return 'day';
  const [byWeek, byMonth] = [keys.includes('week'), keys.includes('month')];
  const monday = "date_trunc('week', day::DATE)";
  if (byWeek && byMonth) return `greatest(${monday}, date_trunc('month', day::DATE))::DATE::VARCHAR`;
  if (byWeek) return `${monday}::DATE::VARCHAR`;
  return byMonth ? 'day[1:7]' : "''";
}

/** ISO 8601, as `weekOf` (src/runs/calendar.ts). */
function weekSql(day: string): string {
  return `strftime(${day}::DATE, '%G-W%V')`;
}

function groupSql({ from, where, figures }: Totals, keys: readonly TotalKey[]): string {
  const bucket = bucketSql(keys);
  const list = (columns: readonly string[]) => columns.map((column) => `, ${column}`).join('');
  const names = list(figures.map(({ name }) => quoted(name)));
  const merged = list(figures.map((figure) => `${mergedDays(figure)} AS ${quoted(figure.name)}`));
  const summed = list(figures.map((figure) => `${summedRuns(figure)} AS ${quoted(figure.name)}`));
  const told = new Set(figures.map(({ name }) => name));
  const ifTold = (name: string, sql: string, otherwise = '0') => (told.has(name) ? sql : otherwise);
  return `
WITH days AS (
  SELECT ${bucket} AS bucket, job, run_key, restart, started_ms, "user", uid, account, "partition", whole${names}
  FROM (${from})${where}
), runs AS (
  SELECT bucket, job, restart, started_ms, "user", uid, account, "partition"${names} FROM days WHERE whole
  UNION ALL
  SELECT bucket, job, min(restart), min(started_ms), min("user"), min(uid), min(account), min("partition")${merged}
  FROM days WHERE NOT whole GROUP BY bucket, job, run_key
), requeued AS (
  SELECT DISTINCT job FROM runs WHERE restart > 0 OR account = '(unknown)'
)
SELECT ${[...keys.map((key) => BY_KEY[key]), 'count(*) AS runs'].join(', ')},
  count(*) FILTER (WHERE job NOT IN (FROM requeued)) + count(DISTINCT job) FILTER (WHERE job IN (FROM requeued)) AS jobs,
  min(started_ms) AS first_ms,
  ${ifTold('read_bytes', 'count(read_bytes)')} AS io_runs,
  ${ifTold('gpu_unread', 'count(*) FILTER (WHERE gpu_unread AND NOT gpu_seen)')} AS gpu_unread_runs,
  ${ifTold('gpu_seen', 'count(*) FILTER (WHERE gpu_seen)')} AS gpu_seen_runs,
  ${GPU_BINDINGS.map((by, i) => `${ifTold('gpu_by', `count(*) FILTER (WHERE gpu_by = ${i})`)} AS by_${by}`).join(', ')},
  ${ifTold('gpu_conflict', 'count(gpu_conflict)')} AS conflicts,
  ${ifTold('gpu_conflict', 'min(job) FILTER (WHERE gpu_conflict IS NOT NULL)', 'NULL')} AS conflict_job,
  ${ifTold('gpu_conflict', 'arg_min(gpu_conflict, job)', 'NULL')} AS conflict${summed}
FROM runs${keys.length === 0 ? '' : ` GROUP BY ${keys.map((_, i) => i + 1).join(', ')}`}`;
}

/** How rows of one run become one. */
function mergedDays({ name, role }: Figure): string {
  const value = quoted(name);
  switch (role) {
    case 'sum':
      return `sum(${value})::BIGINT`;
    case 'most':
      return `max(${value})`;
    case 'least':
      return `min(${value})`;
    case 'any':
      return `bool_or(${value})`;
    case 'names':
      return `string_agg(DISTINCT ${value}, chr(31))`;
  }
}

/** How runs become a group. What is counted apart is not needed again. */
function summedRuns({ name, role }: Figure): string {
  const value = quoted(name);
  if (role === 'names') return `string_agg(DISTINCT ${value}, chr(31))`;
  if (name === 'gpu_memory_bytes') return `max(${value})`;
  if (role === 'sum' || name.startsWith('nodes_')) return `sum(${value})::VARCHAR`;
  return 'NULL';
}

function groupSums(cluster: string, row: Record<string, unknown>, policy: number): GroupSums {
  const big = (name: string): bigint | undefined => {
    const value = row[name];
    return value === null || value === undefined ? undefined : BigInt(value as string);
  };
  const number = (name: string): number => Number(row[name] ?? 0);
  const sums = new GroupSums();
  sums.runs = number('runs');
  sums.jobs = number('jobs');
  sums.firstMs = number('first_ms');
  sums.elapsedMs = number('elapsed_ms');
  sums.cpuUs = big('cpu_us') ?? 0n;
  sums.gpuMs = big('gpu_ms') ?? 0n;
  sums.nodesExpected = number('nodes_expected');
  sums.nodesReported = number('nodes_reported');
  sums.gpuUnreadRuns = number('gpu_unread_runs');
  sums.gpuSeenRuns = number('gpu_seen_runs');
  sums.blockIoRuns = number('io_runs');
  if (sums.blockIoRuns > 0) {
    const io = ['read_bytes', 'written_bytes', 'read_ops', 'written_ops'].map((name) => big(name) ?? 0n);
    sums.blockIo.addSums(BlockIoSums.of(io as [bigint, bigint, bigint, bigint]));
  }
  for (const name of DOMAIN_CLASSES) {
    const expectedMs = big(`${name}_expected_ms`);
    if (expectedMs !== undefined) sums.expectedMs.set(name, Number(expectedMs));
    const observedMs = big(`${name}_observed_ms`);
    if (observedMs !== undefined) sums.observedMs.set(name, Number(observedMs));
  }
  addEnergy(sums, cluster, big, policy);
  addGpu(sums, cluster, row, big, policy);
  for (const name of split(row['cpu_models'])) sums.cpuModels.add(name);
  for (const name of split(row['gpu_models'])) sums.gpuModels.add(name);
  return sums;
}

function addEnergy(
  sums: GroupSums,
  cluster: string,
  big: (name: string) => bigint | undefined,
  policy: number,
): void {
  const energy = sums.clusterEnergy(cluster);
  const targets = {
    measured: energy.measuredUj,
    modelled: energy.modelledUj,
    estimated: sums.estimatedUj,
    guessed: sums.guessedUj,
  };
  for (const name of DOMAIN_CLASSES) {
    for (const kind of CLASS_SUM_NAMES) {
      const uj = big(classColumn(name, kind, policy));
      if (uj !== undefined) targets[kind].set(name, uj);
    }
  }
  energy.overheadBaseUj = big(overheadColumn(policy)) ?? 0n;
}

function addGpu(
  sums: GroupSums,
  cluster: string,
  row: Record<string, unknown>,
  big: (name: string) => bigint | undefined,
  policy: number,
): void {
  for (const by of GPU_BINDINGS) sums.gpuRunsBy[by] = Number(row[`by_${by}`] ?? 0);
  const readMs = big('gpu_read_ms');
  if (readMs === undefined) return;
  sums.gpu = GpuSums.of({
    readMs,
    busyMs: big('gpu_busy_ms'),
    toldMs: big('gpu_told_ms') ?? 0n,
    idleUj: big(`gpu_idle_${POLICIES[policy] ?? ''}_uj`),
    throttledMs: big('gpu_throttled_ms'),
    pStateMs: Array.from({ length: P_STATES }, (_, state) => big(`gpu_p${state}_ms`)),
    memoryBytes: row['gpu_memory_bytes'] === null ? null : Number(row['gpu_memory_bytes'] ?? 0),
  });
  sums.gpuConflictRuns = Number(row['conflicts'] ?? 0);
  if (typeof row['conflict'] === 'string') {
    sums.gpuConflict = { cluster, jobId: Number(row['conflict_job']), text: row['conflict'] };
  }
}

function split(names: unknown): string[] {
  return typeof names === 'string' ? names.split(NAME_SEPARATOR) : [];
}
