import { statSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { lock } from 'proper-lockfile';
import type { DuckDBConnection } from '@duckdb/node-api';
import { EitError, isErrno } from '../errors';
import { inboxFiles } from '../ledger/inbox-files';
import { Skipped } from '../ledger/record-line';
import { writeClusters } from './clusters-file';
import { type Archive, type Change, commit, openArchive } from './commit';
import { namingDamage } from './damage';
import { deriveDue } from './derive';
import { withDuckDb } from './duckdb';
import { removeConsumed } from './consumed-inbox';
import { slotsOfNews } from './hardware-news';
import { mergeDue } from './merge-parts';
import { type Guard, guardCluster, type Privacy } from './privacy';
import { publishAccounts } from './publish-accounts';
import { publishUsers } from './publish-users';
import { slotMsOf } from './slot';
import { takeIn } from './taking';
import { removeUnnamed } from './unnamed-files';

/** A holder that has not shown itself for so long is dead. */
const STALE_MS = 300_000;
const SHOW_EVERY_MS = 30_000;

const MOST_MEMORY_BYTES = 4 * 1024 ** 3;

export interface CompactOptions {
  readonly ledger: string;
  readonly cluster: string;
  readonly nowMs: number;
  /** Zone whose days the daily totals are of, where the archive does not say it yet. */
  readonly timeZone: string;
  readonly privacy: Privacy;
  /** How long an inbox file stays after its day. */
  readonly inboxDays: number;
  /** Host-local folder for sorting what does not fit in memory. */
  readonly temporaryDir?: string;
  readonly onProgress?: (step: CompactStep) => void;
  /** Told what does not keep it from going on. */
  readonly warn: (message: string) => void;
}

/** How far it is. */
export type CompactStep =
  | { readonly at: 'inbox'; readonly bytes: number; readonly allBytes: number }
  | { readonly at: 'merge'; readonly done: number; readonly tasks: number }
  | { readonly at: 'totals'; readonly done: number; readonly days: number }
  | { readonly at: 'users'; readonly done: number; readonly users: number };

export interface Compacted {
  readonly cluster: string;
  readonly records: number;
  readonly duplicates: number;
  readonly refused: number;
  readonly bytes: number;
  readonly merges: number;
  readonly removedInboxFiles: number;
  /** Users' files of a month that were made anew. */
  readonly published: number;
  readonly parts: number;
  readonly dataUntil: string | null;
}

/**
 * Takes a cluster's inbox into its archive: new lines as parts, parts merged by day and month, inbox files removed that are a week old and
 * were compared. It can be ended at any point and run again: what is not committed is as if it had not been.
 * @throws EitError EIT_LEDGER_LOCKED while another one runs; EIT_ARCHIVE, EIT_DUCKDB, EIT_LEDGER_UNREADABLE, EIT_LEDGER_UNWRITABLE; EIT_PRIVACY, when all
 * else is done, where users' files cannot be guarded and so are not published
 */
export async function compact(options: CompactOptions): Promise<Compacted> {
  const dir = join(options.ledger, options.cluster);
  return withCompactLock(dir, (isStillOurs) => compactLocked(options, dir, isStillOurs));
}

async function compactLocked(
  options: CompactOptions,
  dir: string,
  isStillOurs: () => boolean,
): Promise<Compacted> {
  const { nowMs, timeZone } = options;
  const guard = await guardCluster(options.ledger, options.cluster, options.privacy);
  const { modes } = guard;
  const archive = await openArchive(dir, modes, { slotMs: slotMsOf(timeZone, nowMs), timeZone });
  const limits = {
    memoryBytes: Math.min(MOST_MEMORY_BYTES, Math.floor(totalmem() / 2)),
    threads: cpus().length,
    temporaryDir: options.temporaryDir ?? tmpdir(),
  };
  return namingDamage(
    () => [archive],
    () =>
      withDuckDb(limits, (connection) => compactOpen(connection, archive, guard, options, isStillOurs)).catch(
        (cause: unknown) => {
          throw isUnwritable(cause) ? unwritable(dir, cause) : cause;
        },
      ),
  );
}

async function compactOpen(
  connection: DuckDBConnection,
  archive: Archive,
  guard: Guard,
  options: CompactOptions,
  isStillOurs: () => boolean,
): Promise<Compacted> {
  const { ledger, cluster, nowMs, privacy, onProgress, warn } = options;
  const { dir, modes } = archive;
  const done = { records: 0, duplicates: 0, refused: 0, bytes: 0 };
  const unreadable = new Skipped();
  const files = await inboxFiles(ledger, cluster, { skipped: unreadable });
  const allBytes = files.reduce((sum, { path }) => sum + sizeOf(path), 0);
  const knownBytes = [...archive.state.files.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  for (;;) {
    const taking = await takeIn(connection, files, {
      dir,
      modes,
      slotMs: archive.manifest.slot_ms,
      before: archive.state,
      nowMs,
      onProgress: (bytes) =>
        onProgress?.({
          at: 'inbox',
          bytes: done.bytes + bytes,
          allBytes: Math.max(0, allBytes - knownBytes),
        }),
    });
    for (const { path, reason } of taking?.unread ?? []) warn(`${path} was not read: ${reason}`);
    if (taking === null || taking.files.size === 0) break;
    for (const slotMs of await slotsOfNews(connection, dir, archive.manifest, taking.hardware)) {
      taking.slots.add(slotMs);
    }
    // What is published is not kept up while everybody reads the parts.
    const change: Change = privacy.mode === 'open' ? { taking, unpublished: 'all' } : { taking };
    await commit(archive, change, nowMs, isStillOurs);
    done.records += taking.lines - taking.duplicates;
    done.duplicates += taking.duplicates;
    done.bytes += taking.bytes;
    for (const reasons of taking.refused.values()) {
      for (const count of reasons.values()) done.refused += count;
    }
    if (!taking.isPart) break;
  }
  /** What keeps files of users from being guarded does not keep the rest from being done. */
  const publishAll = async (): Promise<number | EitError> => {
    const { lists, refusal } = guard;
    if (lists === null || privacy.mode === 'open') return refusal ?? 0;
    try {
      const told = { cluster, nowMs, isStillOurs, warn };
      await publishAccounts(connection, archive, lists, privacy.coordinators, told);
      return await publishUsers(connection, archive, lists, told, (made, users) =>
        onProgress?.({ at: 'users', done: made, users }),
      );
    } catch (error) {
      if (error instanceof EitError && error.code === 'EIT_PRIVACY') return error;
      throw error;
    }
  };
  const merges = await mergeDue(connection, archive, nowMs, isStillOurs, (merged, tasks) =>
    onProgress?.({ at: 'merge', done: merged, tasks }),
  );
  await deriveDue(connection, archive, cluster, nowMs, isStillOurs, (derived, days) =>
    onProgress?.({ at: 'totals', done: derived, days }),
  );
  const published = await publishAll();
  await writeClusters(ledger);
  const removedInboxFiles = await removeConsumed(connection, archive, options, isStillOurs);
  await removeUnnamed(archive, nowMs);
  if (published instanceof EitError) throw published;
  return summary(cluster, archive, { ...done, merges, removedInboxFiles, published });
}

/** A full disk, a quota, a folder that is not ours; DuckDB says it in words. */
function isUnwritable(cause: unknown): boolean {
  if (cause instanceof EitError) return false;
  const { message = '' } = (cause ?? {}) as { message?: string };
  return (
    isErrno(cause, 'ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO') ||
    /No space left|Disk quota|Could not write|Read-only file system|Permission denied/.test(message)
  );
}

function unwritable(dir: string, cause: unknown): EitError {
  return new EitError(
    'EIT_LEDGER_UNWRITABLE',
    `cannot write ${dir}: ${String(cause)}; what was not committed stays in the inbox: make room, or mend the folder, and run it again`,
    { cause },
  );
}

function summary(
  cluster: string,
  { manifest }: Archive,
  done: Omit<Compacted, 'cluster' | 'parts' | 'dataUntil'>,
): Compacted {
  return { cluster, ...done, parts: manifest.parts.length, dataUntil: manifest.data_until };
}

/**
 * Does `work` while no other process compacts this cluster, on whatever machine.
 * @throws EitError EIT_LEDGER_LOCKED, EIT_LEDGER_UNWRITABLE
 */
export async function withCompactLock<T>(
  dir: string,
  work: (isStillOurs: () => boolean) => Promise<T>,
): Promise<T> {
  let isOurs = true;
  const lockfilePath = join(dir, '.compact.lock');
  const release = await lock(dir, {
    lockfilePath,
    stale: STALE_MS,
    update: SHOW_EVERY_MS,
    onCompromised: () => {
      isOurs = false;
    },
  }).catch((cause: unknown) => {
    if (isErrno(cause, 'ELOCKED')) {
      throw new EitError(
        'EIT_LEDGER_LOCKED',
        `${lockfilePath} is held: another process compacts here, or one was killed less than ${STALE_MS / 60_000} minutes ago`,
        { cause },
      );
    }
    throw new EitError(
      'EIT_LEDGER_UNWRITABLE',
      `cannot write ${lockfilePath}: ${String(cause)}; run it as the ledger's user, on a machine that has the ledger`,
      { cause },
    );
  });
  try {
    return await work(() => isOurs);
  } finally {
    // Lost in the middle: then there is nothing to give back, and the commit has said so.
    await release().catch(() => undefined);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
