import type { RankingName } from './board-spec';

/** What a ranking is by. */
export interface RankingKind {
  readonly name: RankingName;
  /** Which value of a series; null: that which the spec takes. */
  readonly of: 'average' | 'asymptotic' | null;
  readonly per: 'kwh' | 'hour' | null;
}

/** All that there are, in the order in which pages show them. */
export const RANKINGS: readonly RankingKind[] = [
  { name: 'efficiency', of: null, per: 'kwh' },
  { name: 'metric', of: null, per: null },
  { name: 'energy', of: null, per: null },
  { name: 'average-per-kwh', of: 'average', per: 'kwh' },
  { name: 'asymptotic-per-kwh', of: 'asymptotic', per: 'kwh' },
  { name: 'average-per-hour', of: 'average', per: 'hour' },
  { name: 'asymptotic-per-hour', of: 'asymptotic', per: 'hour' },
];

/**
 * Ranks from 1 on: equal values share one, and the next is as many further on. Values that differ in what arithmetic rounds are equal.
 * @param values null: without a rank
 */
export function ranksOf(values: readonly (number | null)[], better: 'higher' | 'lower'): (number | null)[] {
  const rounded = values.map((value) => (value === null ? null : Number(value.toPrecision(12))));
  const isBetter = (a: number, b: number): boolean => (better === 'higher' ? a > b : a < b);
  return rounded.map((own) =>
    own === null ? null : 1 + rounded.filter((other) => other !== null && isBetter(other, own)).length,
  );
}

/** An entry as a point: what it takes, and what it gives. */
export interface Point {
  readonly energyKwh: number;
  readonly metric: number;
}

/** Of each point, whether no other takes no more and gives no less, and differs in one of them. */
export function paretoFront(points: readonly Point[], better: 'higher' | 'lower'): boolean[] {
  const sign = better === 'higher' ? 1 : -1;
  return points.map(
    (own) =>
      !points.some(
        (other) =>
          other.energyKwh <= own.energyKwh &&
          sign * other.metric >= sign * own.metric &&
          (other.energyKwh < own.energyKwh || sign * other.metric > sign * own.metric),
      ),
  );
}
