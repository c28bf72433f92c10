import type { DomainClass } from '../generated/record';
import type { ClusterFactors, EitReport, EnergyKwh, ReportFactors, ReportFigures } from '../generated/report';
import type { Aggregate, ReportQuery } from './aggregate';
import { DOMAIN_CLASSES } from './domain-class';
import type { ClusterEnergy, GroupSums } from './group-sums';

const UJ_PER_KWH = 3.6e12;

/** What turns a cluster's joules into a bill: as src/carbon/factors.ts gives it. */
export interface SiteFactors {
  readonly pue: number;
  readonly zone: string;
  readonly intensityGPerKwh: number;
  readonly intensitySource: string;
  readonly intensityBasis: ClusterFactors['intensity_basis'];
  readonly nodeOverhead: number;
  readonly defaultsUsed: readonly string[];
}

export interface ReportContext {
  readonly query: ReportQuery;
  /** Factors of a cluster, by its name; '' where the report has no cluster at all. */
  readonly factorsOf: (cluster: string) => SiteFactors;
  readonly toolVersion: string;
  readonly generatedAtMs: number;
  readonly skippedRecords: number;
}

/** Applies PUE (once) and intensity to an aggregate: what `--json` prints and every other format shows. */
export function buildReport(aggregate: Aggregate, context: ReportContext): EitReport {
  const { query, factorsOf } = context;
  const { unattributed } = aggregate;
  return {
    schema: 1,
    tool_version: context.toolVersion,
    generated_at: utc(context.generatedAtMs),
    data_until: aggregate.dataUntilMs === null ? null : utc(aggregate.dataUntilMs),
    since: utc(query.sinceMs),
    until: utc(query.untilMs),
    group_by: [...query.groupBy],
    policy: query.policy,
    factors: reportFactors(aggregate, factorsOf),
    groups: aggregate.groups.map(({ fields, sums }) => ({ ...fields, ...figures(sums, factorsOf) })),
    total: figures(aggregate.total, factorsOf),
    unattributed: {
      idle_kwh: unattributed === null ? null : kwh(unattributed.idleUj),
      system_kwh: unattributed === null ? null : kwh(unattributed.systemUj),
      missing_seconds: unattributed === null ? null : Number(unattributed.missingMs) / 1000,
    },
    skipped_records: context.skippedRecords,
  };
}

/** The figures of one group. `it` is the sum of the classes, `total` is `it` times PUE, cluster by cluster. */
export function figures(sums: GroupSums, factorsOf: (cluster: string) => SiteFactors): ReportFigures {
  const uj = new Map<DomainClass, bigint>();
  let [itUj, measuredUj, totalKwh, co2eKg] = [0n, 0n, 0, 0];
  for (const { energy, factors } of byCluster(sums, factorsOf)) {
    const byClass = energyByClass(energy, factors.nodeOverhead);
    for (const [name, amount] of byClass) uj.set(name, (uj.get(name) ?? 0n) + amount);
    for (const amount of energy.measuredUj.values()) measuredUj += amount;
    const clusterUj = sum(byClass.values());
    itUj += clusterUj;
    totalKwh += kwh(clusterUj) * factors.pue;
    co2eKg += (kwh(clusterUj) * factors.pue * factors.intensityGPerKwh) / 1000;
  }
  const classKwh = (name: DomainClass): number | null => {
    const amount = uj.get(name);
    return amount === undefined ? null : kwh(amount);
  };
  const energy: EnergyKwh = {
    cpu: classKwh('cpu'),
    dram: classKwh('dram'),
    gpu: classKwh('gpu'),
    other: classKwh('other'),
    it: kwh(itUj),
    total: totalKwh,
  };
  return {
    jobs: sums.jobs,
    runs: sums.runs,
    elapsed_seconds: sums.elapsedMs / 1000,
    cpu_seconds: Number(sums.cpuUs) / 1e6,
    gpu_seconds: Number(sums.gpuMs) / 1e3,
    energy_kwh: energy,
    co2e_kg: co2eKg,
    coverage: ratio(sums.coverage),
    measured_fraction: itUj === 0n ? null : ratio(Number(measuredUj) / Number(itUj)),
    nodes_expected: sums.nodesExpected,
    nodes_reported: sums.nodesReported,
  };
}

/** Clusters in alphabetical order, so that the same records give the same last digit. */
function byCluster(
  sums: GroupSums,
  factorsOf: (cluster: string) => SiteFactors,
): { energy: ClusterEnergy; factors: SiteFactors }[] {
  return [...sums.energy]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([cluster, energy]) => ({ energy, factors: factorsOf(cluster) }));
}

/** Measured and modelled together, with what `node_overhead` adds for the parts that no counter sees. */
function energyByClass(energy: ClusterEnergy, nodeOverhead: number): Map<DomainClass, bigint> {
  const uj = new Map<DomainClass, bigint>();
  for (const name of DOMAIN_CLASSES) {
    const measured = energy.measuredUj.get(name);
    const modelled = energy.modelledUj.get(name);
    if (measured !== undefined || modelled !== undefined) uj.set(name, (measured ?? 0n) + (modelled ?? 0n));
  }
  if (nodeOverhead > 1 && uj.size > 0) {
    const overheadUj =
      (energy.overheadBaseUj * BigInt(Math.round((nodeOverhead - 1) * 1e9))) / 1_000_000_000n;
    uj.set('other', (uj.get('other') ?? 0n) + overheadUj);
  }
  return uj;
}

