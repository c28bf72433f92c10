import type { GpuProcess, GpuReading, MigInstance } from './gpu';

/** What a GPU did over the time between two looks: parts are of that time, means over its readings. */
export interface GpuLook {
  /** Part of the time in which a kernel ran, 0 to 1; null where that is not told. */
  readonly busyPart: number | null;
  /** Part of its energy that it drew while no kernel ran, 0 to 1; null where that is not told. */
  readonly idlePart: number | null;
  /** Part of the time in which heat or power held its clocks back; null where that is not told. */
  readonly throttledPart: number | null;
  /** At the last reading. */
  readonly performanceState: number | null;
  /** Most at a reading. */
  readonly memoryBytes: number | null;
  /** Every process seen; smPart is the mean over the time. null where none are told. */
  readonly processes: readonly GpuProcess[] | null;
  /** At the last reading; null outside MIG mode. */
  readonly instances: readonly MigInstance[] | null;
}

/** Sums over the readings since the last look, by the time that each stands for. */
interface Sums {
  ms: number;
  busyMs: number;
  busyOfMs: number;
  throttledMs: number;
  throttledOfMs: number;
  energyUj: number;
  idleUj: number;
  memoryBytes: number | null;
  processes: Map<string, { process: GpuProcess; smMs: number }>;
}

/** Adds up what the readings of one GPU say beside its energy, from look to look. */
export class GpuUse {
  #last: GpuReading | null = null;
  #sums = noSums();

  /**
   * @param ms time since the reading before, for which this one stands; 0 for the first
   * @param energyUj what the GPU drew in it, 0 where that is not known
   */
  add(reading: GpuReading, ms: number, energyUj: number): void {
    this.#last = reading;
    const sums = this.#sums;
    sums.ms += ms;
    sums.memoryBytes = most(sums.memoryBytes, reading.memory?.usedBytes ?? null);
    if (reading.utilization !== null) {
      sums.busyMs += ms * reading.utilization;
      sums.busyOfMs += ms;
      sums.energyUj += energyUj;
      if (reading.utilization === 0) sums.idleUj += energyUj;
    }
    if (reading.throttling !== null) {
      sums.throttledOfMs += ms;
      if (reading.throttling.length > 0) sums.throttledMs += ms;
    }
    for (const process of reading.processes ?? []) {
      const key = `${process.pid} ${process.instance?.gpu ?? ''} ${process.instance?.compute ?? ''}`;
      const known = sums.processes.get(key);
      const smMs = (process.smPart ?? 0) * ms;
      if (known === undefined) sums.processes.set(key, { process, smMs });
      else sums.processes.set(key, { process, smMs: known.smMs + smMs });
    }
  }

  /** Since the last look; where no reading came in between, what the last one said. null before the first reading. */
  take(): GpuLook | null {
    const last = this.#last;
    if (last === null) return null;
    const sums = this.#sums;
    this.#sums = noSums();
    const { utilization, throttling, performanceState, instances } = last;
    const isIdle = utilization === 0 ? 1 : 0;
    return {
      busyPart: sums.busyOfMs > 0 ? sums.busyMs / sums.busyOfMs : utilization,
      idlePart: sums.energyUj > 0 ? sums.idleUj / sums.energyUj : utilization === null ? null : isIdle,
      throttledPart:
        sums.throttledOfMs > 0
          ? sums.throttledMs / sums.throttledOfMs
          : throttling === null
            ? null
            : Number(throttling.length > 0),
      performanceState,
      memoryBytes: sums.memoryBytes ?? last.memory?.usedBytes ?? null,
      processes: last.processes === null ? null : processesOf(sums, last.processes),
      instances,
    };
  }
}

function processesOf({ processes, ms }: Sums, last: readonly GpuProcess[]): readonly GpuProcess[] {
  if (processes.size === 0 || ms === 0) return last;
  return [...processes.values()].map(({ process, smMs }) => ({
    ...process,
    smPart: process.smPart === null ? null : smMs / ms,
  }));
}

function noSums(): Sums {
  return {
    ms: 0,
    busyMs: 0,
    busyOfMs: 0,
    throttledMs: 0,
    throttledOfMs: 0,
    energyUj: 0,
    idleUj: 0,
    memoryBytes: null,
    processes: new Map(),
  };
}

function most(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}
