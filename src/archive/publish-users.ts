import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { EitError } from '../errors';
import type { ArchivePart } from '../generated/manifest';
import { type AccessLists, grant, type Granted } from './access-list';
import { selectAll, quoted } from './column';
import { type Archive, commit } from './commit';
import { sqlText } from './duckdb';
import { mendLists, STAGING } from './mend-lists';
import { partsSql, ROW_GROUP, rowsOf } from './part';
import { BY_USER, writeCommon } from './published-common';
import { runUjSql } from './month-sums';
import { setMode } from './set-mode';
import { SLICES } from './slice-table';
import type { Unpublished } from './taken-state';
import { publish } from './whole-file';

/** Files that DuckDB has open at once. */
const USERS_AT_ONCE = 100;
/** The last uids are no user's: -1 and -2 as the system calls sees them. */
const LAST_UID = 0xff_ff_ff_fd;

export interface PublishOptions {
  readonly cluster: string;
  readonly nowMs: number;
  readonly isStillOurs: () => boolean;
  readonly warn: (message: string) => void;
}

/**
 * Writes what each user may read of himself, `by-user/<uid>/<YYYY-MM>.parquet`: his slices of the UTC month, where they have changed since the
 * last time. Each file has its readers, read back, before it has its name. First all that is there is looked at: a list that is not what it should
 * be is set anew.
 * @returns how many files were written
 * @throws EitError EIT_PRIVACY where a list cannot be set, EIT_ARCHIVE where what is read back is not what was written
 */
export async function publishUsers(
  connection: DuckDBConnection,
  archive: Archive,
  lists: AccessLists,
  options: PublishOptions,
  onProgress?: (done: number, users: number) => void,
): Promise<number> {
  const { dir } = archive;
  const top = join(dir, BY_USER);
  await mkdir(top, { recursive: true, mode: 0o711 });
  await setMode(top, 0o711, 'folder', true);
  await mendLists(top, lists, (folder) => (/^\d+$/.test(folder) ? [Number(folder)] : []), options.warn);

  const pending = await pendingUsers(connection, archive);
  const all = [...pending.values()].reduce((sum, uids) => sum + uids.size, 0);
  let done = 0;
  for (const month of [...pending.keys()].sort()) {
    const uids = [...(pending.get(month) ?? [])].filter((uid) => uid <= LAST_UID).sort((a, b) => a - b);
    for (let i = 0; i < uids.length; i += USERS_AT_ONCE) {
      onProgress?.(done, all);
      const some = uids.slice(i, i + USERS_AT_ONCE);
      await publishMonth(connection, archive, lists, month, some);
      done += some.length;
    }
    pending.delete(month);
    await commit(archive, { unpublished: new Map(pending) }, options.nowMs, options.isStillOurs);
  }
  if (archive.state.unpublished === 'all' && archive.manifest.generation > 0) {
    await commit(archive, { unpublished: new Map() }, options.nowMs, options.isStillOurs);
  }
  await writeCommon(connection, archive, top, options.nowMs);
  return done;
}

/** Users of months whose slices have changed; where nobody knows: all. */
async function pendingUsers(
  connection: DuckDBConnection,
  { dir, manifest, state }: Archive,
): Promise<Map<string, ReadonlySet<number>>> {
  const { unpublished }: { unpublished: Unpublished } = state;
  if (unpublished !== 'all') return new Map(unpublished);
  const pending = new Map<string, ReadonlySet<number>>();
  for (const month of new Set(slicesOf(manifest.parts).map((part) => part.month))) {
    const rows = await rowsOf(
      connection,
      `SELECT DISTINCT uid FROM ${partsSql(dir, pathsOf(manifest.parts, month))} WHERE uid IS NOT NULL`,
    );
    pending.set(month, new Set(rows.map(({ uid }) => Number(uid))));
  }
  return pending;
}

function slicesOf(parts: readonly ArchivePart[]): ArchivePart[] {
  return parts.filter(({ kind }) => kind === SLICES.name);
}

function pathsOf(parts: readonly ArchivePart[], month: string): string[] {
  return slicesOf(parts).flatMap((part) => (part.month === month ? [part.path] : []));
}

async function publishMonth(
  connection: DuckDBConnection,
  { dir, manifest }: Archive,
  lists: AccessLists,
  month: string,
  uids: readonly number[],
): Promise<void> {
  const paths = pathsOf(manifest.parts, month);
  if (paths.length === 0) return;
  const top = join(dir, BY_USER);
  const staging = `${STAGING}${randomBytes(8).toString('hex')}`;
  await mkdir(join(top, staging), { mode: 0o700 });
  try {
    const from = `${partsSql(dir, paths)} WHERE uid IN (${uids.join(', ')})`;
    await writePartitioned(connection, from, join(top, staging));
    const written = await writtenFiles(join(top, staging));
    await mustBeSame(connection, from, join(top, staging), month);
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
      written.map(({ uid, path }) =>
        publish(join(top, staging, path), join(top, String(uid), `${month}.parquet`), null),
      ),
    );
  } finally {
    await rm(join(top, staging), { recursive: true, force: true });
  }
}

/** A file a user. One thread: several would write several files. */
async function writePartitioned(connection: DuckDBConnection, from: string, folder: string): Promise<void> {
  const order = ['uid', ...SLICES.order].map(quoted).join(', ');
  const [before] = await rowsOf(connection, "SELECT current_setting('threads') AS threads");
  await connection.run('SET threads = 1');
  try {
    await connection.run(
      `COPY (SELECT ${selectAll(SLICES)} FROM ${from} ORDER BY ${order}) TO ${sqlText(folder)} ` +
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

/** Rows, lines and energy by user, as they are read from the disk. @throws EitError EIT_ARCHIVE */
async function mustBeSame(
  connection: DuckDBConnection,
  from: string,
  folder: string,
  month: string,
): Promise<void> {
  const sums = async (relation: string): Promise<string> => {
    const rows = await rowsOf(
      connection,
      `SELECT concat_ws(' ', uid, count(*), sum(lines), sum((${runUjSql()})::HUGEINT)) AS sums ` +
        `FROM ${relation} GROUP BY uid ORDER BY uid`,
    );
    return rows.map((row) => String(row['sums'])).join('\n');
  };
  const files = sqlText(join(folder, '*/*.parquet'));
  if ((await sums(from)) === (await sums(`read_parquet(${files}, hive_partitioning = false)`))) return;
  throw new EitError(
    'EIT_ARCHIVE',
    `what was written for users of ${month} is not what the archive holds: it was not published. Check the storage of ${folder}`,
  );
}
