import { type Equivalent, equivalentsOf } from '../carbon/equivalents';
import type { FactorByTime } from '../carbon/factor-by-time';
import type { SideFactors } from '../carbon/side-factors';
import type { DomainClass } from '../generated/record';
import type {
  ClusterFactors,
  EitReport,
  EnergyKwh,
  GroupKey,
  QuotaState,
  ReportFigures,
  ReportGroup,
  ReportOthers,
  ReportQuality,
} from '../generated/report';
import { addLost, type Aggregate, type Group, type LostSums, type ReportQuery } from './aggregate';
import type { SumKey } from './group-fields';
import { kwh, part, ratio, utc } from './conversion';
import { convertEnergy } from './converted-energy';
import { type ClusterKwh, embodiedFigures, equivalentsTold, factorFigures } from './factor-figures';
import { DOMAIN_CLASSES } from '../runs/domain-class';
import { gpuFigures } from './gpu-figures';
import { GroupSums } from '../runs/group-sums';
import { ALL_LINES, chooseLines, type LineChoice } from './line-choice';
import { lostEnergy, lostKwh, lostOfAll } from './lost-energy';
import { byCluster } from './by-cluster';
import type { IntensitySources, UsedTime } from './intensity-sources';
import { reportFactors } from './report-factors';
import { SlurmSums } from '../runs/slurm-sums';
import { slurmFigures, slurmJob } from './slurm-figures';

/** What turns a cluster's joules into a bill: as src/carbon/factors.ts gives it. */
export interface SiteFactors {
  readonly pue: number;
  readonly zone: string;
  readonly intensityGPerKwh: number;
  readonly intensitySource: string;
  readonly intensityBasis: ClusterFactors['intensity_basis'];
  /** Of the average of a year. */
  readonly intensityYear: number;
  readonly nodeOverhead: number;
  readonly defaultsUsed: readonly string[];
  /** Of what stands beside energy and CO2e; absent: nothing does. */
  readonly side?: SideFactors;
  /** Of those above that change with time, how they came about. */
  readonly byTime?: readonly FactorByTime[];
}

export interface ReportContext {
  readonly query: ReportQuery;
  /** Factors of a cluster, by its name; '' where the report has no cluster at all. */
  readonly factorsOf: (cluster: string) => SiteFactors;
  /** Where the intensities of a cluster come from that were taken of a time; absent: nowhere. */
  readonly intensitySourcesOf?: (cluster: string, used: UsedTime) => IntensitySources;
  /** Intensities as they were known at that time; absent: now. */
  readonly factorsAsOfMs?: number;
  readonly toolVersion: string;
  readonly generatedAtMs: number;
  readonly skippedRecords: number;
  /** How many of them for which reason; absent: not told. */
  readonly skippedByReason?: readonly (readonly [reason: string, count: number])[];
  /** Which lines are shown; absent: all. */
  readonly lines?: LineChoice;
  /** Those that concern the user of the report; absent or null: none is told of. */
  readonly quotas?: readonly QuotaState[] | null;
  /** What the total is to be compared with; absent or null: with nothing. */
  readonly equivalents?: readonly Equivalent[] | null;
}

function isShown(key: SumKey): key is GroupKey {
  return key !== 'uid';
}

