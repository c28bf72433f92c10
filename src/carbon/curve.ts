import type { IntensityLine } from '../generated/intensity';
import type { IntensityBasis } from './intensity';
import type { SkippedLines } from './intensity-line';
import { readSeries } from './intensity-store';
import { type Painted, isSame, paintSeries } from './painted-series';

/** A time with one intensity, and where that is from. */
export interface CurvePiece {
  readonly fromMs: number;
  readonly toMs: number;
  readonly gPerKwh: number;
  /** series: as fetched; neighbour, same-hour, yearly: how a gap was filled, see {@link resolveCurve}. */
  readonly origin: 'series' | 'neighbour' | 'same-hour' | 'yearly';
  /** Whether the source calls it an estimate; of a filled gap, whether anything it is made from is one. */
  readonly isEstimate: boolean;
  readonly source: string;
  readonly basis: IntensityBasis;
}

export interface CurveOptions {
  readonly fromMs: number;
  readonly toMs: number;
  /** The basis asked for. */
  readonly basis: IntensityBasis;
  /** The time whose values tell whether the series has that basis, where the curve reaches beyond it; absent: that of the curve. */
  readonly window?: { readonly fromMs: number; readonly toMs: number };
  /** As if nothing had been fetched after this time; absent: all. */
  readonly asOfMs?: number;
  /** What holds where the series tells nothing, of the basis asked for. */
  readonly yearly: { readonly gPerKwh: number; readonly source: string };
}

/** How far a value reaches into a gap. */
const NEIGHBOUR_MS = 3 * 3_600_000;
const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 86_400_000;
/** How many weeks before and after an hour the same hour of the week counts. */
const WEEKS_AROUND = 4;
/** What a window's gaps are filled from lies no farther around it. */
export const CURVE_MARGIN_MS = WEEKS_AROUND * WEEK_MS + HOUR_MS;

const OTHER: Readonly<Record<IntensityBasis, IntensityBasis>> = {
  'average-lifecycle': 'average-direct',
  'average-direct': 'average-lifecycle',
};

/**
 * The intensity at each time of a window. Where lines overlap, consumption goes before production and then what was fetched last holds.
 * A gap takes the nearest value that is at most 3 hours away (the middle is a whole hour, where there is one); else the mean of the same hour of the week (UTC) as far as the series
 * has it in the 4 weeks before and after; else the yearly average. Marginal values are never used. The other basis is used only where the one
 * asked for has nothing in the window (nor, where both have nothing there, around it); the pieces say so.
 * @param lines of one zone, in any order; those of {@link CURVE_MARGIN_MS} around the window fill gaps in it
 * @returns contiguous, sorted, from `fromMs` to `toMs`; neighbours that are equal are one
 */
export function resolveCurve(lines: Iterable<IntensityLine>, options: CurveOptions): CurvePiece[] {
  const { fromMs, toMs, basis: asked, asOfMs, yearly } = options;
  if (!(fromMs < toMs)) return [];
  const all = [...lines];
  const [own, other] = [asked, OTHER[asked]].map((basis) => ({
    basis,
    painted: paintSeries(all, basis, asOfMs),
  }));
  const window = options.window ?? options;
  const hasWithin =
    (marginMs: number) =>
    ({ painted = [] as Painted[] } = {}): boolean => {
      const first = painted[firstEndingAfter(painted, window.fromMs - marginMs)];
      return first !== undefined && first.fromMs < window.toMs + marginMs;
    };
  // Not by all that was read: who reads more has to find the same.
  const ranks = [hasWithin(0), hasWithin(CURVE_MARGIN_MS)];
  const { basis = asked, painted = [] } = ranks.flatMap((has) => [own, other].filter(has))[0] ?? {};

  const pieces: CurvePiece[] = [];
  const add = (piece: CurvePiece): void => {
    const last = pieces.at(-1);
    if (
      last !== undefined &&
      last.origin === piece.origin &&
      last.basis === piece.basis &&
      isSame(last, piece)
    )
      pieces[pieces.length - 1] = { ...last, toMs: piece.toMs };
    else pieces.push(piece);
  };
  let at = fromMs;
  for (let i = firstEndingAfter(painted, fromMs); at < toMs; i++) {
    const next = painted[i];
    const gapEnd = Math.min(toMs, next?.fromMs ?? toMs);
    if (at < gapEnd) fillGap(painted, i, at, gapEnd, { basis, asked, yearly }, add);
    if (next === undefined || next.fromMs >= toMs) break;
    const { gPerKwh, isEstimate, source } = next;
    const from = Math.max(at, next.fromMs);
    at = Math.min(toMs, next.toMs);
    add({ fromMs: from, toMs: at, gPerKwh, origin: 'series', isEstimate, source, basis });
  }
  return pieces;
}

/**
 * The curve of a zone from the files of its series; see {@link resolveCurve}.
 * @param dir the folder of the series (`intensity_dir`)
 * @param options.skipped counts the lines that are damaged
 * @returns null where the series tells nothing of the window: neither of its own times nor to fill them
 * @throws EitError EIT_INTENSITY where there are files that cannot be read
 */
