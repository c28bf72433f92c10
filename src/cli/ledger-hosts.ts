import { join } from 'node:path';
import { REPORT_LIMITS, withDuckDb } from '../archive/duckdb';
import { type HostSeen, readHostsSeen } from '../archive/host-last-seen';
import { readManifest } from '../archive/manifest';
import { archiveError } from '../archive/part';
import type { HostRecord } from '../generated/record';
import { type HostTail, readHostTails } from '../ledger/host-tails';
import { ledgerClusters } from '../ledger/inbox-files';

const DAY_MS = 86_400_000;
/** Inbox files of days that are over a week ago are in the archive alone. */
const INBOX_DAYS = 9;

/** What the ledger tells of a host of late. */
export interface LedgerHost {
  readonly cluster: string;
  readonly host: string;
  /** Slurm nodes on it in its newest line; it names none where nothing ran. */
  readonly nodes: readonly string[];
  /** End of its newest record, Unix ms. */
  readonly lastMs: number;
  /** From the end of its newest record to its arrival in the ledger (s), by two clocks: below 0 the host's is ahead. null: not known. */
  readonly lagS: number | null;
  /** EIT's version there; null: not known any more. */
  readonly version: string | null;
  readonly quality: 'measured' | 'modelled' | 'mixed' | 'none' | null;
  /** Part (0 to 1) of the last 24 hours, as far as the archive goes, that was observed; null: not known. */
  readonly coverage: number | null;
}

export interface LedgerHosts {
  readonly hosts: readonly LedgerHost[];
  /** Until when the archive of each cluster goes (Unix ms); null: nothing was compacted. */
  readonly archives: ReadonlyMap<string, number | null>;
}

export interface LedgerHostsQuery {
  readonly nowMs: number;
  readonly clusters?: readonly string[] | undefined;
  /** Hosts that have been silent for longer are taken for gone (days). */
  readonly days: number;
  readonly onProgress?: (done: number, all: number) => void;
}

/**
 * All hosts of the ledger, by the newest lines of the inbox and the archive's rows of hosts.
 * @throws EitError EIT_LEDGER_UNREADABLE, EIT_ARCHIVE, EIT_DUCKDB
 */
export async function readLedgerHosts(ledger: string, query: LedgerHostsQuery): Promise<LedgerHosts> {
  const { nowMs, clusters, days, onProgress } = query;
  const firstDay = new Date(nowMs - Math.min(INBOX_DAYS, days + 1) * DAY_MS).toISOString().slice(0, 10);
  const tails = await readHostTails(ledger, { clusters, firstDay, onProgress });
  const found = new Map<string, LedgerHost>();
  for (const tail of tails) found.set(keyOf(tail.cluster, tail.host), hostOfTail(tail));

  const archives = new Map<string, number | null>();
  for (const cluster of await ledgerClusters(ledger)) {
    if (clusters !== undefined && !clusters.includes(cluster)) continue;
    const dir = join(ledger, cluster);
    const manifest = await readManifest(dir);
    const until = manifest?.data_until ?? null;
    const untilMs = until === null ? null : Date.parse(until);
    archives.set(cluster, untilMs);
    if (manifest === null || untilMs === null) continue;
    const coverageFromMs = Math.min(nowMs, untilMs) - DAY_MS;
    const seen = await withDuckDb(REPORT_LIMITS, (connection) =>
      readHostsSeen(connection, { dir, manifest }, { sinceMs: nowMs - days * DAY_MS, coverageFromMs }),
    ).catch((error: unknown) => {
      throw archiveError(error);
    });
    for (const one of seen) {
      const key = keyOf(cluster, one.host);
      found.set(key, withArchive(found.get(key), cluster, one));
    }
  }
  const hosts = [...found.values()].sort(
    (a, b) => a.cluster.localeCompare(b.cluster) || a.host.localeCompare(b.host, 'en', { numeric: true }),
  );
  return { hosts, archives };
}

function keyOf(cluster: string, host: string): string {
  return `${cluster}\0${host}`;
}

function hostOfTail({ cluster, host, record, mtimeMs }: HostTail): LedgerHost {
  const lastMs = record === null ? mtimeMs : Date.parse(record.to);
  return {
    cluster,
    host,
    nodes: record?.nodes ?? [],
    lastMs,
    lagS: record === null ? null : (mtimeMs - lastMs) / 1000,
    version: record?.tool ?? null,
    quality: record === null ? null : qualityOf(record),
    coverage: null,
  };
}

function withArchive(tail: LedgerHost | undefined, cluster: string, seen: HostSeen): LedgerHost {
  const { host, lastMs, observedMs, missingMs } = seen;
  const coverage = Math.max(0, Math.min(1, (observedMs - missingMs) / DAY_MS));
  if (tail !== undefined) return { ...tail, lastMs: Math.max(tail.lastMs, lastMs), coverage };
  return { cluster, host, nodes: [], lastMs, lagS: null, version: null, quality: null, coverage };
}

/** Of the domains that count. */
function qualityOf({ domains }: HostRecord): LedgerHost['quality'] {
  const qualities = new Set(Object.values(domains).map(({ quality }) => quality));
  if (qualities.size === 0) return 'none';
  if (qualities.size > 1) return 'mixed';
  return qualities.has('measured') ? 'measured' : 'modelled';
}
