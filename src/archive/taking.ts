import { randomBytes } from 'node:crypto';
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ArchivePart } from '../generated/manifest';
import type { EitRecord, HostRecord, SeriesRecord } from '../generated/record';
import { fileLines } from '../ledger/file-lines';
import { type InboxFile, isStorageGone, openPlain } from '../ledger/inbox-files';
import { parseRecordLine, type SkipReason } from '../ledger/record-line';
import { SequenceSet } from '../ledger/sequence-set';
import type { HardwareTold } from '../runs/hardware-models';
import { type HostRow, HostRows, type DomainRow } from '../runs/host-row';
import { type SliceRow, SliceRows } from '../runs/slice-row';
import { mergeSql, quoted, type Table } from './column';
import { DOMAINS, HARDWARE, HOSTS, SERIES } from './host-table';
import { type ExactMonthSums, hostIdleUj, mustAgree, noSums, sliceUj, sumsOfParts } from './month-sums';
import { type FileModes, writePart } from './part';
import { SLICES } from './slice-table';
import { Staging } from './staging';
import {
  fileKey,
  takenOf,
  type TakenFile,
  type TakenState,
  type TakenWriter,
  writerKey,
} from './taken-state';

const DAY_MS = 86_400_000;

/** Writers are remembered so long; a line older than this may have been counted by one that is forgotten. */
export const REMEMBERED_MS = 400 * DAY_MS;

/** Of a refused line this much is kept. */
const KEPT_CHARACTERS = 4096;

/** Rows of one taking: what is more is left for the next. */
const MOST_ROWS = 1_000_000;

/** What was taken from the inbox and is written, but not committed: nobody reads it yet. */
export interface Taking {
  readonly parts: ArchivePart[];
  /** What is known now of each file looked at. */
  readonly files: Map<string, TakenFile>;
  /** What is new. */
  readonly writers: Map<string, TakenWriter>;
  /** By month. */
  readonly sums: Map<string, ExactMonthSums>;
  /** By day of the inbox. */
  readonly refused: Map<string, Map<SkipReason, number>>;
  /** By month, the users of whose runs there are new slices. */
  readonly uids: Map<string, Set<number>>;
  /** Slots of time of which there are new slices, or slices of which something else is new. */
  readonly slots: Set<number>;
  /** What hosts told of their hardware. */
  readonly hardware: HardwareTold[];
  dataUntilMs: number | null;
  /** Whether files are left for the next taking. */
  isPart: boolean;
  bytes: number;
  lines: number;
  duplicates: number;
  /** Files that could not be opened, with the reason. */
  readonly unread: { readonly path: string; readonly reason: string }[];
}

export function emptyTaking(): Taking {
  return {
    parts: [],
    files: new Map(),
    writers: new Map(),
    sums: new Map(),
    refused: new Map(),
    uids: new Map(),
    slots: new Set(),
    hardware: [],
    dataUntilMs: null,
    isPart: false,
    bytes: 0,
    lines: 0,
    duplicates: 0,
    unread: [],
  };
}

/** What a taking needs to know. */
export interface TakingOptions {
  /** The cluster's folder. */
  readonly dir: string;
  readonly slotMs: number;
  readonly before: TakenState;
  readonly nowMs: number;
  readonly modes: FileModes;
  /** Told the bytes taken so far. */
  readonly onProgress?: (bytes: number) => void;
}

/**
 * Reads what inbox files have beyond what was taken before, each record once, and writes it as parts. A half line at a file's end is left for
 * the next time.
 * @returns null where there was nothing
 * @throws EitError EIT_ARCHIVE where what is read back is not what was written; the system's error
 */
export async function takeIn(
  connection: DuckDBConnection,
  files: readonly InboxFile[],
  options: TakingOptions,
): Promise<Taking | null> {
  const intake = new Intake(connection, options);
  for (const file of files) {
    if (intake.rows >= MOST_ROWS) {
      intake.leaveRest();
      break;
    }
    await intake.takeFile(file);
  }
  return intake.finish();
}

/**
 * Takes files in, a piece at a time: as many takings as they need, each in the knowledge of those before it.
 * @param before asked for each: what was taken by then
 * @throws as {@link takeIn}
 */
export async function* takings(
  connection: DuckDBConnection,
  files: readonly InboxFile[],
  options: Omit<TakingOptions, 'before'>,
  before: () => TakenState,
): AsyncGenerator<Taking, void, undefined> {
  for (;;) {
    const taking = await takeIn(connection, files, { ...options, before: before() });
    if (taking === null) return;
    yield taking;
    if (taking.files.size === 0 || !taking.isPart) return;
  }
}

