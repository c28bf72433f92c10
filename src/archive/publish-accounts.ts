import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { isErrno } from '../errors';
import type { ArchiveManifest, ArchivePart } from '../generated/manifest';
import { type AccessLists, grant } from './access-list';
import { ACCOUNT_INDEX, ACCOUNT_KEY, accountFolder, BY_ACCOUNT } from './by-account';
import { quoted } from './column';
import type { Archive } from './commit';
import { dayNamed } from './days';
import { sqlText } from './duckdb';
import { mendLists, STAGING } from './mend-lists';
import { rowsOf } from './part';
import type { PublishOptions } from './publish-users';
import { RUN_FIGURES, RUN_DAYS } from './run-day-table';
import { setMode } from './set-mode';
import { freshSql } from './totals';
import { publish, writeWhole } from './whole-file';

const PASSAGE = 0o711;
const OWN_FOLDER = 0o700;
const OWN_FILE = 0o600;
/** Those who read by an older index have a day. */
const KEPT_MS = 86_400_000;

/**
 * What a coordinator is told beside the figures: whose run it is, and which day. Not its hours, its nodes or its name, and of its id only which runs
 * are one.
 */
const TOLD: readonly string[] = ['day', 'day_ms', 'restart', 'uid', 'user', 'account', 'partition', 'whole'];

/** Figures that are of jobs one by one: whose name is anybody's guess at what a colleague does. */
const OF_JOBS: ReadonlySet<string> = new Set(['name', 'array_job_id']);

/**
 * Writes for the coordinators of each account its totals, `by-account/<account>/`: the figures of its runs by day, of the days that the
 * archive has totals of.
 * @param coordinators account to the uids of those who may read
 * @throws EitError EIT_PRIVACY, EIT_ARCHIVE
 */
export async function publishAccounts(
  connection: DuckDBConnection,
  archive: Archive,
  lists: AccessLists,
  coordinators: ReadonlyMap<string, readonly number[]>,
  options: Pick<PublishOptions, 'nowMs' | 'warn'>,
): Promise<void> {
  const top = join(archive.dir, BY_ACCOUNT);
  const isThere = (await stat(top).catch(() => null)) !== null;
  if (!isThere && coordinators.size === 0) return;
  await mkdir(top, { recursive: true, mode: PASSAGE });
  await setMode(top, PASSAGE, 'folder', true);
  const readers = new Map([...coordinators].map(([account, uids]) => [accountFolder(account), uids]));
  const key = await accountKey(archive.dir);
  await mendLists(top, lists, (folder) => readers.get(folder) ?? [], options.warn);
  for (const [account, uids] of coordinators) {
    await publishAccount(connection, archive, lists, { account, uids, key }, options.nowMs);
  }
}

interface AccountReaders {
  readonly account: string;
  readonly uids: readonly number[];
  /** See {@link accountKey}. */
  readonly key: string;
}

async function publishAccount(
  connection: DuckDBConnection,
  { dir, manifest }: Archive,
  lists: AccessLists,
  { account, uids, key }: AccountReaders,
  nowMs: number,
): Promise<void> {
  const top = join(dir, BY_ACCOUNT);
  const folder = accountFolder(account);
  await mkdir(join(top, folder), { recursive: true, mode: OWN_FOLDER });
  await grant(lists, top, [{ path: folder, isFolder: true, uids }]);

  const totals = manifest.parts.filter(({ kind, days = [] }) => kind === RUN_DAYS.name && days.length > 0);
  const parts: ArchivePart[] = [];
  for (const month of [...new Set(totals.map((part) => part.month))].sort()) {
    const ofMonth = totals.filter((part) => part.month === month);
    const part = await accountMonth(
      connection,
      { dir, manifest },
      lists,
      { account, folder, month, uids, key },
      ofMonth,
    );
    if (part !== null) parts.push(part);
  }
  const days = totals.flatMap((part) => part.days ?? []).sort();
  const last = days.at(-1);
  const index: ArchiveManifest = {
    ...manifest,
    generation: 1,
    committed_at: new Date(0).toISOString(),
    data_until: last === undefined ? null : new Date(dayNamed(last, manifest.time_zone).toMs).toISOString(),
    state: 'none',
    parts,
    replaced: [],
    sums: {},
  };
  const path = join(top, folder, ACCOUNT_INDEX);
  const text = JSON.stringify(index);
  if ((await readFile(path, 'utf8').catch(() => null)) === text) return;
  await writeWhole(path, text, OWN_FILE, async (temporary) =>
    grant(lists, dirname(temporary), [{ path: basename(temporary), isFolder: false, uids }]),
  );
  await removeOld(join(top, folder), new Set(parts.map((part) => basename(part.path))), nowMs);
}

