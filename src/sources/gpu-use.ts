import type { GpuProcess, GpuReading, MigInstance } from './gpu';
import type { ProcessJob } from './process-job';

/** A process that uses a GPU, with the job that it was of when it was seen. */
export interface GpuJobProcess extends Omit<GpuProcess, 'pid'> {
  /** null: it is no job's. */
  readonly job: ProcessJob | null;
}

/** What a GPU did over the time between two looks: parts are of that time, means over its readings. */
export interface GpuLook {
  /** Up to when (CLOCK_MONOTONIC, ns) the value that was read last tells its energy; absent: up to that reading. */
  readonly toldNs?: bigint;
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
  readonly processes: readonly GpuJobProcess[] | null;
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
  processes: Map<string, ProcessSums>;
}

/** Of one process. */
interface ProcessSums {
  process: GpuJobProcess;
  ms: number;
  /** Of it those readings that told its part of the multiprocessors. */
  toldMs: number;
  smMs: number;
}

/** Adds up what the readings of one GPU say beside its energy, from look to look. */
export class GpuUse {
  #last: GpuReading | null = null;
  #lastProcesses: readonly GpuJobProcess[] | null = null;
  #sums = noSums();
  readonly #jobOf: (pid: number) => ProcessJob | null;

  /** @param jobOf the job of a process, asked for when the process is seen: later its number can be another's */
  constructor(jobOf: (pid: number) => ProcessJob | null) {
    this.#jobOf = jobOf;
  }

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
    this.#lastProcesses = reading.processes === null ? null : this.#addProcesses(reading.processes, ms);
  }

  #addProcesses(processes: readonly GpuProcess[], ms: number): GpuJobProcess[] {
    return processes.map(({ pid, ...seen }) => {
      const process = { ...seen, job: this.#jobOf(pid) };
      const key = JSON.stringify([pid, process.job, process.instance]);
      let sums = this.#sums.processes.get(key);
      if (sums === undefined) {
        sums = { process, ms: 0, toldMs: 0, smMs: 0 };
        this.#sums.processes.set(key, sums);
      }
      sums.process = process;
      sums.ms += ms;
      if (process.smPart !== null) {
        sums.toldMs += ms;
        sums.smMs += process.smPart * ms;
      }
      return process;
    });
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
      processes: this.#lastProcesses === null ? null : processesOf(sums, this.#lastProcesses),
      instances,
    };
  }
}

/** A process that was there for a part of the time used its part of the multiprocessors in that part only. */
function processesOf({ processes, ms }: Sums, last: readonly GpuJobProcess[]): readonly GpuJobProcess[] {
  if (processes.size === 0 || ms === 0) return last;
  return [...processes.values()].map(({ process, ms: presentMs, toldMs, smMs }) => ({
    ...process,
    smPart: toldMs > 0 ? ((smMs / toldMs) * presentMs) / ms : process.smPart,
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
