import { EitError } from '../errors';
import { type ReportGroup } from '../generated/report';
import { counted } from '../report/units';
import {
  type EstimateHardware,
  estimateEnergy,
  type MethodEstimate,
  type MethodName,
  METHODS,
  type Workload,
} from '../science/energy-estimate';
import { errorsOf, type MethodError } from '../science/estimate-errors';
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
  /** Before PUE; of several jobs the means. null: only past jobs were asked for. */
  readonly estimates: Readonly<Record<MethodName, MethodEstimate>> | null;
  readonly work: Workload | null;
  readonly hardware: EstimateHardware | null;
  readonly measured: MeasuredRuns | null;
  readonly prediction: (Prediction & { readonly perHour: boolean }) | null;
  readonly notes: readonly string[];
}

/** Jobs that were measured, as the mean of one. */
export interface MeasuredRuns {
  readonly set: RunSet;
  readonly energyKwh: number;
  /** Before PUE; null: nothing of that class was observed. */
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
      : { ...planned, estimates: estimateEnergy(planned.work, planned.hardware, input.utilisation) });
  return {
    ...{ input, pue },
    estimates: plan?.estimates ?? null,
    work: plan?.work ?? null,
    hardware: plan?.hardware ?? null,
    measured: judged?.measured ?? null,
    prediction: before === null ? null : predict(before, input.hours),
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
      estimates: estimateEnergy(work, hardware, input.utilisation),
      measuredKwh: job.energy_kwh.total,
      pue: job.energy_kwh.it > 0 ? job.energy_kwh.total / job.energy_kwh.it : set.report.factors.pue,
    };
  });
  const [first] = runs;
  const meanOf = (of: (job: ReportGroup) => number | null): number | null => meanIfAll(jobs.map(of));
  return {
    work: first!.work,
    hardware: first!.hardware,
    estimates: Object.fromEntries(
      METHODS.map((method) => [method, meanEstimate(runs.map(({ estimates }) => estimates[method]))]),
    ) as Record<MethodName, MethodEstimate>,
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

/** A sum of some of the jobs is no mean of all. */
function meanIfAll(values: readonly (number | null)[]): number | null {
  const told = values.filter((value) => value !== null);
  return told.length < values.length ? null : mean(told);
}

function meanEstimate(all: readonly MethodEstimate[]): MethodEstimate {
  return {
    method: all[0]!.method,
    gpuKwh: meanIfAll(all.map(({ gpuKwh }) => gpuKwh)),
    cpuKwh: meanIfAll(all.map(({ cpuKwh }) => cpuKwh)),
    dramKwh: meanIfAll(all.map(({ dramKwh }) => dramKwh)),
    itKwh: meanIfAll(all.map(({ itKwh }) => itKwh)),
    lacks: all.find(({ lacks }) => lacks !== null)?.lacks ?? null,
  };
}

/** By the energy of a job, or where hours are told by that of an hour. */
function predict({ report }: RunSet, hours: number | undefined): Prediction & { perHour: boolean } {
  const energies = report.groups
    .filter((job) => hours === undefined || job.elapsed_seconds > 0)
    .map(({ energy_kwh: { total }, elapsed_seconds: seconds }) =>
      hours === undefined ? total : (total / seconds) * 3600 * hours,
    );
  if (energies.length === 0)
    throw new EitError(
      'EIT_USAGE',
      '--from-jobs: these jobs have no length, so nothing follows for --hours: leave it out',
    );
  return { ...predictNext(energies, LEVEL), perHour: hours !== undefined };
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
  const { measured_fraction: read } = report.total;
  if (!isPast && read !== null && read < 0.5)
    notes.push(`of what was measured ${Math.round((1 - read) * 100)} % is from a model itself`);
  if (jobs.length < 5) notes.push(`${filter.name}: ${counted(jobs.length, 'job')} tell little`);
  return notes;
}

function named(jobs: readonly ReportGroup[]): string {
  return `${jobs.slice(0, 5).map(jobName).join(', ')}${jobs.length > 5 ? ` and ${jobs.length - 5} more` : ''}`;
}
