import { twoSidedZ } from './distributions';
import { ranks, type Sample, sum } from './sample';

/** U counts the pairs in which b is above a, ties as half. */
export interface MannWhitneyTest {
  readonly u: number;
  /** Two-sided. */
  readonly p: number;
  readonly method: 'exact' | 'normal';
}

/** From here on the normal distribution is as good, and much sooner known (R's wilcox.test takes the same). */
const EXACT_BELOW = 50;

/**
 * The test of Mann and Whitney (1947): whether values of one sample tend to be above those of the other. Without ties and below 50 values each P is
 * exact; else it is by the normal distribution, with the correction for ties and for continuity.
 * @returns null where a sample is empty
 */
export function mannWhitneyTest(a: Sample, b: Sample): MannWhitneyTest | null {
  const [n, m] = [a.length, b.length];
  if (n === 0 || m === 0) return null;
  const all = [...a, ...b];
  const u = sum(ranks(all).slice(n)) - (m * (m + 1)) / 2;
  const ties = tieSizes(all);
  if (ties.length === 0 && n < EXACT_BELOW && m < EXACT_BELOW)
    return { u, p: Math.min(1, 2 * chanceAtMost(Math.min(u, n * m - u), n, m)), method: 'exact' };

  const size = n + m;
  const tied = sum(ties.map((count) => count ** 3 - count));
  const spread = Math.sqrt(((n * m) / 12) * (size + 1 - tied / (size * (size - 1))));
  // All values are the same: nothing is above anything.
  if (!(spread > 0)) return { u, p: 1, method: 'normal' };
  const z = Math.max(0, Math.abs(u - (n * m) / 2) - 0.5) / spread;
  return { u, p: Math.min(1, twoSidedZ(z)), method: 'normal' };
}

function tieSizes(values: Sample): number[] {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts.values()].filter((count) => count > 1);
}

/** How likely U is at most `u` where all orders of n and m values are as likely. */
function chanceAtMost(u: number, n: number, m: number): number {
  const ways = waysByU(n, m);
  return sum(ways.slice(0, u + 1)) / sum(ways);
}

/** In how many orders of n and m values each U comes about: the greatest is either of b, above all n of a, or of a. */
function waysByU(n: number, m: number): number[] {
  // Of n values of a and j of b, for each j; a row of n - 1 becomes one of n.
  let row: number[][] = Array.from({ length: m + 1 }, () => [1]);
  for (let i = 1; i <= n; i++) {
    const next: number[][] = [[1]];
    for (let j = 1; j <= m; j++) {
      const ofB = next[j - 1] ?? [];
      const ofA = row[j] ?? [];
      next.push(Array.from({ length: i * j + 1 }, (_, u) => (ofB[u - i] ?? 0) + (ofA[u] ?? 0)));
    }
    row = next;
  }
  return row[m] ?? [];
}
