import type { DomainClass, HostRecord } from '../generated/record';
import { addUp, type AuditNote, type AuditOpen, type AuditRow, type AuditSums } from './audit';
import { type AuditedLine, InstanceLines } from './audit-lines';
import { classOfDomain, DOMAIN_CLASSES } from '../runs/domain-class';
import { ExactSum } from '../runs/exact-sum';
import { HostChain } from './host-chain';

/** Days of what lies outside the time asked for; in the order of their names they stand at its two ends. */
export const BEFORE = '';
export const AFTER = '~';

/** Reasons of a domain have numbers in them at times. */
const MOST_NOTES = 20;

/** Sums of one class of domains on one day. */
class ClassInHand {
  readonly counterUj = new ExactSum();
  readonly runsUj = new ExactSum();
  readonly idleUj = new ExactSum();
  readonly systemUj = new ExactSum();
  readonly missingMs = new ExactSum();
}

/** A day; one outside the time asked for has no sums. */
class DayInHand {
  readonly classes = new Map<DomainClass, ClassInHand>();
  readonly hostRunsUj = new ExactSum();
  readonly missingMs = new ExactSum();
  /** End of the last host line. */
  lastToMs = -Infinity;
  linesMissing = 0;
  hostGapMs = 0;

  class(name: DomainClass): ClassInHand {
    return entry(this.classes, name, () => new ClassInHand());
  }
}

interface Instance {
  readonly lines: InstanceLines;
  readonly chain: HostChain;
}

/** One host's part of an audit. */
export class AuditHost {
  readonly cluster: string;
  readonly host: string;
  /** Its own name and those of the Slurm nodes on it. */
  readonly names: Set<string>;
  readonly #policy: number;
  readonly #classOf = new Map<string, DomainClass>();
  readonly #days = new Map<string, DayInHand>();
  readonly #instances = new Map<string, Instance>();
  readonly #notes = new Map<string, { domain: string; note: string; missingMs: number }>();

  /** @param policy place of the policy in the records' arrays */
  constructor(cluster: string, host: string, policy: number) {
    this.cluster = cluster;
    this.host = host;
    this.names = new Set([host]);
    this.#policy = policy;
  }

  /** @param line of a run, or of something else that has a number and no energy */
  addLine(instance: string, line: AuditedLine): void {
    this.#instance(instance).lines.addLine(line);
  }

  /** @param day in which the middle of the line lies, or BEFORE or AFTER */
  addHostLine(record: HostRecord, day: string): void {
    for (const node of record.nodes) this.names.add(node);
    for (const [domain, { class: name }] of Object.entries(record.domains)) this.#classOf.set(domain, name);
    const toMs = Date.parse(record.to);
    const inHand = this.#day(day);
    inHand.lastToMs = Math.max(inHand.lastToMs, toMs);
    if (isAsked(day)) this.#addSums(inHand, record);

    const { lines, chain } = this.#instance(record.instance);
    chain.add(Date.parse(record.from), toMs, day);
    lines.addHostLine(record.seq, day);
  }

  /**
   * Places what the instances' own host lines do not tell the day of. Once, before `rows`.
   * @param isOfTime whether a line that is of no host line yet lies in the time asked for
   */
  finish(isOfTime: (line: AuditedLine) => boolean): AuditOpen | null {
    const open: AuditedLine[] = [];
    for (const { lines, chain } of this.#instances.values()) {
      const { missing, rest, missingInRest } = lines.finish(isAsked);
      for (const [day, count] of missing) this.#day(day).linesMissing += count;
      for (const { day, ms } of chain.gaps) this.#day(day).hostGapMs += ms;
      // An agent that was ended left its host line open; the next one has written it, if there was one.
      let last: string | undefined;
      for (const line of rest) {
        last = this.#firstDayUntil(line.toMs);
        if (last === undefined) open.push(line);
        else this.#place(last, line);
      }
      if (last !== undefined) this.#day(last).linesMissing += missingInRest;
    }
    return this.#toOpen(open.filter(isOfTime));
  }

