import { bootstrapDifference, type BootstrapInterval } from './bootstrap';
import { cliffsDelta, hedgesG } from './effect-size';
import { type MannWhitneyTest, mannWhitneyTest } from './mann-whitney';
import { type PermutationTest, permutationTest } from './permutation';
import { ascending, mean, quantile, type Sample, standardError, sum } from './sample';
import { holm, stars } from './significance';
import { type WelchTest, welchTest } from './welch';

export const TESTS = ['welch', 'mann-whitney', 'permutation'] as const;
export type TestName = (typeof TESTS)[number];

export interface NamedSample {
  readonly name: string;
  readonly values: Sample;
}

export interface SetSummary {
  readonly name: string;
  readonly n: number;
  readonly sum: number;
  readonly mean: number;
  /** null of one value. */
  readonly standardError: number | null;
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Of two sets, how b differs from a. */
export interface Difference {
  readonly a: string;
  readonly b: string;
  /** mean(b) - mean(a). */
  readonly difference: number;
  /** mean(b) / mean(a); null where a's is 0. */
  readonly ratio: number | null;
  readonly welch: WelchTest | null;
  readonly mannWhitney: MannWhitneyTest | null;
  readonly permutation: PermutationTest | null;
  readonly bootstrap: BootstrapInterval | null;
  readonly hedgesG: number | null;
  readonly cliffsDelta: number | null;
  /** Of the test that was chosen; null where it cannot be made. */
  readonly p: number | null;
  /** The same, corrected by Holm for the number of pairs. */
  readonly pCorrected: number | null;
  readonly stars: ReturnType<typeof stars> | null;
}

export interface Comparison {
  readonly test: TestName;
  readonly seed: number;
  readonly level: number;
  readonly sets: readonly SetSummary[];
  /** Each with each, in the order given. */
  readonly differences: readonly Difference[];
}

export function summarize({ name, values }: NamedSample): SetSummary {
  const inOrder = ascending(values);
  return {
    ...{ name, n: values.length, sum: sum(values), mean: mean(values) },
    standardError: values.length < 2 ? null : standardError(values),
    median: quantile(inOrder, 0.5),
    least: inOrder[0] ?? NaN,
    most: inOrder.at(-1) ?? NaN,
  };
}

/** Compares each set with each. The same seed gives the same numbers. */
export function compareSamples(
  samples: readonly NamedSample[],
  { test, seed, level = 0.95 }: { readonly test: TestName; readonly seed: number; readonly level?: number },
): Comparison {
  const pairs = samples.flatMap((a, i) =>
    samples.slice(i + 1).map((b) => differenceOf(a, b, test, seed, level)),
  );
  const told = pairs.flatMap(({ p }) => (p === null ? [] : [p]));
  const corrected = holm(told);
  let at = 0;
  return {
    ...{ test, seed, level },
    sets: samples.map(summarize),
    differences: pairs.map((pair) => {
      const pCorrected = pair.p === null ? null : (corrected[at++] ?? null);
      return { ...pair, pCorrected, stars: pCorrected === null ? null : stars(pCorrected) };
    }),
  };
}

function differenceOf(
  { name: nameA, values: a }: NamedSample,
  { name: nameB, values: b }: NamedSample,
  test: TestName,
  seed: number,
  level: number,
): Omit<Difference, 'pCorrected' | 'stars'> {
  const welch = welchTest(a, b, level);
  const mannWhitney = mannWhitneyTest(a, b);
  const permutation = permutationTest(a, b, { seed });
  const chosen = { welch, 'mann-whitney': mannWhitney, permutation }[test];
  return {
    ...{ a: nameA, b: nameB, difference: mean(b) - mean(a) },
    ratio: mean(a) === 0 ? null : mean(b) / mean(a),
    ...{ welch, mannWhitney, permutation },
    bootstrap: bootstrapDifference(a, b, { seed, level }),
    hedgesG: hedgesG(a, b),
    cliffsDelta: cliffsDelta(a, b),
    // One value tells nothing of how much values differ, whatever the test.
    p: a.length < 2 || b.length < 2 ? null : (chosen?.p ?? null),
  };
}
