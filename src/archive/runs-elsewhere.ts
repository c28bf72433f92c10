import type { DuckDBConnection } from '@duckdb/node-api';
import { MAY_BE_REQUEUED } from './group-sql';
import { partsSql, rowsOf } from './part';
import type { ReadableArchive } from './read-archive';
import { partsOfTotals, type SummedPart, totalsOf, type TotalsQuery } from './totals';
import { jobTable } from './totals-jobs';

/** A long list takes DuckDB longer than what it saves. */
const MOST_JOBS_LISTED = 1000;

/** So many stretches of ids of a part let pieces of it be passed over in which none of some jobs are. */
const STRETCHES = 16;

/** Ids of jobs from the first to the last, both of them in it. */
type JobRange = readonly [first: string, last: string];

/**
 * Rows of runs in sums whose jobs have runs that are in none, and can be told apart only together.
 * @returns SQL that gives them; undefined: there are none
 * @throws EitError EIT_ARCHIVE
 */
export async function runsElsewhere(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  query: TotalsQuery,
): Promise<string | undefined> {
  const totals = totalsOf(archive, query, []);
  if (totals === null || totals.sums === null) return undefined;
  const { from, where } = totals;
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE requeued_jobs AS SELECT DISTINCT job FROM (${from})${where === '' ? ' WHERE' : `${where} AND`} ${MAY_BE_REQUEUED}`,
  );
  const { summed } = partsOfTotals(archive, query, []);
  const ranges = await rangesAsked(connection, archive.dir, summed);
  if (ranges.size === 0) return undefined;
  const counted = (path: string, nth: number, stretches: readonly JobRange[]) =>
    `SELECT job, count(*) AS n FROM ${partsSql(archive.dir, [path])} WHERE (${within(stretches)}) ` +
    `AND job IN (SELECT job FROM jobs_asked WHERE nth = ${nth}) GROUP BY job`;
  const found = await rowsOf(
    connection,
    [...ranges]
      .map(([nth, stretches]) => {
        const { part, open } = summed[nth]!;
        const all = counted(part.path, nth, stretches);
        if (open === null) return `SELECT job FROM (${all})`;
        return (
          `SELECT all_rows.job FROM (${all}) all_rows LEFT JOIN (${counted(open.path, nth, stretches)}) open ` +
          'ON open.job = all_rows.job WHERE all_rows.n > coalesce(open.n, 0)'
        );
      })
      .join(' UNION '),
  );
  if (found.length === 0) return undefined;
  return rowsOfJobs(connection, archive.dir, summed, new Set(found.map(({ job }) => Number(job))));
}

/**
 * Puts into a table, by part, the jobs that may have been requeued and are not known to be wholly out of the part's sums. Of a job that was, all runs of a part are in its
 * sums or none is: so a part is never asked for those that its own open runs tell of.
 * @returns by the part's place, where its jobs lie
 */
async function rangesAsked(
  connection: DuckDBConnection,
  dir: string,
  summed: readonly SummedPart[],
): Promise<Map<number, JobRange[]>> {
  const asked = summed.map(({ part: { jobs }, open }, nth) => {
    const inRange = jobs === undefined ? '' : ` WHERE job BETWEEN ${jobs[0]} AND ${jobs[1]}`;
    const all = `SELECT ${nth} AS nth, job FROM requeued_jobs${inRange}`;
    return open === null
      ? all
      : `(${all} EXCEPT SELECT ${nth}, job FROM ${partsSql(dir, [open.path])} WHERE ${MAY_BE_REQUEUED})`;
  });
  await connection.run(`CREATE OR REPLACE TEMP TABLE jobs_asked AS ${asked.join(' UNION ALL ')}`);
  const rows = await rowsOf(
    connection,
    'SELECT nth, min(job) AS a, max(job) AS b FROM jobs_asked JOIN (SELECT nth, (max(job) - min(job)) // ' +
      `${STRETCHES} + 1 AS width FROM jobs_asked GROUP BY nth) USING (nth) GROUP BY nth, job // width ORDER BY nth, a`,
  );
  const ranges = new Map<number, JobRange[]>();
  for (const { nth, a, b } of rows) {
    const place = Number(nth);
    ranges.set(place, [...(ranges.get(place) ?? []), [String(a), String(b)]]);
  }
  return ranges;
}

function within(stretches: readonly JobRange[]): string {
  return stretches.map(([first, last]) => `job BETWEEN ${first} AND ${last}`).join(' OR ');
}

/** SQL of the rows that parts have of some jobs. */
async function rowsOfJobs(
  connection: DuckDBConnection,
  dir: string,
  summed: readonly SummedPart[],
  jobs: ReadonlySet<number>,
): Promise<string> {
  const sorted = [...jobs].sort((a, b) => a - b);
  const paths = summed
    .filter(({ part: { jobs: range } }) => range === undefined || isOneWithin(sorted, range))
    .map(({ part }) => part.path);
  const ofJobs =
    jobs.size > MOST_JOBS_LISTED
      ? `FROM ${await jobTable(connection, 'jobs_elsewhere', jobs)}`
      : sorted.join(', ');
  return `SELECT day, job, run_key, restart, started_ms, to_ms, "user", uid, account, "partition" FROM ${partsSql(dir, paths)} WHERE job IN (${ofJobs})`;
}

function isOneWithin(sorted: readonly number[], [first, last]: readonly [number, number]): boolean {
  const next = sorted.find((job) => job >= first);
  return next !== undefined && next <= last;
}
