import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EitError, isErrno } from '../errors';

/** A file holds the runs that began in its UTC month. */
const MONTH_FILE = /^\d{4}-\d\d\.parquet$/;

/** `<ledger>/<cluster>/jobs`: what sacct told, as `eit sacct-sync` keeps it. */
export function jobsFolder(ledger: string, cluster: string): string {
  return join(ledger, cluster, 'jobs');
}

/**
 * The Parquet files that can tell of runs in a window, oldest month first: all up to that of its end, since a run may have begun long
 * before; their `end_s` lets a reader pass over most of the rest. Their columns: job-columns.ts.
 * @param toMs end of the window, Unix ms
 * @returns paths; none where nothing was synced
 * @throws EitError EIT_LEDGER_UNREADABLE
 */
export async function jobFactsFiles(ledger: string, cluster: string, toMs: number): Promise<string[]> {
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

const LAST_MS = Date.UTC(9999, 11, 31);

/** `2026-03`, UTC. */
export function monthOf(ms: number): string {
  return new Date(Math.max(0, Math.min(ms, LAST_MS))).toISOString().slice(0, 7);
}
