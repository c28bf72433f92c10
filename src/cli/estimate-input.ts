import { visible } from '../config/visible';
import { EitError } from '../errors';
import type { ReportGroup } from '../generated/report';
import { type Accelerator, acceleratorNamed, type Precision, PRECISIONS } from '../hardware/accelerators';
import { findModel, type ModelTable } from '../hardware/model-table';
import { type Processor, processorNamed } from '../hardware/processors';
import type { EstimateHardware, Workload } from '../science/energy-estimate';
import { USUAL_UTILISATION } from '../science/energy-estimate';
import { jobName } from '../science/run-set';
import { positive } from './positive';

/** What the options say; undefined: nothing. */
export interface EstimateInput {
  readonly gpu: string | undefined;
  readonly tdpW: number | undefined;
  readonly peakTflops: number | undefined;
  readonly precision: Precision;
  readonly gpus: number | undefined;
  readonly gpuHours: number | undefined;
  readonly hours: number | undefined;
  readonly cpu: string | undefined;
  readonly cores: number | undefined;
  readonly cpuUse: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly pflopsHours: number | undefined;
  readonly utilisation: number;
}

export interface HardwareTables {
  readonly accelerators: ModelTable<Accelerator>;
  readonly processors: ModelTable<Processor>;
}

/** @throws EitError EIT_USAGE for each value that is none */
export function parseInput(argv: Readonly<Record<string, unknown>>): EstimateInput {
  const text = (name: string): string | undefined => {
    const value = [argv[name]].flat().at(-1);
    return typeof value === 'string' ? value : undefined;
  };
  const number = (name: string, most = Infinity): number | undefined => {
    const given = text(name);
    return given === undefined ? undefined : positive(name, given, most);
  };
  const precision = PRECISIONS.find((one) => one === (text('precision') ?? 'fp16'));
  if (precision === undefined)
    throw new EitError(
      'EIT_USAGE',
      `--precision ${visible(text('precision') ?? '', 40)}: one of ${PRECISIONS.join(', ')}`,
    );
  const memory = text('memory');
  const gpus = number('gpus');
  if (gpus !== undefined && !Number.isInteger(gpus))
    throw new EitError('EIT_USAGE', `--gpus ${gpus}: GPUs are whole; a share of one is --gpu-hours`);
  return {
    ...{ gpu: text('gpu'), tdpW: number('tdp'), peakTflops: number('peak'), precision, gpus },
    ...{ gpuHours: number('gpu-hours'), hours: number('hours'), cpu: text('cpu'), cores: number('cores') },
    ...{ cpuUse: number('cpu-use', 1), pflopsHours: number('pflops-hours') },
    memoryBytes: memory === undefined ? undefined : parseMemory(memory),
    utilisation: number('utilisation', 1) ?? USUAL_UTILISATION,
  };
}

/** Whether the options tell of a run, and not only of jobs that were. */
export function isPlanned({ hours, gpuHours, pflopsHours }: EstimateInput): boolean {
  return hours !== undefined || gpuHours !== undefined || pflopsHours !== undefined;
}

/** Whether the options name what a run has of a machine. */
export function hasHardware({ gpu, tdpW, cpu, gpus, cores, memoryBytes }: EstimateInput): boolean {
  return (gpu ?? tdpW ?? cpu ?? gpus ?? cores ?? memoryBytes) !== undefined;
}

/**
 * The run that the options tell of.
 * @throws EitError EIT_USAGE where something is missing to make an energy of it
 */
export function plannedWork(input: EstimateInput): Workload {
  const { hours = null, gpuHours = null, cores, cpuUse, gpus } = input;
  const isOnGpus = input.gpu !== undefined || input.tdpW !== undefined;
  const lacks = (what: string): never => {
    throw new EitError('EIT_USAGE', what);
  };
  if (!isOnGpus && input.cpu === undefined)
    lacks('say what it runs on: --gpu A100-SXM4-80GB, --tdp 400 or --cpu "EPYC 7763"');
  if (!isOnGpus && (gpuHours !== null || gpus !== undefined || input.pflopsHours !== undefined))
    lacks('--gpus, --gpu-hours and --pflops-hours are of GPUs: name them by --gpu or --tdp');
  if (input.cpu !== undefined && cores === undefined)
    lacks('--cpu needs --cores: how many of its cores the run has');
  if (cores !== undefined && input.cpu === undefined) lacks('--cores needs --cpu: which model they are of');
  const coreHours = cores === undefined ? 0 : hours === null ? null : cores * hours;
  return {
    hours,
    gpuHours: isOnGpus ? (hours === null ? null : (gpus ?? 1) * hours) : 0,
    usedGpuHours: gpuHours,
    coreHours,
    usedCoreHours: cpuUse === undefined || coreHours === null ? null : coreHours * cpuUse,
    memoryBytes: input.memoryBytes ?? null,
    pflopsHours: input.pflopsHours ?? null,
  };
}

