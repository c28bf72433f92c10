import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type Policy, POLICIES } from '../attribution/policy';
import type { ArchiveManifest } from '../generated/manifest';
import type { SkipReason, Skipped } from '../ledger/record-line';
import type { TakenBefore } from '../ledger/inbox';
import type { HardwareTold } from '../runs/hardware-models';
import type { HostRow } from '../runs/host-row';
import type { RunFilter } from '../runs/run-filter';
import type { SliceRow } from '../runs/slice-row';
import { sqlText } from './duckdb';
import { HARDWARE, hardwareTold, hostRow, HOSTS } from './host-table';
import { partsIn } from './manifest';
import { partsSql } from './part';
import { readRows } from './read-rows';
import { sliceColumns, sliceRow, SLICES } from './slice-table';
import { fileKey, readState, writerKey } from './taken-state';

const DAY_MS = 86_400_000;

/** What of the archive is wanted. */
export interface ArchiveQuery {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly policy: Policy;
  readonly filter: RunFilter;
}

/** Takes what the archive holds. `atMs` is a moment of the row: what lies within a slot is not told apart. */
export interface ArchiveSink {
  readonly seen: (toMs: number) => void;
  readonly addSlice: (cluster: string, row: SliceRow, atMs: number) => void;
  readonly addHost: (cluster: string, row: HostRow, atMs: number) => void;
  readonly addHardware: (told: HardwareTold) => void;
}

/**
 * Reads of a cluster's parts what a report needs; some more can come along.
 * @param dir the cluster's folder
 * @throws EitError EIT_ARCHIVE
 */
export async function readArchive(
  connection: DuckDBConnection,
  {
    dir,
    cluster,
    manifest,
  }: { readonly dir: string; readonly cluster: string; readonly manifest: ArchiveManifest },
  { sinceMs, untilMs, policy, filter }: ArchiveQuery,
  sink: ArchiveSink,
): Promise<void> {
  const { slot_ms: slotMs } = manifest;
  if (manifest.data_until !== null) sink.seen(Date.parse(manifest.data_until));
  const paths = (kind: string, fromMs: number) =>
    partsIn(manifest, kind, fromMs, untilMs).map(({ path }) => path);
  const window = `slot_ms > ${sinceMs - slotMs} AND slot_ms < ${untilMs}`;

  const slices = paths(SLICES.name, sinceMs - slotMs);
  if (slices.length > 0) {
    const where = [window, ...filterSql(filter)].join(' AND ');
    const columns = sliceColumns(POLICIES.indexOf(policy));
    const rows = readRows(connection, SLICES, columns, `${partsSql(dir, slices)} WHERE ${where}`);
    for await (const values of rows) {
      const row = sliceRow(values);
      sink.addSlice(cluster, row, momentOf(row, slotMs));
    }
  }
  const hosts = paths(HOSTS.name, sinceMs - slotMs);
  if (hosts.length > 0) {
    const columns = HOSTS.columns.map(({ name }) => name);
    for await (const values of readRows(
      connection,
      HOSTS,
      columns,
      `${partsSql(dir, hosts)} WHERE ${window}`,
    )) {
      const row = hostRow(values);
      sink.addHost(cluster, row, momentOf(row, slotMs));
    }
  }
  const hardware = paths(HARDWARE.name, 0);
  if (hardware.length > 0) {
    const first =
      `(SELECT host, hardware, min(from_ms) AS from_ms FROM ${partsSql(dir, hardware)} ` +
      `WHERE from_ms < ${untilMs} GROUP BY host, hardware)`;
    const columns = HARDWARE.columns.map(({ name }) => name);
    for await (const values of readRows(connection, HARDWARE, columns, first)) {
      sink.addHardware(hardwareTold(cluster, values));
    }
  }
}

/** The middle of what the row is of, within its slot. */
function momentOf(
  { fromMs, toMs, slotMs: beginMs }: Pick<SliceRow, 'fromMs' | 'toMs' | 'slotMs'>,
  slotMs: number,
): number {
  return Math.min(Math.max((fromMs + toMs) / 2, beginMs), beginMs + slotMs - 1);
}

/** What of a filter DuckDB can see to; the report looks at each row again. */
function filterSql({ users, accounts, partitions, jobs, nodes }: RunFilter): string[] {
  const texts = (values: Iterable<string>) => [...values].map(sqlText).join(', ') || 'NULL';
  return [
    ...(users === undefined ? [] : [usersSql(users)]),
    ...(accounts === undefined ? [] : [`account IN (${texts(accounts)})`]),
    ...(partitions === undefined ? [] : [`"partition" IN (${texts(partitions)})`]),
    ...(jobs === undefined ? [] : [`job IN (${[...jobs].join(', ') || 'NULL'})`]),
    ...(nodes === undefined ? [] : [`node IN (${texts(nodes)})`]),
  ];
}

function usersSql(users: NonNullable<RunFilter['users']>): string {
  const uids = users.flatMap(({ uid }) => uid ?? []);
  const names = users.flatMap(({ name }) => (name === undefined ? [] : sqlText(name)));
  return `(uid IN (${uids.join(', ') || 'NULL'}) OR "user" IN (${names.join(', ') || 'NULL'}))`;
}

/** Counts what compaction refused of the days around the window. */
export function countRefused(
  { refused }: ArchiveManifest,
  { sinceMs, untilMs }: Pick<ArchiveQuery, 'sinceMs' | 'untilMs'>,
  skipped: Skipped,
): void {
  for (const [day, reasons] of Object.entries(refused)) {
    const dayMs = Date.parse(day);
    if (dayMs + 2 * DAY_MS <= sinceMs || dayMs - DAY_MS >= untilMs) continue;
    for (const [reason, count] of Object.entries(reasons)) skipped.count(reason as SkipReason, count);
  }
}

/** What the archive has of the inbox, for those who read the rest of it. @throws EitError EIT_ARCHIVE */
export async function takenBefore(dir: string, manifest: ArchiveManifest): Promise<TakenBefore> {
  const { files, writers } = await readState(join(dir, manifest.state));
  return {
    bytes: (file) => files.get(fileKey(file))?.bytes ?? 0,
    seen: (host, instance) => writers.get(writerKey(host, instance))?.seen,
  };
}
