import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { EitError } from '../errors';
import type { SacctJob } from '../slurm/sacct';
import { sqlText } from './duckdb';
import { JOB_COLUMNS } from './job-columns';
import { monthOf } from './job-files';

const NAMES = JOB_COLUMNS.map(({ name }) => name).join(', ');

/** Few rows a group let a reader pass over what ended before its window. */
const ROWS_A_GROUP = 20_480;

/** Takes the rows of one window of sacct and brings them into the month files. */
export class JobStore {
  readonly #connection: DuckDBConnection;

  private constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  static async open(connection: DuckDBConnection): Promise<JobStore> {
    const columns = JOB_COLUMNS.map(({ name, type }) => `${name} ${type}`).join(', ');
    await connection.run(`CREATE TABLE shape (${columns})`);
    await connection.run(`CREATE TABLE fresh (${columns}, month VARCHAR)`);
    return new JobStore(connection);
  }

  /** Makes a place for rows; those of jobs that have not begun have no run and are left out. */
  async appender(): Promise<{ add(jobs: readonly SacctJob[]): void; close(): void }> {
    const appender = await this.#connection.createAppender('fresh');
    return {
      add: (jobs) => {
        for (const job of jobs) {
          if (job.startS === null) continue;
          for (const column of JOB_COLUMNS) {
            const value = column.of(job);
            if (value === null) appender.appendNull();
            else if (typeof value === 'number') appender.appendBigInt(BigInt(value));
            else appender.appendVarchar(value);
          }
          appender.appendVarchar(monthOf(job.startS * 1000));
          appender.endRow();
        }
      },
      close: () => {
        appender.flushSync();
        appender.closeSync();
      },
    };
  }

  /**
   * Replaces each month file that the rows change, atomically, one after the other; the newest row of a run wins. Rows are there still
   * after an error: nothing is half written.
   * @param mode of the files
   * @returns paths of the files that changed
   * @throws EitError EIT_ARCHIVE for a file that cannot be read, EIT_LEDGER_UNWRITABLE
   */
  async merge(folder: string, mode: number): Promise<string[]> {
    const connection = this.#connection;
    await connection.run(
      `DELETE FROM fresh WHERE rowid NOT IN (SELECT max(rowid) FROM fresh GROUP BY job_id, submit_s, start_s)`,
    );
    const months = (
      await connection.runAndReadAll('SELECT DISTINCT month FROM fresh ORDER BY month')
    ).getRows();
    const changed: string[] = [];
    for (const [month] of months) {
      const path = join(folder, `${String(month)}.parquet`);
      const ofMonth = `SELECT ${NAMES} FROM fresh WHERE month = ${sqlText(String(month))}`;
      if (!isThere(path)) await this.#replace(path, [ofMonth], mode);
      else if (await this.#tellsMore(path, ofMonth)) {
        await this.#replace(path, [this.#without(path, ofMonth), ofMonth], mode);
      } else continue;
      changed.push(path);
    }
    await connection.run('DELETE FROM fresh');
    return changed;
  }

  /** What a file holds, in today's columns. */
  #held(path: string): string {
    return `SELECT ${NAMES} FROM (FROM shape UNION ALL BY NAME FROM read_parquet(${sqlText(path)}))`;
  }

  #without(path: string, rows: string): string {
    return `SELECT ${NAMES} FROM (${this.#held(path)}) held WHERE NOT EXISTS (
      SELECT 1 FROM (${rows}) n WHERE n.job_id = held.job_id AND n.start_s = held.start_s
        AND n.submit_s IS NOT DISTINCT FROM held.submit_s)`;
  }

  /** Whether the file lacks one of the rows, as it is. */
  async #tellsMore(path: string, rows: string): Promise<boolean> {
    const same = JOB_COLUMNS.filter(({ name }) => name !== 'job_id' && name !== 'start_s').map(
      ({ name }) => `n.${name} IS NOT DISTINCT FROM held.${name}`,
    );
    try {
      const found = await this.#connection.runAndReadAll(
        `SELECT (SELECT count(*) FROM (${rows})), (SELECT count(*) FROM (${this.#held(path)}) held JOIN (${rows}) n
          ON n.job_id = held.job_id AND n.start_s = held.start_s AND ${same.join(' AND ')})`,
      );
      const [asked, held] = found.getRows()[0] ?? [];
      return asked !== held;
    } catch (cause) {
      throw new EitError(
        'EIT_ARCHIVE',
        `${path} cannot be read: ${String(cause)}. Move it away, then fetch its month again: eit sacct-sync --since MONTH-01.`,
        { cause },
      );
    }
  }

  /** @param parts in this order, which is kept: what was held is not sorted again, a month may be more than fits in memory */
  async #replace(path: string, parts: readonly string[], mode: number): Promise<void> {
    const temporary = `${path}.tmp`;
    const last = `(${parts.at(-1) ?? ''} ORDER BY start_s, job_id, submit_s)`;
    const sorted = [...parts.slice(0, -1), last].join(' UNION ALL ');
    try {
      // A link of that name would be written through.
      rmSync(temporary, { force: true });
      await this.#connection.run(
        `COPY (${sorted}) TO ${sqlText(temporary)}
         (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROWS_A_GROUP})`,
      );
      sync(temporary, mode);
      renameSync(temporary, path);
      sync(join(path, '..'));
    } catch (cause) {
      rmSync(temporary, { force: true });
      throw unwritable(path, cause);
    }
  }
}

/**
 * Makes the folder of a cluster's jobs, the owner's alone: who else may read it is set afterwards, by guardJobs.
 * @throws EitError EIT_LEDGER_UNWRITABLE where the ledger is not there or may not be written
 */
export function makeJobsFolder(folder: string): void {
  try {
    // It has to be there: a share that is not mounted is not to be filled.
    statSync(dirname(dirname(folder)));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw unwritable(folder, cause);
  }
}

export function unwritable(path: string, cause: unknown): EitError {
  return new EitError(
    'EIT_LEDGER_UNWRITABLE',
    `cannot write ${path}: ${String(cause)}. Is the shared storage mounted and not full, and does this run as the user whom the ` +
      'ledger belongs to? Nothing is lost: the next eit sacct-sync asks for the same time again.',
    { cause },
  );
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** @param mode that it is given, whatever the umask; absent: it stays */
function sync(path: string, mode?: number): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    if (mode !== undefined) fchmodSync(fd, mode);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
