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

/** Adds lines of hosts up to rows, one a host, its nodes and slot, and one a domain, host and slot. */
export class HostRows {
  readonly #slotMs: number;
  readonly #hosts = new Map<string, HostRow>();
  readonly #domains = new Map<string, DomainRow>();

  /** @param slotMs length of a slot: slots begin at its multiples, in UTC */
  constructor(slotMs: number) {
    this.#slotMs = slotMs;
  }

  get hosts(): Iterable<HostRow> {
    return this.#hosts.values();
  }

  get domains(): Iterable<DomainRow> {
    return this.#domains.values();
  }

  clear(): void {
    this.#hosts.clear();
    this.#domains.clear();
  }

  add(record: HostRecord): void {
    const { host } = record;
    const slotMs = Math.floor(midpointMs(record) / this.#slotMs) * this.#slotMs;
    const key = `${host}\0${slotMs}`;
    const rowKey = `${key}\0${[...record.nodes].sort().join(',')}`;
    let row = this.#hosts.get(rowKey);
    if (row === undefined) this.#hosts.set(rowKey, (row = emptyRow(host, slotMs)));
    addLine(row, record);
    for (const [domain, told] of Object.entries(record.domains)) {
      const domainKey = `${key}\0${domain}`;
      let found = this.#domains.get(domainKey);
      if (found === undefined)
        this.#domains.set(domainKey, (found = emptyDomain(host, slotMs, domain, told)));
      addDomain(found, told);
    }
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
  for (const domain of Object.values(record.domains)) {
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
  const measured = Object.values(domains).filter(({ quality }) => quality === 'measured');
  if (measured.length === 0) return undefined;
  const isBy = (by: IdleKnown) => measured.some((domain) => domain.idle_by === by);
  return isBy('modelled') ? 'modelled' : isBy('calibrated') ? 'calibrated' : 'unknown';
}

function addTo(sums: number[], amounts: readonly number[]): void {
  for (let policy = 0; policy < POLICIES.length; policy++) {
    sums[policy] = (sums[policy] ?? 0) + (amounts[policy] ?? 0);
  }
}
