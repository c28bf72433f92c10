import { join } from 'node:path';
import { isOfTwoDies, pairDies } from './amd-dies';
import { type AmdGpuUse, openAmdGpuUse } from './amd-gpu-use';
import type { GpuLook } from './gpu-use';
import { type AmdCounter, WHOLE_SOCKET, findAmdCounter } from './amd-gpu-counter';
import { countAmdPartitions } from './amd-partitions';
import type { GpuIdentity } from './gpu';
import { gpuDomainName } from './gpu-domain-name';
import { MOST_GPU_W } from './gpu-limits';
import {
  ACCELERATOR,
  DISPLAY,
  type PciGpu,
  describeUnserved,
  findPciGpus,
  plainName,
  readText,
  renderMinor,
} from './pci-gpus';
import {
  type EnergyDomain,
  type EnergyMeter,
  type EnergySource,
  type Missing,
  type Roots,
  isMissing,
} from './source';

/**
 * Energy of AMD's GPUs as their driver amdgpu shows it in /sys: the counter in `gpu_metrics` (MI200, MI300 and later;
 * see amd-gpu-metrics.ts), else the power of hwmon (`power1_average`, or `power1_input`, of the moment), which is
 * added up over time. AMD's own programs (amd-smi, rocm-smi) read the same files, so none is run.
 *
 * Both are of the "SoC", in the driver's words, less than what a card with memory chips and regulators of its own
 * draws. Of a GPU inside a processor they hold the CPU too: it is not served, except MI300A, of which they hold all
 * of the socket (CPU, GPU, memory).
 * https://docs.kernel.org/gpu/amdgpu/thermal.html
 */
export const amdgpu = {
  name: 'amdgpu',
  description: 'AMD GPUs (driver amdgpu: energy in gpu_metrics, else power1_average or power1_input)',
  unit: '15.259 µJ, µW',
  open: (roots) => openAmdgpu(roots),
} satisfies EnergySource;

const AMD = '1002';
/** What varies in tests. */
export interface AmdgpuParts {
  /** A clock that goes on evenly (ns). */
  readonly now?: () => bigint;
}

/** @returns why no GPU of AMD can be read here, with each GPU's own reason */
export function openAmdgpu({ sys }: Pick<Roots, 'sys'>, parts: AmdgpuParts = {}): EnergyMeter | Missing {
  const gpus = findPciGpus(sys, AMD, [DISPLAY, ACCELERATOR]);
  if (isMissing(gpus)) return gpus;
  if (gpus.length === 0) return { missing: `no GPU of AMD below ${join(sys, 'bus/pci/devices')}` };

  const now = parts.now ?? (() => process.hrtime.bigint());
  const looks = gpus.map((gpu, index) => ({ gpu, index, counter: findAmdCounter(gpu, now) }));
  const unserved = looks.flatMap(({ gpu, counter }) =>
    isMissing(counter) ? [{ pciBusId: gpu.pciBusId, missing: counter.missing }] : [],
  );
  const read = looks.flatMap(({ counter, ...gpu }) => (isMissing(counter) ? [] : [{ ...gpu, counter }]));
  const served = read.filter(({ counter }) => !counter.isSecondDie);
  for (const { counter } of read) if (counter.isSecondDie) counter.close();
  if (served.length === 0) return { missing: describeUnserved(unserved) || 'only second dies of modules' };

  const first = served.filter(({ gpu }) => isOfTwoDies(gpu.deviceId)).map(({ gpu }) => gpu);
  const second = read.filter(({ counter }) => counter.isSecondDie).map(({ gpu }) => gpu);
  const indexOf = new Map(read.map(({ gpu, index }) => [gpu, index]));
  const secondOf = new Map(pairDies(first, second).map((die, i) => [first[i], die]));
  const partitions = countAmdPartitions(sys);
  const domains = served.map(({ gpu, index, counter }, i) => {
    const dies = [gpu, secondOf.get(gpu) ?? null].filter((die) => die !== null);
    const further = dies.slice(1).map((die) => identify(die, indexOf.get(die) ?? index));
    const notes = [...counter.notes, dieNote(gpu, secondOf), i === 0 ? unservedNote(unserved) : null];
    return {
      ...domainOf(gpu, index, counter),
      ...(further.length > 0 ? { further } : {}),
      accelerators: dies.reduce((sum, { pciBusId }) => sum + (partitions.get(pciBusId) ?? 1), 0),
      ...asNote(notes.filter((note) => note !== null)),
    };
  });
  const uses = domains.map(({ name, gpu, further = [] }) => ({
    name,
    files: (gpu === undefined ? further : [gpu, ...further]).map(({ pciBusId }) =>
      openAmdGpuUse(sys, pciBusId, now),
    ),
  }));
  return {
    domains,
    read: (at) => served.map(({ counter }) => counter.read(at)),
    looks: () => new Map(uses.map(({ name, files }) => [name, lookOf(files.map((file) => file.read()))])),
    close: () => {
      for (const { counter } of served) counter.close();
      for (const { files } of uses) for (const file of files) file.close();
    },
  };
}