/** @throws EitError EIT_USAGE where a name is in no table */
export function plannedHardware(input: EstimateInput, tables: HardwareTables): EstimateHardware {
  const card = input.gpu === undefined ? null : acceleratorNamed(tables.accelerators, input.gpu);
  const cpu = input.cpu === undefined ? null : processorNamed(tables.processors, input.cpu);
  return { gpu: gpuOf(card, input), cpu: cpu === null ? null : cpuOf(cpu) };
}

/** What a job that was measured did, as far as its records and Slurm's accounting tell. */
export function measuredWork(job: ReportGroup, input: EstimateInput): Workload {
  const hours = job.elapsed_seconds / 3600;
  const gpuHours = job.gpu_seconds / 3600;
  const efficiency = job.slurm?.cpu_efficiency ?? 0;
  const usedCoreHours = job.cpu_seconds / 3600;
  return {
    ...{ hours, gpuHours, usedCoreHours },
    usedGpuHours: job.gpu_utilization === null ? null : job.gpu_utilization * gpuHours,
    coreHours:
      input.cores !== undefined ? input.cores * hours : efficiency > 0 ? usedCoreHours / efficiency : null,
    memoryBytes: input.memoryBytes ?? job.slurm_job?.req_memory_bytes ?? null,
    pflopsHours: input.pflopsHours ?? null,
  };
}

/**
 * The hardware of a job that was measured, or what the options name instead.
 * @throws EitError EIT_USAGE where it had GPUs of which no power is known
 */
export function measuredHardware(
  job: ReportGroup,
  input: EstimateInput,
  tables: HardwareTables,
): EstimateHardware {
  const named = plannedHardware(input, tables);
  const [cpuModel, gpuModel] = [only(job.cpu_models), only(job.gpu_models)];
  const card = gpuModel === null ? null : findModel(tables.accelerators, gpuModel);
  const cpu = cpuModel === null ? null : findModel(tables.processors, cpuModel);
  if (job.gpu_seconds > 0 && named.gpu === null && card === null)
    throw new EitError(
      'EIT_USAGE',
      `${jobName(job)} ran on GPUs of which no power is known (${job.gpu_models.map((model) => visible(model, 60)).join(', ') || 'no model is told'}): name one by --gpu, or its power by --tdp`,
    );
  return {
    gpu: job.gpu_seconds > 0 ? (named.gpu ?? gpuOf(card, input)) : null,
    cpu: named.cpu ?? (cpu === null ? null : cpuOf(cpu)),
  };
}

function gpuOf(
  card: Accelerator | null,
  { tdpW, peakTflops, precision }: EstimateInput,
): EstimateHardware['gpu'] {
  if (card === null && tdpW === undefined) return null;
  return {
    name:
      card === null
        ? `GPU of ${tdpW} W`
        : `${card.name}${card.gpusPerCard > 1 ? ` (one of ${card.gpusPerCard} GPUs of a card)` : ''}`,
    tdpW: tdpW ?? card?.tdpW ?? NaN,
    peakTflops: peakTflops ?? card?.peakTflops[precision] ?? null,
    holdsCpu: card?.holdsCpu ?? false,
  };
}

function cpuOf({ name, tdpW, cores }: Processor): NonNullable<EstimateHardware['cpu']> {
  return { name, wattsPerCore: tdpW / cores };
}

function only(models: readonly string[]): string | null {
  return models.length === 1 ? (models[0] ?? null) : null;
}

const POWERS = ['', 'K', 'M', 'G', 'T'];

/** Memory as Slurm writes it: 64G, in powers of 1024; without a letter MiB, as --mem of sbatch has it. */
function parseMemory(text: string): number {
  const found = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text.trim());
  const bytes = Number(found?.[1]) * 1024 ** POWERS.indexOf((found?.[2] ?? '').toUpperCase() || 'M');
  if (Number.isFinite(bytes) && bytes > 0) return bytes;
  throw new EitError(
    'EIT_USAGE',
    `--memory ${JSON.stringify(visible(text, 40))}: expected one such as 64G, 512M or 1.5T`,
  );
}