/** A month's file is named by what it is made of: the same totals give the same file, which then is there already. */
async function accountMonth(
  connection: DuckDBConnection,
  { dir, manifest }: Pick<Archive, 'dir' | 'manifest'>,
  lists: AccessLists,
  of: AccountReaders & { readonly folder: string; readonly month: string },
  totals: readonly ArchivePart[],
): Promise<ArchivePart | null> {
  const { account, folder, month, uids, key } = of;
  const days = [...new Set(totals.flatMap((part) => part.days ?? []))].sort();
  const source = [key, ...totals.map(({ path, days: fresh = [] }) => `${path} ${fresh.join(' ')}`)].sort();
  const hash = createHash('sha256').update(source.join('\n')).digest('hex').slice(0, 16);
  const path = `${BY_ACCOUNT}/${folder}/${month}-${hash}.parquet`;
  const top = join(dir, BY_ACCOUNT);
  const there = await stat(join(dir, path)).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  });
  if (there === null) {
    const staging = `${STAGING}${randomBytes(8).toString('hex')}`;
    await mkdir(join(top, staging), { mode: OWN_FOLDER });
    try {
      const figures = RUN_FIGURES.map(({ name }) => name).filter((name) => !OF_JOBS.has(name));
      const kept = new Set([...TOLD, ...figures]);
      const columns = RUN_DAYS.columns.map(({ name, type }) => {
        // Its hour is nobody's business: the day's beginning serves to put runs in order.
        if (name === 'started_ms') return 'day_ms AS started_ms';
        if (name === 'job') return `${hidden(key, 'job')} AS job`;
        if (name === 'run_key') return `${hidden(key, 'run_key')}::VARCHAR AS run_key`;
        return kept.has(name) ? quoted(name) : `NULL::${type} AS ${quoted(name)}`;
      });
      const fresh = totals.map((part) => freshSql(dir, part, manifest.time_zone)).join(' UNION ALL BY NAME ');
      const temporary = join(top, staging, 'part.parquet');
      await connection.run(
        `COPY (SELECT ${columns.join(', ')} FROM (${fresh}) WHERE account = ${sqlText(account)} ` +
          `ORDER BY ${RUN_DAYS.order.map(quoted).join(', ')}) TO ${sqlText(temporary)} (FORMAT parquet, COMPRESSION zstd)`,
      );
      await grant(lists, top, [{ path: `${staging}/part.parquet`, isFolder: false, uids }]);
      await publish(temporary, join(dir, path), null);
    } finally {
      await rm(join(top, staging), { recursive: true, force: true });
    }
  }
  const [told] = await rowsOf(
    connection,
    `SELECT count(*) AS n, min(day_ms) AS a, max(day_ms) AS b FROM read_parquet(${sqlText(join(dir, path))})`,
  );
  const rows = Number(told?.['n'] ?? 0);
  if (rows === 0) return null;
  return {
    path,
    kind: RUN_DAYS.name,
    month,
    from_ms: Number(told?.['a']),
    to_ms: Number(told?.['b']),
    level: 2,
    rows,
    bytes: (await stat(join(dir, path))).size,
    days,
  };
}

/** SQL of a number that is the same for the same value, and from which nobody without the key finds it. */
function hidden(key: string, column: string): string {
  return `('0x' || substr(sha256(concat(${sqlText(key)}, ${quoted(column)})), 1, 13))::BIGINT`;
}

/** By which jobs are hidden, the same in all months: a run of two months is one. */
async function accountKey(dir: string): Promise<string> {
  const path = join(dir, ACCOUNT_KEY);
  const known = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  });
  if (known !== null && /^[0-9a-f]{64}$/.test(known)) return known;
  const key = randomBytes(32).toString('hex');
  await writeWhole(path, key, OWN_FILE);
  return key;
}

async function removeOld(folder: string, named: ReadonlySet<string>, nowMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name === ACCOUNT_INDEX || named.has(name)) continue;
    if (nowMs - (await stat(join(folder, name))).mtimeMs > KEPT_MS) await unlink(join(folder, name));
  }
}
