import fc from 'fast-check';
import type { CurvePiece } from '../../../src/carbon/curve';
import { alignedRows } from '../../../src/cli/plain-text';
import { axisOf } from '../../../src/science/chart';
import { permutationTest } from '../../../src/science/permutation';
import { largest, smallest } from '../../../src/science/sample';
import { meanIntensity, startHours, zoneOutcome } from '../../../src/science/what-if';

const HOUR = 3_600_000;

function grid(gPerKwh: number) {
  return { zone: 'X', zoneName: 'somewhere', source: 'a test', meanGPerKwh: () => gPerKwh };
}

/** Hours from 0 on. */
function hours(...values: number[]): CurvePiece[] {
  return values.map((gPerKwh, i) => ({
    ...{ fromMs: i * HOUR, toMs: (i + 1) * HOUR, gPerKwh },
    ...{ origin: 'series', isEstimate: false, source: 'a test', basis: 'average-lifecycle' },
  }));
}

test('an axis and a table are of more jobs than a call takes arguments', () => {
  const values = Array.from({ length: 300_000 }, (_, i) => i % 1000);
  expect(axisOf(values, { withZero: false })).toMatchObject({ from: 0, to: 1000 });
  expect([smallest(values), largest(values)]).toEqual([0, 999]);
  expect([smallest([]), largest([])]).toEqual([Infinity, -Infinity]);
  expect(
    alignedRows(
      [{ title: 'n' }],
      values.map((value) => [String(value)]),
    ),
  ).toHaveLength(300_001);
  expect(permutationTest(values, [1], { seed: 1, resamples: 2 })?.p).toBeGreaterThan(0);
});

describe('the numbers of Henderson et al. (2020)', () => {
  test('235 students with 5 runs each take 888 kWh', () => {
    const work = { name: 'homework', energyKwh: [888 / 1175], elapsedMs: [0] };
    const { emissions } = zoneOutcome([work], grid(500), 235 * 5);
    expect(emissions[0]?.energyKwh).toBeCloseTo(888, 9);
    expect(emissions[0]?.co2eKg).toBeCloseTo(444, 9);
  });

  test.each([
    [3.04, 12_768],
    [0.09, 378],
  ])('4.2 million times %d g are %d kg', (grams, kg) => {
    const work = { name: 'translation', energyKwh: [0.004], elapsedMs: [0] };
    const { emissions } = zoneOutcome([work], grid(grams / 0.004), 4.2e6);
    expect(emissions[0]?.co2eKg).toBeCloseTo(kg, 6);
    expect(emissions[0]?.perRunKg).toBeCloseTo(grams / 1000, 12);
  });
});

test('a run is weighed by the hours that it is in', () => {
  const curve = hours(100, 200, 400);
  expect(meanIntensity(curve, HOUR / 2, HOUR)).toBe(150);
  expect(meanIntensity(curve, 0, 3 * HOUR)).toBeCloseTo(700 / 3, 9);
  expect(meanIntensity(curve, HOUR, 0)).toBe(200);
  // Beyond the curve its last value holds.
  expect(meanIntensity(curve, 2 * HOUR, 4 * HOUR)).toBe(400);
});

test('hours to begin at: the least carbon first, and the run ends within the window', () => {
  const found = startHours(hours(300, 100, 100, 500), { sinceMs: 1, untilMs: 4 * HOUR, elapsedMs: 2 * HOUR });
  expect(found).toEqual([
    { startMs: HOUR, gPerKwh: 100 },
    { startMs: 2 * HOUR, gPerKwh: 300 },
  ]);
});

test('with one intensity for all, the difference is the energies` and p does not depend on the zone', () => {
  const [a, b] = [
    { name: 'A', energyKwh: [1, 1.1, 1.2], elapsedMs: [0, 0, 0] },
    { name: 'B', energyKwh: [2, 2.1, 2.3], elapsedMs: [0, 0, 0] },
  ];
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1500 }), (g) => {
      const [here, there] = [zoneOutcome([a, b], grid(g), 1), zoneOutcome([a, b], grid(100), 1)];
      expect(here.difference?.p).toBeCloseTo(there.difference?.p ?? NaN, 9);
      expect(here.difference?.difference).toBeCloseTo(((there.difference?.difference ?? NaN) * g) / 100, 9);
      expect(here.gPerKwh).toBeCloseTo(g, 6);
    }),
  );
});

test('an axis has round ticks that hold all values', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 9 }),
      (values) => {
        const { from, to, ticks } = axisOf(values, { withZero: true });
        const slack = (to - from) * 1e-6;
        expect(from).toBeLessThanOrEqual(Math.min(0, ...values) + slack);
        expect(to).toBeGreaterThanOrEqual(Math.max(0, ...values) - slack);
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(12);
      },
    ),
  );
  expect(axisOf([-5e-324], { withZero: true }).ticks).toEqual([-0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6]);
  expect(axisOf([1e9, 1e9 + 1e-7], { withZero: false }).ticks).toHaveLength(7);
  expect(axisOf([37], { withZero: true }).ticks).toEqual([0, 5, 10, 15, 20, 25, 30, 35, 40]);
});
