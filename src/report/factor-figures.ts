import type { EquivalentValue } from '../carbon/equivalents';
import { equivalentText } from '../carbon/equivalents';
import type { SideFactors } from '../carbon/side-factors';
import { type CostRange, costOf, type SocialCost } from '../carbon/social-cost';
import type {
  ClusterFactors,
  EmbodiedFigures,
  EitReport,
  ReportFactors,
  ReportFigures,
  SocialCostPerTonne,
} from '../generated/report';
import type { MachineTimes } from '../runs/machine-times';
import { utc } from './conversion';
import type { SiteFactors } from './report';

/** Energy of a group on one cluster, and the factors there. */
export interface ClusterKwh {
  readonly itKwh: number;
  /** With PUE. */
  readonly totalKwh: number;
  readonly co2eKg: number;
  /** Money for what was used at a known time. */
  readonly timedCost: number;
  /** The part of the total of which nobody knows when it was used. */
  readonly timelessKwh: number;
  readonly factors: SiteFactors;
}

export type FactorFigures = Pick<
  ReportFigures,
  'co2e_market_kg' | 'water_l' | 'cost' | 'social_cost_usd' | 'embodied'
>;

/** The figures beside energy and CO2e, each only where a cluster has its factor. */
export function factorFigures(clusters: readonly ClusterKwh[]): FactorFigures {
  const market = sumOf(clusters, ({ marketGPerKwh: g }, { totalKwh }) => g && (totalKwh * g) / 1000);
  const water = sumOf(clusters, ({ wueLPerKwh: litres }, { itKwh }) => litres && itKwh * litres);
  // A price by time is here its mean over the report's: what the hours cost that are known is no price for the others.
  const cost = sumOf(clusters, ({ pricePerKwh: price }, { timedCost, timelessKwh }) =>
    price === null ? null : timedCost + timelessKwh * price,
  );
  const social = socialCost(clusters);
  return {
    ...(market === undefined ? {} : { co2e_market_kg: market }),
    ...(water === undefined ? {} : { water_l: water }),
    ...(cost === undefined ? {} : { cost }),
    ...(social === undefined ? {} : { social_cost_usd: social }),
  };
}

/**
 * @param of of one cluster; null: its factor is not set
 * @returns undefined where it is set on none, null where it is not set on all: a sum of a part is no sum
 */
function sumOf(
  clusters: readonly ClusterKwh[],
  of: (side: SideFactors, cluster: ClusterKwh) => number | null,
): number | null | undefined {
  const amounts = clusters.map((one) => (one.factors.side === undefined ? null : of(one.factors.side, one)));
  if (amounts.every((amount) => amount === null)) return undefined;
  return amounts.reduce<number | null>(
    (sum, amount) => (sum === null || amount === null ? null : sum + amount),
    0,
  );
}

function socialCost(clusters: readonly ClusterKwh[]): ReportFigures['social_cost_usd'] {
  let [country, world]: [CostRange | null, CostRange] = [NO_COST, NO_COST];
  for (const { co2eKg, factors } of clusters) {
    if (factors.side === undefined) return undefined;
    const { usdPerTonne, worldUsdPerTonne } = factors.side.socialCost;
    country = country === null || usdPerTonne === null ? null : plus(country, costOf(co2eKg, usdPerTonne));
    world = plus(world, costOf(co2eKg, worldUsdPerTonne));
  }
  return clusters.length === 0 ? undefined : { country, world };
}

const NO_COST: CostRange = { low: 0, median: 0, high: 0 };

function plus(a: CostRange, b: CostRange): CostRange {
  return { low: a.low + b.low, median: a.median + b.median, high: a.high + b.high };
}

const MS_PER_HOUR = 3_600_000;

/** What making the machines emitted, by the hours that a group had of them. */
export function embodiedFigures(
  machines: MachineTimes,
  factorsOf: (cluster: string) => SiteFactors,
): EmbodiedFigures {
  let [kg, nodeHours, gpuHours, unknownGpuHours] = [0, 0, 0, 0];
  let unknownNodeHours = machines.unknownNodeMs / MS_PER_HOUR;
  for (const { cluster, node, model, of, partMs } of machines.times) {
    const rates = factorsOf(cluster).side?.embodied ?? null;
    const hours = partMs / of / MS_PER_HOUR;
    const rate =
      node !== null
        ? (rates?.nodeKgPerHour(node, model) ?? null)
        : model === null
          ? null
          : (rates?.gpuKgPerHour(model) ?? null);
    if (rate !== null) kg += hours * rate;
    if (node !== null && rate !== null) nodeHours += hours;
    else if (node !== null) unknownNodeHours += hours;
    else if (rate !== null) gpuHours += hours;
    else unknownGpuHours += hours;
  }
  return {
    co2e_kg: nodeHours + gpuHours === 0 && unknownNodeHours + unknownGpuHours > 0 ? null : kg,
    node_hours: nodeHours,
    gpu_hours: gpuHours,
    unknown_node_hours: unknownNodeHours,
    unknown_gpu_hours: unknownGpuHours,
  };
}

/** What a cluster's factors beside the usual ones are. */
export function sideFactorsTold({
  side,
}: SiteFactors): Pick<
  ClusterFactors,
  'wue_l_per_kwh' | 'price_per_kwh' | 'market_g_per_kwh' | 'social_cost'
> {
  if (side === undefined) return {};
  const { wueLPerKwh, pricePerKwh, marketGPerKwh } = side;
  return {
    ...(wueLPerKwh === null ? {} : { wue_l_per_kwh: wueLPerKwh }),
    ...(pricePerKwh === null ? {} : { price_per_kwh: pricePerKwh }),
    ...(marketGPerKwh === null ? {} : { market_g_per_kwh: marketGPerKwh }),
    social_cost: socialCostTold(side.socialCost),
  };
}

export function socialCostTold({ country, usdPerTonne, worldUsdPerTonne }: SocialCost): SocialCostPerTonne {
  return { country, usd_per_tonne: usdPerTonne, world_usd_per_tonne: worldUsdPerTonne };
}

/** The currency where there is a price, and the factors that change with time. */
export function reportFactorsTold(
  clusters: readonly { readonly cluster: string; readonly factors: SiteFactors }[],
): Pick<ReportFactors, 'currency' | 'by_time'> {
  const priced = clusters.find(({ factors: { side } }) => side !== undefined && side.pricePerKwh !== null);
  const byTime = clusters.flatMap(({ cluster, factors }) =>
    (factors.byTime ?? []).map(({ factor, file, value, least, most, assumed }) => ({
      cluster,
      factor,
      file,
      value,
      least,
      most,
      assumed: assumed.map(({ fromMs, toMs }) => ({ since: utc(fromMs), until: utc(toMs) })),
    })),
  );
  return {
    ...(priced?.factors.side === undefined ? {} : { currency: priced.factors.side.currency }),
    ...(byTime.length === 0 ? {} : { by_time: byTime }),
  };
}

const UNITS = { distance: 'km', count: 'pieces', years: 'years', months: 'months' } as const;

export function equivalentsTold(
  equivalents: readonly EquivalentValue[],
): NonNullable<EitReport['equivalents']> {
  return equivalents.map((one) => {
    const { name, kind, value, per, amount, year, source, url } = one;
    return { name, value, unit: UNITS[kind], text: equivalentText(one), per, amount, year, source, url };
  });
}
