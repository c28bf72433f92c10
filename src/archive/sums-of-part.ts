import type { DuckDBConnection } from '@duckdb/node-api';
import type { ArchivePart } from '../generated/manifest';
import type { Archive } from './commit';
import { shapeSql } from './column';
import { stretchesOf } from './days';
import { writePart } from './part';
import { RUN_DAYS } from './run-day-table';
import { closedRunsSql, OPEN_RUNS, openRunsSql, RUN_SUMS, runSumsSql } from './run-sums';
import { freshSql } from './totals';

/**
 * Adds up the runs of a part of `rundays`.
 * @returns the sums, and the rows that are in none
 * @throws EitError EIT_ARCHIVE
 */
export async function sumsOfPart(
  connection: DuckDBConnection,
  {
    dir,
    manifest,
    modes,
  }: Pick<Archive, 'dir' | 'modes'> & { readonly manifest: Pick<Archive['manifest'], 'time_zone'> },
  part: ArchivePart,
): Promise<ArchivePart[]> {
  const { month, level, days = [] } = part;
  const from = `${shapeSql(RUN_DAYS)} UNION ALL BY NAME ${freshSql(dir, part, manifest.time_zone)}`;
  const stretches = stretchesOf(days, manifest.time_zone);
  await connection.run(`CREATE OR REPLACE TEMP TABLE closed_runs AS ${closedRunsSql(from, stretches)}`);
  const fromMs = stretches[0]?.[0] ?? part.from_ms;
  const made = [];
  for (const [table, select] of [
    [RUN_SUMS, runSumsSql(from, 'closed_runs', fromMs)],
    [OPEN_RUNS, openRunsSql(from, 'closed_runs')],
  ] as const) {
    const written = await writePart(connection, dir, table, month, level, select, modes);
    if (written !== null) made.push({ ...written, days, of: part.path });
  }
  await connection.run('DROP TABLE closed_runs');
  return made;
}
