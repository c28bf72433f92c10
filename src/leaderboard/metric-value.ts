import { mean } from '../science/sample';
import type { Metric } from '../science/own-facts';

/** What a series of a metric comes to; of a single value all are the same. */
export interface MetricValues {
  /** Mean of all values. */
  readonly average: number;
  /** Mean of the last part of them. */
  readonly asymptotic: number;
  /** Highest or lowest, by the direction. */
  readonly best: number;
  readonly last: number;
}

/**
 * The values of a series, each point counting alike, in the order in which they were measured.
 * @param asymptoticPart the part of the points, from the end, of which `asymptotic` is the mean; at least one point
 */
export function metricValues(
  { points }: Metric,
  { direction, asymptoticPart }: { direction: 'higher' | 'lower'; asymptoticPart: number },
): MetricValues {
  const values = points.map(({ value }) => value);
  // A tenth of 20 points is two, whatever a double makes of 0.1 * 20.
  const tail = Math.max(1, Math.ceil(values.length * asymptoticPart - 1e-9));
  return {
    average: mean(values),
    asymptotic: mean(values.slice(-tail)),
    best: values.reduce((a, b) => (direction === 'higher' ? Math.max(a, b) : Math.min(a, b))),
    last: values.at(-1) ?? NaN,
  };
}
