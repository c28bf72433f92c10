import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ArchivePart } from '../generated/manifest';
import type { AccessLists } from './access-list';
import { selectAll, quoted } from './column';
import { type Archive, commit } from './commit';
import { mendLists } from './mend-lists';
import { partsSql, rowsOf } from './part';
import { LAST_UID, notAsRead, publishByUser, USERS_AT_ONCE } from './publish-by-user';
import { BY_USER, writeCommon } from './published-common';
import { runUjSql } from './month-sums';
import { setMode } from './set-mode';
import { SLICES } from './slice-table';
import type { Unpublished } from './taken-state';

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
  const from = `${partsSql(dir, paths)} WHERE uid IN (${uids.join(', ')})`;
  const order = ['uid', ...SLICES.order].map(quoted).join(', ');
  await publishByUser(connection, top, lists, {
    select: `SELECT ${selectAll(SLICES)} FROM ${from} ORDER BY ${order}`,
    file: `${month}.parquet`,
    check: (written) => mustBeSame(connection, from, written, `${month} in ${top}`),
  });
}

/** Rows, lines and energy by user, as they are read from the disk. @throws EitError EIT_ARCHIVE */
async function mustBeSame(
  connection: DuckDBConnection,
  from: string,
  written: string,
  what: string,
): Promise<void> {
  const sums = async (relation: string): Promise<string> => {
    const rows = await rowsOf(
      connection,
      `SELECT concat_ws(' ', uid, count(*), sum(lines), sum((${runUjSql()})::HUGEINT)) AS sums ` +
        `FROM ${relation} GROUP BY uid ORDER BY uid`,
    );
    return rows.map((row) => String(row['sums'])).join('\n');
  };
  if ((await sums(from)) === (await sums(written))) return;
  throw notAsRead(what);
}
