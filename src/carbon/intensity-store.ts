import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { lock } from 'proper-lockfile';
import { visible } from '../config/visible';
import { EitError, isErrno } from '../errors';
import type { IntensityLine } from '../generated/intensity';
import { appendLines } from '../ledger/append';
import { finishNow } from '../ledger/durable';
import { type SkippedLines, monthFiles, parseIntensityLine } from './intensity-line';

/** Everybody reads the series: they say nothing of anybody. */
const FOLDER_MODE = 0o755;
const FILE_MODE = 0o644;

/** A month of five-minute values is 2 MB; what is larger is not read. */
const LARGEST_FILE_BYTES = 200_000_000;

/** A holder that has not shown itself for so long is dead. */
const STALE_MS = 60_000;

/**
 * The lines of a zone that reach into a time, as they stand in its files: also those that later ones replace.
 * @param options.skipped counts what is damaged, half written, of another zone, a link or no plain file
 * @returns none where there are no files
 * @throws EitError EIT_INTENSITY where there are some that cannot be read
 */
export function readSeries(
  dir: string,
  zone: string,
  {
    fromMs,
    toMs,
    skipped,
  }: { readonly fromMs: number; readonly toMs: number; readonly skipped?: SkippedLines },
): IntensityLine[] {
  const [from, to] = [fromMs, toMs].map((ms) => new Date(ms).toISOString());
  return monthFiles(fromMs, toMs).flatMap((name) => {
    const path = join(dir, zone, name);
    const text = readPlain(path, skipped);
    if (text === null) return [];
    const rows = text.split('\n');
    // Behind the last newline is a half line, or nothing.
    const half = rows.pop();
    const lines = rows.flatMap((row, i) => {
      const line = parseIntensityLine(row, zone);
      if (typeof line === 'string') {
        skipped?.add(`${path}:${i + 1}`, line);
        return [];
      }
      // As texts: all have the one form.
      return line.end > (from ?? '') && line.start < (to ?? '') ? [line] : [];
    });
    if (half !== '') skipped?.add(`${path}:${rows.length + 1}`, 'half line at the end');
    return lines;
  });
}

/**
 * Adds lines to the files of their months, one month after the other, each whole: who is killed in between leaves whole months, and doing
 * it again completes them. What a zone has already, with the same value, is left out; a changed value is a new
 * line, and the old one stays for reports as of its time.
 * @param lines of one zone
 * @returns how many were added
 * @throws EitError EIT_INTENSITY_LOCKED while another process writes this zone; EIT_INTENSITY where it cannot be written
 */
export async function appendSeries(
  dir: string,
  zone: string,
  lines: readonly IntensityLine[],
): Promise<number> {
  const folder = join(dir, zone);
  for (const each of [dir, folder]) makeFolder(each);
  const byMonth = new Map<string, IntensityLine[]>();
  for (const line of lines) {
    const its = byMonth.get(monthOf(line));
    if (its === undefined) byMonth.set(monthOf(line), [line]);
    else its.push(line);
  }
  return withSeriesLock(folder, async (checkOurs) => {
    let added = 0;
    for (const [month, its] of byMonth) {
      // So that the lock can be shown, or found lost.
      await turn();
      const path = join(folder, `${month}.ndjson`);
      const known = lastValues(path, zone);
      const news = its.filter((line) => {
        const isNew = known.get(keyOf(line)) !== valueOf(line);
        known.set(keyOf(line), valueOf(line));
        return isNew;
      });
      if (news.length === 0) continue;
      const text = news.map((line) => `${JSON.stringify(line)}\n`).join('');
      checkOurs();
      try {
        finishNow(appendLines(path, Buffer.from(text), FILE_MODE));
        // Whatever the umask.
        chmodSync(path, FILE_MODE);
      } catch (cause) {
        throw unwritable(path, cause);
      }
      added += news.length;
    }
    return added;
  });
}

/**
 * Does `work` while no other process, on whatever machine, writes to a folder.
 * @param work given a check that throws where the lock has been lost: to be made before each write
 * @param staleMs after how long without a sign a holder is thought dead, at least 2000
 * @throws EitError EIT_INTENSITY_LOCKED, EIT_INTENSITY
 */
