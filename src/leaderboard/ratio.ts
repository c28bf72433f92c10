import { mean, type Sample, sum } from '../science/sample';

/** A figure of repeated runs, with its standard error; null: of one run nobody can tell. */
export interface Estimate {
  readonly value: number;
  readonly standardError: number | null;
}

/** Mean with s / √n. */
export function meanOf(sample: Sample): Estimate {
  const value = mean(sample);
  return { value, standardError: errorOfMean(sample.map((one) => one - value)) };
}

/**
 * All that was gained over all that it took: the ratio of two means, which one run that took next to nothing cannot move far, as it could the mean of
 * ratios. Its standard error is that of the residuals x - Ry over the mean of y (Cochran, Sampling Techniques, 6.4).
 * @returns null where the divisors come to nothing
 */
export function ratioOfMeans(over: Sample, under: Sample): Estimate | null {
  const divisor = mean(under);
  const value = mean(over) / divisor;
  if (!Number.isFinite(value)) return null;
  const error = errorOfMean(over.map((x, i) => x - value * (under[i] ?? NaN)));
  return { value, standardError: error === null ? null : error / Math.abs(divisor) };
}

/** @param residuals with a mean of 0 */
function errorOfMean(residuals: Sample): number | null {
  const n = residuals.length;
  if (n < 2) return null;
  return Math.sqrt(sum(residuals.map((one) => one ** 2)) / (n - 1) / n);
}
