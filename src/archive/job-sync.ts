import {
  closeSync,
  fchmodSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { lock } from 'proper-lockfile';
import { EitError, isErrno } from '../errors';
import { giveBack } from './give-back';
import type { SacctField } from '../slurm/sacct-fields';
import { readSacctFields, readSacctJobs, type SacctParts } from '../slurm/sacct-run';
import { type DuckDbLimits, REPORT_LIMITS, withDuckDb } from './duckdb';
import { jobsFolder, SYNC_FILE } from './job-files';
import { guardJobs, type Privacy } from './privacy';
import { JobStore, makeJobsFolder, unwritable } from './job-store';
import { withTemporaryDir } from './temporary-dir';

/** A call asks for no more: a day of a large site is some 100 MB. */
const WINDOW_S = 86_400;

/** Slurmctld tells slurmdbd some moments late, longer where that was down. What ended before is asked for again, so long. */
const OVERLAP_S = 2 * 3600;

/** Asked for at first where the ledger does not tell since when there are records. */
const FIRST_S = 30 * 86_400;

/** One thread keeps the order of rows without holding them. */
const LIMITS: DuckDbLimits = { ...REPORT_LIMITS, threads: 1 };

const STALE_MS = 300_000;

export interface JobSync {
  readonly ledger: string;
  /** The ledger's folder of the cluster. */
  readonly cluster: string;
  /** Name that sacct is asked for; null: the cluster of slurm.conf. */
  readonly slurmCluster: string | null;
  /** Unix seconds; null: since the last time, less two hours. */
  readonly sinceS: number | null;
  readonly nowS: number;
  readonly sacct: SacctParts;
  /** Who may read what is written. */
  readonly privacy: Privacy;
  /** Told what does not keep it from going on. */
  readonly warn: (message: string) => void;
  /** Told before each window, and at the end with `fromS` = `nowS`. */
  readonly onProgress: (fromS: number, jobs: number) => void;
}

export interface JobSyncResult {
  readonly sinceS: number;
  readonly untilS: number;
  /** Rows of sacct, each as often as it came. */
  readonly jobs: number;
  /** Of these, jobs that have not begun: they are not kept. */
  readonly notStarted: number;
  /** Rows that could not be read. */
  readonly unreadable: number;
  /** Files that changed. */
  readonly files: readonly string[];
}

/**
 * Brings what sacct tells into the ledger, a day a call. After each day it is written down until when all is there, so that an end in
 * between loses nothing: the next time goes on there.
 * Who may read it may before it is there, as with {@link guardCluster}: the folder gives on what it has.
 * @throws EitError EIT_SACCT, EIT_LEDGER_LOCKED while another one runs, EIT_LEDGER_UNWRITABLE, EIT_ARCHIVE, EIT_DUCKDB, EIT_PATH_UNTRUSTED
 */
export async function syncJobs(sync: JobSync): Promise<JobSyncResult> {
  const folder = jobsFolder(sync.ledger, sync.cluster);
  makeJobsFolder(folder);
  const guard = () => guardJobs(sync.ledger, sync.cluster, sync.privacy);
  const { modes, refusal } = await guard();
  if (refusal !== null) sync.warn(`${folder} is its owner's alone to read: ${refusal.message}`);
  const mode = modes.file;
  const result = await withSyncLock(folder, async (isLost) => {
    let coveredS = readSyncedUntil(folder);
    const sinceS = sync.sinceS ?? (coveredS === null ? firstS(sync) : coveredS - OVERLAP_S);
    const fields = await readSacctFields(sync.sacct);
    let [jobs, notStarted, unreadable] = [0, 0, 0];
    const files = new Set<string>();
    for (let fromS = Math.min(sinceS, sync.nowS); fromS < sync.nowS; fromS += WINDOW_S) {
      sync.onProgress(fromS, jobs);
      const untilS = Math.min(fromS + WINDOW_S, sync.nowS);
      const found = await syncWindow(sync, fields, { fromS, untilS }, { folder, mode, isLost });
      jobs += found.jobs;
      notStarted += found.notStarted;
      unreadable += found.unreadable;
      for (const file of found.files) files.add(file);
      // A gap before what was asked for stays a gap: only what goes on from the last time counts.
      if (coveredS === null || fromS <= coveredS) {
        coveredS = Math.max(untilS, coveredS ?? 0);
        writeSyncedUntil(folder, coveredS, mode);
      }
    }
    sync.onProgress(sync.nowS, jobs);
    return { sinceS, untilS: sync.nowS, jobs, notStarted, unreadable, files: [...files].sort() };
  });
  // On storage where what is new does not take over its folder's list.
  if (refusal === null) await guard();
  return result;
}

async function syncWindow(
  { sacct, slurmCluster }: JobSync,
  fields: readonly SacctField[],
  { fromS, untilS }: { readonly fromS: number; readonly untilS: number },
  to: { readonly folder: string; readonly mode: number; readonly isLost: () => boolean },
): Promise<Omit<JobSyncResult, 'sinceS' | 'untilS'>> {
  return withTemporaryDir('eit-sacct-', (temporaryDir) =>
    withDuckDb({ ...LIMITS, temporaryDir }, async (connection) => {
      const store = await JobStore.open(connection);
      const rows = await store.appender();
      let [jobs, notStarted] = [0, 0];
      const query = { sinceS: fromS, untilS, cluster: slurmCluster };
      const unreadable = await readSacctJobs(sacct, fields, query, (found) => {
        jobs += found.length;
        notStarted += found.filter(({ startS }) => startS === null).length;
        rows.add(found);
      });
      rows.close();
      if (to.isLost()) throw locked(to.folder);
      return { jobs, notStarted, unreadable, files: await store.merge(to.folder, to.mode) };
    }),
  );
}

/**
 * Until when sacct's jobs are in the ledger.
 * @returns Unix seconds; null where nothing was synced, or the file makes no sense: then all is asked for again
 */
export function readSyncedUntil(folder: string): number | null {
  try {
    const state: unknown = JSON.parse(readFileSync(join(folder, SYNC_FILE), 'utf8'));
    const untilS = typeof state === 'object' && state !== null && 'until_s' in state ? state.until_s : null;
    return typeof untilS === 'number' && Number.isSafeInteger(untilS) && untilS > 0 ? untilS : null;
  } catch (error) {
    if (error instanceof SyntaxError || isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return null;
    throw error;
  }
}

function writeSyncedUntil(folder: string, untilS: number, mode: number): void {
  const path = join(folder, SYNC_FILE);
  try {
    // One that is left may be a link, and has another mode.
    rmSync(`${path}.tmp`, { force: true });
    const fd = openSync(`${path}.tmp`, 'wx', mode);
    try {
      fchmodSync(fd, mode);
      writeSync(fd, `${JSON.stringify({ schema: 1, until_s: untilS })}\n`);
    } finally {
      closeSync(fd);
    }
    renameSync(`${path}.tmp`, path);
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/** The first day of which the ledger has records: earlier jobs were not measured. */
function firstS({ ledger, cluster, nowS }: JobSync): number {
  try {
    const [first] = readdirSync(join(ledger, cluster, 'inbox'))
      .filter((name) => /^\d{4}-\d\d-\d\d$/.test(name) && !Number.isNaN(Date.parse(name)))
      .sort();
    if (first !== undefined) return Math.max(1, Date.parse(first) / 1000);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) throw error;
  }
  return nowS - FIRST_S;
}

/**
 * Does `work` while nobody else writes what sacct tells of a cluster's jobs.
 * @throws EitError EIT_LEDGER_LOCKED, EIT_LEDGER_UNWRITABLE
 */
export async function withSyncLock<T>(
  folder: string,
  work: (isLost: () => boolean) => Promise<T>,
): Promise<T> {
  let isLost = false;
  await lock(folder, {
    lockfilePath: join(folder, '.sync.lock'),
    stale: STALE_MS,
    update: STALE_MS / 5,
    onCompromised: () => (isLost = true),
  }).catch((cause: unknown) => {
    throw isErrno(cause, 'ELOCKED') ? locked(folder, cause) : unwritable(join(folder, '.sync.lock'), cause);
  });
  try {
    return await work(() => isLost);
  } finally {
    // One that was lost in the last moment is not ours to let go.
    if (!isLost) giveBack(folder, join(folder, '.sync.lock'));
  }
}

function locked(folder: string, cause?: unknown): EitError {
  return new EitError(
    'EIT_LEDGER_LOCKED',
    `${join(folder, '.sync.lock')} is held: another eit sacct-sync runs, on this machine or another, or one was killed less than ` +
      `${STALE_MS / 60_000} minutes ago. Try again later; nothing is lost.`,
    { cause },
  );
}
