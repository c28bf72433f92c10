import { dramPowerW } from '../hardware/dram-power';

/** What is known of a run before it was measured, or without. null: not told. */
export interface Workload {
  /** By the clock. */
  readonly hours: number | null;
  /** GPUs times hours, used or not; 0: no GPUs. */
  readonly gpuHours: number | null;
  /** GPU hours in which something ran on them. */
  readonly usedGpuHours: number | null;
  /** Cores times hours, used or not; 0: no CPU is counted. */
  readonly coreHours: number | null;
  /** Core hours in which they were busy. */
  readonly usedCoreHours: number | null;
  readonly memoryBytes: number | null;
  /** 10^15 operations a second, for an hour. */
  readonly pflopsHours: number | null;
}

/** What it runs on. */
export interface EstimateHardware {
  readonly gpu: {
    readonly name: string;
    readonly tdpW: number;
    /** Dense; null: not told for the precision. */
    readonly peakTflops: number | null;
    /** CPUs and memory are in tdpW. */
    readonly holdsCpu: boolean;
  } | null;
  readonly cpu: { readonly name: string; readonly wattsPerCore: number } | null;
}

export const METHODS = ['time-part', 'time-full', 'time-in-use', 'operations'] as const;
export type MethodName = (typeof METHODS)[number];

/** Energy before PUE. */
export interface MethodEstimate {
  readonly method: MethodName;
  /** null: of that part nothing is told, and it is not in the sum. */
  readonly gpuKwh: number | null;
  readonly cpuKwh: number | null;
  readonly dramKwh: number | null;
  /** null: the method cannot be used. */
  readonly itKwh: number | null;
  /** Why it cannot be used. */
  readonly lacks: string | null;
}

/** As Amodei and Hernandez (2018) took for GPUs in training, and figure 4 of Henderson et al. (2020) after them. */
export const USUAL_UTILISATION = 1 / 3;

/**
 * The same run by each way in which papers estimate energy (Henderson et al. 2020, section 3.3 and figure 4):
 * - time-part: hours × GPUs × TDP × utilisation
 * - time-full: hours × GPUs × TDP
 * - time-in-use: GPU hours in which something ran × TDP
 * - operations: PFLOP/s-hours × TDP / peak PFLOP/s. Appendix E prints the ratio upside down: its unit would be no energy.
 *
 * The CPU is added as cores × hours × TDP / cores of the model, by the same utilisation in the first two and by its time in use in the others; memory as 0.3725 W a GiB (data/hardware).
 * @param utilisation from 0 to 1
 * @param isMeasured whether records tell of the run, and not options: what it lacks is told by other means
 */
export function estimateEnergy(
  work: Workload,
  hardware: EstimateHardware,
  utilisation: number,
  isMeasured = false,
): Record<MethodName, MethodEstimate> {
  const { gpu, cpu } = hardware;
  const isOnGpus = gpu !== null && work.gpuHours !== 0;
  const holdsCpu = isOnGpus && gpu.holdsCpu;
  const byCores = (coreHours: number | null): number | null =>
    holdsCpu ? 0 : cpu === null || coreHours === null ? null : (coreHours * cpu.wattsPerCore) / 1000;
  const byGpus = (gpuHours: number | null): number | null =>
    !isOnGpus ? 0 : gpuHours === null ? null : (gpuHours * gpu.tdpW) / 1000;
  const dramKwh = holdsCpu
    ? 0
    : work.memoryBytes === null || work.hours === null
      ? null
      : (dramPowerW(work.memoryBytes) * work.hours) / 1000;
  // Beside GPUs the CPU is the smaller part, and better told by its use than left out.
  const held = (part: number): number | null =>
    byCores(times(work.coreHours, part) ?? (isOnGpus ? work.usedCoreHours : null));
  const used = byCores(work.usedCoreHours ?? work.coreHours);
  const made = (
    method: MethodName,
    gpuKwh: number | null,
    cpuKwh: number | null,
    lacks: string,
  ): MethodEstimate => {
    const canBe = isOnGpus ? gpuKwh !== null : cpuKwh !== null && method !== 'operations';
    if (!canBe) return { method, gpuKwh: null, cpuKwh: null, dramKwh: null, itKwh: null, lacks };
    return {
      ...{ method, gpuKwh: isOnGpus ? gpuKwh : null, cpuKwh, dramKwh, lacks: null },
      itKwh: (gpuKwh ?? 0) + (cpuKwh ?? 0) + (dramKwh ?? 0),
    };
  };
  const noCpu = cpu === null ? 'the CPU is not told, or in no table (--cpu)' : null;
  const noTime = isOnGpus
    ? isMeasured
      ? 'how long it had GPUs is not told'
      : 'how long is not told (--hours)'
    : (noCpu ??
      (isMeasured
        ? 'how many cores it held is not told (eit sacct-sync, or --cores)'
        : 'how many cores, or how long, is not told (--cores)'));
  const noUse = isOnGpus
    ? isMeasured
      ? 'in what part of their time its GPUs were in use was not measured'
      : 'how many GPU hours were in use is not told (--gpu-hours)'
    : (noCpu ??
      (isMeasured
        ? 'how long its cores were busy was not measured'
        : 'in what part of their time the cores are busy is not told (--cpu-use)'));
  return {
    'time-part': made('time-part', byGpus(times(work.gpuHours, utilisation)), held(utilisation), noTime),
    'time-full': made('time-full', byGpus(work.gpuHours), held(1), noTime),
    'time-in-use': made(
      'time-in-use',
      byGpus(work.usedGpuHours),
      work.usedCoreHours === null && !isOnGpus ? null : used,
      noUse,
    ),
    operations: made(
      'operations',
      isOnGpus ? byOperations(work, gpu) : null,
      used,
      whyNoOperations(work, hardware),
    ),
  };
}

/** kWh: PFLOP/s-hours × 1000 / peak TFLOP/s are GPU hours at the peak, and these times kW are energy. */
function byOperations({ pflopsHours }: Workload, gpu: NonNullable<EstimateHardware['gpu']>): number | null {
  if (pflopsHours === null || gpu.peakTflops === null) return null;
  return ((pflopsHours * 1000) / gpu.peakTflops) * (gpu.tdpW / 1000);
}

function whyNoOperations({ pflopsHours }: Workload, { gpu }: EstimateHardware): string {
  if (pflopsHours === null) return 'no operations are told (--pflops-hours)';
  return gpu === null
    ? 'a peak is known of GPUs alone'
    : `of ${gpu.name} no peak at that precision is known (--peak)`;
}

function times(value: number | null, factor: number): number | null {
  return value === null ? null : value * factor;
}
