import { ascending, quantile, type Sample } from './sample';

/** What the next value of a kind may be. */
export interface Prediction {
  readonly n: number;
  readonly median: number;
  /** null: of one value there is no interval. */
  readonly interval: {
    readonly low: number;
    readonly high: number;
    /** How likely the next value lies in it. */
    readonly chance: number;
  } | null;
}

/**
 * Where the next value will lie, if it is of the same kind as those before, by no assumption of a distribution: between the i-th smallest and the
 * i-th largest of n values it lies with the chance (n + 1 - 2i) / (n + 1). i is the largest with which that is at
 * least `level`; where not even all n reach it, from the least to the most with the chance that these have.
 * @param sample at least one value
 */
export function predictNext(sample: Sample, level: number): Prediction {
  const sorted = ascending(sample);
  const n = sorted.length;
  // Rounding must not take the 19th value off what 19 values reach exactly.
  const i = Math.max(1, Math.floor(((1 - level) / 2) * (n + 1) + 1e-9));
  return {
    n,
    median: quantile(sorted, 0.5),
    interval:
      n < 2
        ? null
        : { low: sorted[i - 1] ?? NaN, high: sorted[n - i] ?? NaN, chance: (n + 1 - 2 * i) / (n + 1) },
  };
}
