import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { EitError } from '../errors';
import { sqlText } from './duckdb';
import { JOB_COLUMNS } from './job-columns';
import { jobFactsFiles, jobsFolder } from './job-files';
import { withSyncLock } from './job-sync';
import { BY_USER } from './published-common';
import { withdrawFacts } from './published-facts';
import { publish } from './whole-file';

/** So many as where they are fetched: a reader passes over what ended before its window. */
const ROWS_A_GROUP = 20_480;

/** What becomes of a month's rows of jobs. */
export interface FactsChange {
  /** SQL condition of the rows that are counted: those that change. */
  readonly where: string;
  /** SQL of the rows as they are to be. */
  readonly select: (from: string) => string;
  /** Told of each file's rows before they are selected. */
  readonly prepare?: (from: string) => Promise<void>;
}

/**
 * How many rows of what sacct told meet a condition.
 * @throws EitError EIT_ARCHIVE, EIT_LEDGER_UNREADABLE
 */
export async function countJobFacts(
  connection: DuckDBConnection,
  ledger: string,
  cluster: string,
  lastMs: number,
  where: string,
): Promise<number> {
  let rows = 0;
  for (const path of await jobFactsFiles(ledger, cluster, lastMs))
    rows += await countOf(connection, path, `SELECT count(*) FROM (${heldSql(path)}) WHERE ${where}`);
  return rows;
}

/**
 * Changes what sacct told of jobs, a month's file at a time; each is replaced as a whole. What was published of it for users goes.
 * @param lastMs files of months that begin later are left alone, Unix ms
 * @returns how many rows changed
 * @throws EitError EIT_LEDGER_LOCKED while sacct is asked, EIT_LEDGER_UNWRITABLE, EIT_ARCHIVE
 */
export async function changeJobFacts(
  connection: DuckDBConnection,
  ledger: string,
  cluster: string,
  lastMs: number,
  { where, select, prepare }: FactsChange,
  onStep?: (step: string) => void,
): Promise<number> {
  const files = await jobFactsFiles(ledger, cluster, lastMs);
  if (files.length === 0) return 0;
  return withSyncLock(jobsFolder(ledger, cluster), async (isLost) => {
    let rows = 0;
    for (const path of files) {
      const from = `(${heldSql(path)})`;
      const found = await countOf(connection, path, `SELECT count(*) FROM ${from} WHERE ${where}`);
      if (found === 0) continue;
      rows += found;
      onStep?.(`jobs ${path.slice(-15, -8)}`);
      if (isLost()) throw new EitError('EIT_LEDGER_LOCKED', `the lock on ${path} was lost: run it again`);
      await prepare?.(from);
      await replaceFile(connection, path, select(from));
    }
    if (rows > 0) await withdrawFacts(join(ledger, cluster, BY_USER));
    return rows;
  });
}

/** A file's rows in the columns of today: an older one may lack some. */
export function heldSql(path: string): string {
  const shape = JOB_COLUMNS.map(({ name, type }) => `NULL::${type} AS ${name}`).join(', ');
  const names = JOB_COLUMNS.map(({ name }) => name).join(', ');
  return `SELECT ${names} FROM (SELECT ${shape} WHERE false UNION ALL BY NAME FROM read_parquet(${sqlText(path)}))`;
}

async function countOf(connection: DuckDBConnection, path: string, sql: string): Promise<number> {
  try {
    const [row] = (await connection.runAndReadAll(sql)).getRows();
    return Number(row?.[0] ?? 0);
  } catch (cause) {
    throw new EitError(
      'EIT_ARCHIVE',
      `${path} cannot be read: ${String(cause)}. Move it away, then fetch its month again: eit sacct-sync --since MONTH-01.`,
      { cause },
    );
  }
}

async function replaceFile(connection: DuckDBConnection, path: string, select: string): Promise<void> {
  const temporary = `${path}.tmp`;
  const { mode } = await lstat(path);
  await rm(temporary, { force: true });
  await connection.run(
    `COPY (SELECT * FROM (${select}) ORDER BY start_s, job_id, submit_s) TO ${sqlText(temporary)} ` +
      `(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROWS_A_GROUP})`,
  );
  await publish(temporary, path, mode & 0o777);
}
