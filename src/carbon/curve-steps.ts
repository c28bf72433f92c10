import type { CurvePiece } from './curve';

/** What a curve does between two times. */
export interface CurveStep {
  readonly fromMs: number;
  readonly toMs: number;
  /** Weighted by time. */
  readonly gPerKwh: number;
  readonly leastGPerKwh: number;
  readonly mostGPerKwh: number;
  /** The part of the time, by where its value is from; `estimate` is a part of series. */
  readonly shares: Readonly<Record<CurvePiece['origin'] | 'estimate', number>>;
}

/**
 * A curve by steps.
 * @param pieces contiguous, as resolveCurve gives them
 * @param edgesMs rising, within the curve: each step goes from one to the next
 */
export function curveSteps(pieces: readonly CurvePiece[], edgesMs: readonly number[]): CurveStep[] {
  let first = 0;
  return edgesMs.slice(1).map((toMs, i) => {
    const fromMs = edgesMs[i] ?? toMs;
    while ((pieces[first]?.toMs ?? Infinity) <= fromMs) first++;
    const lengthMs = toMs - fromMs;
    const shares = { series: 0, neighbour: 0, 'same-hour': 0, yearly: 0, estimate: 0 };
    let [gPerKwh, least, most] = [0, Infinity, -Infinity];
    for (let at = first; at < pieces.length; at++) {
      const piece = pieces[at];
      if (piece === undefined || piece.fromMs >= toMs) break;
      const part = (Math.min(piece.toMs, toMs) - Math.max(piece.fromMs, fromMs)) / lengthMs;
      gPerKwh += piece.gPerKwh * part;
      least = Math.min(least, piece.gPerKwh);
      most = Math.max(most, piece.gPerKwh);
      shares[piece.origin] += part;
      if (piece.origin === 'series' && piece.isEstimate) shares.estimate += part;
    }
    return { fromMs, toMs, gPerKwh, leastGPerKwh: least, mostGPerKwh: most, shares };
  });
}
