import type { Party } from '../attribution/policy';
import { leastCertain } from '../attribution/package-split';
import type { GpuLook } from '../sources/gpu-use';
import type { EnergyDomain } from '../sources/source';
import type { ActiveRun } from './cpu-time';
import type { GpuHolders } from './gpu-holders';
import { type GpuWindow, weighGpu } from './gpu-weights';
import { DRAM_SPLITS, type DramSplit, type HostState, type RunState } from './host-state';
import { type PlaceTime, placeName } from './place-time';

/** What one tick's division works with. */
export interface Tick {
  readonly active: readonly ActiveRun[];
  readonly places: ReadonlyMap<string, PlaceTime>;
  readonly elapsedNs: number;
  /** Its begin and its end (CLOCK_MONOTONIC, ns). */
  readonly fromNs: bigint;
  readonly toNs: bigint;
  /** CPU time of work outside the runs, ns. */
  readonly systemNs: number;
  readonly hostCpus: number;
  /** GPUs and other accelerators of all domains. */
  readonly accelerators: number;
  /** Who has which of the GPUs that are known one by one. */
  readonly gpuHolders: GpuHolders;
  readonly gpus: ReadonlyMap<string, GpuLook>;
  /** Those that were worked out for an earlier domain, by what they are by. */
  readonly weights: Map<string, Weights>;
}

/** By what one domain is divided in one tick. */
export interface Weights {
  /** Among whom; absent: the tick's active runs. */
  readonly parties?: readonly ActiveRun[];
  /** In their order. */
  readonly runs: readonly Party[];
  readonly systemUsed: number;
  readonly unused?: number;
  readonly capacity: number;
  /** The part of each run's share that rests on an estimate, 0 to 1; of its use, and of its allocation. null: of none. */
  readonly estimated: readonly EstimatedPart[] | null;
}

interface EstimatedPart {
  readonly used: number;
  readonly allocated: number;
}

const EXACT: EstimatedPart = { used: 0, allocated: 0 };
const ASSUMED: EstimatedPart = { used: 1, allocated: 1 };

/**
 * What the runs are weighed by in a domain: CPU time and CPUs for packages and for what is `other`, memory held and limits
 * for DRAM, accelerators for GPUs. Notes on the runs' lines how it was found.
 */
export function weigh(
  state: HostState,
  domain: EnergyDomain,
  tick: Tick,
  /** Of the domain's energy what it draws when nothing runs; null where that is not known. */
  idlePart: number | null,
): Weights {
  if (domain.gpu !== undefined) {
    const { name } = domain;
    const { gpuHolders, gpus } = tick;
    const { accelerators = 1 } = domain;
    const window = gpuWindow(state, tick, gpus.get(name), name);
    return weighGpu(gpuHolders.get(name) ?? [], gpus.get(name), { window, accelerators, idlePart });
  }
  const place = domain.place === undefined ? undefined : tick.places.get(placeName(domain.place));
  const by = place === undefined ? domain.class : `${domain.class} ${placeName(domain.place!)}`;
  let weights = tick.weights.get(by);
  if (weights === undefined) {
    if (domain.class === 'dram') weights = weighMemory(state, tick);
    else if (domain.class === 'gpu') weights = weighAccelerators(tick);
    else if (place === undefined) weights = weighCpu(tick, domain.class === 'other');
    else weights = weighPlace(place, tick);
    tick.weights.set(by, weights);
  }
  return weights;
}

/** What a GPU's growth in the tick is of; where there is none, the tick. */
function gpuWindow(state: HostState, tick: Tick, look: GpuLook | undefined, name: string): GpuWindow {
  const fromNs = state.toldNs?.[name] ?? tick.fromNs;
  const toNs = look?.toldNs ?? tick.toNs;
  return toNs > fromNs ? { fromNs, toNs } : { fromNs: tick.fromNs, toNs: tick.toNs };
}

function weighCpu(tick: Tick, isOther: boolean): Weights {
  const { active, hostCpus } = tick;
  const runs: Party[] = [];
  let isEstimated = isOther;
  for (const each of active) {
    runs.push({ used: each.time?.ns ?? 0, allocated: cpusOf(each.run) * activePart(each, tick) });
    isEstimated ||= estimatedPart(each) > 0;
  }
  return {
    runs,
    systemUsed: tick.systemNs,
    capacity: hostCpus,
    // That what is left of a node follows its CPUs is an assumption.
    estimated: isEstimated
      ? active.map((each) => (isOther ? ASSUMED : { used: estimatedPart(each), allocated: 0 }))
      : null,
  };
}

