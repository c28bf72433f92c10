import type { GpuIdentity, GpuReading, ThrottleReason } from './gpu';
import type { NvmlDevice, NvmlFunctionName } from './nvml-library';
import { NvmlMig, readMemory } from './nvml-mig';
import { NvmlPower, readEnergyMillijoules, trustedCount } from './nvml-power';
import { NvmlProcesses } from './nvml-processes';
import { type NvmlQuery, isNotTold, orNull } from './nvml-query';
import { NVML_STATUS } from './nvml-status';
import { readPciBusId, throttleReasons } from './nvml-structs';
import { type Missing, isMissing } from './source';

/** What counts energy. It is read of all GPUs before the rest of any, so that it belongs to one moment. */
export type GpuCounters = Pick<GpuReading, 'power' | 'energyMillijoules'>;

/** States beyond P15 are NVML's "unknown" (32). */
const LAST_P_STATE = 15;

/** One GPU of the library's list. */
export class NvmlGpu {
  readonly identity: GpuIdentity;
  readonly #query: NvmlQuery;
  readonly #device: NvmlDevice;
  readonly #power: NvmlPower;
  readonly #processes: NvmlProcesses;
  readonly #mig: NvmlMig;
  #isGone = false;

  constructor(query: NvmlQuery, device: NvmlDevice, identity: GpuIdentity) {
    this.identity = identity;
    this.#query = query;
    this.#device = device;
    this.#power = new NvmlPower(query, device);
    this.#processes = new NvmlProcesses(query, device);
    this.#mig = new NvmlMig(query, device);
  }

  /** At the last reading the library had no GPU at this handle, or none that answers. It may have one when it is opened anew. */
  get isGone(): boolean {
    return this.#isGone;
  }

  readCounters(): GpuCounters {
    const count = readEnergyMillijoules(this.#query, this.#device);
    const power = this.#power.read();
    const energyMillijoules = trustedCount(count, power);
    return { power, ...(energyMillijoules === undefined ? {} : { energyMillijoules }) };
  }

  /**
   * The whole reading.
   * @param counters those of this moment
   * @param wallMs Unix time (ms)
   */
  read(counters: GpuCounters, wallMs: number): GpuReading {
    const state = this.#query.uint('nvmlDeviceGetPerformanceState', this.#device);
    this.#isGone = isNotTold(state) && GONE.includes(state.status);
    // One that is lost is not asked for the rest: each question may take the driver long.
    if (this.#isGone) return { ...this.identity, ...counters, ...UNKNOWN };
    const instances = this.#mig.read();
    return {
      ...this.identity,
      ...counters,
      utilization: instances === null ? this.#utilization() : null,
      memory: readMemory(this.#query, this.#device),
      performanceState: isNotTold(state) || state > LAST_P_STATE ? null : state,
      throttling: this.#throttling(),
      processes: this.#processes.read(wallMs),
      instances,
    };
  }

  #utilization(): number | null {
    const percent = orNull(this.#query.uint('nvmlDeviceGetUtilizationRates', this.#device));
    return percent === null || percent > 100 ? null : percent / 100;
  }

  #throttling(): ThrottleReason[] | null {
    for (const name of THROTTLING) {
      const bits = this.#query.uint64(name, this.#device);
      if (!isNotTold(bits)) return throttleReasons(bits);
      if (bits.status !== NVML_STATUS.FUNCTION_NOT_FOUND) return null;
    }
    return null;
  }
}

/** A handle that was good is none any more (INVALID_ARGUMENT) where the list of GPUs was made anew beneath it. */
const GONE: readonly number[] = [
  NVML_STATUS.GPU_IS_LOST,
  NVML_STATUS.RESET_REQUIRED,
  NVML_STATUS.UNINITIALIZED,
  NVML_STATUS.INVALID_ARGUMENT,
];

const UNKNOWN = {
  utilization: null,
  memory: null,
  performanceState: null,
  throttling: null,
  processes: null,
  instances: null,
} as const;

/** One function under its two names. */
const THROTTLING = [
  'nvmlDeviceGetCurrentClocksEventReasons',
  'nvmlDeviceGetCurrentClocksThrottleReasons',
] as const satisfies readonly NvmlFunctionName[];

/** The reading of a GPU that was there and cannot be read now. */
export function lostReading(identity: GpuIdentity, reason: Missing): GpuReading {
  const { uuid, pciBusId, index, minor, model } = identity;
  return { uuid, pciBusId, index, minor, model, power: reason, ...UNKNOWN };
}

/**
 * Opens the GPU at a position of the library's list.
 * @returns why it cannot be read at all: it is lost, or does not tell which one it is
 */
export function openNvmlGpu(query: NvmlQuery, index: number): NvmlGpu | Missing {
  const device = query.device(index);
  if (isNotTold(device)) return cannotOpen(index, query.library.describe(device.status));
  const pciBusId = readBusId(query, device);
  if (isMissing(pciBusId)) return cannotOpen(index, pciBusId.missing);
  return new NvmlGpu(query, device, {
    uuid: orNull(query.text('nvmlDeviceGetUUID', device)),
    pciBusId,
    index,
    minor: orNull(query.uint('nvmlDeviceGetMinorNumber', device)),
    model: orNull(query.text('nvmlDeviceGetName', device)) ?? 'NVIDIA GPU',
  });
}

function cannotOpen(index: number, reason: string): Missing {
  return { missing: `the GPU at position ${index} of NVML's list cannot be read: ${reason}` };
}

function readBusId(query: NvmlQuery, device: NvmlDevice): string | Missing {
  let info = query.filled('nvmlDeviceGetPciInfo_v3', device);
  if (isNotTold(info) && info.status === NVML_STATUS.FUNCTION_NOT_FOUND) {
    info = query.filled('nvmlDeviceGetPciInfo_v2', device);
  }
  return isNotTold(info) ? { missing: query.library.describe(info.status) } : readPciBusId(info);
}
