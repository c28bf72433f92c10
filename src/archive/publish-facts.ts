import { lstat, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { EitError } from '../errors';
import type { AccessLists } from './access-list';
import { JOB_COLUMNS } from './job-columns';
import {
  jobFactsFiles,
  jobsFileStamp,
  jobsFolder,
  monthOfJobsFile,
  ownJobsFile,
  SYNC_FILE,
} from './job-files';
import { readSyncedUntil } from './job-sync';
import { rowsOf } from './part';
import { LAST_UID, notAsRead, publishByUser, USERS_AT_ONCE } from './publish-by-user';
import { BY_USER } from './published-common';
import { type PublishedMonth, readPublishedFacts, writePublishedFacts } from './published-facts';
import { heldSql } from './veil-job-facts';
import { writeWhole } from './whole-file';

const FOR_EVERYBODY = 0o644;
const NAMES = JOB_COLUMNS.map(({ name }) => name).join(', ');
/** What tells some rows from others, in whatever order they are. */
const DIGEST = `concat(count(*), ' ', sum(hash(${NAMES})::HUGEINT))`;
/** A table of the rows that are being written: their file may be replaced meanwhile. */
const ROWS = 'facts_of_users';

/**
 * Writes what sacct told of each user's jobs, `by-user/<uid>/jobs-<YYYY-MM>.parquet`, where it has changed since the last time, takes away what is told
 * of nobody any more, and says for everybody until when sacct was asked. The folder and its lists: publishUsers.
 * @param dir the cluster's folder
 * @param warn told of a month that cannot be read: users keep what they have of it
 * @returns how many files were written
 * @throws EitError EIT_PRIVACY where a list cannot be set, EIT_ARCHIVE where what is read back is not what was written
 */
export async function publishFacts(
  connection: DuckDBConnection,
  dir: string,
  lists: AccessLists,
  warn: (message: string) => void,
): Promise<number> {
  const top = join(dir, BY_USER);
  const [ledger, cluster] = [dirname(dir), basename(dir)];
  const folder = jobsFolder(ledger, cluster);
  const isThere = (await lstat(folder).catch(() => null))?.isDirectory() === true;
  // Before the files are read: they tell at least so much.
  const untilS = readSyncedUntil(folder);
  const files = new Map(
    (isThere ? await jobFactsFiles(ledger, cluster) : []).map((path) => [monthOfJobsFile(path), path]),
  );
  const published = await readPublishedFacts(top);
  let [written, isWhole] = [0, true];
  for (const month of [...new Set([...files.keys(), ...published.keys()])].sort()) {
    const path = files.get(month) ?? null;
    const before = published.get(month) ?? { stamp: '', users: new Map() };
    const stamp = path === null ? null : await jobsFileStamp(path);
    if (stamp === before.stamp) continue;
    try {
      const users = path === null ? new Map<number, string>() : await digestsIn(connection, path);
      written += await publishMonth(connection, top, lists, { month, path, users, before });
      if (stamp === null) published.delete(month);
      else published.set(month, { stamp, users });
    } catch (error) {
      if (!(error instanceof EitError) || error.code !== 'EIT_ARCHIVE' || path === null) throw error;
      warn(`what sacct told of ${month} was not published for users: ${error.message}`);
      isWhole = false;
      continue;
    }
    await writePublishedFacts(top, published);
  }
  // It says that all until then is there.
  if (isThere && isWhole) await writeUntil(top, untilS);
  return written;
}

async function publishMonth(
  connection: DuckDBConnection,
  top: string,
  lists: AccessLists,
  of: {
    readonly month: string;
    readonly path: string | null;
    readonly users: ReadonlyMap<number, string>;
    readonly before: PublishedMonth;
  },
): Promise<number> {
  const { month, path, users, before } = of;
  const file = ownJobsFile(month);
  for (const uid of before.users.keys()) {
    if (!users.has(uid)) await rm(join(top, String(uid), file), { force: true });
  }
  const changed = [...users].flatMap(([uid, digest]) => (before.users.get(uid) === digest ? [] : [uid]));
  changed.sort((a, b) => a - b);
  if (path === null) return 0;
  for (let i = 0; i < changed.length; i += USERS_AT_ONCE) {
    const uids = changed.slice(i, i + USERS_AT_ONCE);
    await connection.run(
      `CREATE OR REPLACE TEMP TABLE ${ROWS} AS FROM (${heldSql(path)}) WHERE uid IN (${uids.join(', ')})`,
    );
    await publishByUser(connection, top, lists, {
      select: `SELECT ${NAMES} FROM ${ROWS} ORDER BY uid, start_s, job_id, submit_s`,
      file,
      check: async (written) => {
        const [wanted, found] = [await digestsOf(connection, ROWS), await digestsOf(connection, written)];
        if (JSON.stringify([...wanted]) !== JSON.stringify([...found]))
          throw notAsRead(`jobs of ${month} in ${top}`);
      },
    });
    await connection.run(`DROP TABLE ${ROWS}`);
  }
  return changed.length;
}

/** @throws EitError EIT_ARCHIVE for a file that cannot be read */
async function digestsIn(connection: DuckDBConnection, path: string): Promise<Map<number, string>> {
  return digestsOf(connection, `(${heldSql(path)})`);
}

/** By uid, what tells a user's rows from others. */
async function digestsOf(connection: DuckDBConnection, from: string): Promise<Map<number, string>> {
  const rows = await rowsOf(
    connection,
    `SELECT uid, ${DIGEST} AS digest FROM ${from} WHERE uid BETWEEN 0 AND ${LAST_UID} GROUP BY uid ORDER BY uid`,
  );
  return new Map(rows.map(({ uid, digest }) => [Number(uid), String(digest)]));
}

/** In the form of {@link readSyncedUntil}: null where it was never asked to the end. */
async function writeUntil(top: string, untilS: number | null): Promise<void> {
  const path = join(top, SYNC_FILE);
  const text = `${JSON.stringify({ schema: 1, until_s: untilS })}\n`;
  if ((await readFile(path, 'utf8').catch(() => null)) !== text) await writeWhole(path, text, FOR_EVERYBODY);
}
