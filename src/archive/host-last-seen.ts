import type { DuckDBConnection } from '@duckdb/node-api';
import { HOSTS } from './host-table';
import { partsIn } from './manifest';
import { partsSql } from './part';
import type { ReadableArchive } from './read-archive';

/** What the archive has of a host. */
export interface HostSeen {
  readonly host: string;
  /** End of its newest line, Unix ms. */
  readonly lastMs: number;
  /** Of the time from `coverageFromMs` on (ms): that of which there are lines, and what of it could not be read. */
  readonly observedMs: number;
  readonly missingMs: number;
}

/**
 * When each host's newest line ended, from rows of slots: a row a host and hour, and not all lines.
 * @param sinceMs hosts of which there is nothing since then are left out (Unix ms)
 * @param coverageFromMs since when coverage is added up (Unix ms)
 * @throws EitError EIT_ARCHIVE
 */
export async function readHostsSeen(
  connection: DuckDBConnection,
  { dir, manifest }: Pick<ReadableArchive, 'dir' | 'manifest'>,
  { sinceMs, coverageFromMs }: { readonly sinceMs: number; readonly coverageFromMs: number },
): Promise<HostSeen[]> {
  const paths = partsIn(manifest, HOSTS.name, sinceMs - manifest.slot_ms, Number.MAX_SAFE_INTEGER).map(
    ({ path }) => path,
  );
  if (paths.length === 0) return [];
  const from = Math.floor(coverageFromMs);
  const observed = `greatest(0, to_ms - greatest(from_ms, ${from}))`;
  const rows = await connection.runAndReadAll(
    `SELECT host, max(to_ms)::DOUBLE, sum(CASE WHEN to_ms > ${from} THEN ${observed} ELSE 0 END)::DOUBLE,
       sum(CASE WHEN from_ms >= ${from} THEN missing_ms ELSE 0 END)::DOUBLE
     FROM ${partsSql(dir, paths)} WHERE to_ms >= ${Math.floor(sinceMs)} GROUP BY host`,
  );
  return rows.getRows().map(([host, lastMs, observedMs, missingMs]) => ({
    host: String(host),
    lastMs: Number(lastMs),
    observedMs: Number(observedMs),
    missingMs: Number(missingMs),
  }));
}
