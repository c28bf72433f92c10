import type { DuckDBConnection } from '@duckdb/node-api';
import type { Day } from './days';
import { sqlText } from './duckdb';
import { JOB_COLUMNS } from './job-columns';
import { unreadableFacts } from './job-facts';
import { jobFactsFiles } from './job-files';

/** Table of what Slurm's accounting tells of jobs: a row a run of a job. */
const TOLD_ROWS = 'told_rows';

const DAY_MS = 86_400_000;

/** What is told of a run lies so close to the days on which it ran, whatever clocks and epilogs do. */
const TOLD_CLOSE_MS = 2 * DAY_MS;

/** What of it is in totals, or says which run it is of. Another list makes all totals anew that have any of it. */
const TOLD_COLUMNS = [
  ...['submit_s', 'start_s', 'sluid', 'state', 'qos', 'name'],
  ...['array_job_id', 'alloc_cpus', 'req_memory_bytes'],
];

/** From when on days can have totals that are of what a month's file tells, Unix ms. @param month UTC, `2026-03` */
export function firstDayOfMonthsFile(month: string): number {
  return Date.parse(`${month}-01T00:00:00Z`) - TOLD_CLOSE_MS - DAY_MS;
}

/**
 * Reads what tells of the jobs of some days for {@link toldBySql}. What rows are made of is read after it: where the files change in between, rows
 * say that they are of the older ones, and are made anew the next time.
 * @param days in their order; at least one
 * @throws EitError EIT_LEDGER_UNREADABLE, EIT_ARCHIVE for a file that cannot be read
 */
export async function readToldRows(
  connection: DuckDBConnection,
  ledger: string,
  cluster: string,
  days: readonly Day[],
): Promise<void> {
  const [fromMs, toMs] = [days[0]!.fromMs - TOLD_CLOSE_MS, days.at(-1)!.fromMs + DAY_MS + TOLD_CLOSE_MS];
  const files = await jobFactsFiles(ledger, cluster, toMs);
  const shape = `SELECT ${JOB_COLUMNS.map(({ name, type }) => `NULL::${type} AS ${name}`).join(', ')} WHERE false`;
  const held =
    files.length === 0
      ? shape
      : `${shape} UNION ALL BY NAME FROM read_parquet([${files.map(sqlText).join(', ')}], union_by_name = true)`;
  const texts = TOLD_COLUMNS.map((name) => `coalesce(${name}::VARCHAR, chr(30))`).join(', ');
  await connection
    .run(
      // 52 bits: below the numbers that JavaScript has exactly.
      `CREATE OR REPLACE TABLE ${TOLD_ROWS} AS
       SELECT job_id AS job, start_s * 1000 AS from_ms, end_s * 1000 AS until_ms,
         ('0x' || left(sha256(concat_ws(chr(31), ${texts})), 13))::BIGINT AS told_by
       FROM (${held}) WHERE start_s IS NOT NULL AND start_s < ${Math.ceil(toMs / 1000)}
         AND (end_s IS NULL OR end_s > ${Math.floor(fromMs / 1000)})`,
    )
    .catch((cause: unknown) => {
      throw unreadableFacts(ledger, cluster, cause);
    });
}

/**
 * SQL that gives, of rows of jobs and days, by what their totals are told: a number that is another one where anything else is told of one of the
 * job's runs of about that day. Where nothing is there is no row.
 * @param from SQL relation with `job` and `day_ms`
 */
export function toldBySql(from: string): string {
  return (
    `SELECT asked.job, asked.day_ms, bit_xor(of.told_by) AS told_by FROM (SELECT DISTINCT job, day_ms FROM ${from}) asked ` +
    `JOIN ${TOLD_ROWS} of ON asked.job = of.job AND of.from_ms < asked.day_ms + ${DAY_MS + TOLD_CLOSE_MS} ` +
    `AND (of.until_ms IS NULL OR of.until_ms > asked.day_ms - ${TOLD_CLOSE_MS}) GROUP BY ALL`
  );
}
