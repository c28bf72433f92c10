import { tOfTwoSided, twoSidedT } from './distributions';
import { mean, type Sample, variance } from './sample';

/** Of the difference b - a. */
export interface WelchTest {
  readonly difference: number;
  readonly standardError: number;
  readonly t: number;
  /** Degrees of freedom by Welch and Satterthwaite. */
  readonly df: number;
  /** Two-sided. */
  readonly p: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Welch's t test (B. L. Welch 1947): whether two means differ, where the spreads may differ too.
 * @param level of the confidence interval low to high, such as 0.95
 * @returns null where a sample has fewer than two values, or neither has any spread: then there is no t
 */
export function welchTest(a: Sample, b: Sample, level = 0.95): WelchTest | null {
  if (a.length < 2 || b.length < 2) return null;
  const [va, vb] = [variance(a) / a.length, variance(b) / b.length];
  const difference = mean(b) - mean(a);
  const standardError = Math.sqrt(va + vb);
  if (!(standardError > 0)) return null;
  const t = difference / standardError;
  // By parts of the sum: squares of tiny variances would be 0.
  const [partA, partB] = [va / (va + vb), vb / (va + vb)];
  const df = 1 / (partA ** 2 / (a.length - 1) + partB ** 2 / (b.length - 1));
  const reach = tOfTwoSided(1 - level, df) * standardError;
  return {
    ...{ difference, standardError, t, df, p: twoSidedT(t, df) },
    low: difference - reach,
    high: difference + reach,
  };
}
