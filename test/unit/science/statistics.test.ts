import fc from 'fast-check';
import { bootstrapDifference } from '../../../src/science/bootstrap';
import { pearson, spearman } from '../../../src/science/correlation';
import { normalQuantile, twoSidedT, twoSidedZ } from '../../../src/science/distributions';
import { cliffsDelta, hedgesG } from '../../../src/science/effect-size';
import { mannWhitneyTest } from '../../../src/science/mann-whitney';
import { permutationTest } from '../../../src/science/permutation';
import { mean, quantile, ranks, standardError } from '../../../src/science/sample';
import { holm, stars } from '../../../src/science/significance';
import { welchTest } from '../../../src/science/welch';

// Every expected number below that is not from a law was computed by Python 3.11.7 with scipy 1.17.1 and numpy:
// stats.ttest_ind(b, a, equal_var=False), stats.mannwhitneyu(b, a, method='exact' or 'asymptotic'), stats.permutation_test(n_resamples=inf),
// stats.bootstrap(n_resamples=400000), stats.pearsonr, stats.spearmanr, stats.t.sf, stats.norm.sf;
// df by Welch and Satterthwaite, g with scipy.special.gammaln and delta by numpy from their definitions.
const A = [12.1, 11.4, 13.9, 12.7, 11.9];
const B = [14.2, 15.1, 13.3, 16.0, 14.8, 13.1];
const C = [1, 2, 2, 3, 3, 3, 4, 5.5, 7, 7];
const D = [2, 3, 3, 5, 6, 7, 8, 8, 9, 11, 12, 12];
const E = [0.1, 0.1, 0.2, 0.4, 0.3, 0.25, 0.9];
const F = [100.5, 99.2, 101.3, 98.7, 102.8, 100.1, 97.9, 103.3];
const to4 = (value: number): number => Number(value.toFixed(4));
const sixty = Array.from({ length: 60 }, (_, i) => i);
const G = sixty.map((i) => to4(Math.sin(i) * 10 + 20 + i * 0.01));
const H = sixty.map((i) => to4(Math.cos(i * 1.3) * 12 + 22 + i * 0.02));

const SAMPLES = { AB: [A, B], CD: [C, D], EF: [E, F], GH: [G, H] } as const;

/** To so many parts of the value itself. */
function expectNear(found: number | null | undefined, wanted: number, part = 1e-6): void {
  expect(found).not.toBeNull();
  expect(Math.abs((found ?? NaN) - wanted)).toBeLessThanOrEqual(Math.abs(wanted) * part);
}

