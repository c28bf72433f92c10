import type { EitReport, ReportFactors } from '../generated/report';
import { localTime } from './local-time';
import { cut, visible } from './printable';
import { percentText, plainNumber } from './units';

/** So much of the sources of the intensity is shown; all of them are in the JSON. */
const LONGEST_SOURCE = 80;

/** What the CO2e of a report was reckoned with: grams, basis, zone, of which time they are, and whose. */
export function intensityNotes(report: EitReport, timeZone: string): string[] {
  const { factors } = report;
  // Several clusters' mean has more digits than a person wants.
  const grams = plainNumber(Number(factors.intensity_g_per_kwh.toPrecision(4)));
  const of = `${basisTaken(factors)}${ofYear(factors)}`;
  return [
    `CO2e: ${grams} g/kWh (${of}), zone ${factors.zone}${ifDefault('zone', report)}${byTime(report, timeZone)}`,
    `Intensity: ${cut(visible(inShort(factors.intensity_source)), LONGEST_SOURCE)}`,
  ];
}

/** Whose figures they are: a citation goes on in brackets, and is whole in the JSON. */
function inShort(sources: string): string {
  return [...new Set(sources.split('; ').map((source) => source.split(' (')[0]!))].join('; ');
}

const FILLED = [
  ['estimated', 'estimated'],
  ['neighbour', 'from a neighbouring hour'],
  ['same_hour', 'from the same hour of other weeks'],
  ['yearly', 'by the average of a year'],
  ['other_basis', 'on another basis'],
] as const;

/** That the intensity is of each time, and how much of the energy has no value of its own time. */
function byTime({ factors }: EitReport, timeZone: string): string {
  const { intensity_by_origin: origin, as_of: asOf } = factors;
  const known = asOf === undefined ? '' : `, as known on ${localTime(asOf, timeZone)}`;
  if (origin === undefined || origin.yearly === 1) return known;
  const parts = FILLED.flatMap(([name, how]) =>
    origin[name] === 0 || (name === 'other_basis' && isOther(factors))
      ? []
      : [`${percentText(origin[name])} ${name === 'other_basis' ? onOther(factors) : how}`],
  );
  return `, the mean of the times of use${parts.length === 0 ? '' : ` (of the energy ${parts.join(', ')})`}${known}`;
}

const OTHER_BASIS = {
  'average-lifecycle': 'average-direct',
  'average-direct': 'average-lifecycle',
} as const;

/** Whether nothing is on the basis that the site asks for: its series has the other one alone. */
function isOther({ intensity_by_origin: origin }: ReportFactors): boolean {
  return origin?.other_basis === 1;
}

/** The basis of the figure. */
function basisTaken(factors: ReportFactors): string {
  if (!isOther(factors)) return factors.intensity_basis;
  return isOfOneBasis(factors) ? OTHER_BASIS[factors.intensity_basis] : 'another basis than asked for';
}

function onOther(factors: ReportFactors): string {
  return isOfOneBasis(factors) ? `on ${OTHER_BASIS[factors.intensity_basis]}` : 'on another basis';
}

function isOfOneBasis({ by_cluster: clusters, intensity_basis: basis }: ReportFactors): boolean {
  return clusters.every((cluster) => cluster.intensity_basis === basis);
}

/** Of which year an average is that holds at all times. */
function ofYear({ intensity_by_origin: origin, intensity_year: year }: ReportFactors): string {
  const isYearly = origin === undefined || origin.yearly === 1;
  return year !== undefined && isYearly ? `, average of ${year}` : '';
}

/** `defaults_used` has a text a factor, which begins with the factor's name; the whole of it is in the JSON. */
export function ifDefault(factor: string, { factors }: EitReport): string {
  const text = factors.defaults_used.find((one) => one.startsWith(`${factor} `));
  if (text === undefined) return '';
  return text.includes('(approximate:') ? ' (approximate)' : ' (default)';
}
