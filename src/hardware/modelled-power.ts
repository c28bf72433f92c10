import { type Accelerator, findAccelerator } from './accelerators';
import { dramPowerUw } from './dram-power';
import { findProcessor, type Processor } from './processors';

/** What a run has of a machine. */
export interface HeldHardware {
  /** As /proc/cpuinfo (`model name`) or the maker calls it. */
  readonly cpuModel: string | null;
  /** Cores that the run has, of all packages. */
  readonly cores: number;
  /** Part of their time in which they are busy, 0 to 1. */
  readonly cpuUse: number;
  readonly memoryBytes: number;
  /** One a GPU, as the driver or the maker calls it. */
  readonly gpuModels: readonly string[];
  /** Part of their TDP that they draw, 0 to 1. */
  readonly gpuUse: number;
}

/** null: of a model that the tables do not have. 0: the run has none. */
export interface ModelledPower {
  readonly cpuW: number | null;
  readonly dramW: number;
  readonly gpuW: number | null;
}

/**
 * Power (W) by design figures, for what cannot be measured: of a CPU TDP / cores × cores held × their use, as Green
 * Algorithms has it (doi 10.1002/advs.202100707); of a GPU TDP × use; of memory 0.3725 W a GiB, used or not. Idle power is not told
 * apart: at use 0 CPU and GPU draw nothing.
 */
export function modelledPowerW(
  { cpuModel, cores, cpuUse, memoryBytes, gpuModels, gpuUse }: HeldHardware,
  tables: { readonly processors: readonly Processor[]; readonly accelerators: readonly Accelerator[] },
): ModelledPower {
  const cpu = cpuModel === null ? null : findProcessor(tables.processors, cpuModel);
  const gpus = gpuModels.map((model) => findAccelerator(tables.accelerators, model));
  // A superchip's TDP has the CPU and its memory in it.
  const holdsCpu = gpus.some((gpu) => gpu?.holdsCpu === true);
  return {
    cpuW: cores === 0 || holdsCpu ? 0 : cpu === null ? null : cpuPowerW(cpu, cores, cpuUse),
    dramW: holdsCpu ? 0 : dramPowerW(memoryBytes),
    gpuW: gpus.reduce<number | null>(
      (sum, gpu) => (sum === null || gpu === null ? null : sum + gpu.tdpW * gpuUse),
      0,
    ),
  };
}

/** @param use part of the cores' time in which they are busy */
export function cpuPowerW({ tdpW, cores: all }: Processor, cores: number, use: number): number {
  return (tdpW / all) * cores * use;
}

export function dramPowerW(bytes: number): number {
  return Number(dramPowerUw(bytes)) / 1e6;
}