export async function withSeriesLock<T>(
  folder: string,
  work: (checkOurs: () => void) => T | Promise<T>,
  staleMs = STALE_MS,
): Promise<T> {
  const lockfilePath = join(folder, '.lock');
  let lost: Error | null = null;
  const release = await lock(folder, {
    lockfilePath,
    stale: staleMs,
    // Without it the error comes out of a timer and ends the process.
    onCompromised: (error) => {
      lost = error;
    },
  }).catch((cause: unknown) => {
    if (!isErrno(cause, 'ELOCKED')) throw unwritable(lockfilePath, cause);
    throw new EitError(
      'EIT_INTENSITY_LOCKED',
      `${lockfilePath} is held: another process fetches or imports here, or one was killed less than ${STALE_MS / 1000} s ago; try again`,
      { cause },
    );
  });
  const checkOurs = (): void => {
    if (lost === null) return;
    throw new EitError(
      'EIT_INTENSITY_LOCKED',
      `${lockfilePath} was taken away or has gone: this process, or the disk, stood still for ${staleMs / 1000} s; what was written until then is whole, try again`,
      { cause: lost },
    );
  };
  try {
    return await work(checkOurs);
  } finally {
    // Lost in the meantime: then it is another's.
    if (lost === null) await release().catch(() => undefined);
  }
}

/** @throws EitError EIT_INTENSITY */
export function makeFolder(folder: string): void {
  try {
    if (mkdirSync(folder, { recursive: true, mode: FOLDER_MODE }) !== undefined)
      chmodSync(folder, FOLDER_MODE);
    if (!statSync(folder).isDirectory()) throw new Error('it is no folder');
  } catch (cause) {
    throw unwritable(folder, cause);
  }
}

/** The value that each stretch was given last. */
function lastValues(path: string, zone: string): Map<string, string> {
  const values = new Map<string, string>();
  // Readers drop a half line at the end: what it says is not there yet.
  for (const row of (readPlain(path) ?? '').split('\n').slice(0, -1)) {
    const line = parseIntensityLine(row, zone);
    if (typeof line !== 'string') values.set(keyOf(line), valueOf(line));
  }
  return values;
}

function monthOf({ start }: IntensityLine): string {
  return start.slice(0, 7);
}

function keyOf({ start, end, basis, flow }: IntensityLine): string {
  return `${start} ${end} ${basis} ${flow}`;
}

function valueOf({ g_per_kwh: grams, estimated, source }: IntensityLine): string {
  return `${grams} ${estimated} ${source}`;
}

/** null where there is nothing. */
function readPlain(path: string, skipped?: SkippedLines): string | null {
  let fd: number;
  try {
    // No link is followed, and no pipe waited for.
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return null;
    if (isErrno(cause, 'ENOTDIR'))
      throw new EitError(
        'EIT_INTENSITY',
        `cannot read the intensity series ${visible(path)}: a part of this path is a file; expected folders, look at intensity_dir`,
        { cause },
      );
    if (isErrno(cause, 'ELOOP')) {
      skipped?.addFile(path, 'symbolic link');
      return null;
    }
    throw unreadable(path, cause);
  }
  try {
    const stats = fstatSync(fd);
    if (stats.isFile() && stats.size <= LARGEST_FILE_BYTES) return readFileSync(fd, 'utf8');
    skipped?.addFile(path, stats.isFile() ? 'over 200 MB' : 'not a plain file');
    return null;
  } catch (cause) {
    throw unreadable(path, cause);
  } finally {
    closeSync(fd);
  }
}

function unreadable(path: string, cause: unknown): EitError {
  return new EitError(
    'EIT_INTENSITY',
    `cannot read the intensity series ${visible(path)}: ${visible(String(cause))}; everybody should be able to: chmod 755 its folders and 644 the file`,
    { cause },
  );
}

function unwritable(path: string, cause: unknown): EitError {
  return new EitError(
    'EIT_INTENSITY',
    `cannot write the intensity series ${visible(path)}: ${visible(String(cause))}; run it as the user whom the folder belongs to (the ledger's), or set intensity_dir`,
    { cause },
  );
}
