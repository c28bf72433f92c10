import { largest, mean, type Sample, sum } from './sample';
import { randomFrom } from './random';

export interface PermutationTest {
  /** Two-sided, of the difference of means. */
  readonly p: number;
  readonly method: 'exact' | 'random';
  /** How many divisions were looked at. */
  readonly divisions: number;
}

/** So many divisions are all looked at. */
const MOST_EXACT = 20_000;

export const RESAMPLES = 9_999;

/** Sums of the same values in another order differ in their last digits: that is no difference. */
const SAME = 1e-12;

/**
 * Whether the difference of means is larger than by dividing the same values by chance (R. A. Fisher 1935). All divisions where they are few; else random ones,
 * of which the one that was measured is one (Phipson and Smyth 2010), so that P is never below 1 / (resamples + 1).
 * @returns null where a sample is empty
 */
export function permutationTest(
  a: Sample,
  b: Sample,
  { seed, resamples = RESAMPLES }: { readonly seed: number; readonly resamples?: number },
): PermutationTest | null {
  if (a.length === 0 || b.length === 0) return null;
  const all = [...a, ...b];
  const total = sum(all);
  const reach = largest(all.map((value) => Math.abs(value))) * SAME;
  const differenceOf = (sumOfA: number): number => Math.abs((total - sumOfA) / b.length - sumOfA / a.length);
  const least = Math.abs(mean(b) - mean(a)) - reach;

  if (divisionsOf(all.length, a.length) <= MOST_EXACT) {
    let [asFar, divisions] = [0, 0];
    for (const chosen of choices(all, a.length)) {
      divisions++;
      if (differenceOf(chosen) >= least) asFar++;
    }
    return { p: asFar / divisions, method: 'exact', divisions };
  }
  const random = randomFrom(seed);
  let asFar = 1;
  for (let i = 0; i < resamples; i++) {
    let chosen = 0;
    // The first of a shuffle (Fisher and Yates); the rest need not be in any order.
    for (let at = 0; at < a.length; at++) {
      const other = at + Math.floor(random() * (all.length - at));
      [all[at], all[other]] = [all[other]!, all[at]!];
      chosen += all[at]!;
    }
    if (differenceOf(chosen) >= least) asFar++;
  }
  return { p: asFar / (resamples + 1), method: 'random', divisions: resamples + 1 };
}

function divisionsOf(size: number, chosen: number): number {
  let ways = 1;
  for (let i = 1; i <= Math.min(chosen, size - chosen); i++) {
    ways = (ways * (size - i + 1)) / i;
    if (ways > MOST_EXACT) return Infinity;
  }
  return Math.round(ways);
}

/** The sum of each choice of `count` values. */
function* choices(values: Sample, count: number, from = 0, added = 0): Iterable<number> {
  if (count === 0) {
    yield added;
    return;
  }
  for (let i = from; i <= values.length - count; i++)
    yield* choices(values, count - 1, i + 1, added + values[i]!);
}
