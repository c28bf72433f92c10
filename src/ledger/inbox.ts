import { isErrno } from '../errors';
import type { EitRecord } from '../generated/record';
import { fileLines, type LineBytes } from './file-lines';
import {
  inboxFiles,
  isStorageGone,
  ledgerClusters,
  openPlain,
  unreadable,
  type InboxFile,
} from './inbox-files';
import { parseRecordLine, type Skipped } from './record-line';
import { SequenceSet } from './sequence-set';
import { utcMs } from './utc-time';

const DAY_MS = 86_400_000;

/** What of a cluster's inbox was read before, by somebody who has counted it. */
export interface TakenBefore {
  /** Bytes at a file's beginning. */
  readonly bytes: (file: InboxFile, now: { readonly size: number; readonly mtimeMs: number }) => number;
  /** Sequence numbers of a writer. */
  readonly seen: (host: string, instance: string) => SequenceSet | undefined;
  /** Until when (Unix ms) a writer's other lines end of which nobody can tell whether they were counted; -Infinity: all can be told. */
  readonly untoldUntilMs: (host: string, instance: string) => number;
}

/** A file was removed while the inbox was read: whoever removed it has taken its lines. */
export class InboxChanged extends Error {}

export interface InboxQuery {
  /** Names of the clusters to read; absent: all. */
  readonly clusters?: readonly string[] | undefined;
  /** Records whose time lies in [fromMs, toMs) are among those read, along with others of the days around. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Takes the count of what could not be read as a record. */
  readonly skipped: Skipped;
  /** As `listInbox` found them before `taken` was read; absent: as they are now. */
  readonly files?: readonly InboxFile[] | undefined;
  /** By cluster; its lines are passed over. */
  readonly taken?: ReadonlyMap<string, TakenBefore> | undefined;
  /** Told before each file, and once at the end with `done` = `files`. */
  readonly onProgress?: ((done: number, files: number) => void) | undefined;
}

/**
 * Reads the inbox, `<ledger>/<cluster>/inbox/<YYYY-MM-DD>/<host>.ndjson`, in which a record lies in the folder of the UTC
 * day of its `to`. Each record comes once, however often its line was shipped; what is no record of a version that
 * this program knows is counted in `query.skipped` and never an exception. No symbolic link is followed within an inbox.
 * Memory does not grow with the files' size.
 * @throws EitError EIT_LEDGER_UNREADABLE where the ledger is missing or may not be read; InboxChanged where one of `query.files` is gone
 */
export async function* readInbox(
  ledger: string,
  query: InboxQuery,
): AsyncGenerator<EitRecord, void, undefined> {
  const { skipped, taken } = query;
  const files = query.files ?? (await listInbox(ledger, query));
  const seen = new Map<string, SequenceSet>();
  let refused: unknown;
  let readable = 0;

  for (const [done, file] of files.entries()) {
    query.onProgress?.(done, files.length);
    const before = taken?.get(file.cluster);
    const opened = await openPlain(file.path);
    if (typeof opened === 'string') {
      skipped.count(opened);
      continue;
    }
    if (opened instanceof Error) {
      if (query.files !== undefined && isErrno(opened, 'ENOENT')) throw new InboxChanged(file.path);
      skipped.count('file not readable');
      refused = opened;
      continue;
    }
    readable++;
    try {
      const batches = fileLines(opened, before?.bytes(file, await opened.stat()) ?? 0);
      for (;;) {
        const { done: isDone, value } = await batches.next();
        if (isDone) {
          // A crash can have left a whole record without its newline.
          const last = value === null ? null : recordOf(value.line, skipped, false);
          if (last !== null && isFirst(last, seen, before, skipped)) yield last;
          break;
        }
        for (const line of value.lines) {
          const record = recordOf(line, skipped);
          if (record !== null && isFirst(record, seen, before, skipped)) yield record;
        }
      }
    } catch (error) {
      // The other files still count.
      if (!isStorageGone(error)) throw error;
      skipped.count('file not readable');
    } finally {
      await opened.close();
    }
  }
  if (readable === 0 && refused !== undefined) throw unreadable(ledger, refused);
  query.onProgress?.(files.length, files.length);
}

/** The files that a query is about. @throws EitError EIT_LEDGER_UNREADABLE */
export async function listInbox(
  ledger: string,
  query: Pick<InboxQuery, 'clusters' | 'fromMs' | 'toMs' | 'skipped'>,
): Promise<InboxFile[]> {
  const { clusters, skipped } = query;
  const days = { firstDay: utcDay(query.fromMs - DAY_MS), lastDay: utcDay(query.toMs + DAY_MS), skipped };
  const files: InboxFile[] = [];
  for (const cluster of await ledgerClusters(ledger)) {
    if (clusters !== undefined && !clusters.includes(cluster)) continue;
    files.push(...(await inboxFiles(ledger, cluster, days)));
  }
  return files;
}

function recordOf(line: LineBytes | null, skipped: Skipped, isWhole = true): EitRecord | null {
  if (line === null) {
    skipped.count('line over 1 MB');
    return null;
  }
  const parsed = parseRecordLine(line, isWhole);
  if ('record' in parsed) return parsed.record;
  skipped.count(parsed.reason);
  return null;
}

function isFirst(
  record: EitRecord,
  seen: Map<string, SequenceSet>,
  before: TakenBefore | undefined,
  skipped: Skipped,
): boolean {
  const { host, instance, seq } = record;
  if (before?.seen(host, instance)?.has(seq) === true) return false;
  const untoldMs = before?.untoldUntilMs(host, instance) ?? -Infinity;
  if (untoldMs > -Infinity && utcMs(record.to) <= untoldMs) {
    skipped.count('too old to tell whether it was counted');
    return false;
  }
  const writer = `${record.cluster}\0${host}\0${instance}`;
  let sequence = seen.get(writer);
  if (sequence === undefined) {
    sequence = new SequenceSet();
    seen.set(writer, sequence);
  }
  return sequence.add(seq);
}

const LAST_DAY_MS = Date.UTC(9999, 11, 31);

function utcDay(ms: number): string {
  return new Date(Math.max(0, Math.min(ms, LAST_DAY_MS))).toISOString().slice(0, 10);
}
