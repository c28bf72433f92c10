import type { Instant } from '../sources/source';

/**
 * Points of a run's coarse series that wait to be written, and the one that is being filled. Plain data: it is part of
 * the checkpoint.
 */
export interface SeriesPiece {
  /** Begin of the first waiting point. */
  from: Instant | null;
  endMs: number[];
  powerW: Record<string, (number | null)[]>;
  cpusBusy: (number | null)[];
  open: { ms: number; cpuNs: number | null; energyUj: Record<string, number> };
  /** Whether a piece of this run has been written before. */
  begun: boolean;
}

const FIRST_STEP_MS = 10_000;
/** After this many points the step doubles, and again each time the run's age doubles: at most 1,000 points in a year. */
const POINTS_AT_FIRST_STEP = 110;
/** A tick comes a little early as often as late; without this every second point would be twice as long. */
const EARLY_MS = 500;
const POINTS_A_LINE = 60;
/** A run with fewer points than this has nothing to plot. */
const FEWEST_POINTS = 6;

export function emptySeries(): SeriesPiece {
  return { from: null, endMs: [], powerW: {}, cpusBusy: [], open: emptyPoint(), begun: false };
}

function emptyPoint(): SeriesPiece['open'] {
  return { ms: 0, cpuNs: null, energyUj: {} };
}

/** Length of a point (ms) at a run's age (ms). */
export function seriesStepMs(ageMs: number): number {
  const doublings = Math.floor(Math.log2(ageMs / (FIRST_STEP_MS * POINTS_AT_FIRST_STEP))) + 1;
  return FIRST_STEP_MS * 2 ** Math.max(0, doublings);
}

/** Whether the open point may be long enough to end: what is asked of each run at each tick. */
export function isPointDue({ open }: SeriesPiece): boolean {
  return open.ms >= FIRST_STEP_MS - EARLY_MS;
}

/** Ends the open point if it is long enough for a run of this age; the point's energy and time are in `series.open`. */
export function closePoint(series: SeriesPiece, at: Instant, ageMs: number): void {
  const { open } = series;
  if (open.ms < seriesStepMs(ageMs) - EARLY_MS) return;

  series.from ??= { wallMs: at.wallMs - open.ms, monoNs: at.monoNs - BigInt(Math.round(open.ms * 1e6)) };
  const earlier = series.endMs.length;
  series.endMs.push(Math.max(0, Math.round(at.wallMs - series.from.wallMs)));
  series.cpusBusy.push(open.cpuNs === null ? null : rounded(open.cpuNs / 1e6 / open.ms));
  for (const domain of new Set([...Object.keys(series.powerW), ...Object.keys(open.energyUj)])) {
    const points = (series.powerW[domain] ??= Array<null>(earlier).fill(null));
    const energyUj = open.energyUj[domain];
    points.push(energyUj === undefined ? null : rounded(energyUj / 1000 / open.ms));
  }
  series.open = emptyPoint();
}

/** Whether the waiting points are worth a line now. */
export function isSeriesDue(series: SeriesPiece, runEnds: boolean): boolean {
  const points = series.endMs.length;
  if (!runEnds) return points >= POINTS_A_LINE;
  return points >= FEWEST_POINTS || (series.begun && points > 0);
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
