import type { RunRecord, SeriesRecord } from '../generated/record';

/** A line that is no host's, as far as an audit needs it. */
export interface AuditedLine {
  readonly seq: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** Domain and µJ under the policy, of a run's line; empty for other lines. */
  readonly energy: readonly (readonly [domain: string, uj: number])[];
}

/** @param policy place of the policy in the records' arrays */
export function auditedLine(record: RunRecord | SeriesRecord, policy: number): AuditedLine {
  const energies = record.kind === 'run' ? [record.measured_uj, record.modelled_uj ?? {}] : [];
  return {
    seq: record.seq,
    fromMs: Date.parse(record.from),
    toMs: Date.parse(record.to),
    energy: energies.flatMap((energy) =>
      Object.entries(energy).map(([domain, uj]) => [domain, uj[policy] ?? 0] as const),
    ),
  };
}

/** Host lines that follow each other and belong to one day. */
interface DayOfLines {
  readonly day: string;
  firstSeq: number;
  lastSeq: number;
  /** Lines read from the first of them to the last, both counted. */
  seen: number;
  /** Lines between the last host line of the day before and the first of this one. */
  before: AuditedLine[];
}

/** What an instance's lines come to. */
export interface PlacedRest {
  /** Sequence numbers of which no line was read, by day. */
  readonly missing: ReadonlyMap<string, number>;
  /** Lines after the instance's last host line: another instance has written theirs, or nobody has yet. */
  readonly rest: readonly AuditedLine[];
  /** Numbers missing among those. */
  readonly missingInRest: number;
}

/**
 * Finds out for the lines of one agent instance to which host line each belongs: the next one by sequence number. Lines
 * may come in any order, and most are forgotten at once: of a day's lines only those before its first host line are kept, as
 * a line of the day before may still come between them. (Where the clock went back over midnight while the agent ran, a line
 * may be counted for a neighbouring day.)
 */
export class InstanceLines {
  readonly #days: DayOfLines[] = [];
  #rest: AuditedLine[] = [];
  readonly #place: (day: string, line: AuditedLine) => void;

  /** @param place takes each line whose host line is known, with that one's day */
  constructor(place: (day: string, line: AuditedLine) => void) {
    this.#place = place;
  }

  addLine(line: AuditedLine): void {
    const day = this.#days[this.#indexAfter(line.seq)];
    if (day === undefined) this.#rest.push(line);
    else if (line.seq < day.firstSeq) day.before.push(line);
    else this.#placeAll(day, [line]);
  }

  /** @param day of the host line with this number */
  addHostLine(seq: number, day: string): void {
    const index = this.#indexAfter(seq);
    const next = this.#days[index];
    if (next !== undefined && seq >= next.firstSeq) {
      next.seen++;
      return;
    }
    const open = next === undefined ? this.#rest : next.before;
    const lower = open.filter((line) => line.seq < seq);
    let upper = open.filter((line) => line.seq > seq);
    const previous = this.#days[index - 1];
    if (previous?.day === day) {
      previous.lastSeq = seq;
      previous.seen++;
      this.#placeAll(previous, lower);
    } else if (next?.day === day) {
      next.firstSeq = seq;
      next.seen++;
      this.#placeAll(next, upper);
      upper = lower;
    } else {
      this.#days.splice(index, 0, { day, firstSeq: seq, lastSeq: seq, seen: 1, before: lower });
    }
    if (next === undefined) this.#rest = upper;
    else next.before = upper;
  }

  /**
   * Places what is left; nothing may be added afterwards.
   * @param isAsked whether a day lies in the time asked for: what an instance wrote before it was not all read
   */
  finish(isAsked: (day: string) => boolean): PlacedRest {
    const missing = new Map<string, number>();
    let lastSeq: number | null = null;
    for (const day of this.#days) {
      const { before } = day;
      day.before = [];
      this.#placeAll(day, before);
      // Before the first line read there are others, unless the instance began in the time asked for.
      const previousSeq: number = lastSeq ?? (isAsked(day.day) ? -1 : day.lastSeq - day.seen);
      const lost = day.lastSeq - previousSeq - day.seen;
      if (lost > 0) missing.set(day.day, (missing.get(day.day) ?? 0) + lost);
      lastSeq = day.lastSeq;
    }
    const rest = this.#rest;
    const highest = rest.reduce((max, { seq }) => Math.max(max, seq), lastSeq ?? -1);
    return { missing, rest, missingInRest: highest - (lastSeq ?? -1) - rest.length };
  }

  /** The first day whose last host line comes after. */
  #indexAfter(seq: number): number {
    const last = this.#days.at(-1);
    // Lines mostly come in order.
    if (last === undefined || seq > last.lastSeq) return this.#days.length;
    return this.#days.findIndex(({ lastSeq }) => lastSeq > seq);
  }

  #placeAll(day: DayOfLines, lines: readonly AuditedLine[]): void {
    day.seen += lines.length;
    for (const line of lines) this.#place(day.day, line);
  }
}
