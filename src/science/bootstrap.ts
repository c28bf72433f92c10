import { normalCdf, normalQuantile } from './distributions';
import { randomFrom } from './random';
import { RESAMPLES } from './permutation';
import { ascending, mean, quantile, type Sample, sum } from './sample';

export interface BootstrapInterval {
  readonly low: number;
  readonly high: number;
  /** BCa: corrected for bias and acceleration; percentile where that correction is not defined. */
  readonly method: 'BCa' | 'percentile';
  readonly resamples: number;
}

export interface BootstrapOptions {
  readonly seed: number;
  readonly level?: number;
  readonly resamples?: number;
  readonly method?: BootstrapInterval['method'];
}

/**
 * A confidence interval of the difference of means, b - a, by drawing from the samples themselves (B. Efron 1987: BCa).
 * @returns null where a sample has fewer than two values
 */
export function bootstrapDifference(
  a: Sample,
  b: Sample,
  { seed, level = 0.95, resamples = RESAMPLES, method = 'BCa' }: BootstrapOptions,
): BootstrapInterval | null {
  if (a.length < 2 || b.length < 2) return null;
  const random = randomFrom(seed);
  const drawnMean = (sample: Sample): number => {
    let total = 0;
    for (let i = 0; i < sample.length; i++) total += sample[Math.floor(random() * sample.length)]!;
    return total / sample.length;
  };
  const found = ascending(Array.from({ length: resamples }, () => drawnMean(b) - drawnMean(a)));
  const tails = [(1 - level) / 2, (1 + level) / 2] as const;
  const corrected = method === 'BCa' ? correctedTails(found, a, b, tails) : null;
  const [lower, upper] = corrected ?? tails;
  return {
    low: quantile(found, lower),
    high: quantile(found, upper),
    method: corrected === null ? 'percentile' : 'BCa',
    resamples,
  };
}

function correctedTails(
  found: Sample,
  a: Sample,
  b: Sample,
  tails: readonly [number, number],
): [number, number] | null {
  const observed = mean(b) - mean(a);
  const below = found.filter((value) => value < observed).length;
  const equal = found.filter((value) => value === observed).length;
  const bias = normalQuantile((below + equal / 2) / found.length);
  const acceleration = accelerationOf(a, b);
  if (!Number.isFinite(bias) || !Number.isFinite(acceleration)) return null;
  const corrected = (tail: number): number => {
    const z = bias + normalQuantile(tail);
    return normalCdf(bias + z / (1 - acceleration * z));
  };
  return [corrected(tails[0]), corrected(tails[1])];
}

/** From the influence of each value, of both samples, as scipy's and Efron's for several samples: Σ U³ / n³ over 6 (Σ U² / n²)^1.5. */
function accelerationOf(a: Sample, b: Sample): number {
  let [cubes, squares] = [0, 0];
  for (const [sample, sign] of [
    [a, -1],
    [b, 1],
  ] as const) {
    const n = sample.length;
    // Leaving x out moves the mean by (mean - x) / (n - 1).
    const middle = mean(sample);
    const influences = sample.map((x) => sign * (x - middle));
    cubes += sum(influences.map((value) => value ** 3)) / n ** 3;
    squares += sum(influences.map((value) => value ** 2)) / n ** 2;
  }
  return cubes / (6 * squares ** 1.5);
}