/** Applies PUE (once) and intensity to an aggregate: what `--json` prints and every other format shows. */
export function buildReport(aggregate: Aggregate, context: ReportContext): EitReport {
  const { query, factorsOf } = context;
  const { unattributed } = aggregate;
  const figuresOf = (sums: GroupSums, slurm: SlurmSums | undefined, lost?: LostSums): ReportFigures => {
    const found = figures(sums, factorsOf, query.extrapolate);
    if (aggregate.slurm === null || slurm === undefined) return found;
    const told = slurmFigures(slurm, query.compareSlurm === true);
    if (lost !== undefined) told.lost = lostKwh(lost, sums, factorsOf);
    found.slurm = told;
    return found;
  };
  const isByJob = query.groupBy.includes('job');
  const all = aggregate.groups.map((group): { row: ReportGroup; group: Group } => {
    const { newest } = group.slurm;
    const job = isByJob && newest !== null ? { slurm_job: slurmJob(newest) } : {};
    // Of thousands of lines: objects that are spread one into the other take five times as long.
    const row = Object.assign({}, group.fields, job, figuresOf(group.sums, group.slurm, group.lost));
    return { row, group };
  });
  const total: ReportFigures = {
    ...figuresOf(
      aggregate.total,
      aggregate.slurm?.total,
      query.lost === true && aggregate.slurm !== null ? lostOfAll(aggregate.slurm.lost) : undefined,
    ),
    // A report of nothing has the columns that it has else.
    ...(aggregate.total.energy.size === 0 ? factorFigures([nothingOf(factorsOf(''))]) : {}),
  };
  const { equivalents = null } = context;
  const { shown, others } = chooseLines(all, ({ row }) => row, context.lines ?? ALL_LINES);
  return {
    schema: 1,
    tool_version: context.toolVersion,
    generated_at: utc(context.generatedAtMs),
    data_until: aggregate.dataUntilMs === null ? null : utc(aggregate.dataUntilMs),
    since: utc(query.sinceMs),
    until: utc(query.untilMs),
    ...(aggregate.cutSlots.length === 0
      ? {}
      : {
          cut_slots: aggregate.cutSlots.map(({ sinceMs, untilMs }) => ({
            since: utc(sinceMs),
            until: utc(untilMs),
          })),
        }),
    group_by: query.groupBy.filter(isShown),
    policy: query.policy,
    factors: reportFactors(aggregate, context),
    groups: shown.map(({ row }) => row),
    ...(others.length === 0
      ? {}
      : {
          others: othersOf(
            others.map(({ group }) => group),
            figuresOf,
          ),
        }),
    total,
    ...slurmPart(aggregate, context),
    quality: reportQuality(aggregate),
    unattributed: {
      idle_kwh: unattributed === null ? null : kwh(unattributed.idleUj),
      system_kwh: unattributed === null ? null : kwh(unattributed.systemUj),
      missing_seconds: unattributed === null ? null : Number(unattributed.missingMs) / 1000,
    },
    ...(equivalents === null
      ? {}
      : {
          equivalents: equivalentsTold(equivalentsOf(equivalents, total.energy_kwh.total, total.co2e_kg)),
        }),
    ...(context.quotas ? { quotas: [...context.quotas] } : {}),
    skipped_records: context.skippedRecords,
    ...(context.skippedByReason?.length
      ? { skipped_by_reason: Object.fromEntries(context.skippedByReason) }
      : {}),
  };
}

function nothingOf(factors: SiteFactors): ClusterKwh {
  return { itKwh: 0, totalKwh: 0, co2eKg: 0, timedCost: 0, timelessKwh: 0, factors };
}

/** Added up before any factor, as the lines themselves are. */
function othersOf(
  groups: readonly Group[],
  figuresOf: (sums: GroupSums, slurm: SlurmSums, lost?: LostSums) => ReportFigures,
): ReportOthers {
  const sums = new GroupSums();
  const slurm = new SlurmSums();
  let lost: LostSums | undefined;
  for (const group of groups) {
    sums.addSums(group.sums);
    slurm.addSums(group.slurm);
    if (group.lost !== undefined) addLost((lost ??= new Map()), group.lost);
  }
  return { lines: groups.length, ...figuresOf(sums, slurm, lost) };
}

/**
 * The figures of one group. `it` is the sum of the classes, `total` is `it` times PUE, cluster by cluster.
 * @param extrapolate whether what is extrapolated is part of them, and said
 */
