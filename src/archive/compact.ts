import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { describeError, EitError, isErrno } from '../errors';
import { inboxFiles } from '../ledger/inbox-files';
import { Skipped } from '../ledger/record-line';
import type { WeightCurve } from '../runs/slot-weights';
import { mendDataUntil } from './clocks-ahead';
import { writeClusters } from './clusters-file';
import { type Archive, type Change, commit, openArchive } from './commit';
import { withCompactLock } from './compact-lock';
import { takingOfPlan } from './compact-task';
import { removeConsumed } from './consumed-inbox';
import { namingDamage } from './damage';
import { deriveDue } from './derive';
import { withDuckDb } from './duckdb';
import { slotsOfNews } from './hardware-news';
import { takings } from './intake';
import { mergeDue } from './merge-parts';
import { type CompactPlan, filesLeft, makePlan, readPlan, removeOldPlans, slicesOf } from './plan';
import { type Guard, guardCluster, type Privacy } from './privacy';
import { publishAccounts } from './publish-accounts';
import { publishFacts } from './publish-facts';
import { publishUsers } from './publish-users';
import type { Window } from './read-archive';
import { retellDue } from './retell';
import { slotMsOf } from './slot';
import type { Taking } from './taking';
import { sumDue } from './sum-parts';
import { removeUnnamed } from './unnamed-files';
import { weighDue } from './weighed-part';

const MOST_MEMORY_BYTES = 4 * 1024 ** 3;

/** So that progress is seen, and none waits long for the others. */
const MOST_TASK_BYTES = 512e6;

export interface CompactOptions {
  readonly ledger: string;
  readonly cluster: string;
  readonly nowMs: number;
  /** Zone whose days the daily totals are of, where the archive does not say it yet. */
  readonly timeZone: string;
  /** Longest slot of time, where the archive does not say it yet; absent: an hour. */
  readonly slotMinutes?: number;
  readonly privacy: Privacy;
  /** How long an inbox file stays after its day. */
  readonly inboxDays: number;
  /** Host-local folder for sorting what does not fit in memory. */
  readonly temporaryDir?: string;
  /** Other processes that take a large inbox in; absent: this one does all. */
  readonly workers?: Workers;
  /** What energies of a window are weighed by, so that reports need not do it again; absent or null: nothing. */
  readonly curveOf?: (window: Window) => WeightCurve | null;
  readonly onProgress?: (step: CompactStep) => void;
  /** Told what does not keep it from going on. */
  readonly warn: (message: string) => void;
}

export interface Workers {
  /** How many at once. */
  readonly count: number;
  /** Of the inbox, so that they save more time than they take. */
  readonly leastBytes: number;
  /** Starts one that does {@link runTask}, and waits until it has ended, well or not. */
  readonly run: (plan: string, task: number) => Promise<void>;
}

/** How far it is. */
export type CompactStep =
  | { readonly at: 'tasks'; readonly done: number; readonly tasks: number }
  | { readonly at: 'inbox'; readonly bytes: number; readonly allBytes: number }
  | { readonly at: 'merge'; readonly done: number; readonly tasks: number }
  | { readonly at: 'totals'; readonly done: number; readonly days: number }
  | { readonly at: 'told'; readonly done: number; readonly parts: number }
  | { readonly at: 'users'; readonly done: number; readonly users: number };

export interface Compacted {
  readonly cluster: string;
  readonly records: number;
  readonly duplicates: number;
  readonly refused: number;
  readonly bytes: number;
  readonly merges: number;
  /** Days whose totals were made. */
  readonly derivedDays: number;
  /** Days of whose totals some were made anew, since Slurm's accounting told something else of their jobs. */
  readonly retoldDays: number;
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
  const { timeZone, nowMs } = options;
  const made = {
    slotMs: slotMsOf(
      timeZone,
      nowMs,
      options.slotMinutes === undefined ? undefined : options.slotMinutes * 60_000,
    ),
    timeZone,
  };
  return withCompactLock(dir, (isStillOurs) => compactLocked(options, made, isStillOurs, takeInbox));
}

