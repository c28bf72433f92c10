import type { ReportFactors } from '../generated/report';
import { DOMAIN_CLASSES } from '../runs/domain-class';
import type { ClusterEnergy } from '../runs/group-sums';
import type { Aggregate } from './aggregate';
import { kwh, utc } from './conversion';
import { type ConvertedEnergy, convertEnergy } from './converted-energy';
import { intensityByBasis } from './intensity-by-basis';
import { reportFactorsTold, sideFactorsTold } from './factor-figures';
import { intensityByOrigin } from './intensity-origin';
import { itScope } from './it-scope';
import { type IntensitySources, joinYears, type YearTaken } from './intensity-sources';
import type { ReportContext, SiteFactors } from './report';

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

const NO_SOURCES: IntensitySources = { series: [], yearly: [], years: [], notes: [] };

/** Of what is known of a curve's sources what energy was reckoned with. */
function sourcesTaken(
  converted: ConvertedEnergy | null,
  { intensitySource, intensityYear }: SiteFactors,
  { series, yearly, years, notes }: IntensitySources,
): IntensitySources {
  const constant = { year: intensityYear, inPlaceOf: [] };
  if (converted === null || converted.byOrigin === null) {
    // All of it has the constant average: then the curve's other years are nobody's.
    const isOfIt = years.length > 0 && years.every(({ year }) => year === intensityYear);
    return {
      ...{ series: [], yearly: [intensitySource] },
      ...(isOfIt ? { years, notes } : { years: [constant], notes: [] }),
    };
  }
  const { byOrigin, timelessKwh, totalKwh } = converted;
  const isTimed = byOrigin.yearly > timelessKwh;
  const isTimeless = timelessKwh > 0;
  return {
    series: byOrigin.yearly < totalKwh ? series : [],
    yearly: [...(isTimed ? yearly : []), ...(isTimeless ? [intensitySource] : [])],
    years: joinYears([...(isTimed ? years : []), ...(isTimeless ? [constant] : [])]),
    notes: isTimed ? notes : [],
  };
}

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
    const { series, yearly, years, notes } = sourcesTaken(
      converted,
      factors,
      (energy === undefined ? undefined : intensitySourcesOf?.(cluster, energy)) ?? NO_SOURCES,
    );
    return {
      cluster,
      factors: {
        ...factors,
        intensitySource: [...new Set([...series, ...yearly])].join('; ') || factors.intensitySource,
        defaultsUsed: [...factors.defaultsUsed, ...notes],
      },
      converted,
      years,
    };
  });
  const kwhOf = ({ converted }: (typeof all)[number]) => converted?.totalKwh ?? 0;
  const mostUsed = all.reduce((a, b) => (kwhOf(b) > kwhOf(a) ? b : a));
  const distinct = (pick: (factors: SiteFactors) => string) => [
    ...new Set(all.map(({ factors }) => pick(factors))),
  ];
  const byOrigin = intensityByOrigin(all.flatMap(({ converted }) => converted ?? []));
  return {
    pue: weightedMean(all.map(({ factors, converted }) => [factors.pue, kwh(converted?.itUj ?? 0n)])),
    zone: distinct((factors) => factors.zone).join(', '),
    intensity_g_per_kwh: weightedMean(all.map((each) => [each.factors.intensityGPerKwh, kwhOf(each)])),
    intensity_source: distinct((factors) => factors.intensitySource).join('; '),
    intensity_basis: mostUsed.factors.intensityBasis,
    ...byBasisTold(
      mostUsed.factors.intensityBasis,
      all.flatMap(({ factors: { intensityBasis: basis }, converted }) =>
        converted === null ? [] : [{ basis, converted }],
      ),
    ),
    ...yearsTold(joinYears(all.flatMap(({ years }) => years))),
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
      .map(({ cluster, factors, converted, years }) => {
        const { pue, zone, intensityGPerKwh, intensitySource, intensityBasis } = factors;
        const own = intensityByOrigin(converted === null ? [] : [converted]);
        return {
          cluster,
          pue,
          zone,
          intensity_g_per_kwh: intensityGPerKwh,
          intensity_source: intensitySource,
          intensity_basis: intensityBasis,
          ...byBasisTold(intensityBasis, converted === null ? [] : [{ basis: intensityBasis, converted }]),
          ...yearsTold(years),
          ...sideFactorsTold(factors),
          ...(own === null ? {} : { intensity_by_origin: own }),
        };
      }),
  };
}

function byBasisTold(
  basis: SiteFactors['intensityBasis'],
  all: Parameters<typeof intensityByBasis>[0],
): Pick<ReportFactors, 'intensity_by_basis'> {
  const parts = intensityByBasis(all);
  if (parts === null || parts[basis === 'average-direct' ? 'direct' : 'lifecycle'] === 1) return {};
  return { intensity_by_basis: parts };
}

function yearsTold(years: readonly YearTaken[]): Pick<ReportFactors, 'intensity_year' | 'intensity_years'> {
  const [first] = years;
  return {
    ...(first !== undefined && years.every(({ year }) => year === first.year)
      ? { intensity_year: first.year }
      : {}),
    ...(years.length > 1 || years.some(({ inPlaceOf }) => inPlaceOf.length > 0)
      ? {
          intensity_years: years.map(({ year, inPlaceOf }) => ({ year, in_place_of: [...inPlaceOf] })),
        }
      : {}),
  };
}

/** Of values with their weights; the first value where all weights are 0. */
function weightedMean(values: readonly (readonly [value: number, weight: number])[]): number {
  const weights = values.reduce((total, [, weight]) => total + weight, 0);
  const [first] = values;
  if (weights === 0 || values.every(([value]) => value === first?.[0])) return first?.[0] ?? 0;
  return values.reduce((total, [value, weight]) => total + value * weight, 0) / weights;
}
