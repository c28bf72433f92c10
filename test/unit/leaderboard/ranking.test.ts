import fc from 'fast-check';
import { metricValues } from '../../../src/leaderboard/metric-value';
import { paretoFront, ranksOf } from '../../../src/leaderboard/ranking';
import { meanOf, ratioOfMeans } from '../../../src/leaderboard/ratio';

const series = (...values: number[]) => ({
  unit: '',
  points: values.map((value, i) => ({ step: i, value })),
});

test('of a series: mean of all, mean of the last part, best and last', () => {
  const points = series(...Array.from({ length: 20 }, (_, i) => i + 1), 5);
  const higher = { direction: 'higher', asymptoticPart: 0.1 } as const;
  // The last tenth of 21 points are three: 19, 20, 5.
  expect(metricValues(points, higher)).toEqual({
    ...{ average: 215 / 21, asymptotic: 44 / 3, best: 20, last: 5 },
  });
  expect(metricValues(points, { ...higher, direction: 'lower' }).best).toBe(1);
  expect(metricValues(series(7), higher)).toEqual({ average: 7, asymptotic: 7, best: 7, last: 7 });
  // A tenth of 30 is three, whatever doubles make of it.
  const thirty = series(...Array.from({ length: 30 }, (_, i) => i));
  expect(metricValues(thirty, higher).asymptotic).toBe(28);
});

test('ranks: equal values share one, and what has none takes none', () => {
  expect(ranksOf([3, 1, 3, null, 2], 'higher')).toEqual([1, 4, 1, null, 3]);
  expect(ranksOf([3, 1, 3, null, 2], 'lower')).toEqual([3, 1, 3, null, 2]);
  expect(ranksOf([0.1 + 0.2, 0.3], 'higher')).toEqual([1, 1]);
});

test('ranks do not change with the order of entries', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: -5, max: 5 }))), (values) => {
      const ranks = ranksOf(values, 'higher');
      expect(ranksOf(values.toReversed(), 'higher')).toEqual(ranks.toReversed());
      values.forEach((a, i) => {
        values.forEach((b, k) => {
          if (a !== null && b !== null) expect(Math.sign(a - b)).toBe(Math.sign(ranks[k]! - ranks[i]!) + 0);
        });
      });
    }),
  );
});

test('nothing beats the front, and something of it beats, or is, all the rest', () => {
  const point = fc.record({
    energyKwh: fc.integer({ min: 0, max: 9 }),
    metric: fc.integer({ min: 0, max: 9 }),
  });
  fc.assert(
    fc.property(fc.array(point, { minLength: 1 }), (points) => {
      const front = paretoFront(points, 'higher');
      const beats = (a: (typeof points)[number], b: (typeof points)[number]): boolean =>
        a.energyKwh <= b.energyKwh &&
        a.metric >= b.metric &&
        (a.energyKwh < b.energyKwh || a.metric > b.metric);
      points.forEach((own, i) => {
        expect(points.some((other) => beats(other, own))).toBe(!front[i]);
        if (!front[i]) expect(points.some((other, k) => front[k] && beats(other, own))).toBe(true);
      });
      const mirrored = points.map(({ energyKwh, metric }) => ({ energyKwh, metric: -metric }));
      expect(paretoFront(mirrored, 'lower')).toEqual(front);
    }),
  );
});

test('a ratio of means is that of the sums; its error is what many repetitions of it show', () => {
  expect(ratioOfMeans([10, 12, 14], [100, 110, 120])?.value).toBe(36 / 330);
  expect(ratioOfMeans([10], [4])).toEqual({ value: 2.5, standardError: null });
  expect(ratioOfMeans([1, 2], [0, 0])).toBeNull();
  expect(meanOf([1, 2, 3])).toEqual({ value: 2, standardError: Math.sqrt(1 / 3) });
  // One over the other in both: no error at all.
  expect(ratioOfMeans([2, 4, 6], [1, 2, 3])).toEqual({ value: 2, standardError: 0 });
  // The standard deviation of 2000 ratios of 30 runs, each with its own noise, from a generator with a seed.
  let state = 12345;
  const random = (): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
  const found = Array.from({ length: 2000 }, () => {
    const under = Array.from({ length: 30 }, () => 10 + 2 * random());
    const over = under.map((one) => 3 * one + 4 * (random() - 0.5));
    return ratioOfMeans(over, under)!;
  });
  const middle = found.reduce((all, { value }) => all + value, 0) / found.length;
  const spread = Math.sqrt(
    found.reduce((all, { value }) => all + (value - middle) ** 2, 0) / (found.length - 1),
  );
  const told = found.reduce((all, { standardError }) => all + standardError!, 0) / found.length;
  expect(middle).toBeCloseTo(3, 2);
  expect(told / spread).toBeGreaterThan(0.93);
  expect(told / spread).toBeLessThan(1.07);
});
