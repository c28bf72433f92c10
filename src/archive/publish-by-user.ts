import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { EitError } from '../errors';
import { type AccessLists, grant, type Granted } from './access-list';
import { sqlText } from './duckdb';
import { STAGING } from './mend-lists';
import { ROW_GROUP, rowsOf } from './part';
import { publish } from './whole-file';

/** Files that DuckDB has open at once. */
export const USERS_AT_ONCE = 100;
/** The last uids are no user's: -1 and -2 as the system calls sees them. */
export const LAST_UID = 0xff_ff_ff_fd;

/** What users get a file of, each his own rows. */
export interface UsersRows {
  /** SQL of the rows in their order, with a column `uid` that none lacks; of {@link USERS_AT_ONCE} users at most. */
  readonly select: string;
  /** Name of each user's file. */
  readonly file: string;
  /** Told of the relation that reads back what was written, before anybody may read it. @throws where it is not what it should be */
  readonly check: (written: string) => Promise<void>;
}

/**
 * Writes rows as a file a user, `<uid>/<file>` in `top`. Each has its reader, read back, before it has its name.
 * @throws EitError EIT_PRIVACY where a list cannot be set, EIT_ARCHIVE, and what `check` throws
 */
export async function publishByUser(
  connection: DuckDBConnection,
  top: string,
  lists: AccessLists,
  { select, file, check }: UsersRows,
): Promise<void> {
  const staging = `${STAGING}${randomBytes(8).toString('hex')}`;
  await mkdir(join(top, staging), { mode: 0o700 });
  try {
    await writePartitioned(connection, select, join(top, staging));
    const written = await writtenFiles(join(top, staging));
    await check(`read_parquet(${sqlText(join(top, staging, '*/*.parquet'))}, hive_partitioning = false)`);
    for (const { uid } of written) await mkdir(join(top, String(uid)), { recursive: true, mode: 0o700 });
    await grant(lists, top, [
      ...written.map(({ uid }): Granted => ({ path: String(uid), isFolder: true, uids: [uid] })),
      ...written.map(({ uid, path }): Granted => ({
        path: `${staging}/${path}`,
        isFolder: false,
        uids: [uid],
      })),
    ]);
    await Promise.all(
      written.map(({ uid, path }) => publish(join(top, staging, path), join(top, String(uid), file), null)),
    );
  } finally {
    await rm(join(top, staging), { recursive: true, force: true });
  }
}

/** A file a user. One thread: several would write several files. */
async function writePartitioned(connection: DuckDBConnection, select: string, folder: string): Promise<void> {
  const [before] = await rowsOf(connection, "SELECT current_setting('threads') AS threads");
  await connection.run('SET threads = 1');
  try {
    await connection.run(
      `COPY (${select}) TO ${sqlText(folder)} ` +
        `(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP}, PARTITION_BY (uid), WRITE_PARTITION_COLUMNS true, OVERWRITE_OR_IGNORE true)`,
    );
  } finally {
    await connection.run(`SET threads = ${Number(before?.['threads'])}`);
  }
}

async function writtenFiles(folder: string): Promise<{ readonly uid: number; readonly path: string }[]> {
  const found = [];
  for (const name of await readdir(folder)) {
    const uid = Number(/^uid=(\d+)$/.exec(name)?.[1] ?? NaN);
    const files = await readdir(join(folder, name));
    if (!Number.isSafeInteger(uid) || files.length !== 1) {
      throw new EitError(
        'EIT_ARCHIVE',
        `${folder}/${name} should hold one user's file and holds ${files.length}: nothing was published; run it again`,
      );
    }
    found.push({ uid, path: `${name}/${files[0] ?? ''}` });
  }
  return found;
}

/** What was written for users of a month is not what it was made of. */
export function notAsRead(what: string): EitError {
  return new EitError(
    'EIT_ARCHIVE',
    `what was written for users of ${what} is not what the archive holds: it was not published. Check the storage`,
  );
}
