import type { DuckDBConnection } from '@duckdb/node-api';
import { partsSql, rowsOf } from './part';
import { SAME_IN_EACH_ROW } from './run-sums';
import type { ReadableArchive } from './read-archive';
import { partsOfTotals, totalsOf, type TotalsQuery } from './totals';

/** Of some jobs those that the totals hold runs of too. @throws EitError EIT_ARCHIVE */
export async function jobsInTotals(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  query: TotalsQuery,
  jobs: ReadonlySet<number>,
): Promise<Set<number>> {
  const totals = totalsOf(archive, query, null);
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
  const totals = totalsOf(archive, query, []);
  if (totals === null) return new Set();
  const differ = SAME_IN_EACH_ROW.map(
    (name) => `min(${name}) <> max(${name}) OR count(${name}) NOT IN (0, count(*))`,
  );
  const rows = await rowsOf(
    connection,
    `SELECT DISTINCT job FROM (FROM (${totals.from})${totals.where}) WHERE apart OR NOT whole ` +
      `GROUP BY job, run_key HAVING bool_or(apart) OR ${differ.join(' OR ')}`,
  );
  return new Set(rows.map(({ job }) => Number(job)));
}

/**
 * Of the parts whose sums a query would take those that hold runs of some jobs: such parts are to be added up run by run.
 * @param jobs name of a table of them, see {@link jobTable}
 * @returns paths of parts of `rundays`
 * @throws EitError EIT_ARCHIVE
 */
export async function partsWith(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  query: TotalsQuery,
  jobs: string,
): Promise<Set<string>> {
  const { summed } = partsOfTotals(archive, query, []);
  if (summed.length === 0) return new Set();
  const each = summed.map(({ part, open }, i) => {
    const runs = `SELECT job, run_key FROM ${partsSql(archive.dir, [part.path])} WHERE job IN (FROM ${jobs})`;
    const without =
      open === null ? '' : ` EXCEPT SELECT job, run_key FROM ${partsSql(archive.dir, [open.path])}`;
    return `SELECT ${i} AS nth FROM (${runs}${without})`;
  });
  const rows = await rowsOf(connection, `SELECT DISTINCT nth FROM (${each.join(' UNION ALL ')})`);
  return new Set(rows.map(({ nth }) => summed[Number(nth)]!.part.path));
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