/**
 * Commits what the tasks of a plan have taken, and does the rest of a compaction. What they left is taken in here only after the next
 * plan, or by the next {@link compact}.
 * @throws EitError as {@link compact}; EIT_LEDGER_LOCKED where the archive has gone on since the plan was made
 */
export async function compactPlan(options: CompactOptions, planId: string): Promise<Compacted> {
  const dir = join(options.ledger, options.cluster);
  const plan = await readPlan(dir, planId);
  return withCompactLock(dir, (isStillOurs) =>
    compactLocked(options, plan, isStillOurs, async ({ archive, take }) => {
      await take(await takingOfPlan(archive, plan, options.warn));
    }),
  );
}

/** How the inbox comes in: what is handed to `take` is committed. */
type Intake = (parts: {
  readonly options: CompactOptions;
  readonly archive: Archive;
  readonly connection: DuckDBConnection;
  readonly take: (taking: Taking) => Promise<void>;
}) => Promise<void>;

async function compactLocked(
  options: CompactOptions,
  made: { readonly slotMs: number; readonly timeZone: string },
  isStillOurs: () => boolean,
  takeIn: Intake,
): Promise<Compacted> {
  const { ledger, cluster } = options;
  const dir = join(ledger, cluster);
  const guard = await guardCluster(ledger, cluster, options.privacy);
  const archive = await openArchive(dir, guard.modes, made);
  const limits = {
    memoryBytes: Math.min(MOST_MEMORY_BYTES, Math.floor(memoryBytes() / 2)),
    threads: availableParallelism(),
    temporaryDir: options.temporaryDir ?? tmpdir(),
  };
  return namingDamage(
    () => [archive],
    () =>
      withDuckDb(limits, (connection, reader) =>
        compactOpen({ connection, reader, archive, guard, options, isStillOurs, takeIn }),
      ).catch((cause: unknown) => {
        throw isUnwritable(cause) ? unwritable(dir, cause) : cause;
      }),
  );
}

/** A compaction that has begun. */
interface Begun {
  readonly connection: DuckDBConnection;
  /** For rows that come while others are written. */
  readonly reader: DuckDBConnection;
  readonly archive: Archive;
  readonly guard: Guard;
  readonly options: CompactOptions;
  readonly isStillOurs: () => boolean;
  readonly takeIn: Intake;
}