function reportFactors(aggregate: Aggregate, factorsOf: (cluster: string) => SiteFactors): ReportFactors {
  const clusters = aggregate.clusters.length > 0 ? aggregate.clusters : [''];
  const all = clusters.map((cluster) => {
    const factors = factorsOf(cluster);
    const energy = aggregate.total.energy.get(cluster);
    const itKwh = energy === undefined ? 0 : kwh(sum(energyByClass(energy, factors.nodeOverhead).values()));
    return { cluster, factors, itKwh, totalKwh: itKwh * factors.pue };
  });
  const mostUsed = all.reduce((a, b) => (b.totalKwh > a.totalKwh ? b : a));
  const distinct = (pick: (factors: SiteFactors) => string) => [
    ...new Set(all.map(({ factors }) => pick(factors))),
  ];
  return {
    pue: weightedMean(all.map(({ factors, itKwh }) => [factors.pue, itKwh])),
    zone: distinct((factors) => factors.zone).join(', '),
    intensity_g_per_kwh: weightedMean(
      all.map(({ factors, totalKwh }) => [factors.intensityGPerKwh, totalKwh]),
    ),
    intensity_source: distinct((factors) => factors.intensitySource).join('; '),
    intensity_basis: mostUsed.factors.intensityBasis,
    it_scope: itScope(
      aggregate,
      all.some(({ factors }) => factors.nodeOverhead > 1),
    ),
    domains_measured: DOMAIN_CLASSES.filter((name) =>
      [...aggregate.total.energy.values()].some(({ measuredUj }) => measuredUj.has(name)),
    ),
    defaults_used: [...new Set(all.flatMap(({ factors }) => factors.defaultsUsed))],
    by_cluster: aggregate.clusters.map((cluster) => {
      const { pue, zone, intensityGPerKwh, intensitySource, intensityBasis } = factorsOf(cluster);
      return {
        cluster,
        pue,
        zone,
        intensity_g_per_kwh: intensityGPerKwh,
        intensity_source: intensitySource,
        intensity_basis: intensityBasis,
      };
    }),
  };
}

const CLASS_IN_WORDS: Readonly<Record<DomainClass, string>> = {
  cpu: 'CPU packages',
  dram: 'memory',
  gpu: 'GPUs',
  other: 'the rest of the node',
};

/**
 * What `it` counts and what it does not. The power model's watts are at the wall: where it serves, memory, board, fans and
 * power supplies are in them.
 */
function itScope(aggregate: Aggregate, hasOverhead: boolean): string {
  const energies = [...aggregate.total.energy.values()];
  const has = (quality: 'measuredUj' | 'modelledUj', name: DomainClass) =>
    energies.some((energy) => energy[quality].has(name));
  const counted = DOMAIN_CLASSES.filter((name) => has('measuredUj', name) || has('modelledUj', name));
  if (counted.length === 0) return 'nothing: no energy was recorded';

  const isModelled = has('modelledUj', 'cpu');
  const isMixed = isModelled && has('measuredUj', 'cpu');
  const cpu = isMixed
    ? `${CLASS_IN_WORDS.cpu} (where modelled: ${WHOLE_NODE})`
    : isModelled
      ? WHOLE_NODE
      : CLASS_IN_WORDS.cpu;
  const names = counted.map((name) => (name === 'cpu' ? cpu : CLASS_IN_WORDS[name]));
  const overhead = hasOverhead ? ['the rest of the node by a factor'] : [];

  // In words: what the model holds is lacking only where counters serve.
  const lacking = (isThere: boolean, words: string): string[] =>
    isThere || (isModelled && !isMixed) ? [] : [isMixed ? `${words} (where measured)` : words];
  const left = [
    ...lacking(counted.includes('dram'), CLASS_IN_WORDS.dram),
    ...(counted.includes('gpu') ? [] : [CLASS_IN_WORDS.gpu]),
    ...lacking(hasOverhead || counted.includes('other'), 'board, fans and power supplies'),
    'network',
    'shared storage',
  ];
  return `${[...names, ...overhead].join(', ')}; not counted: ${left.join(', ')}`;
}

const WHOLE_NODE = 'the whole node but its GPUs, at the wall';

/** Of values with their weights; the first value where all weights are 0. */
function weightedMean(values: readonly (readonly [value: number, weight: number])[]): number {
  const weights = values.reduce((total, [, weight]) => total + weight, 0);
  const [first] = values;
  if (weights === 0 || values.every(([value]) => value === first?.[0])) return first?.[0] ?? 0;
  return values.reduce((total, [value, weight]) => total + value * weight, 0) / weights;
}

function sum(amounts: Iterable<bigint>): bigint {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
}

function kwh(uj: bigint): number {
  return Number(uj) / UJ_PER_KWH;
}

/** Clocks are not exact to more than six digits, and a ratio of all should be 1. */
function ratio(value: number): number;
function ratio(value: number | null): number | null;
function ratio(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1e6) / 1e6;
}

function utc(ms: number): string {
  return new Date(ms).toISOString();
}
