import type { IntensityBasis } from '../carbon/intensity';
import type { ClusterFactors } from '../generated/report';
import { percentText } from './units';

/** What tells of the intensity that was taken: a report's factors, or those of one of its clusters. */
export type IntensityTold = Pick<
  ClusterFactors,
  'intensity_basis' | 'intensity_by_basis' | 'intensity_by_origin' | 'intensity_year' | 'intensity_years'
>;

/** The bases that energy is on, which can be others than the one asked for: that of most of it first. */
export function basesTaken({
  intensity_basis: asked,
  intensity_by_basis: parts,
}: Pick<IntensityTold, 'intensity_basis' | 'intensity_by_basis'>): IntensityBasis[] {
  if (parts === undefined) return [asked];
  const both = [
    ['average-lifecycle', parts.lifecycle],
    ['average-direct', parts.direct],
  ] as const;
  return both
    .filter(([, part]) => part > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([basis]) => basis);
}

/** How a basis is called where nobody knows the names in the JSON. */
export const BASIS_WORDS = { 'average-lifecycle': 'life cycle', 'average-direct': 'direct' } as const;

/**
 * The basis of a figure: `average-direct`; of two, how much of the energy is on each.
 * @param named by another name
 */
export function basisTaken(
  told: IntensityTold,
  named: (basis: IntensityBasis) => string = (basis) => basis,
): string {
  const bases = basesTaken(told);
  const { intensity_by_basis: parts } = told;
  if (bases.length === 1 || parts === undefined) return bases.map(named).join('');
  const part = (basis: IntensityBasis): number =>
    basis === 'average-direct' ? parts.direct : parts.lifecycle;
  return bases.map((basis) => `${percentText(part(basis))} ${named(basis)}`).join(', ');
}

/** Whether all of it is by averages of years. */
export function isYearly({ intensity_by_origin: origin }: IntensityTold): boolean {
  return origin === undefined || origin.yearly === 1;
}

/** The years of averages: `2019`, `2019; 2024 in place of 2022`; '' where there are none, or they are not known. */
export function yearsNamed({ intensity_year: year, intensity_years: years }: IntensityTold): string {
  if (years === undefined) return year === undefined ? '' : String(year);
  const named = years.map((one) =>
    one.in_place_of.length === 0 ? String(one.year) : `${one.year} in place of ${stretches(one.in_place_of)}`,
  );
  return years.some((one) => one.in_place_of.length > 0) ? named.join('; ') : listed(named);
}

/** The same with what they are years of. */
export function yearsTaken(told: IntensityTold): string {
  const years = yearsNamed(told);
  if (years === '') return '';
  return `average${(told.intensity_years?.length ?? 1) > 1 ? 's' : ''} of ${years}`;
}

const FILLED = [
  ['estimated', () => 'estimated'],
  ['neighbour', () => 'from a neighbouring hour'],
  ['same_hour', () => 'from the same hour of other weeks'],
  ['yearly', (told: IntensityTold) => `by the ${yearsTaken(told) || 'average of a year'}`],
] as const;

/** Of energy that has intensities by time, how much has no final value of its own time: `12 % estimated`; none where all has, or none. */
export function filledParts(told: IntensityTold): string[] {
  const { intensity_by_origin: origin } = told;
  if (origin === undefined || isYearly(told)) return [];
  return FILLED.flatMap(([name, how]) =>
    origin[name] === 0 ? [] : [`${percentText(origin[name])} ${how(told)}`],
  );
}

/** The same as a part of a sentence, after what stands before it; '' where all is of its own time. */
export function filledText(told: IntensityTold, before = ''): string {
  const parts = filledParts(told);
  return parts.length === 0 ? '' : `${before}of the energy ${parts.join(', ')}`;
}

/** What a short line says of a figure: `average-direct, average of 2019`. */
export function intensityText(told: IntensityTold): string {
  const years = isYearly(told) ? yearsTaken(told) : '';
  return [basisTaken(told), ...(years === '' ? [] : [years])].join(', ');
}

/** `2019`, `2015 to 2018 and 2022`. */
function stretches(years: readonly number[]): string {
  const found: [first: number, last: number][] = [];
  for (const year of years) {
    const last = found.at(-1);
    if (last?.[1] === year - 1) last[1] = year;
    else found.push([year, year]);
  }
  return listed(found.map(([first, last]) => (first === last ? String(first) : `${first} to ${last}`)));
}

function listed(texts: readonly string[]): string {
  return texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')} and ${texts.at(-1)}`;
}