  /** By day, of the time asked for. */
  get rows(): AuditRow[] {
    return [...this.#days]
      .filter(([day]) => isAsked(day))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([day, inHand]) => this.#toRow(day, inHand));
  }

  get notes(): AuditNote[] {
    const { cluster, host } = this;
    return [...this.#notes.values()].map((note) => ({ cluster, host, ...note }));
  }

  #addSums(day: DayInHand, record: HostRecord): void {
    const worstMs = new Map<DomainClass, number>();
    for (const [domain, line] of Object.entries(record.domains)) {
      const sums = day.class(line.class);
      sums.counterUj.add(line.counter_uj);
      sums.idleUj.add(line.idle_uj[this.#policy] ?? 0);
      sums.systemUj.add(line.system_uj[this.#policy] ?? 0);
      day.hostRunsUj.add(line.runs_uj[this.#policy] ?? 0);
      worstMs.set(line.class, Math.max(worstMs.get(line.class) ?? 0, line.missing_ms));
      if (line.note !== undefined) this.#addNote(domain, line.note, 0);
      if (line.missing_ms > 0) {
        this.#addNote(domain, line.missing_reason ?? 'no reason was recorded', line.missing_ms);
      }
    }
    for (const [name, ms] of worstMs) day.class(name).missingMs.add(ms);
    day.missingMs.add(Math.max(0, ...worstMs.values()));
  }

  #addNote(domain: string, note: string, missingMs: number): void {
    const key = `${domain}\0${missingMs > 0 ? 'missing' : ''}\0${note}`;
    const found = this.#notes.get(key);
    if (found !== undefined) found.missingMs += missingMs;
    else if (this.#notes.size < MOST_NOTES) this.#notes.set(key, { domain, note, missingMs });
  }

  #place(day: string, line: AuditedLine): void {
    if (!isAsked(day)) return;
    for (const [domain, uj] of line.energy) {
      const name = this.#classOf.get(domain) ?? classOfDomain(domain);
      this.#day(day).class(name).runsUj.add(uj);
    }
  }

  /** Day of the first line that ends at this time or later. */
  #firstDayUntil(toMs: number): string | undefined {
    return [...this.#days]
      .filter(([, day]) => day.lastToMs >= toMs)
      .map(([name]) => name)
      .sort()[0];
  }

  #day(name: string): DayInHand {
    return entry(this.#days, name, () => new DayInHand());
  }

  #instance(name: string): Instance {
    return entry(this.#instances, name, () => ({
      lines: new InstanceLines((day, line) => this.#place(day, line)),
      chain: new HostChain(),
    }));
  }

  #toRow(day: string, inHand: DayInHand): AuditRow {
    const classes = new Map<DomainClass, AuditSums>();
    for (const name of DOMAIN_CLASSES) {
      const sums = inHand.classes.get(name);
      if (sums !== undefined) classes.set(name, toSums(sums));
    }
    const all = { ...addUp([...classes.values()]), missingMs: Number(inHand.missingMs.value) };
    const { cluster, host } = this;
    return {
      cluster,
      host,
      day,
      classes,
      all,
      linesMissing: inHand.linesMissing,
      hostGapMs: inHand.linesMissing > 0 ? inHand.hostGapMs : 0,
      hostImbalanceUj: all.counterUj - inHand.hostRunsUj.value - all.idleUj - all.systemUj,
    };
  }

  #toOpen(lines: readonly AuditedLine[]): AuditOpen | null {
    if (lines.length === 0) return null;
    const runsUj = new ExactSum();
    for (const { energy } of lines) for (const [, uj] of energy) runsUj.add(uj);
    const sinceMs = lines.reduce((first, { fromMs }) => Math.min(first, fromMs), Infinity);
    const { cluster, host } = this;
    return { cluster, host, sinceMs, lines: lines.length, runsUj: runsUj.value };
  }
}

function isAsked(day: string): boolean {
  return day !== BEFORE && day !== AFTER;
}

function toSums({ counterUj, runsUj, idleUj, systemUj, missingMs }: ClassInHand): AuditSums {
  return {
    counterUj: counterUj.value,
    runsUj: runsUj.value,
    idleUj: idleUj.value,
    systemUj: systemUj.value,
    differenceUj: counterUj.value - runsUj.value - idleUj.value - systemUj.value,
    missingMs: Number(missingMs.value),
  };
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
