import type { Party } from '../attribution/policy';
import type { MigInstance } from '../sources/gpu';
import type { GpuLook } from '../sources/gpu-use';
import type { ActiveRun } from './cpu-time';
import type { GpuHolder } from './gpu-holders';
import type { Weights } from './weights';

/** Less than this part of a tick, or of a GPU, is rounding. */
const EPSILON = 1e-9;

/** The time that a GPU's growth is of (CLOCK_MONOTONIC, ns): its counter is read by another clock than the tick's. */
export interface GpuWindow {
  readonly fromNs: bigint;
  readonly toNs: bigint;
}

/** What a division goes by besides. */
export interface GpuTick {
  readonly window: GpuWindow;
  /** GPUs in the domain: mostly 1. */
  readonly accelerators: number;
  /** Part of the tick's energy that the board draws when nothing runs; null where that is not known. */
  readonly idlePart: number | null;
}

/**
 * By what a GPU that is known by name is divided in one tick, among those that have it.
 *
 * A GPU belongs to who has it, whether it is used or not, under every policy; for the rest of the tick it is idle, or the
 * system's where processes outside the runs use it. Runs that have it at once (shards, MPS, time slicing) share it by the time
 * that their processes had its multiprocessors, evenly where that is not told; under `allocation` evenly. In MIG mode idle power
 * is divided by the multiprocessors of all instances, those that no run has being idle, and the rest by those in which something
 * runs. How a shared board is divided is an estimate.
 *
 * A module of several GPUs is divided evenly among them.
 */
export function weighGpu(
  holders: readonly GpuHolder[],
  doing: GpuLook | undefined,
  { window, accelerators, idlePart }: GpuTick,
): Weights & { readonly parties: readonly ActiveRun[] } {
  const parties = holders.map(({ each }) => each);
  const times = holders.map(({ each, gpus }) => gpus * partOf(each, window));
  const instances = doing?.instances ?? [];
  const isPartitioned = instances.length > 0 && holders.some((holder) => holder.instances !== null);
  const weights = isPartitioned
    ? weighInstances(holders, times, instances, doing?.busyPart === 0 ? 1 : idlePart)
    : weighWhole(holders, times, doing, accelerators);
  return { ...weights, parties };
}

/** The part of the window in which a run was there. */
function partOf({ run: { startedMonoNs, end } }: ActiveRun, { fromNs, toNs }: GpuWindow): number {
  if (toNs <= fromNs) return 0;
  const from = startedMonoNs > fromNs ? startedMonoNs : fromNs;
  const to = end !== null && end.monoNs < toNs ? end.monoNs : toNs;
  return to <= from ? 0 : Number(to - from) / Number(toNs - fromNs);
}

function weighWhole(
  holders: readonly GpuHolder[],
  times: readonly number[],
  doing: GpuLook | undefined,
  capacity: number,
): Weights {
  const held = times.reduce((sum, time) => sum + time, 0);
  const isShared = held > capacity + EPSILON;
  const used = holders.map((holder, i) => (isShared ? smTime(holder) * times[i]! : times[i]!));
  const isUseKnown = used.some((part) => part > 0);
  const runs = times.map((time, i): Party => ({ used: isUseKnown ? used[i]! : time, allocated: time }));
  const rest = Math.max(0, capacity - held);
  const isForeign = held < EPSILON && isUsedByOthers(doing);
  // That the GPUs of a module draw alike is assumed.
  const isPart = capacity > 1 && holders.some(({ gpus }) => gpus < capacity);
  const isEstimated = isShared || isPart || holders.some(({ by }) => by === 'count');
  return {
    runs,
    systemUsed: isForeign ? rest : 0,
    unused: isForeign ? 0 : rest,
    capacity,
    estimated: isEstimated ? runs.map(() => ({ used: 1, allocated: 1 })) : null,
  };
}

/** Parts of the multiprocessors' time; of a process of which that is not told, that it is there. */
function smTime({ processes }: GpuHolder): number {
  let sum = 0;
  for (const { smPart } of processes) sum += smPart ?? 1;
  return sum < EPSILON ? 0 : sum;
}

function isUsedByOthers(doing: GpuLook | undefined): boolean {
  if (doing === undefined || doing.busyPart === 0) return false;
  return (doing.processes ?? []).some(({ job, smPart }) => job === null && smPart !== 0);
}

function weighInstances(
  holders: readonly GpuHolder[],
  times: readonly number[],
  instances: readonly MigInstance[],
  idlePart: number | null,
): Weights {
  const capacity = sumOf(instances);
  const slices = holders.map(({ instances: own }, i) => sumOf(own ?? instances) * times[i]!);
  const busy = holders.map((holder, i) => busySlices(holder, instances) * times[i]!);
  const busySum = busy.reduce((sum, part) => sum + part, 0);
  const held = slices.reduce((sum, part) => sum + part, 0);
  const idle = idlePart === null || busySum === 0 ? 1 : idlePart;
  const total = Math.max(capacity, held);
  const runs = slices.map((slice, i): Party => ({
    used: (idle * slice) / total + (busySum > 0 ? ((1 - idle) * busy[i]!) / busySum : 0),
    allocated: slice,
  }));
  return {
    runs,
    systemUsed: 0,
    unused: (idle * Math.max(0, capacity - held)) / total,
    capacity,
    estimated: runs.map(() => ({ used: 1, allocated: 1 })),
  };
}

/** Multiprocessors of the instances of a run in which something of it runs, times the part of the time if that is told. */
function busySlices({ instances, processes }: GpuHolder, all: readonly MigInstance[]): number {
  let sum = 0;
  for (const instance of instances ?? all) {
    const own = processes.filter(
      (process) => process.instance?.gpu === instance.gpu && process.instance.compute === instance.compute,
    );
    const part = own.reduce((parts, { smPart }) => parts + (smPart ?? 1), 0);
    if (part >= EPSILON) sum += instance.multiprocessors * Math.min(1, part);
  }
  return sum;
}

function sumOf(instances: readonly MigInstance[]): number {
  return instances.reduce((sum, { multiprocessors }) => sum + multiprocessors, 0);
}