function weighPlace(place: PlaceTime, tick: Tick): Weights {
  const { active, hostCpus } = tick;
  active.forEach(({ run }, i) => {
    const split = place.runs[i]?.split;
    if (split !== undefined && (place.runs[i]?.cpuNs ?? 0) > 0) {
      run.line.packageSplit = leastCertain(run.line.packageSplit, split);
    }
  });
  return {
    runs: active.map((each, i) => ({
      used: place.runs[i]?.cpuNs ?? 0,
      allocated: cpusAt(each.run, place.cpus, hostCpus) * activePart(each, tick),
    })),
    systemUsed: place.systemNs,
    capacity: place.cpus.size,
    estimated: active.map((each, i) => ({
      used: place.runs[i]?.split === 'assumed' ? 1 : estimatedPart(each),
      allocated: (each.run.holding?.cpus ?? null) === null && cpusOf(each.run) < hostCpus ? 1 : 0,
    })),
  };
}

function estimatedPart({ time }: ActiveRun): number {
  return time === null || time.ns <= 0 ? 0 : time.estimatedNs / time.ns;
}

/**
 * Memory held as of the last look at it. A run that nothing tells of (it was over before the first look) is taken to hold
 * of what the host holds what it uses of its CPU time.
 */
function weighMemory(state: HostState, tick: Tick): Weights {
  const { active, hostCpus } = tick;
  const { memory } = state;
  const totalBytes = memory?.totalBytes ?? hostCpus;
  let cpuSumNs = tick.systemNs;
  let isHeldKnown = false;
  for (const { run, time } of active) {
    cpuSumNs += time?.ns ?? 0;
    isHeldKnown ||= memory !== null && (run.holding?.memory ?? null) !== null;
  }
  const runs: Party[] = [];
  const estimated: EstimatedPart[] = [];
  let isEstimated = false;
  let heldSum = 0;
  for (const each of active) {
    const known = isHeldKnown ? (each.run.holding?.memory ?? null) : null;
    const by: DramSplit = known?.by ?? 'cpu_time';
    const { line } = each.run;
    if (each.activeNs > 0) line.dramSplit = lessCertain(line.dramSplit, by);
    const cpuPart = cpuSumNs > 0 ? (each.time?.ns ?? 0) / cpuSumNs : 0;
    const used = known === null ? (memory?.heldBytes ?? 1) * cpuPart : known.bytes * activePart(each, tick);
    heldSum += used;
    runs.push({ used, allocated: memoryOf(each.run, totalBytes, hostCpus) * activePart(each, tick) });
    isEstimated ||= by === 'cpu_time';
    estimated.push(by === 'cpu_time' ? { used: 1, allocated: 0 } : EXACT);
  }
  return {
    runs,
    systemUsed:
      isHeldKnown && memory !== null
        ? Math.max(0, memory.heldBytes - heldSum)
        : (memory?.heldBytes ?? 1) * (cpuSumNs > 0 ? tick.systemNs / cpuSumNs : 0),
    capacity: totalBytes,
    estimated: isEstimated ? estimated : null,
  };
}

/**
 * An accelerator belongs to who has it, whether it is used or not, under every policy. Which of several a run has is not
 * told here: where not one run has all of them, each accelerator counts alike, which is an estimate.
 */
function weighAccelerators(tick: Tick): Weights {
  const { active, accelerators } = tick;
  const runs = active.map((each) => {
    const gpus = (each.run.identity.gpus ?? 0) * activePart(each, tick);
    return { used: gpus, allocated: gpus };
  });
  let heldSum = 0;
  for (const { used } of runs) heldSum += used;
  const holdsAll = active.some(({ run }) => (run.identity.gpus ?? 0) >= accelerators);
  const isOneAlone = holdsAll && active.filter(({ run }) => (run.identity.gpus ?? 0) > 0).length === 1;
  return {
    runs,
    systemUsed: 0,
    unused: Math.max(0, accelerators - heldSum),
    capacity: accelerators,
    estimated: isOneAlone ? null : active.map(() => ASSUMED),
  };
}

/** CPUs of a run on the host; 0 where nothing tells. */
function cpusOf(run: RunState): number {
  return run.holding?.cpus?.length ?? run.identity.cpus ?? 0;
}

/** Those of them in a place; where it is not told which they are, evenly. */
function cpusAt(run: RunState, place: ReadonlySet<number>, hostCpus: number): number {
  const cpus = run.holding?.cpus ?? null;
  if (cpus === null) return (cpusOf(run) * place.size) / Math.max(1, hostCpus);
  return cpus.filter((cpu) => place.has(cpu)).length;
}

/** Memory that a run may hold (bytes): its limit, else its CPUs' part of the host's. */
function memoryOf(run: RunState, totalBytes: number, hostCpus: number): number {
  const limit = run.holding?.memoryLimitBytes ?? null;
  if (limit !== null) return Math.min(limit, totalBytes);
  return (totalBytes * cpusOf(run)) / Math.max(1, hostCpus);
}

function activePart({ activeNs }: ActiveRun, { elapsedNs }: Tick): number {
  return elapsedNs > 0 ? activeNs / elapsedNs : 0;
}

function lessCertain(a: DramSplit | null, b: DramSplit): DramSplit {
  return a === null || DRAM_SPLITS.indexOf(b) > DRAM_SPLITS.indexOf(a) ? b : a;
}
