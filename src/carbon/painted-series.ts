import type { IntensityLine } from '../generated/intensity';
import type { IntensityBasis } from './intensity';
import { utcMs } from './intensity-line';

/** A time over which a series has one value. */
export interface Painted {
  readonly fromMs: number;
  toMs: number;
  readonly gPerKwh: number;
  readonly isEstimate: boolean;
  readonly source: string;
}

interface Stretch extends Painted {
  readonly isConsumption: boolean;
  readonly fetchedMs: number;
}

/**
 * The value that holds at each time that lines of one basis cover: consumption goes before production, then what was fetched
 * last, then a final value before an estimate. Neither the order of the lines nor how a stretch is divided among them changes it.
 * @returns sorted, without overlaps; neighbours that are equal are one
 */
export function paintSeries(
  lines: Iterable<IntensityLine>,
  basis: IntensityBasis,
  asOfMs = Infinity,
): Painted[] {
  const stretches = stretchesOf(lines, basis, asOfMs).sort((a, b) => a.fromMs - b.fromMs);
  const painted: Painted[] = [];
  const put = (by: Stretch, fromMs: number, toMs: number): void => {
    const last = painted.at(-1);
    if (last?.toMs === fromMs && isSame(last, by)) last.toMs = toMs;
    else painted.push({ fromMs, toMs, gPerKwh: by.gPerKwh, isEstimate: by.isEstimate, source: by.source });
  };
  // Together those that overlap, mostly a value and what replaced it: few, however long the series is.
  for (let i = 0; i < stretches.length;) {
    const begin = i;
    let endMs = -Infinity;
    do endMs = Math.max(endMs, stretches[i++]?.toMs ?? endMs);
    while (i < stretches.length && (stretches[i]?.fromMs ?? endMs) < endMs);
    const only = stretches[begin];
    if (i - begin === 1 && only !== undefined) put(only, only.fromMs, only.toMs);
    else paintOverlapping(stretches.slice(begin, i), put);
  }
  return painted;
}

/** The best first, each takes what is still free between its edges. */
function paintOverlapping(
  stretches: Stretch[],
  put: (by: Stretch, fromMs: number, toMs: number) => void,
): void {
  const edges = [...new Set(stretches.flatMap(({ fromMs, toMs }) => [fromMs, toMs]))].sort((a, b) => a - b);
  const indexOf = new Map(edges.map((edge, i) => [edge, i]));
  const holder: (Stretch | undefined)[] = edges.map(() => undefined);
  // From an interval that is taken this leads on, to the next that is free.
  const next = edges.map((_, i) => i);
  const free = (from: number): number => {
    let at = from;
    for (let to = next[at] ?? at; to !== at; to = next[at] ?? at) {
      next[at] = next[to] ?? to;
      at = to;
    }
    return at;
  };
  for (const stretch of stretches.sort(bestFirst)) {
    const end = indexOf.get(stretch.toMs) ?? 0;
    for (let i = free(indexOf.get(stretch.fromMs) ?? 0); i < end; i = free(i)) {
      holder[i] = stretch;
      next[i] = i + 1;
    }
  }
  for (const [i, by] of holder.entries()) {
    const [fromMs = 0, toMs = 0] = [edges[i], edges[i + 1]];
    if (by !== undefined) put(by, fromMs, toMs);
  }
}

function stretchesOf(lines: Iterable<IntensityLine>, basis: IntensityBasis, asOfMs: number): Stretch[] {
  const stretches: Stretch[] = [];
  for (const line of lines) {
    if (line.basis !== basis) continue;
    const fetchedMs = utcMs(line.fetched_at);
    if (fetchedMs > asOfMs) continue;
    stretches.push({
      fromMs: utcMs(line.start),
      toMs: utcMs(line.end),
      gPerKwh: line.g_per_kwh,
      isEstimate: line.estimated,
      source: line.source,
      isConsumption: line.flow === 'consumption',
      fetchedMs,
    });
  }
  return stretches;
}

function bestFirst(a: Stretch, b: Stretch): number {
  return (
    Number(b.isConsumption) - Number(a.isConsumption) ||
    b.fetchedMs - a.fetchedMs ||
    Number(a.isEstimate) - Number(b.isEstimate) ||
    // No more than a rule: two that differ and came at once have the same rank.
    (a.source < b.source ? -1 : a.source > b.source ? 1 : 0) ||
    a.gPerKwh - b.gPerKwh
  );
}

/** Whether two have the same value, from the same source, and are both estimates or both not. */
export function isSame(a: Omit<Painted, 'fromMs' | 'toMs'>, b: Omit<Painted, 'fromMs' | 'toMs'>): boolean {
  return a.gPerKwh === b.gPerKwh && a.isEstimate === b.isEstimate && a.source === b.source;
}
