import { stat } from 'node:fs/promises';
import type { HostRecord } from '../generated/record';
import { type InboxFile, inboxFiles, ledgerClusters, openPlain } from './inbox-files';
import { parseRecordLine } from './record-line';

/** The newest that the inbox has of a host. */
export interface HostTail extends InboxFile {
  readonly bytes: number;
  /** When its file was last written, by the file server's clock (Unix ms). */
  readonly mtimeMs: number;
  /** The newest line of the host itself; null: none in the file's end, or it cannot be read. */
  readonly record: HostRecord | null;
}

export interface HostTailsQuery {
  /** Absent: all. */
  readonly clusters?: readonly string[] | undefined;
  /** UTC day (`2026-03-01`) from which on folders are looked into. */
  readonly firstDay: string;
  readonly onProgress?: ((done: number, all: number) => void) | undefined;
}

/** A stretch's lines of most hosts; those of the busiest fit into the second. */
const TAIL_BYTES = [64 * 1024, 4 * 1024 * 1024] as const;
/** Files read at once: a file server answers many as fast as one. */
const AT_ONCE = 32;

/**
 * The newest file of each host, and the newest line of the host in it. Of all others only names are read, so that ten thousand hosts take
 * seconds. What a consumed inbox has no more of is in the archive.
 * @throws EitError EIT_LEDGER_UNREADABLE
 */
export async function readHostTails(ledger: string, query: HostTailsQuery): Promise<HostTail[]> {
  const newest = new Map<string, InboxFile>();
  for (const cluster of await ledgerClusters(ledger)) {
    if (query.clusters !== undefined && !query.clusters.includes(cluster)) continue;
    // Days come in order: the last one stays.
    for (const file of await inboxFiles(ledger, cluster, { firstDay: query.firstDay }))
      newest.set(`${cluster}\0${file.host}`, file);
  }
  const files = [...newest.values()];
  const tails: HostTail[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let file = files[next++]; file !== undefined; file = files[next++]) {
      const tail = await readTail(file);
      if (tail !== null) tails.push(tail);
      query.onProgress?.(tails.length, files.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return tails.sort(
    (a, b) => a.cluster.localeCompare(b.cluster) || a.host.localeCompare(b.host, 'en', { numeric: true }),
  );
}

/** null: it is no plain file, or has gone to the archive meanwhile. */
async function readTail(file: InboxFile): Promise<HostTail | null> {
  const opened = await openPlain(file.path);
  if (typeof opened === 'string') return null;
  if (opened instanceof Error) {
    const stats = await stat(file.path).catch(() => null);
    return stats === null ? null : { ...file, bytes: stats.size, mtimeMs: stats.mtimeMs, record: null };
  }
  try {
    const { size, mtimeMs } = await opened.stat();
    for (const most of TAIL_BYTES) {
      const buffer = Buffer.alloc(Math.min(size, most));
      const { bytesRead } = await opened.read(buffer, 0, buffer.length, size - buffer.length);
      const record = lastHostRecord(buffer.subarray(0, bytesRead));
      if (record !== null || buffer.length === size) return { ...file, bytes: size, mtimeMs, record };
    }
    return { ...file, bytes: size, mtimeMs, record: null };
  } finally {
    await opened.close();
  }
}

/** The first line may be cut, and the last one half: these are no records. */
function lastHostRecord(bytes: Buffer): HostRecord | null {
  for (let to = bytes.length; to > 0;) {
    const from = bytes.lastIndexOf(0x0a, to - 1) + 1;
    const line = bytes.subarray(from, to);
    // Cheaper than to parse those of runs.
    if (line.includes('"kind":"host"')) {
      const parsed = parseRecordLine({ bytes: line, from: 0, to: line.length }, true);
      if ('record' in parsed && parsed.record.kind === 'host') return parsed.record;
    }
    to = from - 1;
  }
  return null;
}