async function compactOpen(begun: Begun): Promise<Compacted> {
  const { connection, reader, archive, guard, options, isStillOurs, takeIn } = begun;
  const { ledger, cluster, nowMs, privacy, onProgress, warn } = options;
  const done = { records: 0, duplicates: 0, refused: 0, bytes: 0 };
  const take = async (taking: Taking): Promise<void> => {
    for (const { path, reason } of taking.unread) warn(`${path} was not read: ${reason}`);
    if (taking.files.size === 0) return;
    for (const slotMs of await slotsOfNews(connection, archive.dir, archive.manifest, taking.hardware)) {
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
  };
  await takeIn({ options, archive, connection, take });
  // After what was taken by a plan: it is for the archive as it was.
  await mendDataUntil(connection, archive, nowMs, isStillOurs);
  /** What keeps files of users from being guarded does not keep the rest from being done. */
  const publishAll = async (): Promise<number | EitError> => {
    const { lists, refusal } = guard;
    if (lists === null || privacy.mode === 'open') return refusal ?? 0;
    try {
      const told = { cluster, nowMs, isStillOurs, warn };
      await publishAccounts(connection, archive, lists, privacy.coordinators, told);
      const ofUsers = await publishUsers(connection, archive, lists, told, (made, users) =>
        onProgress?.({ at: 'users', done: made, users }),
      );
      return ofUsers + (await publishFacts(connection, archive.dir, lists, warn));
    } catch (error) {
      if (error instanceof EitError && error.code === 'EIT_PRIVACY') return error;
      throw error;
    }
  };
  const merges = await mergeDue(connection, archive, nowMs, isStillOurs, (merged, tasks) =>
    onProgress?.({ at: 'merge', done: merged, tasks }),
  );
  const derivedDays = await deriveDue(
    connection,
    reader,
    archive,
    cluster,
    nowMs,
    isStillOurs,
    (derived, days) => onProgress?.({ at: 'totals', done: derived, days }),
  );
  const retoldDays = await retellDue({
    ...{ connection, reader, archive, cluster, nowMs, isStillOurs },
    onProgress: (told, parts) => onProgress?.({ at: 'told', done: told, parts }),
    // Totals say what they said, and the rest is done.
    onUnreadable: (error) => warn(`totals of days were not compared with what sacct told: ${error.message}`),
  });
  await sumDue(connection, archive, nowMs, isStillOurs);
  await weighAll(begun);
  const published = await publishAll();
  await writeClusters(ledger);
  const removedInboxFiles = await removeConsumed(connection, archive, options, isStillOurs);
  await removeUnnamed(archive, nowMs);
  await removeOldPlans(archive.dir, nowMs);
  if (published instanceof EitError) throw published;
  return summary(cluster, archive, {
    ...done,
    merges,
    derivedDays,
    retoldDays,
    removedInboxFiles,
    published,
  });
}

/** Reports do without it: where it cannot be done, the rest is. */
async function weighAll({ connection, archive, options: { curveOf, nowMs, warn } }: Begun): Promise<void> {
  if (curveOf === undefined) return;
  try {
    await weighDue(connection, archive, curveOf, nowMs);
  } catch (error) {
    warn(`energies were not weighed, reports by the hour take longer: ${describeError(error)}`);
  }
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

/** One machine's way: what workers can take side by side, then whatever is left. */
const takeInbox: Intake = async ({ options, archive, connection, take }) => {
  const { ledger, cluster, nowMs, workers, onProgress, warn } = options;
  const files = await inboxFiles(ledger, cluster, { skipped: new Skipped() });
  const left = await filesLeft(files, archive.state);
  const allBytes = left.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneBytes = 0;
  if (workers !== undefined && workers.count > 1 && allBytes >= workers.leastBytes) {
    const tasks = workers.count * Math.ceil(allBytes / MOST_TASK_BYTES / workers.count);
    const plan = await makePlan(archive, slicesOf(left, tasks));
    await runTasks(plan, workers, (done) => onProgress?.({ at: 'tasks', done, tasks: plan.tasks.length }));
    const taking = await takingOfPlan(archive, plan, warn);
    await take(taking);
    doneBytes = taking.bytes;
  }
  const { dir, modes } = archive;
  const asked = {
    dir,
    modes,
    slotMs: archive.manifest.slot_ms,
    nowMs,
    onProgress: (bytes: number) => onProgress?.({ at: 'inbox', bytes: doneBytes + bytes, allBytes }),
  };
  for await (const taking of takings(connection, files, asked, () => archive.state)) {
    await take(taking);
    doneBytes += taking.bytes;
  }
};

async function runTasks(
  { id, tasks }: CompactPlan,
  { count, run }: Workers,
  onProgress: (done: number) => void,
): Promise<void> {
  const waiting = [...tasks.keys()];
  let done = 0;
  const work = async (): Promise<void> => {
    for (let task; (task = waiting.shift()) !== undefined; onProgress(++done)) await run(id, task);
  };
  await Promise.all(Array.from({ length: count }, work));
}

/** What this process may have: a job has less than the machine. 0: no limit is known. */
function memoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

function summary(
  cluster: string,
  { manifest }: Archive,
  done: Omit<Compacted, 'cluster' | 'parts' | 'dataUntil'>,
): Compacted {
  return { cluster, ...done, parts: manifest.parts.length, dataUntil: manifest.data_until };
}