describe('as scipy computes it', () => {
  test.each([
    [2.5, 3.3, 0.08005283630835447],
    [12, 7, 6.358310378185098e-6],
    [45, 12.5, 3.3096907099257396e-15],
    [0.3, 1e6, 0.7641772179789942],
    [6, 1e6, 1.97384981235443e-9],
    [1e-3, 2, 0.9992928933955901],
    [3.1, 500.5, 0.0020442034247109427],
    [25, 1.2, 0.014070216704203296],
    [4, 40000, 6.34563119569637e-5],
  ])('t %d with %d degrees of freedom', (t, df, p) => {
    expectNear(twoSidedT(t, df), p);
    expect(twoSidedT(-t, df)).toBe(twoSidedT(t, df));
  });

  test.each([
    [0.1, 0.920344325445942],
    [1.96, 0.04999579029644087],
    [4, 6.334248366623973e-5],
    [7, 2.55962508777167e-12],
  ])('z %d', (z, p) => {
    // Far out only that it is next to nothing: the library gives 1 - erf.
    expect(Math.abs(twoSidedZ(z) - p)).toBeLessThan(1e-13);
    if (z < 6) expectNear(twoSidedZ(z), p);
  });

  test.each([
    ['AB', 3.2336300618129568, 8.97021991002255, 0.010307200842923322, 0.6051487769871777, 3.428184556346154],
    ['CD', 2.834550148776445, 18.39469546476141, 0.010828420541928183, 0.88817867739973, 5.945154655933604],
    [
      'EF',
      146.34671955945473,
      7.3338103235617105,
      5.5795926636622174e-14,
      98.55013414581971,
      101.75700871132314,
    ],
    [
      'GH',
      1.5474729214926026,
      114.0914513641424,
      0.12451869370589737,
      -0.6233457257588086,
      5.073659059092156,
    ],
  ] as const)('Welch: %s', (name, t, df, p, low, high) => {
    const test = welchTest(...SAMPLES[name]);
    expectNear(test?.t, t, 1e-12);
    expectNear(test?.df, df, 1e-12);
    expectNear(test?.p, p);
    expectNear(test?.low, low);
    expectNear(test?.high, high);
  });

  test.each([
    ['AB', 28, 0.017316017316017316, 'exact'],
    ['CD', 95, 0.02176876467868878, 'normal'],
    ['EF', 56, 0.0014457807008947526, 'normal'],
    ['GH', 2105, 0.10999613374076825, 'normal'],
  ] as const)('Mann-Whitney: %s', (name, u, p, method) => {
    const test = mannWhitneyTest(...SAMPLES[name]);
    expect(test).toMatchObject({ u, method });
    expectNear(test?.p, p);
  });

  test.each([
    [20, 25, 281, 0.4897947065780864],
    [49, 49, 1298, 0.4923849750000994],
  ])('Mann-Whitney, exact, of %d and %d', (n, m, u, p) => {
    const a = Array.from({ length: n }, (_, i) => (i * 7) % 101);
    const b = Array.from({ length: m }, (_, i) => ((i * 13 + 3) % 103) + 0.5);
    const test = mannWhitneyTest(a, b);
    expect(test).toMatchObject({ u, method: 'exact' });
    expectNear(test?.p, p, 1e-12);
  });

  test('all divisions of few values', () => {
    expect(permutationTest(A, B, { seed: 1 })).toEqual({
      p: expect.closeTo(0.017316017316017316, 14) as number,
      method: 'exact',
      divisions: 462,
    });
    expectNear(permutationTest(E.slice(0, 4), C.slice(0, 5), { seed: 1 })?.p, 0.015873015873015872, 1e-12);
  });

  test.each([
    ['AB', 'BCa', 0.84, 3.056667],
    ['EF', 'BCa', 98.978571, 101.480357],
    ['GH', 'BCa', -0.570659, 5.025999],
    ['AB', 'percentile', 0.89, 3.1],
    ['EF', 'percentile', 98.932143, 101.430357],
    ['GH', 'percentile', -0.563672, 5.034023],
  ] as const)('bootstrap of %s, %s', (name, method, low, high) => {
    const [a, b] = SAMPLES[name];
    const interval = bootstrapDifference(a, b, { seed: 7, resamples: 40_000, method });
    expect(interval?.method).toBe(method);
    // Of random draws: to 1.5 % of the interval's width, some three times the spread of its ends at 40 000.
    const tolerance = (high - low) * 0.015;
    expect(Math.abs((interval?.low ?? NaN) - low)).toBeLessThan(tolerance);
    expect(Math.abs((interval?.high ?? NaN) - high)).toBeLessThan(tolerance);
  });

  test.each([
    ['AB', 1.763608492416107, 0.8666666666666667],
    ['CD', 1.1165516052474904, 0.5833333333333334],
    ['EF', 66.54469493081139, 1],
    ['GH', 0.28072842540789356, 0.16944444444444445],
  ] as const)("Hedges' g and Cliff's delta: %s", (name, g, delta) => {
    expectNear(hedgesG(...SAMPLES[name]), g);
    expectNear(cliffsDelta(...SAMPLES[name]), delta, 1e-12);
  });

  test.each([
    [C, D.slice(0, 10), 0.9287348252095043, 0.00010347956296175317, 0.7203196979317186, 0.9833445977980969],
    [E, F.slice(0, 7), -0.5361595627421276, 0.2147625674172482, -0.9184036508343814, 0.363776825430667],
    [G, H, -0.02291370746740629, 0.862039997495404, -0.27523698302649335, 0.23236296547515325],
  ])('Pearson %#', (x, y, r, p, low, high) => {
    const found = pearson(x, y);
    expectNear(found?.r, r, 1e-12);
    expectNear(found?.p, p);
    expectNear(found?.low, low);
    expectNear(found?.high, high);
  });

  test.each([
    [C, D.slice(0, 10), 0.9814421881913455, 5.074352338763866e-7],
    [E, F.slice(0, 7), -0.43244998209386837, 0.33252677821284443],
    [G, H, -0.005501528202278412, 0.9667230997867343],
  ])('Spearman %#', (x, y, r, p) => {
    expectNear(spearman(x, y)?.r, r, 1e-12);
    expectNear(spearman(x, y)?.p, p);
  });
});

