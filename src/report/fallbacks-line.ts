import type { EitReport } from '../generated/report';
import { LOST } from './columns';
import { ifDefault } from './intensity-notes';
import { basisTaken, filledText, isYearly, yearsTaken } from './intensity-words';
import { plainNumber } from './units';

/** Columns whose figures have PUE in them, beside those of CO2eq. */
const WITH_PUE: readonly string[] = ['Energy', 'Extrapolated', 'Cost', 'MarketCO2e', ...LOST];

/**
 * What the figures of a report rest on that the site has not said, or that is of another time, year or basis: one line for those who see
 * nothing but figures, `defaults and fallbacks: PUE 1.58 (default); ...`. That nothing is added for what no counter sees (`node_overhead`) is no factor that was guessed.
 * @param columns names of those that are shown; null: all that the format has
 * @returns null: there is nothing of the kind
 */
export function fallbacksLine(report: EitReport, columns: readonly string[] | null): string | null {
  if (report.total.energy_kwh.total === 0) return null;
  const hasCo2e = columns?.some((name) => name === 'CO2e' || name.includes('SocialCost')) ?? true;
  const hasPue = hasCo2e || (columns?.some((name) => WITH_PUE.includes(name)) ?? true);
  const parts = [
    ...(hasPue ? pueParts(report) : []),
    ...(hasCo2e ? intensityParts(report) : []),
    ...(report.factors.by_time ?? []).flatMap(({ factor, file, assumed }) =>
      assumed.length === 0 || !(factor === 'pue' ? hasPue : (columns?.includes('Cost') ?? true))
        ? []
        : [`${factor} by the nearest value where ${file} says nothing`],
    ),
  ];
  return parts.length === 0 ? null : `defaults and fallbacks: ${parts.join('; ')}`;
}

function pueParts(report: EitReport): string[] {
  const mark = ifDefault('pue', report);
  return mark === '' ? [] : [`PUE ${plainNumber(Number(report.factors.pue.toPrecision(4)))}${mark}`];
}

function intensityParts(report: EitReport): string[] {
  const { factors } = report;
  const mark = ifDefault('zone', report);
  const years = isYearly(factors) ? yearsTaken(factors) : '';
  return [
    ...(mark === '' ? [] : [`zone ${factors.zone}${mark}`]),
    ...(factors.intensity_by_basis === undefined ? [] : [`intensity ${basisTaken(factors)}`]),
    ...(years === '' ? [] : [`intensity by the ${years}`]),
    ...[filledText(factors)].filter((text) => text !== ''),
  ];
}
