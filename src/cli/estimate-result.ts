import { EitError } from '../errors';
import { type ReportGroup } from '../generated/report';
import { counted } from '../report/units';
import {
  type EstimateHardware,
  estimateEnergy,
  type MethodName,
  type Workload,
} from '../science/energy-estimate';
import { errorsOf, type MethodError } from '../science/estimate-errors';
import { different } from '../science/estimate-words';
import { type MeanEstimate, meanEstimates, meanOfTold } from '../science/mean-estimate';
import { type Prediction, predictNext } from '../science/prediction';
import { isCovered, jobName, type RunSet } from '../science/run-set';
import { mean } from '../science/sample';
import {
  type EstimateInput,
  hasHardware,
  type HardwareTables,
  isPlanned,
  measuredHardware,
  measuredWork,
  plannedHardware,
  plannedWork,
} from './estimate-input';

/** How likely a prediction is to hold, where there are jobs enough. */
const LEVEL = 0.9;

/** What was estimated, energies with PUE unless they say otherwise. */
export interface EstimateResult {
  readonly input: EstimateInput;
  readonly pue: number;
  /** Before PUE. null: only past jobs were asked for. */
  readonly estimates: Readonly<Record<MethodName, MeanEstimate>> | null;
  /** Of several jobs the means of what is told of all. */
  readonly work: Workload | null;
  /** All that jobs had, each once. */
  readonly hardware: readonly EstimateHardware[] | null;
  readonly measured: MeasuredRuns | null;
  readonly prediction: PastPrediction | null;
  readonly notes: readonly string[];
}

/** What the next job takes, with the PUE of the estimate. */
export interface PastPrediction extends Prediction {
  readonly perHour: boolean;
  /** With which the past jobs ran. */
  readonly pastPue: number;
}

/** Jobs that were measured, as the mean of one. */
export interface MeasuredRuns {
  readonly set: RunSet;
  readonly energyKwh: number;
  /** Before PUE; a job of which that class was not observed counts as 0. null: none was. */
  readonly gpuKwh: number | null;
  readonly cpuKwh: number | null;
  readonly dramKwh: number | null;
  readonly errors: readonly MethodError[];
}

/** @throws EitError EIT_USAGE where a run or its hardware is not told */
export function estimateResult({
  input,
  measured,
  before,
  pue,
  tables,
}: {
  readonly input: EstimateInput;
  readonly measured: RunSet | null;
  /** Similar jobs of the past. */
  readonly before: RunSet | null;
  readonly pue: number;
  readonly tables: HardwareTables;
}): EstimateResult {
  const judged = measured === null ? null : judge(measured, input, tables);
  const isPlan =
    judged === null &&
    isPlanned(input) &&
    (before === null ||
      hasHardware(input) ||
      input.gpuHours !== undefined ||
      input.pflopsHours !== undefined);
  const planned = isPlan ? { work: plannedWork(input), hardware: plannedHardware(input, tables) } : null;
  const plan =
    judged ??
    (planned === null
      ? null
      : {
          work: planned.work,
          hardware: [planned.hardware],
          estimates: meanEstimates([estimateEnergy(planned.work, planned.hardware, input.utilisation)]),
        });
  return {
    ...{ input, pue },
    estimates: plan?.estimates ?? null,
    work: plan?.work ?? null,
    hardware: plan?.hardware ?? null,
    measured: judged?.measured ?? null,
    prediction: before === null ? null : predict(before, input.hours, pue),
    notes: [
      ...(measured === null ? [] : warningsOf(measured, false)),
      ...(before === null ? [] : warningsOf(before, true)),
    ],
  };
}

function judge(set: RunSet, input: EstimateInput, tables: HardwareTables) {
  const jobs = set.report.groups;
  const runs = jobs.map((job) => {
    const [work, hardware] = [measuredWork(job, input), measuredHardware(job, input, tables)];
    return {
      ...{ job, work, hardware },
      estimates: estimateEnergy(work, hardware, input.utilisation, true),
      measuredKwh: job.energy_kwh.total,
      pue: job.energy_kwh.it > 0 ? job.energy_kwh.total / job.energy_kwh.it : set.report.factors.pue,
    };
  });
  const meanOf = (of: (job: ReportGroup) => number | null): number | null => meanOfTold(jobs.map(of));
  return {
    work: meanWork(runs.map(({ work }) => work)),
    hardware: different(runs.map(({ hardware }) => hardware)),
    estimates: meanEstimates(runs.map(({ estimates }) => estimates)),
    measured: {
      set,
      energyKwh: mean(jobs.map((job) => job.energy_kwh.total)),
      gpuKwh: meanOf((job) => job.energy_kwh.gpu),
      cpuKwh: meanOf((job) => job.energy_kwh.cpu),
      dramKwh: meanOf((job) => job.energy_kwh.dram),
      errors: errorsOf(runs),
    },
  };
}