class Intake {
  readonly #options: TakingOptions;
  readonly #connection: DuckDBConnection;
  readonly #slices: SliceRows;
  readonly #hosts: HostRows;
  readonly #staged: {
    readonly slices: Staging<SliceRow>;
    readonly hosts: Staging<HostRow>;
    readonly domains: Staging<DomainRow>;
    readonly hardware: Staging<HostRecord>;
    readonly series: Staging<SeriesRecord>;
  };
  readonly #months = new Map<string, Set<string>>();
  readonly #aside: string[] = [];
  readonly #taking = emptyTaking();

  constructor(connection: DuckDBConnection, options: TakingOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#slices = new SliceRows(options.slotMs);
    this.#hosts = new HostRows(options.slotMs);
    this.#staged = {
      slices: new Staging(connection, SLICES),
      hosts: new Staging(connection, HOSTS),
      domains: new Staging(connection, DOMAINS),
      hardware: new Staging(connection, HARDWARE),
      series: new Staging(connection, SERIES),
    };
  }

  get rows(): number {
    return this.#staged.slices.rows + this.#staged.domains.rows;
  }

  leaveRest(): void {
    this.#taking.isPart = true;
  }

  async takeFile(file: InboxFile): Promise<void> {
    const opened = await openPlain(file.path);
    if (typeof opened === 'string' || opened instanceof Error) {
      this.#taking.unread.push({ path: file.path, reason: String(opened) });
      return;
    }
    try {
      const now = await opened.stat();
      const { size } = now;
      const before = takenOf(this.#options.before, file, now);
      // One that became shorter is read anew: what of it was counted is known by its writers.
      const isAnew = before !== undefined && size < before.bytes;
      const taken: TakenFile =
        before === undefined
          ? { bytes: 0, lines: 0, uj: 0n }
          : isAnew
            ? { bytes: 0, lines: 0, uj: 0n, mostLines: Math.max(before.lines, before.mostLines ?? 0) }
            : { ...before };
      if (taken.bytes === size && !isAnew) return;
      const begin = taken.bytes;
      for await (const { lines, begins, end } of fileLines(opened, begin, size)) {
        for (const [i, line] of lines.entries()) await this.#takeLine(file, line, begins[i]!, taken);
        taken.bytes = end;
      }
      if (taken.bytes === begin && !isAnew) return;
      this.#taking.bytes += taken.bytes - begin;
      this.#taking.files.set(fileKey(file), taken);
      this.#options.onProgress?.(this.#taking.bytes);
    } catch (error) {
      if (!isStorageGone(error)) throw error;
      this.#taking.unread.push({ path: file.path, reason: String(error) });
    } finally {
      await opened.close();
      await this.#stage();
    }
  }

  async #takeLine(file: InboxFile, line: string | null, offset: number, taken: TakenFile): Promise<void> {
    const parsed = line === null ? { reason: 'line over 1 MB' as const } : parseRecordLine(line);
    if ('reason' in parsed) {
      this.#refuse(file, line, offset, parsed.reason);
      return;
    }
    const { record } = parsed;
    const toMs = Date.parse(record.to);
    if (toMs < this.#options.nowMs - REMEMBERED_MS) {
      this.#refuse(file, line, offset, 'too old to tell whether it was counted');
      return;
    }
    taken.lines++;
    taken.uj += BigInt(energyOf(record));
    this.#taking.lines++;
    if (!this.#isFirst(record, toMs)) {
      this.#taking.duplicates++;
      return;
    }
    this.#taking.dataUntilMs = Math.max(this.#taking.dataUntilMs ?? 0, toMs);
    if (record.kind === 'run') this.#slices.add(record);
    else if (record.kind === 'host') {
      this.#hosts.add(record);
      if (record.hardware !== undefined) {
        this.#inMonth(HARDWARE, Date.parse(record.from));
        this.#taking.hardware.push(toldOf(record));
        await this.#staged.hardware.add(record);
      }
    } else {
      this.#inMonth(SERIES, Date.parse(record.from));
      await this.#staged.series.add(record);
    }
  }

  #isFirst(record: EitRecord, toMs: number): boolean {
    const key = writerKey(record.host, record.instance);
    if (this.#options.before.writers.get(key)?.seen.has(record.seq) === true) return false;
    let writer = this.#taking.writers.get(key);
    if (writer === undefined) {
      writer = { lastMs: toMs, seen: new SequenceSet() };
      this.#taking.writers.set(key, writer);
    }
    writer.lastMs = Math.max(writer.lastMs, toMs);
    return writer.seen.add(record.seq);
  }

  #refuse(file: InboxFile, line: string | null, offset: number, reason: SkipReason): void {
    const reasons = entry(this.#taking.refused, file.day, () => new Map<SkipReason, number>());
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    const { day, host } = file;
    this.#aside.push(
      JSON.stringify({ day, host, offset, reason, line: line?.slice(0, KEPT_CHARACTERS) ?? null }),
    );
  }

  /** A fragment is of one host: its rows are whole when the host's file is. */
  async #stage(): Promise<void> {
    for (const row of this.#slices.rows) {
      const sums = this.#inMonth(SLICES, row.slotMs);
      this.#taking.slots.add(row.slotMs);
      if (row.uid !== undefined) {
        entry(this.#taking.uids, utcMonth(row.slotMs), () => new Set<number>()).add(row.uid);
      }
      sums.runLines += row.lines;
      sums.runUj += BigInt(sliceUj(row));
      await this.#staged.slices.add(row);
    }
    for (const row of this.#hosts.hosts) {
      const sums = this.#inMonth(HOSTS, row.slotMs);
      sums.hostLines += row.lines;
      sums.idleUj += BigInt(hostIdleUj(row));
      await this.#staged.hosts.add(row);
    }
    for (const row of this.#hosts.domains) {
      this.#inMonth(DOMAINS, row.slotMs);
      await this.#staged.domains.add(row);
    }
    this.#slices.clear();
    this.#hosts.clear();
  }

  #inMonth({ name }: Table<never>, ms: number): ExactMonthSums {
    const month = utcMonth(ms);
    entry(this.#months, name, () => new Set<string>()).add(month);
    return entry(this.#taking.sums, month, noSums);
  }

  async finish(): Promise<Taking | null> {
    const { dir } = this.#options;
    const taking = this.#taking;
    if (taking.files.size === 0) return taking.unread.length === 0 ? null : taking;
    const { slices, hosts, domains, hardware, series } = this.#staged;
    await this.#write(SLICES, slices);
    await this.#write(HOSTS, hosts);
    await this.#write(DOMAINS, domains);
    await this.#write(HARDWARE, hardware);
    await this.#write(SERIES, series);
    mustAgree(
      'what was taken from the inbox',
      taking.sums,
      await sumsOfParts(this.#connection, dir, taking.parts),
    );
    if (this.#aside.length > 0) {
      const folder = join(dir, 'aside');
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const path = join(folder, `${randomBytes(8).toString('hex')}.ndjson`);
      await appendFile(path, `${this.#aside.join('\n')}\n`, { mode: 0o600 });
    }
    return taking;
  }

  async #write<Row>(table: Table<Row>, staging: Staging<Row>): Promise<void> {
    const { dir, modes } = this.#options;
    const months = this.#months.get(table.name) ?? [];
    if (staging.rows === 0 && [...months].length === 0) return;
    const merged = mergeSql(table, await staging.relation());
    for (const month of months) {
      const select = `SELECT * FROM (${merged}) WHERE ${inMonthSql(table, month)}`;
      const part = await writePart(this.#connection, dir, table, month, 0, select, modes);
      if (part !== null) this.#taking.parts.push(part);
    }
    await staging.clear();
  }
}

function toldOf({ cluster, host, from, hardware }: HostRecord): HardwareTold {
  return { cluster, host, from, ...(hardware === undefined ? {} : { hardware }) };
}

/** SQL condition that a row lies in a UTC month. */
function inMonthSql({ time }: Table<never>, month: string): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return `${quoted(time)} >= ${Date.UTC(year, number - 1)} AND ${quoted(time)} < ${Date.UTC(year, number)}`;
}

export function utcMonth(ms: number): string {
  return new Date(ms).toISOString().slice(0, 7);
}

/** By which a file is known to be the one that was taken, µJ under all policies: a line's is below 2^53. */
export function energyOf(record: EitRecord): number {
  let uj = 0;
  if (record.kind === 'run') {
    for (const energy of [record.measured_uj, record.modelled_uj ?? {}]) {
      for (const domain in energy) for (const amount of energy[domain]!) uj += amount;
    }
  } else if (record.kind === 'host') {
    for (const domain of Object.values(record.domains)) uj += domain.counter_uj;
  }
  return uj;
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
