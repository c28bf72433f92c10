import type { MigInstance } from './gpu';
import type { NvmlDevice } from './nvml-library';
import { type NvmlQuery, isNotTold, orNull } from './nvml-query';
import { NVML_STATUS } from './nvml-status';
import { toCount } from './nvml-structs';

/** No GPU can be partitioned into more (they have 7). */
const MOST_INSTANCES = 64;

/** What does not change while an instance exists. */
type Partition = Pick<MigInstance, 'gpu' | 'compute' | 'multiprocessors'>;

/**
 * The instances that a GPU is partitioned into (Multi-Instance GPU, https://docs.nvidia.com/datacenter/tesla/mig-user-guide/).
 * They are looked for at each reading: an administrator may partition the GPU anew.
 */
export class NvmlMig {
  readonly #query: NvmlQuery;
  readonly #device: NvmlDevice;
  readonly #isCapable: boolean;
  #partitions = new Map<string, Partition>();

  constructor(query: NvmlQuery, device: NvmlDevice) {
    this.#query = query;
    this.#device = device;
    const mode = query.uintPair('nvmlDeviceGetMigMode', device);
    this.#isCapable = !isNotTold(mode) || !isNever(mode.status);
  }

  /** null where the GPU is not in MIG mode. */
  read(): MigInstance[] | null {
    if (!this.#isCapable) return null;
    const mode = this.#query.uintPair('nvmlDeviceGetMigMode', this.#device);
    if (isNotTold(mode) || mode[0] !== 1) return null;
    const most = orNull(this.#query.uint('nvmlDeviceGetMaxMigDeviceCount', this.#device)) ?? 0;
    const partitions = new Map<string, Partition>();
    const instances: MigInstance[] = [];
    for (let index = 0; index < Math.min(most, MOST_INSTANCES); index += 1) {
      const device = this.#query.migDevice(this.#device, index);
      if (isNotTold(device)) continue;
      const uuid = orNull(this.#query.text('nvmlDeviceGetUUID', device));
      const partition = (uuid === null ? undefined : this.#partitions.get(uuid)) ?? this.#partition(device);
      if (partition === null) continue;
      if (uuid !== null) partitions.set(uuid, partition);
      instances.push({ uuid, index, ...partition, memory: readMemory(this.#query, device) });
    }
    this.#partitions = partitions;
    return instances;
  }

  /** null: it was taken away in this moment. */
  #partition(device: NvmlDevice): Partition | null {
    const gpu = this.#query.uint('nvmlDeviceGetGpuInstanceId', device);
    const compute = this.#query.uint('nvmlDeviceGetComputeInstanceId', device);
    // The first number of nvmlDeviceAttributes_t.
    const multiprocessors = this.#query.uint('nvmlDeviceGetAttributes_v2', device);
    return isNotTold(gpu) || isNotTold(compute) || isNotTold(multiprocessors)
      ? null
      : { gpu, compute, multiprocessors };
  }
}

function isNever(status: number): boolean {
  return status === NVML_STATUS.NOT_SUPPORTED || status === NVML_STATUS.FUNCTION_NOT_FOUND;
}

/** The memory of a GPU or an instance, what the driver keeps for itself among the used; null where it is not told. */
export function readMemory(
  query: NvmlQuery,
  device: NvmlDevice,
): { readonly usedBytes: number; readonly totalBytes: number } | null {
  const memory = query.filled('nvmlDeviceGetMemoryInfo', device);
  if (isNotTold(memory)) return null;
  const totalBytes = toCount(memory.readBigUInt64LE(0));
  const usedBytes = toCount(memory.readBigUInt64LE(16));
  return totalBytes === null || usedBytes === null ? null : { usedBytes, totalBytes };
}
