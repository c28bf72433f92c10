import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { EitError, isErrno } from '../errors';

/** A file holds the runs that began in its UTC month. */
const MONTH_FILE = /^\d{4}-\d\d\.parquet$/;

/** The same of one user, in his folder of `by-user`. */
const OWN_FILE = /^jobs-(\d{4}-\d\d)\.parquet$/;

/** The month of a file that {@link jobFactsFiles} names. */
export function monthOfJobsFile(path: string): string {
  return basename(path, '.parquet');
}

export function ownJobsFile(month: string): string {
  return `jobs-${month}.parquet`;
}

/** The month of one user's file; null: it is another kind of file. */
export function monthOfOwnFile(name: string): string | null {
  return OWN_FILE.exec(name)?.[1] ?? null;
}

/** Folder of a cluster of what sacct told. */
export const JOBS = 'jobs';
/** In it: until when sacct was asked. */
export const SYNC_FILE = 'sync.json';

/** Whether a file there is for readers: others are of who writes it. */
export function isJobsFile(name: string): boolean {
  return MONTH_FILE.test(name) || name === SYNC_FILE;
}

/** `<ledger>/<cluster>/jobs`: what sacct told, as `eit sacct-sync` keeps it. */
export function jobsFolder(ledger: string, cluster: string): string {
  return join(ledger, cluster, JOBS);
}

/**
 * The Parquet files that can tell of runs in a window, oldest month first: all up to that of its end, since a run may have begun long
 * before; their `end_s` lets a reader pass over most of the rest. Their columns: job-columns.ts.
 * @param toMs end of the window, Unix ms; absent: all files
 * @returns paths; none where nothing was synced
 * @throws EitError EIT_LEDGER_UNREADABLE
 */
export async function jobFactsFiles(ledger: string, cluster: string, toMs = Infinity): Promise<string[]> {
  const folder = jobsFolder(ledger, cluster);
  const last = `${monthOf(toMs)}.parquet`;
  try {
    const names = (await readdir(folder)).filter((name) => MONTH_FILE.test(name) && name <= last);
    return names.sort().map((name) => join(folder, name));
  } catch (cause) {
    if (isErrno(cause, 'ENOENT', 'ENOTDIR')) return [];
    throw new EitError(
      'EIT_LEDGER_UNREADABLE',
      `cannot read ${folder}: ${String(cause)}. Let the user who makes the report read it as he reads the ledger.`,
      { cause },
    );
  }
}

/**
 * The same of one user, that he may read: files of his folder in `by-user`.
 * @param folder his
 * @returns paths; none where nothing was published for him
 * @throws EitError EIT_LEDGER_UNREADABLE
 */
export async function ownJobFactsFiles(folder: string, toMs: number): Promise<string[]> {
  const last = monthOf(toMs);
  try {
    const names = (await readdir(folder)).filter((name) => (monthOfOwnFile(name) ?? '~') <= last);
    return names.sort().map((name) => join(folder, name));
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return [];
    throw new EitError(
      'EIT_LEDGER_UNREADABLE',
      `cannot read ${folder}: ${String(cause)}. It should be yours to read: ask an admin to run \`eit ledger compact\`, which sets its readers anew.`,
      { cause },
    );
  }
}

const LAST_MS = Date.UTC(9999, 11, 31);

/** `2026-03`, UTC. */
export function monthOf(ms: number): string {
  return new Date(Math.max(0, Math.min(ms, LAST_MS))).toISOString().slice(0, 7);
}

/** What tells a file from the one that replaces it: none is written to. @throws the system's error */
export async function jobsFileStamp(path: string): Promise<string> {
  const { size, mtimeMs, ino } = await lstat(path);
  return `${size} ${mtimeMs} ${ino}`;
}
