import type { DuckDBConnection } from '@duckdb/node-api';
import { GPU_BINDINGS } from '../attribution/gpu-binding';
import { BlockIoSums } from '../runs/block-io';
import { DOMAIN_CLASSES } from '../runs/domain-class';
import { GpuSums } from '../runs/gpu-sums';
import { GroupSums } from '../runs/group-sums';
import type { RunFilter } from '../runs/run-filter';
import { REQUEUE_MS, UNKNOWN } from '../runs/runs';
import { P_STATES } from '../runs/slice-row';
import { POLICIES } from '../attribution/policy';
import { SlurmSums } from '../runs/slurm-sums';
import type { Outcome } from '../slurm/job-states';
import { quoted } from './column';
import { sqlText } from './duckdb';
import { emptyInAll, rowsOf } from './part';
import { filterSql, type ReadableArchive } from './read-archive';
import {
  CLASS_SUM_NAMES,
  classColumn,
  type Figure,
  RUN_FIGURES,
  NAME_SEPARATOR,
  overheadColumn,
  RUN_DAYS,
} from './run-day-table';
import { freshSql } from './totals';

/** What the totals can be grouped by. */
export const TOTAL_KEYS = [
  'user',
  'uid',
  'account',
  'partition',
  'day',
  'week',
  'month',
  'qos',
  'state',
  'name',
  'array',
] as const;
export type TotalKey = (typeof TOTAL_KEYS)[number];

/** What became of runs: a key of its own, since only some have one. */
export type InnerKey = TotalKey | 'outcome';

export interface TotalsQuery {
  /** Days that are added up: those of which the archive has totals that are as its slices are. */
  readonly days: ReadonlySet<string>;
  readonly policy: number;
  readonly filter: Pick<RunFilter, 'users' | 'accounts' | 'partitions' | 'qos' | 'names' | 'states'>;
  /** Table of jobs that somebody else adds up (see {@link jobTable}); null: of none. */
  readonly exceptJobs: string | null;
}

/** The sums of one group of runs. */
export interface TotalsGroup {
  /** Value of each key asked for. */
  readonly keys: Readonly<Partial<Record<InnerKey, string | number | null>>>;
  readonly sums: GroupSums;
  readonly slurm: SlurmSums;
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
  keys: readonly InnerKey[],
  query: TotalsQuery,
): Promise<TotalsGroup[]> {
  const totals = totalsOf(archive, query);
  if (totals === null) return [];
  const rows = await rowsOf(connection, groupSql(totals, keys));
  return rows.map((row) => ({
    keys: Object.fromEntries(keys.map((key) => [key, keyOf(row[key])])),
    sums: groupSums(archive.cluster, row, query.policy),
    slurm: slurmSums(row),
  }));
}

/** Uids are numbers, and can be absent. */
function keyOf(value: unknown): string | number | null {
  return typeof value === 'bigint' ? Number(value) : (value as string | null);
}

/** The SQL of {@link totalsByGroup}, for those who want to run it elsewhere; null: the archive has nothing of these days. */
export function totalsSql(
  archive: ReadableArchive,
  keys: readonly TotalKey[],
  query: TotalsQuery,
): string | null {
  const totals = totalsOf(archive, query);
  return totals === null ? null : groupSql(totals, keys);
}

/** The sums of runs whose work was not done to its end, by what became of it. @throws EitError EIT_ARCHIVE */
export async function totalsByOutcome(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  query: TotalsQuery,
): Promise<Map<Outcome, GroupSums>> {
  const groups = await totalsByGroup(connection, archive, ['outcome'], query);
  return new Map(
    groups.flatMap(({ keys: { outcome }, sums }) => (outcome ? [[outcome as Outcome, sums] as const] : [])),
  );
}

/** Columns that a filter can ask for beyond those that every query has. */
const ASKED_FOR: ReadonlySet<string> = new Set(['told', 'qos', 'name', 'state']);

