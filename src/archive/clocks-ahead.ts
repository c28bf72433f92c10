import type { DuckDBConnection } from '@duckdb/node-api';
import type { ArchiveManifest } from '../generated/manifest';
import { AHEAD_MS, isAhead } from '../ledger/clock-ahead';
import { type Archive, commit } from './commit';
import { HOSTS } from './host-table';
import { partsIn } from './manifest';
import { partsSql, rowsOf } from './part';
import { SLICES } from './slice-table';

/** Rows of lines as they came: each has the end of its newest line. */
const TABLES = [HOSTS.name, SLICES.name];

/** A host that wrote lines of a time that has not come yet. */
export interface HostAhead {
  readonly host: string;
  /** Lines of slots of time that end later than now, of the host itself and of runs. */
  readonly lines: number;
  /** End of the newest of them, Unix ms. */
  readonly lastMs: number;
}

/**
 * The hosts whose lines in the archive end later than now, by a clock that was ahead; the furthest first.
 * @throws the system's error, or DuckDB's
 */
export async function hostsAhead(
  connection: DuckDBConnection,
  { dir, manifest }: { readonly dir: string; readonly manifest: ArchiveManifest },
  nowMs: number,
): Promise<HostAhead[]> {
  const untilMs = nowMs + AHEAD_MS;
  const from = rowsSql(dir, manifest, untilMs - manifest.slot_ms, Number.MAX_SAFE_INTEGER);
  if (from === null) return [];
  const rows = await rowsOf(
    connection,
    `SELECT host, sum(lines)::DOUBLE AS lines, max(to_ms)::DOUBLE AS last_ms FROM ${from} WHERE to_ms > ${untilMs}
     GROUP BY host ORDER BY last_ms DESC, host`,
  );
  return rows.map((row) => ({
    host: String(row['host']),
    lines: Number(row['lines']),
    lastMs: Number(row['last_ms']),
  }));
}

/**
 * An archive whose `data_until` lies in the future, by a version that took it from any clock, gets that of its newest row that does not.
 * @throws EitError EIT_LEDGER_LOCKED
 */
export async function mendDataUntil(
  connection: DuckDBConnection,
  archive: Archive,
  nowMs: number,
  isStillOurs: () => boolean,
): Promise<void> {
  const { dir, manifest } = archive;
  if (manifest.data_until === null || !isAhead(Date.parse(manifest.data_until), nowMs)) return;
  const untilMs = nowMs + AHEAD_MS;
  const from = rowsSql(dir, manifest, -Infinity, untilMs);
  const [row] =
    from === null
      ? []
      : await rowsOf(connection, `SELECT max(to_ms)::DOUBLE AS ms FROM ${from} WHERE to_ms <= ${untilMs}`);
  const ms = row?.['ms'] ?? null;
  await commit(archive, { dataUntilMs: ms === null ? null : Number(ms) }, nowMs, isStillOurs);
}

/** null: no part has rows then. */
function rowsSql(dir: string, manifest: ArchiveManifest, fromMs: number, untilMs: number): string | null {
  const paths = TABLES.map((kind) => partsIn(manifest, kind, fromMs, untilMs).map(({ path }) => path));
  const tables = paths.flatMap((of) =>
    of.length === 0 ? [] : [`SELECT host, lines, to_ms FROM ${partsSql(dir, of)}`],
  );
  return tables.length === 0 ? null : `(${tables.join(' UNION ALL ')})`;
}
