import { GPU_BINDINGS } from '../attribution/gpu-binding';
import { REQUEUE_MS, UNKNOWN } from '../runs/runs';
import { quoted } from './column';
import { sqlText } from './duckdb';
import { type Figure, RUN_FIGURES } from './run-day-table';

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

/** What sums of months are grouped by: of a run they are the same on all its days, but for the month. */
export const SUM_KEYS = [
  'user',
  'uid',
  'account',
  'partition',
  'month',
] as const satisfies readonly TotalKey[];

/** What became of runs: a key of its own, since only some have one. */
export type InnerKey = TotalKey | 'outcome';

/** Numbers of runs and jobs that a group has, by what they are called in its row. */
export const COUNTS: readonly string[] = [
  ...['runs', 'told_runs', 'jobs', 'io_runs', 'gpu_unread_runs', 'gpu_seen_runs', 'conflicts'],
  ...GPU_BINDINGS.map((by) => `by_${by}`),
];

/** Rows of runs by day, of which groups are made. */
export interface RunRows {
  /** SQL that gives the rows of the days asked for. */
  readonly from: string;
  /** SQL from WHERE on; empty: all of them. */
  readonly where: string;
  /** The same of what Slurm's accounting tells of a run, of which several days' rows are known by their last. */
  readonly whereTold: string;
  readonly figures: readonly Figure[];
  /** SQL that gives rows of runs that are added up elsewhere, each run whose job did not go on before it as one job; absent: none are. */
  readonly elsewhere?: string | undefined;
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

/** SQL condition of rows by which a run can be that of a job that ran before; see `isRequeueOf` (src/runs/runs.ts). */
export const MAY_BE_REQUEUED = `(restart > 0 OR account = ${sqlText(UNKNOWN)})`;

/** What names a run and tells which job it is of. */
const RUN_COLUMNS = [
  'bucket',
  'job',
  'run_key',
  'restart',
  'started_ms',
  '"user"',
  'uid',
  'account',
  '"partition"',
];

/** Of rows of one run. */
const RUN_OF_ROWS = RUN_COLUMNS.slice(3).map((name) => `min(${name}) AS ${name}`);

/**
 * SQL that makes of rows of runs by day a row a group. Rows are read twice, those of whole runs and the others, and never held: a year of them
 * does not fit in memory.
 * @param jobs how a job of several runs counts: once in each group that it has a run in, or in the group of its first run
 */
export function groupSql(
  { from, where, whereTold, figures, elsewhere }: RunRows,
  keys: readonly InnerKey[],
  jobs: 'inEach' | 'ofFirst' = 'inEach',
): string {
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
  const ofJobs = 'job, run_key, restart, started_ms, to_ms, uid, account';
  const counted = elsewhere === undefined ? 'count(*)' : 'count(*) FILTER (WHERE NOT is_elsewhere)';
  return `
WITH days AS NOT MATERIALIZED (
  SELECT ${bucket} AS bucket, job, run_key, restart, started_ms, to_ms, "user", uid, account, "partition", whole, day_ms${names}
  FROM (${from})${where}
), runs AS NOT MATERIALIZED (
  SELECT ${RUN_COLUMNS.join(', ')}, day_ms AS last_day_ms${names} FROM days WHERE whole
  UNION ALL
  SELECT bucket, job, run_key, ${RUN_OF_ROWS.join(', ')}, max(day_ms) AS last_day_ms${merged}
  FROM days WHERE NOT whole GROUP BY bucket, job, run_key
), asked AS NOT MATERIALIZED (
  SELECT *${nothing} FROM runs
), requeued AS MATERIALIZED (
  SELECT DISTINCT job FROM days WHERE ${MAY_BE_REQUEUED}
)${
    elsewhere === undefined
      ? `, chosen AS NOT MATERIALIZED (
  FROM asked${whereTold}
), of_jobs AS NOT MATERIALIZED (
  SELECT ${ofJobs} FROM days
)`
      : `, elsewhere_rows AS MATERIALIZED (
  SELECT ${bucket} AS bucket, * FROM (${elsewhere})${where}
), elsewhere AS MATERIALIZED (
  SELECT bucket, job, run_key, ${RUN_OF_ROWS.join(', ')}
  FROM elsewhere_rows ANTI JOIN (SELECT DISTINCT job, run_key FROM days WHERE job IN (FROM requeued)) USING (job, run_key)
  WHERE job IN (FROM requeued) GROUP BY bucket, job, run_key
), chosen AS NOT MATERIALIZED (
  SELECT *, false AS is_elsewhere FROM asked UNION ALL BY NAME SELECT *, true AS is_elsewhere FROM elsewhere
), of_jobs AS NOT MATERIALIZED (
  SELECT ${ofJobs} FROM days UNION ALL SELECT ${ofJobs} FROM elsewhere_rows
)`
  }, in_turn AS (
  SELECT job, run_key, min(restart) AS restart, min(started_ms) AS started_ms, max(to_ms) AS to_ms, min(uid) AS uid, min(account) AS account
  FROM of_jobs WHERE job IN (FROM requeued) GROUP BY job, run_key
), told_apart AS (
  SELECT job, run_key, started_ms, restart, coalesce(${isRequeue}, false) AS again
  FROM in_turn WINDOW ofJob AS (PARTITION BY job ORDER BY started_ms, restart)
), numbered AS MATERIALIZED (
  SELECT job, run_key, again, count(*) FILTER (WHERE NOT again) OVER (PARTITION BY job ORDER BY started_ms, restart ROWS UNBOUNDED PRECEDING) AS nth
  FROM told_apart
)
SELECT ${[...keys.map((key) => BY_KEY[key]), `${counted} AS runs`].join(', ')},
  ${ifTold('told', 'count(*) FILTER (WHERE told)')} AS told_runs,
  ${jobs === 'ofFirst' ? 'count(*) FILTER (WHERE again IS NOT TRUE)' : jobsSql(elsewhere !== undefined)} AS jobs,
  min(started_ms) AS first_ms, max(last_day_ms) AS last_day_ms,
  ${ifTold('read_bytes', 'count(read_bytes)')} AS io_runs,
  ${ifTold('gpu_unread', 'count(*) FILTER (WHERE gpu_unread AND NOT gpu_seen)')} AS gpu_unread_runs,
  ${ifTold('gpu_seen', 'count(*) FILTER (WHERE gpu_seen)')} AS gpu_seen_runs,
  ${GPU_BINDINGS.map((by, i) => `${ifTold('gpu_by', `count(*) FILTER (WHERE gpu_by = ${i})`)} AS by_${by}`).join(', ')},
  ${ifTold('gpu_conflict', 'count(gpu_conflict)')} AS conflicts,
  ${ifTold('gpu_conflict', 'min(job) FILTER (WHERE gpu_conflict IS NOT NULL)', 'NULL')} AS conflict_job,
  ${ifTold('gpu_conflict', 'arg_min(gpu_conflict, (job, gpu_conflict))', 'NULL')} AS conflict${summed}
FROM chosen LEFT JOIN numbered USING (job, run_key)${groupBy(keys)}`;
}

/** What of them was counted elsewhere already is taken off. */
function jobsSql(isSomeElsewhere: boolean): string {
  const ofSeveral = 'count(DISTINCT (job, nth)) FILTER (WHERE nth IS NOT NULL)';
  if (!isSomeElsewhere) return `count(*) FILTER (WHERE nth IS NULL) + ${ofSeveral}`;
  return `count(*) FILTER (WHERE nth IS NULL AND NOT is_elsewhere) + ${ofSeveral} - count(*) FILTER (WHERE is_elsewhere AND NOT again)`;
}

function groupBy(keys: readonly InnerKey[]): string {
  return keys.length === 0 ? '' : ` GROUP BY ${keys.map((_, i) => i + 1).join(', ')}`;
}

/** Figures that a group has: what is counted apart is in the counts. */
export function keptFigures(figures: readonly Figure[] = RUN_FIGURES): Figure[] {
  return figures.filter((figure) => summedRuns(figure) !== 'NULL');
}

/** SQL of when the last day begins that a row can be of, where it only tells its month: UTC, Unix ms. */
export const LAST_DAY_OF_MONTH = `epoch_ms(strptime(month || '-01', '%Y-%m-%d') + INTERVAL 1 MONTH - INTERVAL 1 DAY) AS last_day_ms`;

/** What rows of groups say of one of the runs in which something contradicted which GPUs were theirs. */
export const CONFLICT: readonly string[] = ['conflict_job', 'conflict'];

/**
 * SQL that adds rows of groups up to fewer.
 * @param from SQL that gives rows as {@link groupSql} does
 * @param figures those that the rows have
 * @param hasConflict whether they have {@link CONFLICT}
 */
export function addedGroupsSql(
  from: string,
  keys: readonly InnerKey[],
  figures: readonly Figure[] = RUN_FIGURES,
  hasConflict = false,
): string {
  const counts = COUNTS.map((name) => `sum(${name})::BIGINT AS ${name}`);
  const kept = keptFigures(figures).map((figure) => `${summedRuns(figure)} AS ${quoted(figure.name)}`);
  const conflict = [
    'min(conflict_job) AS conflict_job',
    'arg_min(conflict, (conflict_job, conflict)) AS conflict',
  ];
  const selected = [
    ...[...keys.map(quoted), ...counts, 'min(first_ms) AS first_ms', 'max(last_day_ms) AS last_day_ms'],
    ...[...kept, ...(hasConflict ? conflict : [])],
  ];
  return `SELECT ${selected.join(', ')} FROM ${from}${groupBy(keys)}`;
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
function summedRuns({ name, role }: Figure): string {
  const value = quoted(name);
  if (role === 'names') return `string_agg(DISTINCT ${value}, chr(31))`;
  if (name === 'gpu_memory_bytes') return `max(${value})`;
  if (role === 'sum' || name.startsWith('nodes_') || name === 'held_bytes' || name === 'asked_bytes')
    return `sum(${value})::HUGEINT`;
  return 'NULL';
}
