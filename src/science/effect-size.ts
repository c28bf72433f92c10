import { logGamma } from './distributions';
import { mannWhitneyTest } from './mann-whitney';
import { mean, type Sample, variance } from './sample';

/**
 * Hedges' g (L. V. Hedges 1981): the difference b - a in pooled standard deviations, without the bias of small samples.
 * @returns null where a sample has fewer than two values, or there is no spread
 */
export function hedgesG(a: Sample, b: Sample): number | null {
  if (a.length < 2 || b.length < 2) return null;
  const df = a.length + b.length - 2;
  const pooled = Math.sqrt(((a.length - 1) * variance(a) + (b.length - 1) * variance(b)) / df);
  if (!(pooled > 0)) return null;
  const correction = Math.exp(logGamma(df / 2) - logGamma((df - 1) / 2)) / Math.sqrt(df / 2);
  return ((mean(b) - mean(a)) / pooled) * correction;
}

/**
 * Cliff's delta (N. Cliff 1993): of all pairs, the part in which b is above a less the part in which it is below. From -1 to 1.
 * @returns null where a sample is empty
 */
export function cliffsDelta(a: Sample, b: Sample): number | null {
  const test = mannWhitneyTest(a, b);
  return test === null ? null : (2 * test.u) / (a.length * b.length) - 1;
}

/** In words, by the bounds of Romano et al. (2006). */
export function deltaInWords(delta: number): 'negligible' | 'small' | 'medium' | 'large' {
  const size = Math.abs(delta);
  if (size < 0.147) return 'negligible';
  if (size < 0.33) return 'small';
  return size < 0.474 ? 'medium' : 'large';
}
