import fc from 'fast-check';
import { LIFECYCLE_G_PER_KWH, type Fuel } from '../../../src/carbon/fuel-factors';
import { type Generation, intensityOfMix } from '../../../src/carbon/generation-mix';

const fuels = Object.keys(LIFECYCLE_G_PER_KWH) as Fuel[];
const some = fc.array(
  fc.record({ fuel: fc.constantFrom(...fuels), powerMw: fc.integer({ min: 1, max: 10_000 }) }),
  { minLength: 1, maxLength: 8 },
);
const over = (
  startMs: number,
  endMs: number,
  all: readonly { fuel: Fuel; powerMw: number }[],
): Generation[] =>
  all.map(({ fuel, powerMw }, i) => ({ startMs, endMs, type: `${fuel}-${i}`, fuel, powerMw }));

test('a value lies between the least and the most of the factors in it', () => {
  fc.assert(
    fc.property(some, (all) => {
      const [value] = intensityOfMix(over(0, 60, all)).values;
      const factors = all.map(({ fuel }) => LIFECYCLE_G_PER_KWH[fuel]);
      expect(value?.gPerKwh).toBeGreaterThanOrEqual(Math.min(...factors) - 1e-9);
      expect(value?.gPerKwh).toBeLessThanOrEqual(Math.max(...factors) + 1e-9);
    }),
  );
});

test('twice as much of everything has the same value, and so has each half of a stretch', () => {
  fc.assert(
    fc.property(some, (all) => {
      const [value] = intensityOfMix(over(0, 60, all)).values;
      const doubled = all.map(({ fuel, powerMw }) => ({ fuel, powerMw: powerMw * 2 }));
      expect(intensityOfMix(over(0, 60, doubled)).values[0]?.gPerKwh).toBeCloseTo(value?.gPerKwh ?? NaN, 9);
      const halves = intensityOfMix([...over(0, 30, all), ...over(30, 60, all)]).values;
      expect(halves.map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
        [0, 30],
        [30, 60],
      ]);
      for (const half of halves) expect(half.gPerKwh).toBe(value?.gPerKwh);
    }),
  );
});

test('nothing generated is no value', () => {
  const idle: Generation = { startMs: 0, endMs: 60, type: 'a', fuel: 'solar', powerMw: -2 };
  expect(intensityOfMix([idle])).toEqual({ values: [], refused: { 'nothing generated': 1 } });
  expect(intensityOfMix([])).toEqual({ values: [], refused: {} });
});
