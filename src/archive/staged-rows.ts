import type { DuckDBConnection } from '@duckdb/node-api';
import type { EitRecord, HostRecord, SeriesRecord } from '../generated/record';
import { utcMs } from '../ledger/utc-time';
import type { HardwareTold } from '../runs/hardware-models';
import { type DomainRow, type HostRow, HostRows } from '../runs/host-row';
import { type SliceRow, SliceRows } from '../runs/slice-row';
import { mergeSql, quoted, type Table } from './column';
import { DOMAINS, HARDWARE, HOSTS, SERIES } from './host-table';
import { type ExactMonthSums, hostIdleUj, mustAgree, noSums, sliceUj, sumsOfParts } from './month-sums';
import { type FileModes, writePart } from './part';
import { SLICES } from './slice-table';
import { Staging } from './staging';
import type { Taking } from './taking';

/** The rows of a taking: records are added up to them, and they are written as parts. */
export class StagedRows {
  readonly #connection: DuckDBConnection;
  readonly #options: { readonly dir: string; readonly modes: FileModes };
  readonly #taking: Taking;
  readonly #slices: SliceRows;
  readonly #hosts: HostRows;
  readonly #hardware: HostRecord[] = [];
  readonly #series: SeriesRecord[] = [];
  readonly #staged: {
    readonly slices: Staging<SliceRow>;
    readonly hosts: Staging<HostRow>;
    readonly domains: Staging<DomainRow>;
    readonly hardware: Staging<HostRecord>;
    readonly series: Staging<SeriesRecord>;
  };
  /** By table. */
  readonly #months = new Map<string, Set<string>>();

  /** @param taking is told what the rows come to, and the parts */
  constructor(
    connection: DuckDBConnection,
    options: { readonly dir: string; readonly modes: FileModes; readonly slotMs: number },
    taking: Taking,
  ) {
    this.#connection = connection;
    this.#options = options;
    this.#taking = taking;
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

  /** Rows that are stored. */
  get count(): number {
    return this.#staged.slices.rows + this.#staged.domains.rows;
  }

  /** Adds a record that counts. */
  add(record: EitRecord): void {
    if (record.kind === 'run') this.#slices.add(record);
    else if (record.kind === 'host') {
      this.#hosts.add(record);
      if (record.hardware !== undefined) this.#hardware.push(record);
    } else this.#series.push(record);
  }

  /** Hands over what was added, and forgets it: not before all lines of a fragment that come together were added. */
  async store(): Promise<void> {
    const { slots, uids, hardware } = this.#taking;
    for (const row of this.#slices.rows) {
      const sums = this.#inMonth(SLICES, row.slotMs);
      slots.add(row.slotMs);
      if (row.uid !== undefined) entry(uids, utcMonth(row.slotMs), () => new Set<number>()).add(row.uid);
      sums.runLines += row.lines;
      sums.runUj += BigInt(sliceUj(row));
    }
    for (const row of this.#hosts.hosts()) {
      const sums = this.#inMonth(HOSTS, row.slotMs);
      sums.hostLines += row.lines;
      sums.idleUj += BigInt(hostIdleUj(row));
    }
    for (const row of this.#hosts.domains()) this.#inMonth(DOMAINS, row.slotMs);
    for (const record of this.#hardware) {
      this.#inMonth(HARDWARE, utcMs(record.from));
      hardware.push(toldOf(record));
    }
    for (const record of this.#series) this.#inMonth(SERIES, utcMs(record.from));
    await this.#staged.slices.addAll(this.#slices.rows);
    await this.#staged.hosts.addAll(this.#hosts.hosts());
    await this.#staged.domains.addAll(this.#hosts.domains());
    await this.#staged.hardware.addAll(this.#hardware.splice(0));
    await this.#staged.series.addAll(this.#series.splice(0));
    this.#slices.clear();
    this.#hosts.clear();
  }

  #inMonth({ name }: Table<never>, ms: number): ExactMonthSums {
    const month = utcMonth(ms);
    entry(this.#months, name, () => new Set<string>()).add(month);
    return entry(this.#taking.sums, month, noSums);
  }

  /**
   * Writes what was stored as parts.
   * @throws EitError EIT_ARCHIVE where what is read back is not what was written
   */
  async write(): Promise<void> {
    const { slices, hosts, domains, hardware, series } = this.#staged;
    await this.#write(SLICES, slices);
    await this.#write(HOSTS, hosts);
    await this.#write(DOMAINS, domains);
    await this.#write(HARDWARE, hardware);
    await this.#write(SERIES, series);
    const { sums, parts } = this.#taking;
    mustAgree(
      'what was taken from the inbox',
      sums,
      await sumsOfParts(this.#connection, this.#options.dir, parts),
    );
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

function utcMonth(ms: number): string {
  return new Date(ms).toISOString().slice(0, 7);
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
