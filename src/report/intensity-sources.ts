import type { CurvePiece } from '../carbon/curve';
import type { Intensity } from '../carbon/intensity';
import type { ClusterEnergy } from '../runs/group-sums';

/** From when to when energy was used, Unix ms. */
export type UsedTime = Pick<ClusterEnergy, 'fromMs' | 'toMs'>;

/** Whose intensities were taken: of series, and of averages of years. */
export interface IntensitySources {
  readonly series: readonly string[];
  readonly yearly: readonly string[];
  /** Of which years these averages are. */
  readonly years: readonly YearTaken[];
  /** Years that have the average of another one, each named. */
  readonly notes: readonly string[];
}

/** The average of a year that was taken. */
export interface YearTaken {
  readonly year: number;
  /** Years of use that have it because no table has theirs; empty: its own year, or one that is newer than all tables. */
  readonly inPlaceOf: readonly number[];
}

/** A time whose intensities have one source. */
export interface SourceStretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly source: string;
  readonly isYearly: boolean;
}

/** Of a curve what tells its sources: it has thousands of pieces, and one source for most of them. */
export function sourceStretches(
  pieces: Iterable<Pick<CurvePiece, 'fromMs' | 'toMs' | 'source' | 'origin'>>,
): SourceStretch[] {
  const stretches: SourceStretch[] = [];
  for (const { fromMs, toMs, source, origin } of pieces) {
    const isYearly = origin === 'yearly';
    const last = stretches.at(-1);
    if (last?.source === source && last.isYearly === isYearly && last.toMs === fromMs)
      stretches[stretches.length - 1] = { ...last, toMs };
    else stretches.push({ fromMs, toMs, source, isYearly });
  }
  return stretches;
}

/**
 * What is named of a curve: the sources and years of the time in which energy was used, and no others.
 * @param ofYear the average that a year has
 * @param newestYear of the tables: a year after it is expected to have that one's average
 */
export function intensitySources(
  stretches: readonly SourceStretch[],
  used: UsedTime,
  ofYear: (year: number) => Pick<Intensity, 'year' | 'departures'>,
  newestYear: number,
): IntensitySources {
  const within = stretches.filter(({ fromMs, toMs }) => toMs > used.fromMs && fromMs < used.toMs);
  const sources = (isYearly: boolean): string[] =>
    inOrder(within.flatMap((stretch) => (stretch.isYearly === isYearly ? [stretch.source] : [])));
  const years = new Set<number>();
  for (const { fromMs, toMs, isYearly } of within) {
    if (!isYearly) continue;
    const last = utcYear(Math.min(toMs, used.toMs) - 1);
    for (let year = utcYear(Math.max(fromMs, used.fromMs)); year <= last; year++) years.add(year);
  }
  const taken: YearTaken[] = [];
  const notes: string[] = [];
  for (const asked of [...years].sort((a, b) => a - b)) {
    const { year, departures } = asked < newestYear ? ofYear(asked) : { year: newestYear, departures: [] };
    taken.push({ year, inPlaceOf: asked < newestYear && year !== asked ? [asked] : [] });
    notes.push(...departures.map((departure) => `intensity of ${departure}`));
  }
  return { series: sources(false), yearly: sources(true), years: joinYears(taken), notes };
}

/** The same averages once each; an average in place of others' apart from itself. */
export function joinYears(taken: readonly YearTaken[]): YearTaken[] {
  const joined = new Map<string, YearTaken>();
  for (const { year, inPlaceOf } of taken) {
    const key = `${year} ${inPlaceOf.length > 0}`;
    const years = new Set([...(joined.get(key)?.inPlaceOf ?? []), ...inPlaceOf]);
    joined.set(key, { year, inPlaceOf: [...years].sort((a, b) => a - b) });
  }
  return [...joined.values()].sort((a, b) => a.year - b.year || a.inPlaceOf.length - b.inPlaceOf.length);
}

function utcYear(ms: number): number {
  return new Date(ms).getUTCFullYear();
}

/** Once each, in an order that does not depend on the time. */
function inOrder(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}
