import type { Missing } from './source';

/** By what a GPU is known. Never by its position: that changes when one drops out. */
export interface GpuIdentity {
  /** As the driver has it (`GPU-513536b6-…`); null where it does not tell, as of one that is lost. */
  readonly uuid: string | null;
  /** Lower case, `0000:3b:00.0` (domain, bus, device, function). */
  readonly pciBusId: string;
  /** Position in the driver's own list, which is in the order of PCI bus ids; null where some are left out and nothing tells which. */
  readonly index: number | null;
  /** N of /dev/nvidiaN, or N of /dev/dri/renderDN; null where the driver does not tell. */
  readonly minor: number | null;
  /** Name of the product. */
  readonly model: string;
}

/** What one GPU showed at one time. What is not known is null, never 0. */
export interface GpuReading extends GpuIdentity {
  readonly power: GpuPower | Missing;
  /** Since the driver was loaded, millijoules; absent where what was asked has no such counter. */
  readonly energyMillijoules?: number | Missing;
  /** Part of the last sample period (up to a second) in which a kernel ran, 0 to 1; null in MIG mode. */
  readonly utilization: number | null;
  readonly memory: { readonly usedBytes: number; readonly totalBytes: number } | null;
  /** N of P-state PN: 0 is the fastest, 15 the slowest. */
  readonly performanceState: number | null;
  /** Why the clocks are held back, of those that slow work down; empty: by nothing. */
  readonly throttling: readonly ThrottleReason[] | null;
  /** null where the driver does not tell. */
  readonly processes: readonly GpuProcess[] | null;
  /** The instances that it is partitioned into; null where it is not in MIG mode. */
  readonly instances: readonly MigInstance[] | null;
}

/** `gpu_idle` and settings of the site's own (application clocks, sync boost, display) are no throttling. */
export const THROTTLE_REASONS = [
  'sw_power_cap',
  'hw_slowdown',
  'hw_thermal_slowdown',
  'hw_power_brake_slowdown',
  'sw_thermal_slowdown',
] as const;
export type ThrottleReason = (typeof THROTTLE_REASONS)[number];

/** Of the whole board, memory included. */
export interface GpuPower {
  readonly powerW: number;
  /** Length of the time before the reading that it is a mean over; 0: of the moment. */
  readonly averagedMs: number;
}

export interface GpuProcess {
  /** On the host. */
  readonly pid: number;
  /** Part of the GPU's multiprocessors' time that it used, 0 to 1; null where that is not told. */
  readonly smPart: number | null;
  readonly memoryBytes: number | null;
  /** The MIG instance that it runs in; null outside MIG mode. */
  readonly instance: { readonly gpu: number; readonly compute: number } | null;
}

/** One compute instance: what a job can be given. */
export interface MigInstance {
  /** `MIG-…`; null where what was asked does not tell (nvidia-smi's XML does not). */
  readonly uuid: string | null;
  readonly index: number;
  readonly gpu: number;
  readonly compute: number;
  /** Its streaming multiprocessors: those of all instances need not add up to the GPU's. */
  readonly multiprocessors: number;
  readonly memory: { readonly usedBytes: number; readonly totalBytes: number } | null;
}

/** What the GPUs of a host showed at one time. */
export interface GpuSnapshot {
  /** CLOCK_MONOTONIC, ns: when it was read, by the reader's own clock. */
  readonly monoNs: bigint;
  readonly source: GpuSourceName;
  /** Version of the driver. */
  readonly driver: string;
  readonly gpus: readonly GpuReading[];
}

/** What a reading came from, as in the records. */
export type GpuSourceName = 'nvml' | 'nvidia_smi';
