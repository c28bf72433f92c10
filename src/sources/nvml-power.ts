import type { GpuPower } from './gpu';
import { MOST_GPU_W } from './gpu-limits';
import type { NvmlDevice } from './nvml-library';
import { type NvmlQuery, isNotTold } from './nvml-query';
import { NVML_STATUS } from './nvml-status';
import { FIELD_POWER_AVERAGE, FIELD_POWER_INSTANT, fieldRequest, readField, toCount } from './nvml-structs';
import { type Missing, isMissing } from './source';

/** The driver's own averaging, where it averages. */
const AVERAGED_MS = 1000;

/**
 * The power of one GPU. Newer drivers tell the mean over the last second and the power of the moment apart; the mean is taken,
 * since it leaves out nothing between two readings a second apart. From older ones there is one figure, and the
 * architecture says which of both it is: the mean from Ampere on, but for the chip GA100 (A100, A30)
 * (https://docs.nvidia.com/deploy/nvml-api/, nvmlDeviceGetPowerUsage).
 */
export class NvmlPower {
  readonly #query: NvmlQuery;
  readonly #device: NvmlDevice;
  /** Of the figure that does not say itself what it is. */
  readonly #averagedMs: number;
  /** Drivers before 530 know none of these fields, and never will while they run. */
  #hasFields = true;

  constructor(query: NvmlQuery, device: NvmlDevice) {
    this.#query = query;
    this.#device = device;
    const capability = query.uintPair('nvmlDeviceGetCudaComputeCapability', device);
    this.#averagedMs = isNotTold(capability) ? 0 : averagedMsOf(...capability);
  }

  read(): GpuPower | Missing {
    if (this.#hasFields) {
      const power = this.#readFields();
      if (power !== null) return power;
    }
    const milliwatts = this.#query.uint('nvmlDeviceGetPowerUsage', this.#device);
    if (isNotTold(milliwatts)) return { missing: this.#query.library.describe(milliwatts.status) };
    return toPower(milliwatts, this.#averagedMs);
  }

  #readFields(): GpuPower | Missing | null {
    const request = fieldRequest([FIELD_POWER_AVERAGE, FIELD_POWER_INSTANT]);
    const status = this.#query.library.call('nvmlDeviceGetFieldValues', this.#device, 2, request);
    if (status !== NVML_STATUS.SUCCESS) {
      if (status === NVML_STATUS.FUNCTION_NOT_FOUND) this.#hasFields = false;
      return null;
    }
    let reason: Missing | null = null;
    for (const [place, averagedMs] of [AVERAGED_MS, 0].entries()) {
      const milliwatts = readField(request, place);
      if (milliwatts === null) continue;
      const power = toPower(milliwatts, averagedMs);
      if (!isMissing(power)) return power;
      reason ??= power;
    }
    return reason;
  }
}

/** Chips by their CUDA compute capability (https://developer.nvidia.com/cuda-gpus): GA100 is 8.0, the other Amperes are 8.6. */
function averagedMsOf(major: number, minor: number): number {
  return major > 8 || (major === 8 && minor > 0) ? AVERAGED_MS : 0;
}

/** No board that runs its driver draws none. */
function toPower(milliwatts: number, averagedMs: number): GpuPower | Missing {
  const powerW = milliwatts / 1000;
  if (powerW === 0) return { missing: 'the driver says 0 W: it does not measure' };
  return powerW <= MOST_GPU_W
    ? { powerW, averagedMs }
    : { missing: `the driver says ${powerW} W, which no GPU draws` };
}

/** What the energy counter of a GPU says now. */
export type EnergyCount = number | Missing | undefined;

/**
 * The energy counter of a GPU (mJ since the driver was loaded), which GPUs from Volta on have.
 * @returns undefined where this GPU or this driver has none; Missing where it has one that cannot be read now
 */
export function readEnergyMillijoules(query: NvmlQuery, device: NvmlDevice): EnergyCount {
  const counter = query.uint64('nvmlDeviceGetTotalEnergyConsumption', device);
  if (!isNotTold(counter)) return toCount(counter) ?? { missing: 'the energy counter has no value' };
  const { status } = counter;
  const hasNone = status === NVML_STATUS.NOT_SUPPORTED || status === NVML_STATUS.FUNCTION_NOT_FOUND;
  return hasNone ? undefined : { missing: query.library.describe(status) };
}

/**
 * A counter that stands at 0 while the GPU draws power is none: each millijoule would have counted. Then its power is to be added up.
 * @returns undefined for it; Missing where no power tells whether it is one
 */
export function trustedCount(count: EnergyCount, power: GpuPower | Missing): EnergyCount {
  if (count !== 0) return count;
  return isMissing(power) ? { missing: 'the energy counter says 0' } : undefined;
}
