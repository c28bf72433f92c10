import { join } from 'node:path';
import { type LoadedConfig, siteFor } from '../config/config';
import { currencyOf } from '../config/site-problems';
import { PLACE_KEYS } from '../config/place-problems';
import { visible } from '../config/visible';
import type { SiteConfig } from '../generated/config';
import { DEFAULT_LIFETIME_YEARS } from './embodied';
import type { Equivalent } from './equivalents';
import type { SiteSeries } from './factor-by-time';
import { factorPieces, type FactorSeries, seriesGaps } from './factor-series';
import type { Factors } from './factors';
import { intensityDir } from './intensity-dir';
import type { NewestIntensity } from './newest-intensity';
import type { SideFactors } from './side-factors';
import { configPlace } from './site-zone';
import { SOCIAL_COST_SOURCE, SOCIAL_COST_UNIT, SOCIAL_COST_YEAR } from './social-cost';

/** A factor in force, as a person or a program is to read it. */
export interface FactorInForce {
  readonly name: string;
  /** null: not set, or not known. */
  readonly value: number | string | null;
  readonly unit: string | null;
  /** Who says so; where it is not set, which key to set. */
  readonly source: string;
  /** Of the data. */
  readonly year: number | null;
  /** Key and file of the config; `default`; or a folder of data. */
  readonly from: string;
}

/** What the factors of a cluster are made of. */
export interface FactorSources {
  readonly loaded: LoadedConfig;
  /** '': the site's own. */
  readonly cluster: string;
  readonly factors: Factors;
  /** Of the intensity over time: its newest value of late; null: there is none. */
  readonly newestIntensity: NewestIntensity | null;
  readonly side: SideFactors;
  readonly series: SiteSeries;
  readonly equivalents: readonly Equivalent[];
  /** Unix ms: of what changes with time the value of now is told. */
  readonly nowMs: number;
}

const YOURS = 'eit.yaml';
const DEFAULT = 'default';

/** Every factor in force on a cluster, with unit, source, year and where it comes from. */
export function factorsInForce(sources: FactorSources): FactorInForce[] {
  const { loaded, factors, side, series } = sources;
  const { currency } = side;
  const per = `${currency}/kWh`;
  return [
    series.pue === null
      ? {
          ...constant(sources, 'pue', factors.pue, null),
          source: isSet(sources, 'pue') ? YOURS : 'Henderson et al. 2020, section 3',
          year: isSet(sources, 'pue') ? null : 2020,
        }
      : overTime(sources, 'pue', series.pue, null),
    {
      name: 'zone',
      value: factors.zone,
      unit: null,
      source: factors.intensitySource,
      year: factors.intensityYear,
      from: zoneOrigin(sources),
    },
    {
      name: 'intensity',
      value: factors.intensityGPerKwh,
      unit: 'gCO2eq/kWh',
      source: factors.intensitySource,
      year: factors.intensityYear,
      from: 'data/zones, by the zone',
    },
    newestIntensity(sources),
    {
      name: 'intensity_basis',
      value: factors.intensityBasis,
      unit: null,
      source: 'life-cycle has building, fuel and end of the plants in it; direct the plants alone',
      year: null,
      from: originOf(sources, 'intensity_basis'),
    },
    {
      name: 'country',
      value: factors.country,
      unit: null,
      source: 'ISO 3166 alpha-3',
      year: null,
      from: isSet(sources, 'country') ? originOf(sources, 'country') : 'by the zone',
    },
    constant(sources, 'node_overhead', factors.nodeOverhead, null),
    ...socialCosts(side),
    constant(sources, 'market_g_per_kwh', side.marketGPerKwh, 'gCO2eq/kWh'),
    constant(sources, 'wue', side.wueLPerKwh, 'l/kWh of IT energy'),
    series.price === null
      ? constant(sources, isSet(sources, 'price_per_kwh') ? 'price_per_kwh' : 'price', side.pricePerKwh, per)
      : overTime(sources, 'price', series.price, per),
    {
      name: 'currency',
      value: currencyOf(loaded.config),
      unit: null,
      source: 'ISO 4217',
      year: null,
      from: currencyOrigin(loaded),
    },
    ...embodied(sources),
    ...sources.equivalents.map(({ name, kind, per: measure, amount, source, year }): FactorInForce => ({
      name: `equivalent: ${name}`,
      value: amount,
      unit: `${measure} ${{ distance: 'a km', count: 'each', years: 'a year', months: 'a month' }[kind]}`,
      source,
      year,
      from: 'data/equivalents',
    })),
  ];
}

/** Reports take the value of each time, and the constant where there is none. */
function newestIntensity({
  loaded: { config },
  factors,
  newestIntensity: newest,
}: FactorSources): FactorInForce {
  const told = { name: 'intensity_now', unit: 'gCO2eq/kWh', year: null };
  if (newest === null) {
    const source = 'no series of late: eit intensity fetch or import brings one';
    return { ...told, value: null, source, from: '-' };
  }
  const { gPerKwh, basis, fromMs, toMs, isEstimate, source } = newest;
  const another = basis === factors.intensityBasis ? '' : ` (it has no ${factors.intensityBasis})`;
  const time = `${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}`;
  return {
    ...told,
    value: gPerKwh,
    source: `${source}, ${basis}${another}, ${time}${isEstimate ? ', an estimate' : ''}`,
    from: visible(join(intensityDir(config), factors.zone)),
  };
}

