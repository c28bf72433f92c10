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
 * Adds lines to the files of their months. What a zone has already, with the same value, is left out; a changed value is a new
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
  return withSeriesLock(folder, () => {
    let added = 0;
    for (const month of new Set(lines.map(monthOf))) {
      const its = lines.filter((line) => monthOf(line) === month);
      const path = join(folder, `${month}.ndjson`);
      const known = lastValues(path, zone);
      const news = its.filter((line) => {
        const isNew = known.get(keyOf(line)) !== valueOf(line);
        known.set(keyOf(line), valueOf(line));
        return isNew;
      });
      if (news.length === 0) continue;
      const text = news.map((line) => `${JSON.stringify(line)}\n`).join('');
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

/** Does `work` while no other process, on whatever machine, writes to a folder. @throws EitError EIT_INTENSITY_LOCKED, EIT_INTENSITY */
export async function withSeriesLock<T>(folder: string, work: () => T | Promise<T>): Promise<T> {
  const lockfilePath = join(folder, '.lock');
  const release = await lock(folder, { lockfilePath, stale: STALE_MS }).catch((cause: unknown) => {
    if (!isErrno(cause, 'ELOCKED')) throw unwritable(lockfilePath, cause);
    throw new EitError(
      'EIT_INTENSITY_LOCKED',
      `${lockfilePath} is held: another process fetches or imports here, or one was killed less than ${STALE_MS / 1000} s ago; try again`,
      { cause },
    );
  });
  try {
    return await work();
  } finally {
    // Gone where it was thought dead in the meantime: then it is another's.
    await release().catch(() => undefined);
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
  for (const row of (readPlain(path) ?? '').split('\n')) {
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
    if (isErrno(cause, 'ENOENT', 'ENOTDIR')) return null;
    if (isErrno(cause, 'ELOOP')) {
      skipped?.add(path, 'symbolic link');
      return null;
    }
    throw unreadable(path, cause);
  }
  try {
    const stats = fstatSync(fd);
    if (stats.isFile() && stats.size <= LARGEST_FILE_BYTES) return readFileSync(fd, 'utf8');
    skipped?.add(path, stats.isFile() ? 'over 200 MB' : 'not a plain file');
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
    `cannot read the intensity series ${visible(path)}: ${String(cause)}; everybody should be able to: chmod 755 its folders and 644 the file`,
    { cause },
  );
}

function unwritable(path: string, cause: unknown): EitError {
  return new EitError(
    'EIT_INTENSITY',
    `cannot write the intensity series ${visible(path)}: ${String(cause)}; run it as the user whom the folder belongs to (the ledger's), or set intensity_dir`,
    { cause },
  );
}