/** How many jobs and runs there are: a job can have runs in several groups. @throws EitError EIT_ARCHIVE */
export async function countTotals(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  query: TotalsQuery,
): Promise<{ readonly jobs: number; readonly runs: number }> {
  const totals = totalsOf(archive, query);
  if (totals === null) return { jobs: 0, runs: 0 };
  const [row] = await rowsOf(
    connection,
    groupSql({ ...totals, figures: totals.figures.filter(({ name }) => ASKED_FOR.has(name)) }, []),
  );
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

/**
 * Jobs whose days are not to be added up: nothing tells that what ran on one day is the run of another, or its days say different things of it.
 * @throws EitError EIT_ARCHIVE
 */
export async function jobsApart(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  query: TotalsQuery,
): Promise<Set<number>> {
  const totals = totalsOf(archive, query);
  if (totals === null) return new Set();
  const differ = ['"user"', 'account', '"partition"', 'uid', 'nodes'].map(
    (name) => `min(${name}) <> max(${name}) OR count(${name}) NOT IN (0, count(*))`,
  );
  const rows = await rowsOf(
    connection,
    `SELECT DISTINCT job FROM (FROM (${totals.from})${totals.where}) WHERE apart OR NOT whole ` +
      `GROUP BY job, run_key HAVING bool_or(apart) OR ${differ.join(' OR ')}`,
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
  /** The same of what Slurm's accounting tells of a run, of which several days' rows are known by their last. */
  readonly whereTold: string;
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
  const figures = RUN_FIGURES.filter(
    (figure) => (figure.policy === undefined || figure.policy === policy) && !empty.has(figure.name),
  );
  const where = [...filterSql(filter), ...(exceptJobs === null ? [] : [`job NOT IN (FROM ${exceptJobs})`])];
  const { qos, names, states } = filter;
  const told = [...inSql('qos', qos), ...inSql('name', names), ...inSql('state', states)];
  return {
    from: parts.map((part) => freshSql(dir, part, manifest.time_zone, days)).join(' UNION ALL BY NAME '),
    where: where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`,
    whereTold: told.length === 0 ? '' : ` WHERE told AND ${told.join(' AND ')}`,
    figures,
  };
}

const BY_KEY: Readonly<Record<InnerKey, string>> = {
  user: '"user"',
  uid: 'uid',
  account: 'account',
  partition: '"partition"',
  day: 'bucket AS "day"',
  week: `${weekSql('bucket')} AS "week"`,
  month: 'bucket[1:7] AS "month"',
  qos: "coalesce(qos, '(unknown)') AS qos",
  state: "coalesce(state, '(unknown)') AS state",
  name: "coalesce(name, '(unknown)') AS name",
  array: 'array_job_id AS "array"',
  outcome: 'outcome',
};

/** The first day of what a run is cut by, or as much of it as tells that. */
function bucketSql(keys: readonly InnerKey[]): string {
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

/**
 * Rows are read twice, those of whole runs and the others, and never held: a year of them does not fit in memory.
 */
export function groupSql({ from, where, whereTold, figures }: Totals, keys: readonly InnerKey[]): string {
  const bucket = bucketSql(keys);
  const list = (columns: readonly string[]) => columns.map((column) => `, ${column}`).join('');
  const told = new Set(figures.map(({ name }) => name));
  // A column that is empty in all parts is none of the figures; what names groups or is asked for must be there all the same.
  const absent = ['qos', 'state', 'name', 'array_job_id', 'outcome', 'told'].filter(
    (name) => !told.has(name),
  );
  const names = list(figures.map(({ name }) => quoted(name)));
  const nothing = list(absent.map((name) => `NULL AS ${quoted(name)}`));
  const merged = list(figures.map((figure) => `${mergedDays(figure)} AS ${quoted(figure.name)}`));
  const summed = list(figures.map((figure) => `${summedRuns(figure)} AS ${quoted(figure.name)}`));
  const isRequeue = `(uid IS NULL OR lag(uid) OVER ofJob IS NULL OR uid = lag(uid) OVER ofJob) AND (restart > lag(restart) OVER ofJob
    OR (restart = 0 AND account = ${sqlText(UNKNOWN)} AND started_ms - lag(to_ms) OVER ofJob < ${REQUEUE_MS}))`;
  const ifTold = (name: string, sql: string, otherwise = '0') => (told.has(name) ? sql : otherwise);
  return `
WITH days AS NOT MATERIALIZED (
  SELECT ${bucket} AS bucket, job, run_key, restart, started_ms, to_ms, "user", uid, account, "partition", whole, day_ms${names}
  FROM (${from})${where}
), runs AS NOT MATERIALIZED (
  SELECT bucket, job, run_key, restart, started_ms, "user", uid, account, "partition"${names} FROM days WHERE whole
  UNION ALL
  SELECT bucket, job, run_key, min(restart), min(started_ms), min("user"), min(uid), min(account), min("partition")${merged}
  FROM days WHERE NOT whole GROUP BY bucket, job, run_key
), asked AS NOT MATERIALIZED (
  SELECT *${nothing} FROM runs
), chosen AS NOT MATERIALIZED (
  FROM asked${whereTold}
), requeued AS MATERIALIZED (
  SELECT DISTINCT job FROM days WHERE restart > 0 OR account = ${sqlText(UNKNOWN)}
), in_turn AS (
  SELECT job, run_key, min(restart) AS restart, min(started_ms) AS started_ms, max(to_ms) AS to_ms, min(uid) AS uid, min(account) AS account
  FROM days WHERE job IN (FROM requeued) GROUP BY job, run_key
), told_apart AS (
  SELECT job, run_key, started_ms, restart, coalesce(${isRequeue}, false) AS again
  FROM in_turn WINDOW ofJob AS (PARTITION BY job ORDER BY started_ms, restart)
), numbered AS MATERIALIZED (
  SELECT job, run_key, count(*) FILTER (WHERE NOT again) OVER (PARTITION BY job ORDER BY started_ms, restart ROWS UNBOUNDED PRECEDING) AS nth
  FROM told_apart
)
SELECT ${[...keys.map((key) => BY_KEY[key]), 'count(*) AS runs'].join(', ')},
  ${ifTold('told', 'count(*) FILTER (WHERE told)')} AS told_runs,
  count(*) FILTER (WHERE nth IS NULL) + count(DISTINCT (job, nth)) FILTER (WHERE nth IS NOT NULL) AS jobs,
  min(started_ms) AS first_ms,
  ${ifTold('read_bytes', 'count(read_bytes)')} AS io_runs,
  ${ifTold('gpu_unread', 'count(*) FILTER (WHERE gpu_unread AND NOT gpu_seen)')} AS gpu_unread_runs,
  ${ifTold('gpu_seen', 'count(*) FILTER (WHERE gpu_seen)')} AS gpu_seen_runs,
  ${GPU_BINDINGS.map((by, i) => `${ifTold('gpu_by', `count(*) FILTER (WHERE gpu_by = ${i})`)} AS by_${by}`).join(', ')},
  ${ifTold('gpu_conflict', 'count(gpu_conflict)')} AS conflicts,
  ${ifTold('gpu_conflict', 'min(job) FILTER (WHERE gpu_conflict IS NOT NULL)', 'NULL')} AS conflict_job,
  ${ifTold('gpu_conflict', 'arg_min(gpu_conflict, job)', 'NULL')} AS conflict${summed}
FROM chosen LEFT JOIN numbered USING (job, run_key)${keys.length === 0 ? '' : ` GROUP BY ${keys.map((_, i) => i + 1).join(', ')}`}`;
}

function inSql(column: string, values: ReadonlySet<string> | undefined): string[] {
  if (values === undefined) return [];
  return [`${column} IN (${[...values].map(sqlText).join(', ') || 'NULL'})`];
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
    case 'last':
      return `arg_max(${value}, day_ms)`;
    case 'names':
      return `string_agg(DISTINCT ${value}, chr(31))`;
  }
}

/** How runs become a group. What is counted apart is not needed again. */
export function summedRuns({ name, role }: Figure): string {
  const value = quoted(name);
  if (role === 'names') return `string_agg(DISTINCT ${value}, chr(31))`;
  if (name === 'gpu_memory_bytes') return `max(${value})`;
  if (role === 'sum' || name.startsWith('nodes_') || name === 'held_bytes' || name === 'asked_bytes')
    return `sum(${value})`;
  return 'NULL';
}

/** The same of what Slurm's accounting tells. */
export function slurmSums(row: Record<string, unknown>): SlurmSums {
  const big = (name: string) => (row[name] as bigint | null | undefined) ?? 0n;
  const sums = new SlurmSums();
  sums.toldRuns = Number(row['told_runs'] ?? 0);
  sums.untoldRuns = Number(row['runs'] ?? 0) - sums.toldRuns;
  sums.cpuUs = big('used_cpu_us');
  sums.allocatedCpuUs = big('allocated_cpu_us');
  sums.heldBytes.addBig(big('held_bytes'));
  sums.askedBytes.addBig(big('asked_bytes'));
  return sums;
}

/** The sums that a row of a group holds, of one policy. */
export function groupSums(cluster: string, row: Record<string, unknown>, policy: number): GroupSums {
  const big = (name: string): bigint | undefined => {
    const value = row[name];
    return value === null || value === undefined ? undefined : (value as bigint);
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
