import type { CurvePiece } from '../carbon/curve';

/** When and where a job's energy would have emitted less. null: never, nowhere, or not known. */
export interface CleanerPlaces {
  readonly hour: { readonly text: string; readonly gPerKwh: number; readonly savesKg: number } | null;
  readonly cluster: { readonly name: string; readonly savesKg: number } | null;
}

export const NOWHERE: CleanerPlaces = { hour: null, cluster: null };

const HOUR_MS = 3_600_000;
/** How far a job might have waited, or come before. */
export const REACH_MS = 24 * HOUR_MS;

/**
 * The begin, at most a day before or after, at which a run of the same length would have met the least intensity: by what the series
 * tells, and only where it tells all of that time. A run is taken to draw the same at all times.
 * @param pieces contiguous, sorted; what no series tells is not looked at
 * @returns null where no time is known that is cleaner
 */
export function cleanestStart(
  pieces: readonly CurvePiece[],
  fromMs: number,
  toMs: number,
): { readonly startMs: number; readonly gPerKwh: number; readonly ownGPerKwh: number } | null {
  const own = meanOver(pieces, fromMs, toMs);
  if (own === null) return null;
  const lengthMs = toMs - fromMs;
  let best: { startMs: number; gPerKwh: number } | null = null;
  // The mean changes its slope only where a piece begins or ends, at one of its two ends.
  const starts = pieces.flatMap((piece) => [piece.fromMs, piece.toMs - lengthMs]);
  for (const startMs of [...starts].sort((a, b) => Math.abs(a - fromMs) - Math.abs(b - fromMs))) {
    if (Math.abs(startMs - fromMs) > REACH_MS) continue;
    const gPerKwh = meanOver(pieces, startMs, startMs + lengthMs);
    if (gPerKwh !== null && gPerKwh < (best?.gPerKwh ?? own)) best = { startMs, gPerKwh };
  }
  return best === null ? null : { ...best, ownGPerKwh: own };
}

/** The mean of a time; null where a part of it is told by no series. */
export function meanOver(pieces: readonly CurvePiece[], fromMs: number, toMs: number): number | null {
  let [sum, toldMs] = [0, 0];
  for (const piece of pieces) {
    const ms = Math.min(piece.toMs, toMs) - Math.max(piece.fromMs, fromMs);
    if (ms <= 0) continue;
    if (piece.origin !== 'series') return null;
    sum += piece.gPerKwh * ms;
    toldMs += ms;
  }
  return toldMs > 0 && toldMs >= toMs - fromMs ? sum / toldMs : null;
}
