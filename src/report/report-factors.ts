import type { ReportFactors } from '../generated/report';
import { DOMAIN_CLASSES } from '../runs/domain-class';
import type { ClusterEnergy } from '../runs/group-sums';
import type { Aggregate } from './aggregate';
import { kwh, utc } from './conversion';
import { convertEnergy } from './converted-energy';
import { reportFactorsTold, sideFactorsTold } from './factor-figures';
import { intensityByOrigin } from './intensity-origin';
import { itScope } from './it-scope';
import type { IntensitySources, ReportContext, SiteFactors } from './report';

/** The factors as they were in the mean of all that a report is of: the same where they are constant. */
export function meanFactors(energy: ClusterEnergy | undefined, factors: SiteFactors): SiteFactors {
  if (!energy?.weighted) return factors;
  const { itUj, totalKwh, co2eKg } = convertEnergy(energy, factors);
  if (itUj === 0n) return factors;
  return {
    ...factors,
    pue: withoutNoise(totalKwh / kwh(itUj)),
    intensityGPerKwh: withoutNoise((co2eKg * 1000) / totalKwh),
  };
}

/** A constant that was weighed is itself again. */
function withoutNoise(value: number): number {
  return Number(value.toPrecision(12));
}

const NO_SOURCES: IntensitySources = { series: [], yearly: [], notes: [] };

/** What a report was reckoned with: of several clusters the means by energy, and each cluster's own. */
export function reportFactors(
  aggregate: Pick<Aggregate, 'clusters' | 'total'>,
  context: Pick<ReportContext, 'factorsOf' | 'factorsAsOfMs' | 'intensitySourcesOf'>,
): ReportFactors {
  const { factorsOf, factorsAsOfMs, intensitySourcesOf } = context;
  const clusters = aggregate.clusters.length > 0 ? aggregate.clusters : [''];
  const all = clusters.map((cluster) => {
    const energy = aggregate.total.energy.get(cluster);
    const factors = meanFactors(energy, factorsOf(cluster));
    const converted = energy === undefined ? null : convertEnergy(energy, factorsOf(cluster));
    const isYearly = (converted?.byOrigin?.yearly ?? 1) > 0;
    const { series, yearly, notes } = intensitySourcesOf?.(cluster) ?? NO_SOURCES;
    const sources = [...series, ...(isYearly ? yearly : [])];
    return {
      cluster,
      factors: {
        ...factors,
        intensitySource: sources.join('; ') || factors.intensitySource,
        defaultsUsed: [...factors.defaultsUsed, ...(isYearly ? notes : [])],
      },
      converted,
      // With a curve by time it is of no one year.
      year: converted?.byOrigin ? null : factors.intensityYear,
    };
  });
  const kwhOf = ({ converted }: (typeof all)[number]) => converted?.totalKwh ?? 0;
  const mostUsed = all.reduce((a, b) => (kwhOf(b) > kwhOf(a) ? b : a));
  const distinct = (pick: (factors: SiteFactors) => string) => [
    ...new Set(all.map(({ factors }) => pick(factors))),
  ];
  const years = [...new Set(all.map(({ year }) => year))];
  const byOrigin = intensityByOrigin(all.flatMap(({ converted }) => converted ?? []));
  return {
    pue: weightedMean(all.map(({ factors, converted }) => [factors.pue, kwh(converted?.itUj ?? 0n)])),
    zone: distinct((factors) => factors.zone).join(', '),
    intensity_g_per_kwh: weightedMean(all.map((each) => [each.factors.intensityGPerKwh, kwhOf(each)])),
    intensity_source: distinct((factors) => factors.intensitySource).join('; '),
    intensity_basis: mostUsed.factors.intensityBasis,
    ...(years.length === 1 && years[0] !== null ? { intensity_year: years[0]! } : {}),
    ...(byOrigin === null ? {} : { intensity_by_origin: byOrigin }),
    ...(factorsAsOfMs === undefined ? {} : { as_of: utc(factorsAsOfMs) }),
    it_scope: itScope(
      [...aggregate.total.energy.values()],
      all.some(({ factors }) => factors.nodeOverhead > 1),
    ),
    domains_measured: DOMAIN_CLASSES.filter((name) =>
      [...aggregate.total.energy.values()].some(({ measuredUj }) => measuredUj.has(name)),
    ),
    defaults_used: [...new Set(all.flatMap(({ factors }) => factors.defaultsUsed))],
    ...reportFactorsTold(all),
    by_cluster: all
      .filter(({ cluster }) => aggregate.clusters.includes(cluster))
      .map(({ cluster, factors, converted, year }) => {
        const { pue, zone, intensityGPerKwh, intensitySource, intensityBasis } = factors;
        const own = intensityByOrigin(converted === null ? [] : [converted]);
        return {
          cluster,
          pue,
          zone,
          intensity_g_per_kwh: intensityGPerKwh,
          intensity_source: intensitySource,
          intensity_basis: intensityBasis,
          ...(year === null ? {} : { intensity_year: year }),
          ...sideFactorsTold(factors),
          ...(own === null ? {} : { intensity_by_origin: own }),
        };
      }),
  };
}

/** Of values with their weights; the first value where all weights are 0. */
function weightedMean(values: readonly (readonly [value: number, weight: number])[]): number {
  const weights = values.reduce((total, [, weight]) => total + weight, 0);
  const [first] = values;
  if (weights === 0 || values.every(([value]) => value === first?.[0])) return first?.[0] ?? 0;
  return values.reduce((total, [value, weight]) => total + value * weight, 0) / weights;
}
