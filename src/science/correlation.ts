import { normalQuantile, twoSidedT } from './distributions';
import { mean, ranks, type Sample, sum } from './sample';

export interface Correlation {
  readonly n: number;
  /** From -1 to 1. */
  readonly r: number;
  /** Two-sided, by Student's t with n - 2 degrees of freedom; null below three pairs. */
  readonly p: number | null;
  /** Confidence interval of r by Fisher's z; null below four pairs. */
  readonly low: number | null;
  readonly high: number | null;
}

/**
 * Pearson's correlation; its square is the R² of a straight line.
 * @param x,y equally many
 * @returns null below two pairs, or where one of the two is the same everywhere
 */
export function pearson(x: Sample, y: Sample, level = 0.95): Correlation | null {
  return correlation(x, y, () => 1, level);
}

/** Spearman's: Pearson's of the ranks. Its interval takes the spread of z from Bonett and Wright (2000): √((1 + r²/2) / (n - 3)). */
export function spearman(x: Sample, y: Sample, level = 0.95): Correlation | null {
  return correlation(ranks(x), ranks(y), (r) => Math.sqrt(1 + r ** 2 / 2), level);
}

function correlation(
  x: Sample,
  y: Sample,
  spreadOf: (r: number) => number,
  level: number,
): Correlation | null {
  const n = x.length;
  if (n !== y.length) throw new RangeError(`${n} values of one and ${y.length} of the other`);
  if (n < 2) return null;
  const [mx, my] = [mean(x), mean(y)];
  const [dx, dy] = [x.map((value) => value - mx), y.map((value) => value - my)];
  const [sx, sy] = [dx, dy].map((d) => Math.sqrt(sum(d.map((value) => value ** 2)))) as [number, number];
  if (!(sx > 0) || !(sy > 0)) return null;
  const r = Math.max(-1, Math.min(1, sum(dx.map((value, i) => (value / sx) * (dy[i]! / sy)))));
  const p = n < 3 ? null : twoSidedT(r * Math.sqrt((n - 2) / ((1 - r) * (1 + r))), n - 2);
  if (n < 4) return { n, r, p, low: null, high: null };
  const reach = (normalQuantile((1 + level) / 2) * spreadOf(r)) / Math.sqrt(n - 3);
  // atanh(1) is infinite, and so is what is left of it: the interval is the value.
  return { n, r, p, low: Math.tanh(Math.atanh(r) - reach), high: Math.tanh(Math.atanh(r) + reach) };
}
