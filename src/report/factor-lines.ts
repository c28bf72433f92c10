import type { EitReport } from '../generated/report';
import { SOCIAL_COST_SOURCE } from '../carbon/social-cost';
import { localTime } from './local-time';
import type { View } from './format';
import { visible } from './printable';
import { massText, plainNumber } from './units';

/** So many gaps of a file are named; all of them are in the JSON. */
const MOST_GAPS = 3;

/**
 * What the figures beside energy and CO2e rest on, a line each.
 * @param columns names of those that the table has
 */
export function factorLines(report: EitReport, view: View, columns: readonly string[]): string[] {
  return [
    ...embodiedLine(report),
    ...marketLine(report, columns),
    ...waterLine(report, columns),
    ...costLine(report, columns),
    ...socialCostLine(report, columns),
    ...byTimeLines(report, view),
  ];
}

/** What the total compares with; none where nobody asked. */
export function equivalentLines({ equivalents }: EitReport): string[] {
  if (equivalents === undefined) return [];
  return [
    'As much CO2eq as each of these (homes: as much energy):',
    ...equivalents.map(({ text, source, year }) => `- ${text} (${source}; ${year})`),
  ];
}

function embodiedLine({ total }: EitReport): string[] {
  const { embodied } = total;
  if (embodied === undefined) return [];
  const { co2e_kg: kg, node_hours, gpu_hours, unknown_node_hours, unknown_gpu_hours } = embodied;
  const hours = (of: number, noun: string): string => `${rounded(of)} ${noun}-hours`;
  const lacking = [
    ...(unknown_node_hours > 0 ? [hours(unknown_node_hours, 'node')] : []),
    ...(unknown_gpu_hours > 0 ? [hours(unknown_gpu_hours, 'GPU')] : []),
  ];
  // A site that has set none has none that fits either.
  if (kg === null)
    return [
      `Embodied CO2e is not known: set site.embodied, with classes that fit; ${lacking.join(' and ')} have none.`,
    ];
  const known = `Embodied CO2e, in no other figure: ${massText(kg)} of ${hours(node_hours, 'node')} and ${hours(gpu_hours, 'GPU')}`;
  const without =
    lacking.length === 0 ? '' : `; without ${lacking.join(' and ')} that no class of site.embodied fits`;
  return [`${known}${without}.`];
}

function marketLine({ total, factors }: EitReport, columns: readonly string[]): string[] {
  if (total.co2e_market_kg === undefined || !columns.includes('MarketCO2e')) return [];
  if (factors.by_cluster.length === 0) return [];
  const told = perCluster(factors, ({ market_g_per_kwh: g }) => g, 'g/kWh');
  return [`MarketCO2e: ${told}, by contract (GHG Protocol scope 2, market-based); CO2e is location-based.`];
}

function waterLine({ total, factors }: EitReport, columns: readonly string[]): string[] {
  if (total.water_l === undefined || !columns.includes('Water')) return [];
  if (factors.by_cluster.length === 0) return [];
  return [
    `Water: ${perCluster(factors, ({ wue_l_per_kwh: wue }) => wue, 'l/kWh')} of IT energy, before PUE.`,
  ];
}

function costLine({ total, factors }: EitReport, columns: readonly string[]): string[] {
  if (total.cost === undefined || !columns.includes('Cost')) return [];
  const unit = `${factors.currency ?? ''}/kWh`;
  const { by_cluster: clusters } = factors;
  const byTime = new Map(
    (factors.by_time ?? []).flatMap((one) => (one.factor === 'price' ? [[one.cluster, one] as const] : [])),
  );
  const kwh = total.energy_kwh.total;
  if (clusters.length === 0) return [];
  if (byTime.size === 0)
    return [`Cost: ${perCluster(factors, ({ price_per_kwh: price }) => price, unit)} of Energy.`];
  // What a kWh cost is by when it was used; the mean over the time is of nobody's.
  if (clusters.length === 1 && total.cost !== null && kwh > 0)
    return [`Cost: ${rounded(total.cost / kwh)} ${unit} of Energy, the mean of the times of use.`];
  const told = clusters.map(({ cluster, price_per_kwh: price }) => {
    const { least, most } = byTime.get(cluster) ?? {};
    const range =
      least !== undefined && most !== undefined && least !== most
        ? `${rounded(least)} to ${rounded(most)} ${unit}`
        : price === undefined
          ? 'not set'
          : `${rounded(price)} ${unit}`;
    return clusters.length === 1 ? range : `${visible(cluster)} ${range}`;
  });
  return [`Cost: ${told.join(', ')} of Energy.`];
}

function socialCostLine({ factors }: EitReport, columns: readonly string[]): string[] {
  if (!columns.some((name) => name.includes('SocialCost'))) return [];
  const perTonne = new Map(
    factors.by_cluster.flatMap(({ social_cost: cost }) =>
      cost === undefined
        ? []
        : [
            [cost.country, cost.usd_per_tonne?.median ?? null] as const,
            ['WLD', cost.world_usd_per_tonne.median],
          ],
    ),
  );
  const told = [...perTonne].map(([country, usd]) =>
    usd === null ? `none of ${country} there` : `${country} ${rounded(usd)}`,
  );
  return [`Social cost in USD of 2010 per tonne: ${told.join(', ')}; ${SOCIAL_COST_SOURCE}.`];
}

/** Values of clusters that differ, each with its cluster. */
function perCluster(
  { by_cluster: clusters }: EitReport['factors'],
  of: (cluster: EitReport['factors']['by_cluster'][number]) => number | undefined,
  unit: string,
): string {
  const values = new Set(clusters.map(of));
  const [first] = values;
  if (values.size === 1 && first !== undefined) return `${rounded(first)} ${unit}`;
  const told = clusters.map((one) => {
    const value = of(one);
    return `${visible(one.cluster)} ${value === undefined ? 'not set' : `${rounded(value)} ${unit}`}`;
  });
  return told.join(', ');
}

const NAMES = { pue: 'PUE', price: 'The price' } as const;

function byTimeLines({ factors }: EitReport, { timeZone }: View): string[] {
  return (factors.by_time ?? []).map(({ cluster, factor, file, value, least, most, assumed }) => {
    const of = factors.by_cluster.length > 1 ? ` on ${visible(cluster)}` : '';
    const gaps = assumed
      .slice(0, MOST_GAPS)
      .map(({ since, until }) => `${localTime(since, timeZone)} to ${localTime(until, timeZone)}`);
    if (assumed.length > MOST_GAPS) gaps.push(`${assumed.length - MOST_GAPS} more`);
    const lacking = gaps.length === 0 ? '' : `; it says nothing of ${gaps.join(', ')}: nearest value`;
    const is =
      least === most
        ? `is ${rounded(value)}, by`
        : `is that of the times of use (${rounded(least)} to ${rounded(most)}), by`;
    return `${NAMES[factor]}${of} ${is} ${visible(file)}${lacking}.`;
  });
}

function rounded(value: number): string {
  return plainNumber(Number(value.toPrecision(4)));
}
