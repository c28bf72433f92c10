import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { readShipped } from './shipped';
import { SHIPPER_DIR, sizedSpool } from './spool-file';

/** The longest line by far; what is longer tells no time here. */
const HEAD_BYTES = 64 << 10;

/** How far the ledger is behind this host, from a look at the spool that costs little: sizes, and the beginning of one file. */
export interface SpoolLag {
  /** All files of records, those that have been carried over too. */
  readonly totalBytes: number;
  readonly waitingBytes: number;
  /** End of the oldest record that waits, Unix ms; null: none waits, or its line does not tell. */
  readonly oldestWaitingMs: number | null;
  /** When the shipper last carried something, Unix ms; null: never yet. */
  readonly lastShippedMs: number | null;
}

/** @throws the system's error */
export function readSpoolLag(spoolDir: string): SpoolLag {
  const shipped = readShipped(spoolDir);
  const files = sizedSpool(spoolDir).map((file) => {
    const done = shipped.get(file.path)?.bytes ?? 0;
    // A file that is shorter than what was carried of it was made anew.
    return { ...file, begin: done <= file.bytes ? done : 0 };
  });
  const waiting = files.filter(({ begin, bytes }) => begin < bytes);
  // Series are of a longer time than the lines beside them.
  const oldest = waiting.find(({ kind }) => kind !== 'series') ?? waiting[0];
  return {
    totalBytes: sum(files.map(({ bytes }) => bytes)),
    waitingBytes: sum(waiting.map(({ bytes, begin }) => bytes - begin)),
    oldestWaitingMs: oldest === undefined ? null : endOfLine(join(spoolDir, oldest.path), oldest.begin),
    lastShippedMs:
      statSync(join(spoolDir, SHIPPER_DIR, 'shipped.json'), { throwIfNoEntry: false })?.mtimeMs ?? null,
  };
}

function endOfLine(path: string, begin: number): number | null {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    // Carried over and tidied away meanwhile.
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
  try {
    const head = Buffer.allocUnsafe(HEAD_BYTES);
    const [line = '', rest] = head
      .toString('utf8', 0, readSync(fd, head, 0, head.length, begin))
      .split('\n', 2);
    return rest === undefined ? null : toOf(line);
  } finally {
    closeSync(fd);
  }
}

function toOf(line: string): number | null {
  try {
    const value = JSON.parse(line) as { readonly to?: unknown } | null;
    const ms = typeof value?.to === 'string' ? Date.parse(value.to) : NaN;
    return Number.isNaN(ms) ? null : ms;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