const value = fc.integer({ min: -1000, max: 1000 }).map((whole) => whole / 8);
const sample = fc.array(value, { minLength: 2, maxLength: 12 });

describe('laws', () => {
  test('the difference turns round with the sets, P stays', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const [there, back] = [welchTest(a, b), welchTest(b, a)];
        expect(there === null).toBe(back === null);
        if (there !== null && back !== null) {
          expect(back.difference).toBeCloseTo(-there.difference, 9);
          expect(back.p).toBeCloseTo(there.p, 9);
          expect(back.low).toBeCloseTo(-there.high, 6);
        }
        const [u, v] = [mannWhitneyTest(a, b), mannWhitneyTest(b, a)];
        expect((u?.u ?? NaN) + (v?.u ?? NaN)).toBe(a.length * b.length);
        expect(v?.p).toBeCloseTo(u?.p ?? NaN, 12);
        expect(cliffsDelta(b, a)).toBeCloseTo(-(cliffsDelta(a, b) ?? NaN), 12);
      }),
    );
  });

  test('another unit or origin changes no P and no effect', () => {
    fc.assert(
      fc.property(
        sample,
        sample,
        fc.integer({ min: -50, max: 50 }),
        fc.constantFrom(0.25, 4, 1024),
        (a, b, by, times) => {
          const moved = (values: number[]) => values.map((one) => (one + by) * times);
          expect(welchTest(moved(a), moved(b))?.p ?? null).toEqual(near(welchTest(a, b)?.p ?? null));
          expect(mannWhitneyTest(moved(a), moved(b))?.p).toBe(mannWhitneyTest(a, b)?.p);
          expect(hedgesG(moved(a), moved(b))).toEqual(near(hedgesG(a, b)));
          expect(permutationTest(moved(a), moved(b), { seed: 3, resamples: 99 })?.p).toBe(
            permutationTest(a, b, { seed: 3, resamples: 99 })?.p,
          );
        },
      ),
    );
  });

  test('exact P of Mann-Whitney is that of counting all orders', () => {
    fc.assert(
      fc.property(fc.uniqueArray(value, { minLength: 2, maxLength: 8 }), fc.nat(), (all, cut) => {
        const n = 1 + (cut % (all.length - 1));
        const [a, b] = [all.slice(0, n), all.slice(n)];
        const uOf = (bs: readonly number[], as: readonly number[]): number =>
          bs.reduce((count, y) => count + as.filter((x) => x < y).length, 0);
        const half = (n * b.length) / 2;
        const observed = Math.abs(uOf(b, a) - half);
        let [asFar, orders] = [0, 0];
        for (let chosen = 0; chosen < 1 << all.length; chosen++) {
          const as = all.filter((_, i) => (chosen >> i) & 1);
          if (as.length !== n) continue;
          orders++;
          if (
            Math.abs(
              uOf(
                all.filter((_, i) => !((chosen >> i) & 1)),
                as,
              ) - half,
            ) >= observed
          )
            asFar++;
        }
        expect(mannWhitneyTest(a, b)?.p).toBeCloseTo(asFar / orders, 12);
      }),
      { numRuns: 60 },
    );
  });

  test('P of random divisions is never 0, and the same for the same seed', () => {
    const far = (from: number) => Array.from({ length: 20 }, (_, i) => from + i);
    const found = permutationTest(far(0), far(1000), { seed: 5, resamples: 199 });
    expect(found).toEqual({ p: 1 / 200, method: 'random', divisions: 200 });
    const [first, again, other] = [5, 5, 6].map(
      (seed) => permutationTest(far(0), far(3), { seed, resamples: 4999 })?.p,
    );
    expect(again).toBe(first);
    expect(other).not.toBe(first);
    // Of random draws: some four times their spread.
    expect(Math.abs((first ?? NaN) - PERMUTED)).toBeLessThan(0.02);
  });

  test('Holm: in the order of what was given, none smaller, none above 1', () => {
    expect(holm([0.01, 0.04, 0.03]).map(to4)).toEqual([0.03, 0.06, 0.06]);
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 9 }), (ps) => {
        const corrected = holm(ps);
        ps.forEach((p, i) => {
          expect(corrected[i]).toBeGreaterThanOrEqual(p);
          expect(corrected[i]).toBeLessThanOrEqual(1);
          ps.forEach((q, j) => {
            if (p <= q) expect(corrected[i]).toBeLessThanOrEqual(corrected[j] ?? NaN);
          });
        });
      }),
    );
  });

  test('correlation: a straight line is 1, turned round -1, and order is enough for Spearman', () => {
    fc.assert(
      fc.property(fc.uniqueArray(value, { minLength: 4, maxLength: 12 }), (x) => {
        expect(
          pearson(
            x,
            x.map((one) => 3 * one + 7),
          )?.r,
        ).toBeCloseTo(1, 9);
        expect(
          pearson(
            x,
            x.map((one) => -one),
          )?.r,
        ).toBeCloseTo(-1, 9);
        expect(
          spearman(
            x,
            x.map((one) => Math.exp(one / 100)),
          )?.r,
        ).toBeCloseTo(1, 9);
      }),
    );
  });
});

