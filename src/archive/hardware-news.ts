import type { DuckDBConnection } from '@duckdb/node-api';
import type { ArchiveManifest } from '../generated/manifest';
import type { HardwareTold } from '../runs/hardware-models';
import { sqlText } from './duckdb';
import { HARDWARE, hardwareTold } from './host-table';
import { partsSql, rowsOf } from './part';
import { readRows } from './read-rows';
import { RUN_DAYS } from './run-day-table';
import { SLICES } from './slice-table';

/**
 * Slots of time of which the archive's slices are of hosts that turn out to have been made of something else than was known: what was added
 * up of them names the wrong models.
 * @param told what was taken from the inbox and is not committed yet
 * @returns Unix ms
 * @throws EitError EIT_ARCHIVE
 */
export async function slotsOfNews(
  connection: DuckDBConnection,
  dir: string,
  { parts, slot_ms: slotMs }: ArchiveManifest,
  told: readonly HardwareTold[],
): Promise<number[]> {
  const pathsOf = (name: string) => parts.flatMap(({ kind, path }) => (kind === name ? [path] : []));
  const slices = pathsOf(SLICES.name);
  if (told.length === 0 || slices.length === 0 || pathsOf(RUN_DAYS.name).length === 0) return [];
  const known = await knownOf(connection, dir, pathsOf(HARDWARE.name), new Set(told.map(({ host }) => host)));
  const news = newsOf(known, told);
  if (news.size === 0) return [];
  const values = [...news].map(([host, sinceMs]) => `(${sqlText(host)}, ${sinceMs - slotMs})`).join(', ');
  const rows = await rowsOf(
    connection,
    `SELECT DISTINCT slot_ms FROM ${partsSql(dir, slices)} AS slices JOIN (VALUES ${values}) AS news (host, since_ms) ` +
      'ON slices.host = news.host AND slot_ms > since_ms',
  );
  return rows.map(({ slot_ms: ms }) => Number(ms));
}

/** By what a model is of, when each was told first, Unix ms. */
type Known = Map<string, Map<string, number>>;

async function knownOf(
  connection: DuckDBConnection,
  dir: string,
  paths: readonly string[],
  hosts: ReadonlySet<string>,
): Promise<Known> {
  const known: Known = new Map();
  if (paths.length === 0) return known;
  const from =
    `(SELECT host, hardware, min(from_ms) AS from_ms FROM ${partsSql(dir, paths)} ` +
    `WHERE host IN (${[...hosts].map(sqlText).join(', ')}) GROUP BY host, hardware)`;
  const names = HARDWARE.columns.map(({ name }) => name);
  for await (const values of readRows(connection, HARDWARE, names, from))
    newsOf(known, [hardwareTold('', values)]);
  return known;
}

/**
 * Hosts of which something new is told, with the time from which on it is, Unix ms.
 * @param known takes it too
 */
function newsOf(known: Known, told: readonly HardwareTold[]): Map<string, number> {
  const news = new Map<string, number>();
  for (const { host, from, hardware } of told) {
    const atMs = Date.parse(from);
    for (const [part, model] of modelsOf(hardware)) {
      const key = `${host}\0${part}`;
      const models = known.get(key) ?? new Map<string, number>();
      known.set(key, models);
      if ((models.get(model) ?? Infinity) <= atMs) continue;
      // The first that was told holds for all the time before.
      const isFirst = [...models.values()].every((firstMs) => atMs <= firstMs);
      models.set(model, atMs);
      news.set(host, Math.min(news.get(host) ?? Infinity, isFirst ? 0 : atMs));
    }
  }
  return news;
}

function modelsOf(hardware: HardwareTold['hardware']): [part: string, model: string][] {
  return [
    ...(hardware?.cpu === undefined ? [] : [['', hardware.cpu] as [string, string]]),
    ...Object.entries(hardware?.gpus ?? {}).map(([domain, { model }]): [string, string] => [domain, model]),
  ];
}
