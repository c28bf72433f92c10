import type { GpuSnapshot } from './gpu';
import { MOST_GPUS } from './gpu-limits';
import { type NvmlGpu, openNvmlGpu } from './nvml-gpu';
import type { NvmlLibrary } from './nvml-library';
import { NvmlQuery, isNotTold, orNull } from './nvml-query';
import { NVML_STATUS } from './nvml-status';
import { type Instant, type Missing, isMissing } from './source';

/**
 * GPUs by NVIDIA's management library (NVML, https://docs.nvidia.com/deploy/nvml-api/). Each call waits for the driver, which
 * may take seconds, hang or crash the process: only a process that can be given up may use this.
 */
export class Nvml {
  /** What cannot be read of the host, though the rest can. */
  readonly warnings: readonly string[];
  readonly #library: NvmlLibrary;
  readonly #gpus: readonly NvmlGpu[];
  readonly #driver: string;

  constructor(
    library: NvmlLibrary,
    opened: { driver: string; gpus: readonly NvmlGpu[]; warnings: readonly string[] },
  ) {
    this.#library = library;
    this.#gpus = opened.gpus;
    this.#driver = opened.driver;
    this.warnings = opened.warnings;
  }

  /**
   * Reads all GPUs. One that drops out has no power and keeps no other from being read.
   * @param now the clocks; the reading is of the moment before its first counter is read
   */
  read(now: () => Instant): GpuSnapshot {
    const { monoNs, wallMs } = now();
    const counters = this.#gpus.map((gpu) => ({ gpu, read: gpu.readCounters() }));
    return {
      monoNs,
      source: 'nvml',
      driver: this.#driver,
      gpus: counters.map(({ gpu, read }) => gpu.read(read, wallMs)),
    };
  }

  /** Gives the GPUs back to the driver. */
  close(): void {
    this.#library.call('nvmlShutdown');
  }
}

/**
 * Begins to use the library.
 * @returns why NVML serves nothing here, in words an admin understands
 */
export function openNvml(library: NvmlLibrary): Nvml | Missing {
  let status = library.call('nvmlInit_v2');
  if (status === NVML_STATUS.FUNCTION_NOT_FOUND) status = library.call('nvmlInit');
  if (status !== NVML_STATUS.SUCCESS) return { missing: library.describe(status) };

  const query = new NvmlQuery(library);
  const opened = openGpus(query);
  if (!isMissing(opened)) {
    const driver = orNull(query.text('nvmlSystemGetDriverVersion', null)) ?? 'unknown';
    return new Nvml(library, { ...opened, driver });
  }
  library.call('nvmlShutdown');
  return opened;
}

function openGpus(query: NvmlQuery): { gpus: NvmlGpu[]; warnings: string[] } | Missing {
  const count = query.count();
  if (isNotTold(count)) return { missing: query.library.describe(count.status) };
  if (count === 0) return { missing: "NVIDIA's driver shows no GPU" };
  const gpus: NvmlGpu[] = [];
  const warnings: string[] = [];
  for (let index = 0; index < Math.min(count, MOST_GPUS); index += 1) {
    const gpu = openNvmlGpu(query, index);
    if (isMissing(gpu)) warnings.push(gpu.missing);
    else gpus.push(gpu);
  }
  return gpus.length === 0 ? { missing: warnings.join('; ') } : { gpus, warnings };
}
