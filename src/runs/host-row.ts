import { POLICIES } from '../attribution/policy';
import type { HostDomain, HostRecord } from '../generated/record';
import { utcMs } from '../ledger/utc-time';
import { midpointMs } from './slice-row';

/** How a host's idle power is known. */
export type IdleKnown = 'calibrated' | 'modelled' | 'unknown';

/** What lines of one host that name the same nodes say of one slot of time, added up. */
export interface HostRow {
  readonly host: string;
  /** Begin of the slot, Unix ms. */
  readonly slotMs: number;
  fromMs: number;
  toMs: number;
  lines: number;
  /** Slurm nodes seen on it. */
  readonly nodes: Set<string>;
  /** By policy. */
  readonly idleUj: number[];
  readonly systemUj: number[];
  /** Sum over the lines of the longest time that a domain could not be read. */
  missingMs: number;
  /** Of the newest of the lines that have a measured domain; undefined: none has. */
  idleKnown: IdleKnown | undefined;
  /** End of that line, Unix ms. */
  idleKnownMs: number | undefined;
  /** Most CPUs online. */
  cpus: number;
  busyUs: number;
  runsUs: number;
  /** The agent's own. */
  agentCpuUs: number;
  agentRssBytes: number | undefined;
}

/** What lines of one host say of one domain in one slot of time, added up. */
export interface DomainRow {
  readonly host: string;
  readonly slotMs: number;
  readonly domain: string;
  readonly class: string;
  source: string;
  quality: string;
  counterUj: number;
  readonly runsUj: number[];
  readonly idleUj: number[];
  readonly systemUj: number[];
  missingMs: number;
  wraps: number;
  resets: number;
}

/** What is known of one host and slot. */
interface HostSlot {
  readonly host: string;
  readonly slotMs: number;
  /** By its nodes. */
  readonly rows: Map<string, HostRow>;
  readonly domains: Map<string, DomainRow>;
}

/** Adds lines of hosts up to rows, one a host, its nodes and slot, and one a domain, host and slot. */
export class HostRows {
  readonly #slotMs: number;
  readonly #slots = new Map<string, HostSlot>();
  /** Lines mostly come in order. */
  #last: HostSlot | undefined;

  /** @param slotMs length of a slot: slots begin at its multiples, in UTC */
  constructor(slotMs: number) {
    this.#slotMs = slotMs;
  }

  *hosts(): Iterable<HostRow> {
    for (const { rows } of this.#slots.values()) yield* rows.values();
  }

  *domains(): Iterable<DomainRow> {
    for (const { domains } of this.#slots.values()) yield* domains.values();
  }

  clear(): void {
    this.#slots.clear();
    this.#last = undefined;
  }

  add(record: HostRecord): void {
    const { host, nodes, domains } = record;
    const slot = this.#slotOf(host, Math.floor(midpointMs(record) / this.#slotMs) * this.#slotMs);
    const rowKey = nodes.length === 1 ? nodes[0]! : [...nodes].sort().join(',');
    let row = slot.rows.get(rowKey);
    if (row === undefined) slot.rows.set(rowKey, (row = emptyRow(host, slot.slotMs)));
    addLine(row, record);
    for (const domain in domains) {
      const told = domains[domain]!;
      let found = slot.domains.get(domain);
      if (found === undefined)
        slot.domains.set(domain, (found = emptyDomain(host, slot.slotMs, domain, told)));
      addDomain(found, told);
    }
  }

  #slotOf(host: string, slotMs: number): HostSlot {
    const last = this.#last;
    if (last?.host === host && last.slotMs === slotMs) return last;
    const key = `${host}\0${slotMs}`;
    const found = this.#slots.get(key) ?? { host, slotMs, rows: new Map(), domains: new Map() };
    this.#slots.set(key, found);
    return (this.#last = found);
  }
}

/** A line by itself. */
export function rowOfHostLine(record: HostRecord): HostRow {
  const row = emptyRow(record.host, midpointMs(record));
  addLine(row, record);
  return row;
}

function emptyRow(host: string, slotMs: number): HostRow {
  return {
    host,
    slotMs,
    fromMs: Infinity,
    toMs: -Infinity,
    lines: 0,
    nodes: new Set(),
    idleUj: POLICIES.map(() => 0),
    systemUj: POLICIES.map(() => 0),
    missingMs: 0,
    idleKnown: undefined,
    idleKnownMs: undefined,
    cpus: 0,
    busyUs: 0,
    runsUs: 0,
    agentCpuUs: 0,
    agentRssBytes: undefined,
  };
}

function emptyDomain(host: string, slotMs: number, domain: string, told: HostDomain): DomainRow {
  const { class: name, source, quality } = told;
  const zeros = () => POLICIES.map(() => 0);
  return {
    host,
    slotMs,
    domain,
    class: name,
    source,
    quality,
    counterUj: 0,
    runsUj: zeros(),
    idleUj: zeros(),
    systemUj: zeros(),
    missingMs: 0,
    wraps: 0,
    resets: 0,
  };
}

function addLine(row: HostRow, record: HostRecord): void {
  const toMs = utcMs(record.to);
  row.fromMs = Math.min(row.fromMs, utcMs(record.from));
  row.toMs = Math.max(row.toMs, toMs);
  row.lines++;
  for (const node of record.nodes) row.nodes.add(node);
  let worstMs = 0;
  for (const name in record.domains) {
    const domain = record.domains[name]!;
    addTo(row.idleUj, domain.idle_uj);
    addTo(row.systemUj, domain.system_uj);
    worstMs = Math.max(worstMs, domain.missing_ms);
  }
  row.missingMs += worstMs;
  const known = idleKnownOf(record);
  if (known !== undefined && (row.idleKnownMs === undefined || toMs > row.idleKnownMs)) {
    row.idleKnown = known;
    row.idleKnownMs = toMs;
  }
  row.cpus = Math.max(row.cpus, record.cpu.cpus);
  row.busyUs += record.cpu.busy_us;
  row.runsUs += record.cpu.runs_us;
  row.agentCpuUs += record.agent?.cpu_us ?? 0;
  const rss = record.agent?.rss_bytes;
  if (rss !== undefined) row.agentRssBytes = Math.max(row.agentRssBytes ?? 0, rss);
}

function addDomain(row: DomainRow, told: HostDomain): void {
  row.source = told.source;
  row.quality = told.quality;
  row.counterUj += told.counter_uj;
  addTo(row.runsUj, told.runs_uj);
  addTo(row.idleUj, told.idle_uj);
  addTo(row.systemUj, told.system_uj);
  row.missingMs += told.missing_ms;
  row.wraps += told.wraps ?? 0;
  row.resets += told.resets ?? 0;
}

/** The power model's idle power is what it is: no calibration would change it. */
function idleKnownOf({ domains }: HostRecord): IdleKnown | undefined {
  let known: IdleKnown | undefined;
  for (const name in domains) {
    const { quality, idle_by: by } = domains[name]!;
    if (quality !== 'measured') continue;
    if (by === 'modelled') return by;
    if (by === 'calibrated') known = by;
    else known ??= 'unknown';
  }
  return known;
}

function addTo(sums: number[], amounts: readonly number[]): void {
  for (let policy = 0; policy < POLICIES.length; policy++) {
    sums[policy] = (sums[policy] ?? 0) + (amounts[policy] ?? 0);
  }
}
