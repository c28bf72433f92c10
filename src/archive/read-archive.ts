import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type Policy, POLICIES } from '../attribution/policy';
import type { ArchiveManifest, ArchivePart } from '../generated/manifest';
import type { SkipReason, Skipped } from '../ledger/record-line';
import type { TakenBefore } from '../ledger/inbox';
import type { HardwareTold } from '../runs/hardware-models';
import type { HostRow } from '../runs/host-row';
import type { RunFilter } from '../runs/run-filter';
import type { SliceRow } from '../runs/slice-row';
import { mergedSql, quoted, type Table } from './column';
import { sqlText } from './duckdb';
import { HARDWARE, hardwareTold, hostRow, HOSTS } from './host-table';
import { keptMonthsIn, monthNamed } from './kept-months';
import { partsIn } from './manifest';
import { emptyInAll, partsSql } from './part';
import { readRows } from './read-rows';
import { sliceColumns, sliceRow, SLICES } from './slice-table';
import { readState, type TakenState, takenOf, untoldUntilMs, writerKey } from './taken-state';

const DAY_MS = 86_400_000;

/** More are sorted by job first, so that they need not all be held. */
const MOST_ROWS_AT_ONCE = 300_000;

const MOST_JOBS_LISTED = 10_000;

/** A stretch of time, [sinceMs, untilMs). */
export interface Window {
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** What of the archive is wanted. */
export interface ArchiveQuery extends Window {
  readonly policy: Policy;
  /** Whether energies are wanted under the other policies too; absent: not. */
  readonly allPolicies?: boolean;
  readonly filter: RunFilter;
}

/** Takes what the archive holds. `atMs` is a moment of the row: what lies within a slot is not told apart. */
export interface ArchiveSink {
  readonly addSlice: (cluster: string, row: SliceRow, atMs: number) => void;
  readonly endJob: (cluster: string, job: number) => void;
  readonly addHost: (cluster: string, row: HostRow, atMs: number) => void;
  readonly addHardware: (told: HardwareTold) => void;
}

/** A cluster's archive as a reader has it in hand. */
export interface ReadableArchive {
  readonly cluster: string;
  /** The cluster's folder. */
  readonly dir: string;
  readonly manifest: ArchiveManifest;
}

/** What hosts are made of, whenever it was told: to be read before all else. @throws EitError EIT_ARCHIVE */
export async function readHardware(
  connection: DuckDBConnection,
  { cluster, dir, manifest }: ReadableArchive,
  sink: Pick<ArchiveSink, 'addHardware'>,
): Promise<void> {
  const paths = pathsIn(manifest, HARDWARE.name, 0, Infinity);
  if (paths.length === 0) return;
  const first =
    `(SELECT host, hardware, min(from_ms) AS from_ms FROM ${partsSql(dir, paths)} ` +
    'GROUP BY host, hardware)';
  for await (const values of readRows(connection, HARDWARE, namesOf(HARDWARE), first)) {
    sink.addHardware(hardwareTold(cluster, values));
  }
}

/**
 * Reads of a cluster's parts the slices of runs that a report needs; some more can come along. Where there are many they come
 * job by job where the sink wants to be told by `endJob` that a job's are all there.
 * @param jobTable DuckDB table of the only jobs that are wanted
 * @throws EitError EIT_ARCHIVE
 */
export async function readSlices(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  { sinceMs, untilMs, policy, allPolicies, filter }: ArchiveQuery,
  sink: Pick<ArchiveSink, 'addSlice'> & Partial<Pick<ArchiveSink, 'endJob'>>,
  jobTable?: string,
): Promise<void> {
  const { cluster, dir, manifest } = archive;
  const { slot_ms: slotMs } = manifest;
  const parts = partsOfRuns(archive, { sinceMs, untilMs }).filter((part) => mayHoldJobs(part, filter));
  if (parts.length === 0) return;
  const ofJobs = jobTable === undefined ? [] : [`job IN (FROM ${jobTable})`];
  const where = [windowSql(sinceMs, untilMs, slotMs), ...filterSql(filter), ...ofJobs].join(' AND ');
  const isLarge =
    sink.endJob !== undefined && parts.reduce((rows, part) => rows + part.rows, 0) > MOST_ROWS_AT_ONCE;
  const from = `${partsSql(
    dir,
    parts.map(({ path }) => path),
  )} WHERE ${where}${isLarge ? ' ORDER BY job' : ''}`;
  const empty = emptyInAll(parts);
  const columns = (allPolicies === true ? namesOf(SLICES) : sliceColumns(POLICIES.indexOf(policy))).filter(
    (name) => !empty.has(name),
  );
  let job: number | null = null;
  for await (const values of readRows(connection, SLICES, columns, from)) {
    const row = sliceRow(values);
    if (isLarge && job !== null && row.job !== job) sink.endJob?.(cluster, job);
    job = row.job;
    sink.addSlice(cluster, row, momentOf(row, slotMs));
  }
}

/** The parts that hold runs of a window. */
export function partsOfRuns(
  { manifest }: Pick<ReadableArchive, 'manifest'>,
  { sinceMs, untilMs }: Window,
): ArchivePart[] {
  return partsIn(manifest, SLICES.name, sinceMs - manifest.slot_ms + 1, untilMs);
}

/** Of a year's parts one or two hold a job. */
function mayHoldJobs({ jobs: held }: ArchivePart, { jobs, jobRange }: RunFilter): boolean {
  const [first, last] = held ?? [];
  if (first === undefined || last === undefined) return true;
  if (jobRange !== undefined && (last < jobRange.from || first >= jobRange.below)) return false;
  if (jobs === undefined) return true;
  for (const job of jobs) if (job >= first && job <= last) return true;
  return false;
}

/** What hosts' lines of the window come to, a row a host and its nodes. @throws EitError EIT_ARCHIVE */
export async function readHosts(
  connection: DuckDBConnection,
  { cluster, dir, manifest }: ReadableArchive,
  { sinceMs, untilMs }: Window,
  sink: Pick<ArchiveSink, 'addHost'>,
): Promise<void> {
  const { slot_ms: slotMs } = manifest;
  const paths = pathsIn(manifest, HOSTS.name, sinceMs - slotMs + 1, untilMs);
  if (paths.length === 0) return;
  const select = HOSTS.columns.map((column) => {
    const value = column.name === 'slot_ms' ? `min(${column.name})` : mergedSql(HOSTS, column);
    return `${value} AS ${quoted(column.name)}`;
  });
  const from = `(SELECT ${select.join(', ')} FROM ${partsSql(dir, paths)} WHERE ${windowSql(sinceMs, untilMs, slotMs)}${withoutCutMonths(manifest, { sinceMs, untilMs })} GROUP BY host, nodes)`;
  for await (const values of readRows(connection, HOSTS, namesOf(HOSTS), from)) {
    sink.addHost(cluster, hostRow(values), sinceMs);
  }
}

/** Of a month of which only totals are kept, a host's one row is of all of it. */
function withoutCutMonths(manifest: ArchiveManifest, window: Window): string {
  const { cut } = keptMonthsIn({ manifest }, window);
  const stretches = cut.map((month) => monthNamed(month, manifest.time_zone));
  return stretches
    .map(({ fromMs, toMs }) => ` AND NOT (slot_ms >= ${fromMs} AND slot_ms < ${toMs})`)
    .join('');
}

function namesOf({ columns }: Table<never>): string[] {
  return columns.map(({ name }) => name);
}

function pathsIn(manifest: ArchiveManifest, kind: string, fromMs: number, untilMs: number): string[] {
  return partsIn(manifest, kind, fromMs, untilMs).map(({ path }) => path);
}

/** Rows whose moment (see {@link momentOf}) lies in the window; the first two conditions let parts and row groups be passed over. */
function windowSql(sinceMs: number, untilMs: number, slotMs: number): string {
  const moment = `least(greatest((from_ms + to_ms) / 2, slot_ms), slot_ms + ${slotMs - 1})`;
  return `slot_ms > ${sinceMs - slotMs} AND slot_ms < ${untilMs} AND ${moment} >= ${sinceMs} AND ${moment} < ${untilMs}`;
}

/** The middle of what the row is of, within its slot. */
export function momentOf(
  { fromMs, toMs, slotMs: beginMs }: Pick<SliceRow, 'fromMs' | 'toMs' | 'slotMs'>,
  slotMs: number,
): number {
  return Math.min(Math.max((fromMs + toMs) / 2, beginMs), beginMs + slotMs - 1);
}

/** What of a filter DuckDB can see to; the report looks at each row again. */
export function filterSql({ users, accounts, partitions, jobs, jobRange, nodes }: RunFilter): string[] {
  const texts = (values: Iterable<string>) => [...values].map(sqlText).join(', ') || 'NULL';
  return [
    ...(users === undefined ? [] : [usersSql(users)]),
    ...(accounts === undefined ? [] : [`account IN (${texts(accounts)})`]),
    ...(partitions === undefined ? [] : [`"partition" IN (${texts(partitions)})`]),
    ...(jobs === undefined ? [] : [jobsSql(jobs)]),
    ...(jobRange === undefined ? [] : [`job >= ${jobRange.from} AND job < ${jobRange.below}`]),
    ...(nodes === undefined ? [] : [`node IN (${texts(nodes)})`]),
  ];
}

/** A long list takes DuckDB longer than what it saves. */
function jobsSql(jobs: ReadonlySet<number>): string {
  if (jobs.size <= MOST_JOBS_LISTED) return `job IN (${[...jobs].join(', ') || 'NULL'})`;
  let [first, last] = [Infinity, -Infinity];
  for (const job of jobs) [first, last] = [Math.min(first, job), Math.max(last, job)];
  return `job BETWEEN ${first} AND ${last}`;
}

/** The uid decides where both sides know it. */
function usersSql(users: NonNullable<RunFilter['users']>): string {
  const each = users.flatMap(({ uid, name }) => {
    const isNamed = name === undefined ? [] : [`"user" = ${sqlText(name)}`];
    return uid === undefined
      ? isNamed
      : [`uid = ${uid}`, ...isNamed.map((condition) => `(uid IS NULL AND ${condition})`)];
  });
  return `(${each.join(' OR ') || 'false'})`;
}

/** Counts what compaction refused of the days around the window. */
export function countRefused(
  { refused }: ArchiveManifest,
  { sinceMs, untilMs }: Pick<ArchiveQuery, 'sinceMs' | 'untilMs'>,
  skipped: Skipped,
): void {
  for (const [day, reasons] of Object.entries(refused)) {
    const dayMs = Date.parse(day);
    if (dayMs + 2 * DAY_MS <= sinceMs || dayMs - DAY_MS > untilMs) continue;
    for (const [reason, count] of Object.entries(reasons)) skipped.count(reason as SkipReason, count);
  }
}

/** What the archive has of the inbox, for those who read the rest of it. @throws EitError EIT_ARCHIVE */
export async function takenBefore(
  dir: string,
  manifest: ArchiveManifest,
): Promise<TakenBefore & Pick<TakenState, 'told'>> {
  const state = await readState(join(dir, manifest.state));
  return {
    bytes: (file, now) => {
      const { bytes = 0 } = takenOf(state, file, now) ?? {};
      return bytes <= now.size ? bytes : 0;
    },
    seen: (host, instance) => state.writers.get(writerKey(host, instance))?.seen,
    told: state.told,
    untoldUntilMs: (host, instance) => untoldUntilMs(state, writerKey(host, instance)),
  };
}