export function readCurve(
  dir: string,
  zone: string,
  options: CurveOptions & { readonly skipped?: SkippedLines },
): CurvePiece[] | null {
  const { fromMs, toMs, skipped } = options;
  const lines = readSeries(dir, zone, {
    fromMs: fromMs - CURVE_MARGIN_MS,
    toMs: toMs + CURVE_MARGIN_MS,
    ...(skipped === undefined ? {} : { skipped }),
  });
  const pieces = resolveCurve(lines, options);
  return pieces.every(({ origin }) => origin === 'yearly') ? null : pieces;
}

/** @param i index of what comes after the gap; what is before it has index i - 1 */
function fillGap(
  painted: readonly Painted[],
  i: number,
  fromMs: number,
  toMs: number,
  { basis, asked, yearly }: { basis: IntensityBasis; asked: IntensityBasis; yearly: CurveOptions['yearly'] },
  add: (piece: CurvePiece) => void,
): void {
  const [before, after] = [painted[i - 1], painted[i]];
  const between = (from: number, to: number, give: (from: number, to: number) => void): void => {
    const [begin, end] = [Math.max(fromMs, from), Math.min(toMs, to)];
    if (begin < end) give(begin, end);
  };
  const byNeighbour = (neighbour: Painted) => (from: number, to: number) => {
    const { gPerKwh, isEstimate, source } = neighbour;
    add({ fromMs: from, toMs: to, gPerKwh, origin: 'neighbour', isEstimate, source, basis });
  };
  const byYear = (from: number, to: number): void =>
    add({ fromMs: from, toMs: to, origin: 'yearly', isEstimate: false, basis: asked, ...yearly });
  const byHours = (from: number, to: number): void => {
    for (let hour = floorHour(from); hour < to; hour += HOUR_MS) {
      const found = sameHour(painted, hour);
      between(Math.max(from, hour), Math.min(to, hour + HOUR_MS), (begin, end) => {
        if (found === null) byYear(begin, end);
        else add({ fromMs: begin, toMs: end, origin: 'same-hour', basis, ...found });
      });
    }
  };

  let [left, right] = [
    (before?.toMs ?? -Infinity) + NEIGHBOUR_MS,
    (after?.fromMs ?? Infinity) - NEIGHBOUR_MS,
  ];
  if (before !== undefined && after !== undefined && left > right)
    left = right = middleOf(before.toMs, after.fromMs, { latestMs: left });
  if (before !== undefined) between(-Infinity, left, byNeighbour(before));
  // In a long gap no hour has its like within the weeks around: no need to look at each.
  const farLeft = Math.max(left, ceilHour((before?.toMs ?? -Infinity) + WEEKS_AROUND * WEEK_MS));
  const farRight = Math.min(right, floorHour((after?.fromMs ?? Infinity) - WEEKS_AROUND * WEEK_MS - HOUR_MS));
  if (farLeft < farRight) {
    between(left, farLeft, byHours);
    between(farLeft, farRight, byYear);
    between(farRight, right, byHours);
  } else between(left, right, byHours);
  if (after !== undefined) between(right, Infinity, byNeighbour(after));
}

/**
 * Up to where the value before a gap holds: its middle, the next whole hour if that is in it. So what is of hours stays so, and reports by hourly slots are exact.
 * @param latestMs no value reaches farther
 */
function middleOf(fromMs: number, toMs: number, { latestMs }: { readonly latestMs: number }): number {
  const middle = Math.floor((fromMs + toMs) / 2);
  const hour = ceilHour(middle);
  return hour > toMs ? middle : Math.min(hour, latestMs);
}

/** The mean over the same hour of the week in the weeks around; null where the series has nothing of it. */
function sameHour(
  painted: readonly Painted[],
  hourMs: number,
): Pick<CurvePiece, 'gPerKwh' | 'isEstimate' | 'source'> | null {
  let first = NaN;
  let differenceMs = 0;
  let totalMs = 0;
  let isEstimate = false;
  const sources = new Set<string>();
  for (let week = -WEEKS_AROUND; week <= WEEKS_AROUND; week++) {
    if (week === 0) continue;
    const from = hourMs + week * WEEK_MS;
    for (let i = firstEndingAfter(painted, from); i < painted.length; i++) {
      const piece = painted[i];
      if (piece === undefined || piece.fromMs >= from + HOUR_MS) break;
      const ms = Math.min(piece.toMs, from + HOUR_MS) - Math.max(piece.fromMs, from);
      if (totalMs === 0) first = piece.gPerKwh;
      // By the difference, so that equal values have exactly themselves as their mean.
      differenceMs += (piece.gPerKwh - first) * ms;
      totalMs += ms;
      isEstimate ||= piece.isEstimate;
      sources.add(piece.source);
    }
  }
  if (totalMs === 0) return null;
  return { gPerKwh: first + differenceMs / totalMs, isEstimate, source: [...sources].sort().join(', ') };
}

/** Index of the first that is not over at a time. */
function firstEndingAfter(painted: readonly Painted[], ms: number): number {
  let [low, high] = [0, painted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((painted[middle]?.toMs ?? Infinity) > ms) high = middle;
    else low = middle + 1;
  }
  return low;
}

function floorHour(ms: number): number {
  return Math.floor(ms / HOUR_MS) * HOUR_MS;
}

function ceilHour(ms: number): number {
  return Math.ceil(ms / HOUR_MS) * HOUR_MS;
}