/** Said as a zone, a point or a region of a cloud. */
function zoneOrigin(sources: FactorSources): string {
  const key = PLACE_KEYS.find((one) => isSet(sources, one));
  if (key === undefined) return DEFAULT;
  const isApproximate = sources.factors.defaultsUsed.some(
    (text) => text.startsWith('zone ') && text.includes('(approximate:'),
  );
  return `${configPlace(sources.loaded, sources.cluster, key)}${isApproximate ? ' (approximate)' : ''}`;
}

type SiteKey = keyof SiteConfig;

/** A key of this name may be of another version. */
function isSet({ loaded, cluster }: FactorSources, key: string): boolean {
  return (siteFor(loaded.config, cluster) as Readonly<Record<string, unknown>>)[key] !== undefined;
}

function originOf(sources: FactorSources, key: string): string {
  return isSet(sources, key) ? configPlace(sources.loaded, sources.cluster, key) : DEFAULT;
}

function constant(
  sources: FactorSources,
  key: SiteKey,
  value: number | null,
  unit: string | null,
): FactorInForce {
  const source =
    value === null ? `not set: site.${key}` : isSet(sources, key) ? YOURS : `site.${key} sets it`;
  return {
    name: key === 'price_per_kwh' ? 'price' : key,
    value,
    unit,
    source,
    year: null,
    from: value === null ? '-' : originOf(sources, key),
  };
}

function overTime(
  sources: FactorSources,
  factor: 'pue' | 'price',
  series: FactorSeries,
  unit: string | null,
): FactorInForce {
  const { nowMs } = sources;
  const [now] = factorPieces(series, nowMs, nowMs + 1);
  const [first, last] = [series.rows[0], series.rows.at(-1)];
  const until = last === undefined || last.toMs === Infinity ? 'on' : `to ${utc(last.toMs)}`;
  const gaps = seriesGaps(series);
  const gap = gaps[0] === undefined ? '' : `; gaps: ${gaps.length}, the first behind line ${gaps[0].line}`;
  const assumed = now?.isAssumed === true ? '; nothing of now: nearest value' : '';
  return {
    name: factor,
    value: now?.value ?? null,
    unit: unit === null ? 'now' : `${unit}, now`,
    source: `${visible(series.file)}: from ${utc(first?.fromMs ?? 0)} ${until}${gap}${assumed}`,
    year: new Date(nowMs).getUTCFullYear(),
    from: originOf(sources, `${factor}_file`),
  };
}

function socialCosts({
  socialCost: { country, usdPerTonne, worldUsdPerTonne },
}: SideFactors): FactorInForce[] {
  const told = { unit: SOCIAL_COST_UNIT, year: SOCIAL_COST_YEAR, from: 'data/social-cost, by the country' };
  const source =
    usdPerTonne === null ? `${SOCIAL_COST_SOURCE} does not have ${visible(country)}` : SOCIAL_COST_SOURCE;
  const ranks = [
    ['low', '16.7 %'],
    ['median', '50 %'],
    ['high', '83.3 %'],
  ] as const;
  return [
    ...ranks.map(([rank, percent]) => ({
      ...told,
      name: `social_cost_${rank}`,
      value: usdPerTonne?.[rank] ?? null,
      source: `${source}, ${percent}`,
    })),
    ...ranks.map(([rank, percent]) => ({
      ...told,
      name: `world_social_cost_${rank}`,
      value: worldUsdPerTonne[rank],
      source: `${SOCIAL_COST_SOURCE}, ${percent}`,
      from: 'data/social-cost',
    })),
  ];
}

function embodied(sources: FactorSources): FactorInForce[] {
  const { embodied: config } = siteFor(sources.loaded.config, sources.cluster);
  const told = { unit: 'kgCO2eq', source: YOURS, year: null };
  if (config === undefined)
    return [{ ...told, name: 'embodied', value: null, source: 'not set: site.embodied', from: '-' }];
  const from = configPlace(sources.loaded, sources.cluster, 'embodied');
  const years = (own: number | undefined): string => (own === undefined ? '' : ` over ${own} years`);
  const lifetime = config.lifetime_years;
  return [
    {
      name: 'embodied: life time',
      value: lifetime ?? DEFAULT_LIFETIME_YEARS,
      unit: 'years',
      source: lifetime === undefined ? 'as Green Algorithms of a local server' : YOURS,
      year: null,
      from: lifetime === undefined ? DEFAULT : from,
    },
    ...(config.node_classes ?? []).map(({ nodes, cpu_model: model, kg, lifetime_years: own }) => ({
      ...told,
      name: `embodied: node ${visible([nodes, model].filter((text) => text !== undefined).join(', '), 80) || 'of any other kind'}${years(own)}`,
      value: kg,
      from,
    })),
    ...(config.gpus ?? []).map(({ model, kg, lifetime_years: own }) => ({
      ...told,
      name: `embodied: GPU ${visible(model, 80)}${years(own)}`,
      value: kg,
      from,
    })),
  ];
}

function currencyOrigin({ config, path, set }: LoadedConfig): string {
  const key = config.site.currency === undefined ? 'currency' : 'site.currency';
  return set.has(key) ? `${key}${path === null ? '' : ` in ${visible(path)}`}` : DEFAULT;
}

function utc(ms: number): string {
  return new Date(ms).toISOString().replace(/:00\.000Z$/, 'Z');
}
