import type { CurvePiece } from '../../../src/carbon/curve';
import { curveSteps } from '../../../src/carbon/curve-steps';

const piece = (
  fromMs: number,
  toMs: number,
  gPerKwh: number,
  changes: Partial<CurvePiece> = {},
): CurvePiece => ({
  fromMs,
  toMs,
  gPerKwh,
  origin: 'series',
  isEstimate: false,
  source: 's',
  basis: 'average-lifecycle',
  ...changes,
});

test('a step has the mean over its time, the least and the most, and where it is from', () => {
  const pieces = [
    piece(0, 10, 100),
    piece(10, 40, 200, { isEstimate: true }),
    piece(40, 100, 400, { origin: 'yearly' }),
  ];
  expect(curveSteps(pieces, [0, 20, 40, 80])).toEqual([
    {
      fromMs: 0,
      toMs: 20,
      gPerKwh: 150,
      leastGPerKwh: 100,
      mostGPerKwh: 200,
      shares: { series: 1, estimate: 0.5, neighbour: 0, 'same-hour': 0, yearly: 0 },
    },
    expect.objectContaining({ gPerKwh: 200 }),
    expect.objectContaining({
      gPerKwh: 400,
      shares: { series: 0, estimate: 0, neighbour: 0, 'same-hour': 0, yearly: 1 },
    }),
  ]);
});