/** What is told of some of the jobs is no mean of all. */
function meanWork(works: readonly Workload[]): Workload {
  const meanIfAll = (name: keyof Workload): number | null => {
    const told = works.flatMap((work) => work[name] ?? []);
    if (told.length < works.length) return null;
    // What the options told of each is not to be another number by rounding.
    return new Set(told).size === 1 ? told[0]! : mean(told);
  };
  return {
    ...{
      hours: meanIfAll('hours'),
      gpuHours: meanIfAll('gpuHours'),
      usedGpuHours: meanIfAll('usedGpuHours'),
    },
    ...{ coreHours: meanIfAll('coreHours'), usedCoreHours: meanIfAll('usedCoreHours') },
    ...{ memoryBytes: meanIfAll('memoryBytes'), pflopsHours: meanIfAll('pflopsHours') },
  };
}

/** By the energy of a job before PUE, or where hours are told by that of an hour; then times the PUE that counts now. */
function predict({ report }: RunSet, hours: number | undefined, pue: number): PastPrediction {
  const energies = report.groups
    .filter((job) => hours === undefined || job.elapsed_seconds > 0)
    .map(
      ({ energy_kwh: { it }, elapsed_seconds: seconds }) =>
        pue * (hours === undefined ? it : (it / seconds) * 3600 * hours),
    );
  if (energies.length === 0)
    throw new EitError(
      'EIT_USAGE',
      '--from-jobs: these jobs have no length, so nothing follows for --hours: leave it out',
    );
  return {
    ...predictNext(energies, LEVEL),
    ...{ perHour: hours !== undefined, pastPue: report.factors.pue },
  };
}

function warningsOf({ filter, report }: RunSet, isPast: boolean): string[] {
  const jobs = report.groups;
  const notes: string[] = [];
  const partial = jobs.filter((job) => !isCovered(job));
  if (partial.length > 0)
    notes.push(`${filter.name}: ${named(partial)} observed in part, so the energy is too low`);
  const unfinished = jobs.filter(({ slurm_job: job }) => job !== undefined && job.state !== 'COMPLETED');
  if (isPast && unfinished.length > 0)
    notes.push(
      `${filter.name}: ${named(unfinished)} did not end well: leave them out by state=CD if the next one will`,
    );
  const models = new Set(jobs.map((job) => [...job.cpu_models, ...job.gpu_models].join(', ')));
  if (models.size > 1)
    notes.push(
      `${filter.name} ran on different hardware (${[...models].slice(0, 4).join('; ')}): what the next one takes depends on it`,
    );
  if (!isPast) notes.push(...unobservedNotes(jobs));
  const { measured_fraction: read } = report.total;
  if (!isPast && read !== null && read < 0.5)
    notes.push(`of what was measured ${Math.round((1 - read) * 100)} % is from a model itself`);
  if (jobs.length < 5) notes.push(`${filter.name}: ${counted(jobs.length, 'job')} tell little`);
  return notes;
}

/** Where a part of the measured energy is told of some jobs only. */
function unobservedNotes(jobs: readonly ReportGroup[]): string[] {
  return (['gpu', 'cpu', 'dram'] as const).flatMap((part) => {
    const asked = part === 'gpu' ? jobs.filter((job) => job.gpu_seconds > 0) : jobs;
    const without = asked.filter((job) => job.energy_kwh[part] === null).length;
    if (without === 0 || without === asked.length) return [];
    return [
      `of ${without} of ${counted(asked.length, 'job')} no ${part === 'dram' ? 'DRAM' : part.toUpperCase()} energy was observed: it is not in what was measured`,
    ];
  });
}

function named(jobs: readonly ReportGroup[]): string {
  return `${jobs.slice(0, 5).map(jobName).join(', ')}${jobs.length > 5 ? ` and ${jobs.length - 5} more` : ''}`;
}