export function figures(
  sums: GroupSums,
  factorsOf: (cluster: string) => SiteFactors,
  extrapolate: boolean,
): ReportFigures {
  const uj = new Map<DomainClass, bigint>();
  let [itUj, measuredUj, totalKwh, co2eKg, extrapolatedKwh] = [0n, 0n, 0, 0, 0];
  const clusters: ClusterKwh[] = [];
  for (const { energy, factors } of byCluster(sums, factorsOf)) {
    const converted = convertEnergy(energy, factors);
    for (const [name, amount] of converted.classUj) uj.set(name, (uj.get(name) ?? 0n) + amount);
    for (const amount of energy.measuredUj.values()) measuredUj += amount;
    itUj += converted.itUj;
    totalKwh += converted.totalKwh;
    co2eKg += converted.co2eKg;
    extrapolatedKwh += converted.extrapolatedKwh;
    clusters.push({
      itKwh: kwh(converted.itUj),
      totalKwh: converted.totalKwh,
      co2eKg: converted.co2eKg,
      timedCost: converted.timedCost,
      timelessKwh: converted.timelessKwh,
      factors,
    });
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
    ...factorFigures(clusters),
    ...(sums.machines === null ? {} : { embodied: embodiedFigures(sums.machines, factorsOf) }),
    coverage: ratio(sums.coverage),
    measured_fraction: itUj === 0n ? null : ratio(Number(measuredUj) / Number(itUj)),
    estimated_fraction: part(sum(sums.estimatedUj.values()), recordedUj(sums)),
    ...(extrapolate
      ? { extrapolated_kwh: extrapolatedKwh, not_extrapolated_runs: sums.notExtrapolatedRuns }
      : {}),
    ...gpuFigures(sums.gpu),
    cpu_models: [...sums.cpuModels].sort(),
    gpu_models: [...sums.gpuModels].sort(),
    ...(sums.blockIoRuns === 0 ? {} : { block_io: sums.blockIo.figures(sums.blockIoRuns) }),
    nodes_expected: sums.nodesExpected,
    nodes_reported: sums.nodesReported,
  };
}

/** What became of runs, and how far Slurm's accounting was asked. */
function slurmPart({ slurm, total }: Aggregate, { factorsOf }: ReportContext): Pick<EitReport, 'slurm'> {
  if (slurm === null) return {};
  const lost = (sums: GroupSums) => lostEnergy(sums, total, factorsOf);
  const { untilMs } = slurm;
  return {
    slurm: {
      synced_until: untilMs === null ? null : utc(untilMs),
      failed: lost(slurm.lost.failed),
      cancelled: lost(slurm.lost.cancelled),
      requeued: lost(slurm.lost.requeued),
    },
  };
}

function reportQuality({ total, idlePower }: Aggregate): ReportQuality {
  const guessed = (name: DomainClass) => part(total.guessedUj.get(name) ?? 0n, recordedUj(total, [name]));
  return {
    gpu_unread_runs: total.gpuUnreadRuns,
    gpu_runs_by_binding: total.gpuRunsBy,
    gpu_conflict_runs: total.gpuConflictRuns,
    gpu_conflict_example:
      total.gpuConflict === null
        ? null
        : {
            cluster: total.gpuConflict.cluster,
            job_id: total.gpuConflict.jobId,
            conflict: total.gpuConflict.text,
          },
    package_assumed_fraction: guessed('cpu'),
    dram_by_cpu_time_fraction: guessed('dram'),
    idle_power: idlePower,
  };
}

/** What records say, measured and modelled, before any factor. */
function recordedUj({ energy }: GroupSums, classes: readonly DomainClass[] = DOMAIN_CLASSES): bigint {
  let uj = 0n;
  for (const { measuredUj, modelledUj } of energy.values()) {
    for (const name of classes) uj += (measuredUj.get(name) ?? 0n) + (modelledUj.get(name) ?? 0n);
  }
  return uj;
}

function sum(amounts: Iterable<bigint>): bigint {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
}
