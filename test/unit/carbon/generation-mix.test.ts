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

const hour = (at: number, type: string, fuel: Fuel | null, powerMw: number): Generation => ({
  startMs: at,
  endMs: at + 1,
  type,
  fuel,
  powerMw,
});

test('stores and ways without a factor need not be told of in each stretch', () => {
  const gas = [0, 1, 2].map((at) => hour(at, 'B04', 'gas', 100));
  const { values, refused } = intensityOfMix([...gas, hour(1, 'B10', null, 80), hour(2, 'B17', null, 20)]);
  expect(values.map(({ startMs, gPerKwh }) => [startMs, gPerKwh])).toEqual([0, 1, 2].map((at) => [at, 490]));
  expect(refused).toEqual({});
});

test('a way is large by its part of what has a factor, whatever stores give', () => {
  const gas = [0, 1].map((at) => hour(at, 'B04', 'gas', 97));
  const store = [0, 1].map((at) => hour(at, 'B10', null, 300));
  const { values, refused } = intensityOfMix([...gas, ...store, hour(0, 'B16', 'solar', 6)]);
  expect(values).toHaveLength(1);
  expect(refused).toEqual({ 'incomplete: a way of generating is missing': 1 });
});
