import { UNKNOWN } from '../runs/runs';
import { derivedColumn, type Column, quoted, selectAll, type Table } from './column';
import type { Stretch } from './days';
import { sqlText } from './duckdb';
import { COUNTS, groupSql, keptFigures, MAY_BE_REQUEUED, SUM_KEYS } from './group-sql';
import { type Figure, RUN_DAYS, RUN_FIGURES } from './run-day-table';

/** Bytes of a month's runs outgrow 64 bits: each can ask for all memory of a large machine. */
const typeOf = ({ name, role, type }: Figure): Column<never>['type'] =>
  role === 'names' ? 'VARCHAR' : name.endsWith('_bytes') ? 'DECIMAL(38,0)' : type;

/**
 * Runs of a part of `rundays` added up, under every policy: those that lie in its days from begin to end, and whose job is not told by what lies
 * elsewhere. A run is in one row here, or in {@link OPEN_RUNS}.
 */
export const RUN_SUMS: Table<never> = {
  name: 'runsums',
  time: 'day_ms',
  order: ['user', 'account', 'partition'],
  columns: [
    derivedColumn('month', 'VARCHAR', 'key'),
    derivedColumn('day_ms', 'BIGINT', 'key'),
    derivedColumn('user', 'VARCHAR', 'key'),
    derivedColumn('uid', 'BIGINT', 'key'),
    derivedColumn('account', 'VARCHAR', 'key'),
    derivedColumn('partition', 'VARCHAR', 'key'),
    derivedColumn('outcome', 'VARCHAR', 'key'),
    ...COUNTS.map((name) => derivedColumn(name, 'BIGINT', 'sum')),
    derivedColumn('first_ms', 'BIGINT', 'min'),
    derivedColumn('conflict_job', 'BIGINT', 'min'),
    derivedColumn('conflict', 'VARCHAR', 'min'),
    ...keptFigures().map((figure) =>
      derivedColumn(figure.name, typeOf(figure), figure.role === 'names' ? 'union' : 'sum'),
    ),
  ],
};

/** What each row of a run says the same of it; one that does not is added up with care. */
export const SAME_IN_EACH_ROW: readonly string[] = [
  '"user"',
  'account',
  '"partition"',
  'uid',
  'nodes',
  'restart',
];

/** The rows of a part of `rundays` that are in none of its sums. */
export const OPEN_RUNS: Table<never> = {
  ...(RUN_DAYS as unknown as Table<never>),
  name: 'openruns',
};

/**
 * SQL that gives, of rows of `rundays`, the runs (job, run_key) that can be added up once and for all: nothing of them lies outside the stretch
 * of their days, as far as their fragments tell, their rows say the same of them, and which job they are of follows from the rows.
 * @param from SQL that gives the rows
 */
export function closedRunsSql(from: string, stretches: readonly Stretch[]): string {
  const nth = stretches.map(
    ([fromMs, toMs]) => `WHEN day_ms >= ${fromMs} AND day_ms < ${toMs} THEN ${fromMs}`,
  );
  const names = ['"user"', 'account', '"partition"', 'uid'];
  const isSame = SAME_IN_EACH_ROW.map(
    (name) => `(count(${name}) = 0 OR (count(${name}) = count(*) AND min(${name}) = max(${name})))`,
  );
  return `
WITH rows AS (
  SELECT *, CASE ${nth.join(' ')} END AS stretch FROM (${from})
), by_run AS (
  SELECT job, run_key, min(restart) AS restart, min(started_ms) AS started_ms, ${names.map((name) => `min(${name}) AS ${name}`).join(', ')},
    bool_or(apart) OR NOT (${isSame.join(' AND ')}) AS apart,
    coalesce((count(*) = 1 AND bool_and(whole)) OR (
      min(stretch) = max(stretch) AND min(started_ms) >= min(stretch) AND NOT bool_or(whole)
      AND sum(begun) >= max(nodes) AND sum(ended) = sum(begun)
    ), false) AS closed
  FROM rows GROUP BY job, run_key
), by_job AS (
  SELECT job, bool_or(apart) AS apart, bool_or(${MAY_BE_REQUEUED}) AS requeued,
    bool_and(closed) AND arg_min(restart, (started_ms, restart)) = 0 AND bool_and(account <> ${sqlText(UNKNOWN)})
      AND count(DISTINCT (uid, ${names.slice(0, 3).join(', ')})) = 1 AS told
  FROM by_run GROUP BY job
)
SELECT job, run_key FROM by_run JOIN by_job USING (job) WHERE closed AND NOT by_job.apart AND (told OR NOT requeued)`;
}

/**
 * SQL of a part's {@link RUN_SUMS}.
 * @param from SQL that gives its rows of `rundays`
 * @param closed name of a table of {@link closedRunsSql}'s runs
 * @param fromMs begin of its first day
 */
export function runSumsSql(from: string, closed: string, fromMs: number): string {
  const rows = {
    from: `FROM (${from}) SEMI JOIN ${closed} USING (job, run_key)`,
    where: '',
    whereTold: '',
    figures: RUN_FIGURES,
  };
  const selected = RUN_SUMS.columns.map(({ name, type }) =>
    name === 'day_ms' ? `${fromMs} AS day_ms` : `${quoted(name)}::${type} AS ${quoted(name)}`,
  );
  return `SELECT ${selected.join(', ')} FROM (${groupSql(rows, [...SUM_KEYS, 'outcome'], 'ofFirst')})`;
}

/** SQL of a part's {@link OPEN_RUNS}; as {@link runSumsSql}. */
export function openRunsSql(from: string, closed: string): string {
  return `SELECT ${selectAll(OPEN_RUNS)} FROM (${from}) ANTI JOIN ${closed} USING (job, run_key)`;
}
