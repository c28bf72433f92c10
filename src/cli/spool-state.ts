import { closeSync, existsSync, fstatSync, openSync, readSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import type { HostRecord } from '../generated/record';
import { type Pruned, readPruned } from '../ledger/pruned';
import { readShipped } from '../ledger/shipped';
import { REFUSED_FILE, listSpool, sizedSpool, spoolClusters } from '../ledger/spool-file';
import { unreadable } from '../sources/kernel-file';
import type { Missing } from '../sources/source';

const CHUNK_BYTES = 1 << 20;
/** A stretch's lines of the busiest host fit. */
const TAIL_BYTES = 4 << 20;
const NEWLINE = 0x0a;

/** What lies in the spool, see src/ledger/spool.ts and shipper.ts. */
export interface SpoolState {
  /** What the shipper has not carried to the ledger yet. */
  readonly waitingLines: number;
  readonly waitingBytes: number;
  /** End of the oldest record that waits, Unix ms; null where none does. */
  readonly oldestWaitingMs: number | null;
  /** All files of records, those that have been carried over too. */
  readonly totalBytes: number;
  /** What had to go since the spool was larger than `spool_max_mb`; null: nothing ever. */
  readonly pruned: Pruned | null;
  /** Records that the schema refused, kept aside. */
  readonly refusedLines: number;
  /** Clusters with a folder in it. */
  readonly clusters: readonly string[];
}

/** Reads the spool; why not, where this user may not. */
export function readSpoolState(spoolDir: string): SpoolState | Missing {
  try {
    // A folder that is not there is said; those in it may go meanwhile.
    readdirSync(spoolDir);
    return spoolState(spoolDir);
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM'))
      return { missing: `only root and the agent's user may look into ${spoolDir}` };
    if (isErrno(error, 'ENOENT')) return { missing: `there is no ${spoolDir} yet` };
    return unreadable(spoolDir, error);
  }
}

function spoolState(spoolDir: string): SpoolState {
  const shipped = readShipped(spoolDir);
  const clusters = spoolClusters(spoolDir);
  let [waitingLines, waitingBytes, totalBytes] = [0, 0, 0];
  let oldestWaitingMs: number | null = null;
  for (const { path, bytes } of sizedSpool(spoolDir)) {
    totalBytes += bytes;
    const waiting = countLines(join(spoolDir, path), shipped.get(path)?.bytes ?? 0);
    waitingLines += waiting.lines;
    waitingBytes += waiting.bytes;
    const endMs = Date.parse(waiting.first?.to ?? '');
    if (!Number.isNaN(endMs)) oldestWaitingMs = Math.min(oldestWaitingMs ?? endMs, endMs);
  }
  const refused = clusters
    .map((cluster) => join(spoolDir, cluster, REFUSED_FILE))
    .filter((path) => existsSync(path));
  const refusedLines = refused.reduce((sum, path) => sum + countLines(path, 0).lines, 0);
  const pruned = readPruned(spoolDir);
  return { waitingLines, waitingBytes, totalBytes, oldestWaitingMs, refusedLines, pruned, clusters };
}

/** The newest record of the host in the spool, which also keeps a week of what has been carried over; null: none. */
export function readLastHostRecord(spoolDir: string): HostRecord | null {
  try {
    const files = listSpool(spoolDir).filter(({ kind }) => kind !== 'series');
    const newestDay = files.at(-1)?.day;
    const records = files
      .filter(({ day }) => day === newestDay)
      .map(({ path }) => lastHostRecord(join(spoolDir, path)))
      .filter((record) => record !== null);
    return records.sort((a, b) => b.to.localeCompare(a.to))[0] ?? null;
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM', 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}

function lastHostRecord(path: string): HostRecord | null {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const length = readSync(fd, bytes, 0, bytes.length, size - bytes.length);
    const lines = bytes.toString('utf8', 0, length).split('\n');
    for (const line of lines.toReversed()) {
      const record = parsed(line);
      if (record?.kind === 'host') return record as HostRecord;
    }
    return null;
  } finally {
    closeSync(fd);
  }
}

/** Whole lines from an offset on, and the first of them; a file shorter than the offset was made anew. */
function countLines(
  path: string,
  offset: number,
): { lines: number; bytes: number; first: Partial<HostRecord> | null } {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    const begin = offset <= size ? offset : 0;
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let [lines, head] = [0, ''];
    for (let at = begin; at < size;) {
      const length = readSync(fd, chunk, 0, chunk.length, at);
      if (length === 0) break;
      if (at === begin) head = chunk.toString('utf8', 0, length).split('\n', 1)[0] ?? '';
      for (let i = chunk.indexOf(NEWLINE); i !== -1 && i < length; i = chunk.indexOf(NEWLINE, i + 1))
        lines += 1;
      at += length;
    }
    return { lines, bytes: size - begin, first: parsed(head) };
  } finally {
    closeSync(fd);
  }
}

/** A line that is not whole says nothing. */
function parsed(line: string): Partial<HostRecord> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
