import type { EitReport } from '../generated/report';
import { filledText, intensityText, isYearly } from './intensity-words';
import { localTime } from './local-time';
import { cut, visible } from './printable';
import { plainNumber } from './units';

/** So much of the sources of the intensity is shown; all of them are in the JSON. */
const LONGEST_SOURCE = 80;

/** What the CO2e of a report was reckoned with: grams, basis, zone, of which time they are, and whose. */
export function intensityNotes(report: EitReport, timeZone: string): string[] {
  const { factors } = report;
  // Several clusters' mean has more digits than a person wants.
  const grams = plainNumber(Number(factors.intensity_g_per_kwh.toPrecision(4)));
  return [
    `CO2e: ${grams} g/kWh (${intensityText(factors)}), zone ${factors.zone}${ifDefault('zone', report)}${byTime(report, timeZone)}`,
    `Intensity: ${cut(visible(inShort(factors.intensity_source)), LONGEST_SOURCE)}`,
  ];
}

/** Whose figures they are: a citation goes on in brackets, and is whole in the JSON. */
function inShort(sources: string): string {
  return [...new Set(sources.split('; ').map((source) => source.split(' (')[0]!))].join('; ');
}

/** That the intensity is of each time, and how much of the energy has no value of its own time. */
function byTime({ factors }: EitReport, timeZone: string): string {
  const { as_of: asOf } = factors;
  const known = asOf === undefined ? '' : `, as known on ${localTime(asOf, timeZone)}`;
  if (isYearly(factors)) return known;
  const filled = filledText(factors);
  return `, the mean of the times of use${filled === '' ? '' : ` (${filled})`}${known}`;
}

/** `defaults_used` has a text a factor, which begins with the factor's name; the whole of it is in the JSON. */
export function ifDefault(factor: string, { factors }: EitReport): string {
  const text = factors.defaults_used.find((one) => one.startsWith(`${factor} `));
  if (text === undefined) return '';
  return text.includes('(approximate:') ? ' (approximate)' : ' (default)';
}
