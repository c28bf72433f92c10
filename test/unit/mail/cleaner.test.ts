import fc from 'fast-check';
import type { CurvePiece } from '../../../src/carbon/curve';
import { cleanestStart, meanOver, REACH_MS } from '../../../src/mail/cleaner';

const HOUR_MS = 3_600_000;

/** Hourly values from hour 0 on; null: not told. */
function hourly(values: readonly (number | null)[]): CurvePiece[] {
  return values.map((gPerKwh, i) => ({
    fromMs: i * HOUR_MS,
    toMs: (i + 1) * HOUR_MS,
    gPerKwh: gPerKwh ?? 0,
    origin: gPerKwh === null ? 'yearly' : 'series',
    isEstimate: false,
    source: 'a test',
    basis: 'average-lifecycle',
  }));
}

test('the mean is by time, and unknown where a part is', () => {
  const pieces = hourly([100, 200, null]);
  expect(meanOver(pieces, HOUR_MS / 2, 2 * HOUR_MS)).toBeCloseTo((50 + 200) / 1.5, 9);
  expect(meanOver(pieces, HOUR_MS, 2.5 * HOUR_MS)).toBeNull();
  expect(meanOver(pieces, -HOUR_MS, HOUR_MS)).toBeNull();
});

test('the cleanest begin is found, the nearest of equals', () => {
  const pieces = hourly([300, 100, 100, 400, 200, 100, 100]);
  expect(cleanestStart(pieces, 3 * HOUR_MS, 5 * HOUR_MS)).toEqual({
    startMs: HOUR_MS,
    gPerKwh: 100,
    ownGPerKwh: 300,
  });
});

test('no advice where the job ran at the best time, or nothing is known', () => {
  expect(cleanestStart(hourly([300, 100, 300]), HOUR_MS, 2 * HOUR_MS)).toBeNull();
  expect(cleanestStart(hourly([300, null, 300]), HOUR_MS, 2 * HOUR_MS)).toBeNull();
  expect(cleanestStart([], 0, HOUR_MS)).toBeNull();
});

test('it is never farther than a day away, and no other begin is better', () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.integer({ min: 1, max: 900 }), { freq: 20 }), { minLength: 30, maxLength: 80 }),
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 1, max: 8 }),
      (values, at, length) => {
        const pieces = hourly(values);
        const [fromMs, toMs] = [at * HOUR_MS, (at + length) * HOUR_MS];
        const best = cleanestStart(pieces, fromMs, toMs);
        const own = meanOver(pieces, fromMs, toMs);
        for (let minutes = -24 * 60; minutes <= 24 * 60; minutes += 15) {
          const shiftMs = minutes * 60_000;
          const mean = meanOver(pieces, fromMs + shiftMs, toMs + shiftMs);
          if (mean !== null && own !== null) expect((best?.gPerKwh ?? own) <= mean + 1e-9).toBe(true);
        }
        if (best !== null) expect(Math.abs(best.startMs - fromMs)).toBeLessThanOrEqual(REACH_MS);
      },
    ),
    { numRuns: 100 },
  );
});
