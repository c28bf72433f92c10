import type { CurvePiece } from '../../../src/carbon/curve';
import { weightCurve } from '../../../src/carbon/weight-curve';
import type { WeightCurve } from '../../../src/runs/slot-weights';

const ORIGINS = ['series', 'series', 'neighbour', 'same-hour', 'yearly'] as const;

/** A curve over a window in which everything changes all the time, each `stepMs`: the same for the same step. */
export function madeCurve(fromMs: number, toMs: number, stepMs: number): WeightCurve {
  const intensity: CurvePiece[] = [];
  const steps = Math.ceil((toMs - fromMs) / stepMs);
  for (let i = 0; i < steps; i++) {
    intensity.push({
      fromMs: fromMs + i * stepMs,
      toMs: fromMs + (i + 1) * stepMs,
      gPerKwh: ((i * 7919) % 9973) / 10,
      origin: ORIGINS[i % ORIGINS.length]!,
      isEstimate: i % 3 === 0,
      basis: i % 11 === 0 ? 'average-direct' : 'average-lifecycle',
      source: 'made up',
    });
  }
  const half = fromMs + Math.floor(steps / 2) * stepMs;
  const pieces = (first: number, second: number) => [
    { fromMs, toMs: half, value: first, isAssumed: false },
    { fromMs: half, toMs, value: second, isAssumed: false },
  ];
  return weightCurve({
    intensity,
    pue: pieces(1.1, 1.4),
    price: pieces(0.2, 0.35),
    basis: 'average-lifecycle',
  });
}
