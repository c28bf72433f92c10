import { visible } from '../report/printable';
import { energyText, plainNumber } from '../report/units';
import type { BoardSpec, RankingName } from './board-spec';
import { RANKINGS } from './ranking';
import type { Estimate } from './ratio';

/** With four significant digits; thousands have commas. */
export function numberText(value: number): string {
  const rounded = Number(value.toPrecision(4));
  const size = Math.abs(rounded);
  if (size >= 1e15) return rounded.toExponential();
  return size >= 1e4 ? rounded.toLocaleString('en-US') : plainNumber(rounded);
}

/** A figure with its standard error, as far as there is one. */
export function estimateText({ value, standardError }: Estimate, unit = ''): string {
  const tail = unit === '' ? '' : ` ${unit}`;
  return `${numberText(value)}${standardError === null ? '' : ` ± ${numberText(Number(standardError.toPrecision(2)))}`}${tail}`;
}

export function energyEstimateText({ value, standardError }: Estimate): string {
  return `${energyText(value)}${standardError === null ? '' : ` ± ${energyText(Number(standardError.toPrecision(2)))}`}`;
}

/** What pages call the metric. */
export function metricTitle({ metric }: BoardSpec): string {
  return visible(metric.title ?? metric.name, 80);
}

const KINDS = {
  average: 'average ',
  asymptotic: 'asymptotic ',
} as const;

/**
 * What a column calls a ranking.
 * @param hasReference whether the metric is a part of the way from baseline to reference
 */
export function rankingTitle(
  spec: BoardSpec,
  unit: string,
  name: RankingName,
  { hasBaseline, hasReference }: { readonly hasBaseline: boolean; readonly hasReference: boolean },
): string {
  const kind = RANKINGS.find((one) => one.name === name)!;
  const what = `${kind.of === null ? '' : KINDS[kind.of]}${metricTitle(spec)}`;
  if (name === 'metric') return metricTitle(spec);
  if (name === 'energy') return spec.energy === 'it' ? 'energy (IT)' : 'energy (with PUE)';
  const per = kind.per === 'kwh' ? 'kWh' : 'hour';
  const gain = hasReference
    ? `normalised ${what}`
    : hasBaseline
      ? `${what} ${spec.metric.direction === 'higher' ? 'above' : 'below'} baseline`
      : what;
  if (spec.metric.direction === 'higher') return `${gain} per ${per}`;
  return `${per === 'kWh' ? 'energy' : 'time'} per ${hasReference || unit === '' ? 'unit' : unit} of ${gain}`;
}

/** What a ranking says of an entry. */
export function rankingText(spec: BoardSpec, unit: string, name: RankingName, estimate: Estimate): string {
  if (name === 'metric') return estimateText(estimate, unit);
  if (name === 'energy') return energyEstimateText(estimate);
  if (spec.metric.direction === 'higher') return estimateText(estimate);
  return name.endsWith('hour') ? estimateText(estimate, 'h') : energyEstimateText(estimate);
}

/** How the figures came about, for who reads a page. */
export function howLines({ metric, energy, policy, groups, baseline, reference }: BoardSpec): string[] {
  const part = `${numberText(metric.asymptotic_part * 100)} %`;
  const take = {
    average: 'the mean of all its values',
    asymptotic: `the mean of its last ${part}`,
    best: 'its best value',
    last: 'its last value',
  }[metric.take];
  const isHigher = metric.direction === 'higher';
  const hasBaseline = baseline !== undefined || groups.some((group) => group.baseline !== undefined);
  const hasReference = reference !== undefined || groups.some((group) => group.reference !== undefined);
  return [
    `Of a series of ${metric.name} counts ${take}; "average" is the mean of all its values, "asymptotic" that of its last ${part}.`,
    `Figures are means over an entry's runs, ± their standard error (s/√n); one run has none.`,
    isHigher
      ? `What is gained per kWh is the mean of ${hasBaseline ? `${metric.name} - baseline` : metric.name} over the runs, divided by the mean of their energy.`
      : `Less ${metric.name} is better: energy per unit is the mean energy of the runs, divided by the mean of baseline - ${metric.name}; less of it is better.`,
    ...(hasReference
      ? ['Where there is a reference, a normalised metric is (metric - baseline) / (reference - baseline).']
      : []),
    energy === 'it'
      ? `Energy is that of the computers, before PUE, divided on shared nodes by the policy ${policy}: it rests on what hosts recorded. Where they read no power of the whole node, it has what the site adds for it (node_overhead, 1 where it says nothing): that can make it only more. CO2e has the PUE and the grid of each site.`
      : `Energy has the PUE that each site says it has; on shared nodes it is divided by the policy ${policy}.`,
    'Entries that come out alike share a rank. What was observed in part has no rank by energy or time and is not on the front: what was not observed would make it look better. What is no better than the baseline has no rank by what it gained.',
    'An entry is on the front where no other comes as far for less energy, or further for no more; what is no better than the baseline is not.',
    ...(groups.length > 0
      ? [
          'Over all parts an entry has the mean, by their weights, of how far it comes to the best of each: 1 is the best everywhere, a part without a rank counts as 0.',
        ]
      : []),
  ];
}
