import { type Correlation, pearson, spearman } from './correlation';
import { mean, type Sample } from './sample';
import type { PointGroup } from './scatter-svg';

export const CORRELATION_POINTS = ['sets', 'runs'] as const;

export interface PairedSample {
  readonly name: string;
  readonly x: Sample;
  readonly y: Sample;
}

export interface SetCorrelation {
  readonly name: string;
  readonly pearson: Correlation | null;
  readonly spearman: Correlation | null;
  readonly points: readonly PointGroup[];
}

/**
 * Correlations of two figures: across sets, a point a set's mean, or across all runs, and within each set.
 * @returns across first
 */
export function correlateSets(
  sets: readonly PairedSample[],
  over: (typeof CORRELATION_POINTS)[number],
  within: boolean,
): SetCorrelation[] {
  const across = sets.map(({ name, x, y }): PointGroup => ({
    name,
    points: over === 'sets' ? [[mean(x), mean(y)]] : x.map((value, i) => [value, y[i] ?? NaN]),
  }));
  return [
    correlationOf(over === 'sets' ? 'across sets' : 'across runs', across),
    ...(within
      ? sets.map(({ name, x, y }) =>
          correlationOf(`within ${name}`, [{ name, points: x.map((value, i) => [value, y[i] ?? NaN]) }]),
        )
      : []),
  ];
}

function correlationOf(name: string, points: readonly PointGroup[]): SetCorrelation {
  const all = points.flatMap((group) => group.points);
  const [x, y] = [all.map(([value]) => value), all.map(([, value]) => value)];
  return { name, pearson: pearson(x, y), spearman: spearman(x, y), points };
}
