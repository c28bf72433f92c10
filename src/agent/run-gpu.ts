import { GPU_BINDINGS, type GpuBinding } from '../attribution/gpu-binding';
import { type ByPolicy, addByPolicy } from '../attribution/policy';
import type { RunGpu } from '../generated/record';
import type { GpuLook } from '../sources/gpu-use';
import type { GpuHolder } from './gpu-holders';
import type { RunState } from './host-state';

/** What a run's GPUs did since its last line. Times are GPU time: milliseconds times GPUs, or parts of them. */
export interface RunGpuLine {
  ms: number;
  by: GpuBinding;
  busyMs: number;
  /** Of which busyMs is told. */
  toldMs: number;
  idleUj: ByPolicy;
  /** Whether anything told it. */
  isIdleTold: boolean;
  /** null where nothing told it. */
  throttledMs: number | null;
  pStateMs: Record<string, number>;
  memoryBytes: number | null;
  /** Of the GPUs of one tick, as far as they have been added. */
  tickMemoryBytes: number | null;
}

/**
 * Adds what one GPU did in a tick to the line of a run that has it, or a part of it.
 * @param part of the GPU that is the run's, over the tick
 * @param uj the run's part of the GPU's energy by policy
 */
export function addRunGpu(
  holder: GpuHolder,
  doing: GpuLook | undefined,
  tick: { readonly elapsedMs: number; readonly part: number; readonly isShared: boolean },
  uj: Readonly<ByPolicy>,
): void {
  const { run } = holder.each;
  const ms = tick.elapsedMs * tick.part;
  const line = (run.line.gpu ??= emptyRunGpuLine(holder.by));
  line.ms += ms;
  line.by = leastCertain(line.by, holder.by);
  if (doing === undefined) return;
  const isPart = tick.isShared || holder.instances !== null;
  const busyPart = isPart ? smPart(holder, doing) : doing.busyPart;
  if (busyPart !== null) {
    line.toldMs += ms;
    line.busyMs += isPart ? Math.min(ms, busyPart * tick.elapsedMs) : busyPart * ms;
  }
  if (doing.idlePart !== null) {
    line.isIdleTold = true;
    const { idlePart } = doing;
    addByPolicy(line.idleUj, [
      Math.round(uj[0] * idlePart),
      Math.round(uj[1] * idlePart),
      Math.round(uj[2] * idlePart),
    ]);
  }
  if (doing.throttledPart !== null) line.throttledMs = (line.throttledMs ?? 0) + doing.throttledPart * ms;
  if (doing.performanceState !== null) {
    const state = `P${doing.performanceState}`;
    line.pStateMs[state] = (line.pStateMs[state] ?? 0) + ms;
  }
  const memory = isPart ? ownMemory(holder) : doing.memoryBytes;
  if (memory !== null) line.tickMemoryBytes = (line.tickMemoryBytes ?? 0) + memory;
}

/** When all GPUs of a tick have been added. */
export function closeRunGpuTick({ line }: RunState): void {
  if (line.gpu === undefined || line.gpu.tickMemoryBytes === null) return;
  line.gpu.memoryBytes = Math.max(line.gpu.memoryBytes ?? 0, line.gpu.tickMemoryBytes);
  line.gpu.tickMemoryBytes = null;
}

/** In the form of the record. */
export function runGpuRecord(line: RunGpuLine, conflict: string | undefined): RunGpu {
  const ms = Math.round(line.ms);
  const toldMs = Math.min(ms, Math.round(line.toldMs));
  const states = Object.entries(line.pStateMs)
    .map(([state, stateMs]) => [state, Math.round(stateMs)] as const)
    .filter(([, stateMs]) => stateMs > 0);
  return {
    ms,
    by: line.by,
    ...(conflict === undefined ? {} : { conflict }),
    ...(line.toldMs > 0 ? { busy_ms: Math.min(toldMs, Math.round(line.busyMs)) } : {}),
    ...(line.toldMs > 0 && toldMs < ms ? { told_ms: toldMs } : {}),
    ...(line.isIdleTold ? { idle_uj: line.idleUj } : {}),
    ...(line.memoryBytes === null ? {} : { memory_bytes: line.memoryBytes }),
    ...(line.throttledMs === null ? {} : { throttled_ms: Math.round(line.throttledMs) }),
    ...(states.length > 0 ? { p_state_ms: Object.fromEntries(states) } : {}),
  };
}

function emptyRunGpuLine(by: GpuBinding): RunGpuLine {
  return {
    ms: 0,
    by,
    busyMs: 0,
    toldMs: 0,
    idleUj: [0, 0, 0],
    isIdleTold: false,
    throttledMs: null,
    pStateMs: {},
    memoryBytes: null,
    tickMemoryBytes: null,
  };
}

function leastCertain(a: GpuBinding, b: GpuBinding): GpuBinding {
  return GPU_BINDINGS.indexOf(b) > GPU_BINDINGS.indexOf(a) ? b : a;
}

/** Of the GPU's multiprocessors' time; null where that is not told of each process. */
function smPart({ processes }: GpuHolder, doing: GpuLook): number | null {
  if (doing.processes === null) return null;
  let sum = 0;
  for (const process of processes) {
    if (process.smPart === null) return null;
    sum += process.smPart;
  }
  return sum;
}

/** Of its instances, else of its processes; null where that is not told. */
function ownMemory({ instances, processes }: GpuHolder): number | null {
  const parts =
    instances?.map(({ memory }) => memory?.usedBytes ?? null) ??
    processes.map(({ memoryBytes }) => memoryBytes);
  let sum = 0;
  for (const bytes of parts) {
    if (bytes === null) return null;
    sum += bytes;
  }
  return sum;
}