/** What scipy's permutation_test gives for 0..19 and 3..22, of 999999 divisions. */
const PERMUTED = 0.1239;

test.each([
  [0.0001, '****'],
  [0.00011, '***'],
  [0.001, '***'],
  [0.01, '**'],
  [0.05, '*'],
  [0.0501, 'ns'],
  [1, 'ns'],
])('P of %d: %s', (p, shown) => expect(stars(p)).toBe(shown));

test('what cannot be known is null, no 0', () => {
  expect(standardError([3])).toBeNaN();
  expect(welchTest([1], [2, 3])).toBeNull();
  expect(welchTest([1, 1], [2, 2])).toBeNull();
  expect(mannWhitneyTest([], [1])).toBeNull();
  expect(mannWhitneyTest([1, 1], [1, 1])).toEqual({ u: 2, p: 1, method: 'normal' });
  expect(hedgesG([1, 1], [2, 2])).toBeNull();
  expect(bootstrapDifference([1], [2, 3], { seed: 1 })).toBeNull();
  expect(bootstrapDifference([1, 1], [2, 2], { seed: 1 })).toMatchObject({
    ...{ low: 1, high: 1, method: 'percentile' },
  });
  expect(pearson([1, 1, 1], [1, 2, 3])).toBeNull();
  expect(pearson([1, 2], [5, 4])).toEqual({
    n: 2,
    r: expect.closeTo(-1) as number,
    p: null,
    low: null,
    high: null,
  });
  expect(() => pearson([1, 2], [1])).toThrow(RangeError);
});

test('means, ranks and quantiles', () => {
  expect(mean([1e16, 1, -1e16])).toBe(1 / 3);
  expect(ranks([10, 30, 10, 20])).toEqual([1.5, 4, 1.5, 3]);
  expect([0, 0.25, 0.5, 1].map((part) => quantile([1, 2, 4, 10], part))).toEqual([1, 1.75, 3, 10]);
  expect(normalQuantile(0)).toBe(-Infinity);
  expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 9);
});

function near(wanted: number | null): unknown {
  return wanted === null ? null : (expect.closeTo(wanted, 6) as unknown);
}
