import { twoSidedT } from './distributions';
import { mean, type Sample, standardError } from './sample';

/** Of the differences b - a of pairs. */
export interface PairedTest {
  readonly difference: number;
  readonly t: number;
  readonly df: number;
  /** Two-sided. */
  readonly p: number;
}

/**
 * Student's t test of pairs: whether what was estimated of each run differs from what was measured of it.
 * @param a,b of the same length, pair by pair
 * @returns null where there are fewer than two pairs, or their differences have no spread: then there is no t
 */
export function pairedTest(a: Sample, b: Sample): PairedTest | null {
  const differences = a.map((value, i) => (b[i] ?? NaN) - value);
  const error = standardError(differences);
  if (!(error > 0)) return null;
  const [difference, df] = [mean(differences), differences.length - 1];
  return { difference, t: difference / error, df, p: twoSidedT(difference / error, df) };
}
