import type { DuckDBConnection } from '@duckdb/node-api';
import { HOSTS } from './host-table';
import { partsIn } from './manifest';
import { partsSql, rowsOf } from './part';
import { type ArchiveQuery, filterSql, type ReadableArchive, type Window } from './read-archive';
import { SLICES } from './slice-table';

/**
 * The slots within which a window begins or ends while something in them goes on: a row is of the report as a whole where its middle
 * lies in the window, so the report has not the window's times there. None for one that ends after all that the archive holds of the
 * slot, as a report until now does.
 * @param withHosts whether the report reads what hosts' rows say too
 * @throws EitError EIT_ARCHIVE
 */
export async function cutSlots(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  { sinceMs, untilMs, filter }: Pick<ArchiveQuery, 'sinceMs' | 'untilMs' | 'filter'>,
  withHosts: boolean,
): Promise<Window[]> {
  const found = new Map<number, Window>();
  const { slot_ms: slotMs } = archive.manifest;
  for (const atMs of [sinceMs, untilMs]) {
    const fromMs = Math.floor(atMs / slotMs) * slotMs;
    if (fromMs === atMs || found.has(fromMs)) continue;
    const isCut =
      (await goesOn(connection, archive, SLICES.name, { fromMs, atMs }, filterSql(filter))) ||
      (withHosts && (await goesOn(connection, archive, HOSTS.name, { fromMs, atMs }, [])));
    if (isCut) found.set(fromMs, { sinceMs: fromMs, untilMs: fromMs + slotMs });
  }
  return [...found.values()];
}

/** Whether a row of the slot was added up of several lines, of before a moment and of after it. */
async function goesOn(
  connection: DuckDBConnection,
  { dir, manifest }: ReadableArchive,
  kind: string,
  { fromMs, atMs }: { readonly fromMs: number; readonly atMs: number },
  conditions: readonly string[],
): Promise<boolean> {
  const paths = partsIn(manifest, kind, fromMs, fromMs + 1).map(({ path }) => path);
  if (paths.length === 0) return false;
  const where = [`slot_ms = ${fromMs}`, `from_ms < ${atMs}`, `to_ms > ${atMs}`, 'lines > 1', ...conditions];
  const rows = await rowsOf(
    connection,
    `SELECT 1 FROM ${partsSql(dir, paths)} WHERE ${where.join(' AND ')} LIMIT 1`,
  );
  return rows.length > 0;
}