/** Of the dies of a module together. Which processes use them is not told. */
function lookOf(dies: readonly AmdGpuUse[]): GpuLook {
  const used = dies.flatMap(({ utilization }) => (isMissing(utilization) ? [] : [utilization]));
  const isTold = used.length === dies.length;
  const busyPart = isTold ? used.reduce((sum, part) => sum + part, 0) / dies.length : null;
  const bytes = dies.flatMap(({ memory }) => (isMissing(memory) ? [] : [memory.usedBytes]));
  return {
    busyPart,
    idlePart: busyPart === null ? null : Number(busyPart === 0),
    throttledPart: null,
    performanceState: null,
    memoryBytes: bytes.length === 0 ? null : bytes.reduce((sum, each) => sum + each, 0),
    processes: null,
    instances: null,
  };
}

function domainOf(gpu: PciGpu, index: number, counter: AmdCounter): EnergyDomain {
  return {
    name: gpuDomainName(gpu.pciBusId),
    class: 'gpu',
    quality: 'measured',
    source: `amdgpu: ${counter.name}`,
    maxPowerW: MOST_GPU_W,
    gpu: identify(gpu, index),
    ...(counter.isIntegrated ? { isIntegrated: true } : {}),
    ...(gpu.deviceId === WHOLE_SOCKET ? { holds: ['cpu', 'dram'] } : {}),
  };
}

function identify({ pciBusId, deviceId, dir }: PciGpu, index: number): GpuIdentity {
  const id = /^[0-9a-f]{8,32}$/.exec(readText(join(dir, 'unique_id')) ?? '')?.[0];
  return {
    // As ROCm names it (ROCR_VISIBLE_DEVICES).
    uuid: id === undefined || /^0+$/.test(id) ? null : `GPU-${id}`,
    pciBusId,
    index,
    minor: renderMinor(dir),
    model: plainName(readText(join(dir, 'product_name'))) ?? `AMD GPU ${AMD}:${deviceId}`,
  };
}

function dieNote(gpu: PciGpu, secondOf: ReadonlyMap<PciGpu | undefined, PciGpu | null>): string | null {
  const second = secondOf.get(gpu);
  if (second) return `energy of the module: its second die, ${second.pciBusId}, shows none of its own`;
  return second === null ? 'energy of the module: which its second die is is not known' : null;
}

function unservedNote(unserved: readonly (Pick<PciGpu, 'pciBusId'> & Missing)[]): string | null {
  return unserved.length === 0 ? null : `not served: ${describeUnserved(unserved)}`;
}

/** A note has at most 512 characters. */
function asNote(notes: readonly string[]): { note?: string } {
  return notes.length === 0 ? {} : { note: notes.join('; ').slice(0, 512) };
}
