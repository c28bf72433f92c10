import type { GpuProcess } from './gpu';
import type { NvmlDevice, NvmlFunctionName } from './nvml-library';
import type { NvmlQuery } from './nvml-query';
import { NVML_STATUS } from './nvml-status';
import {
  PROCESS_INFO_MOST_BYTES,
  type RunningProcess,
  UNTOUCHED,
  UTILIZATION_SAMPLE_BYTES,
  type UtilizationSample,
  readProcesses,
  readUtilizationSamples,
} from './nvml-structs';

/** Newest first: what a library has of a kind, all its versions of it tell. Clients of MPS are in a list of their own. */
const LISTS: readonly (readonly NvmlFunctionName[])[] = [
  [
    'nvmlDeviceGetComputeRunningProcesses_v3',
    'nvmlDeviceGetComputeRunningProcesses_v2',
    'nvmlDeviceGetComputeRunningProcesses',
  ],
  [
    'nvmlDeviceGetGraphicsRunningProcesses_v3',
    'nvmlDeviceGetGraphicsRunningProcesses_v2',
    'nvmlDeviceGetGraphicsRunningProcesses',
  ],
  [
    'nvmlDeviceGetMPSComputeRunningProcesses_v3',
    'nvmlDeviceGetMPSComputeRunningProcesses_v2',
    'nvmlDeviceGetMPSComputeRunningProcesses',
  ],
];

const FIRST_ENTRIES = 64;
/** More on one GPU than this is no answer. */
const MOST_ENTRIES = 4096;
/** Processes come and go between being told how many there are and asking for so many. */
const TRIES = 4;

/** The driver samples what processes use each sixth of a second to each second; asked sooner, the last answer still holds. */
const SAMPLE_US = 1_000_000n;

/** The processes of one GPU and what part of its multiprocessors they used. */
export class NvmlProcesses {
  readonly #query: NvmlQuery;
  readonly #device: NvmlDevice;
  readonly #count = Buffer.alloc(4);
  #entries = Buffer.alloc(FIRST_ENTRIES * PROCESS_INFO_MOST_BYTES);
  #askedAtUs: bigint | null = null;
  #newestUs = 0n;
  /** By process; null where the driver does not tell. */
  #smParts: ReadonlyMap<number, number> | null = null;

  constructor(query: NvmlQuery, device: NvmlDevice) {
    this.#query = query;
    this.#device = device;
  }

  /**
   * @param wallMs Unix time (ms), by which the driver labels its samples
   * @returns null where the driver tells of no processes
   */
  read(wallMs: number): GpuProcess[] | null {
    const compute = this.#list(LISTS[0] ?? []);
    if (compute === null) return null;
    const found = new Map<string, RunningProcess>();
    const others = LISTS.slice(1).flatMap((names) => this.#list(names) ?? []);
    for (const process of [...compute, ...others]) {
      if (process.pid === 0) continue;
      const key = `${process.pid} ${process.instance?.gpu} ${process.instance?.compute}`;
      const known = found.get(key);
      // What it holds is the same in each list that it is in.
      if (known === undefined || known.memoryBytes === null) found.set(key, process);
    }
    if (found.size === 0) return [];

    const isSampled = this.#sample(BigInt(Math.trunc(wallMs)) * 1000n);
    return [...found.values()].map((process) => ({
      ...process,
      // Who is in no sample used nothing; who came after the samples may have.
      smPart: this.#smParts === null ? null : (this.#smParts.get(process.pid) ?? (isSampled ? 0 : null)),
    }));
  }

  #list(names: readonly NvmlFunctionName[]): RunningProcess[] | null {
    for (const name of names) {
      const processes = this.#listBy(name);
      if (processes !== NVML_STATUS.FUNCTION_NOT_FOUND) return processes;
    }
    return null;
  }

  /** FUNCTION_NOT_FOUND where an older one is to be asked. */
  #listBy(name: NvmlFunctionName): RunningProcess[] | null | typeof NVML_STATUS.FUNCTION_NOT_FOUND {
    for (let tries = 0; tries < TRIES; tries += 1) {
      this.#entries.fill(UNTOUCHED);
      const status = this.#ask(PROCESS_INFO_MOST_BYTES, (count, entries) =>
        this.#query.library.call(name, this.#device, count, entries),
      );
      if (status === NVML_STATUS.FUNCTION_NOT_FOUND) return status;
      if (status === NVML_STATUS.SUCCESS) {
        const count = this.#count.readUInt32LE(0);
        const isWithin = count * PROCESS_INFO_MOST_BYTES <= this.#entries.length;
        return isWithin ? readProcesses(this.#entries, count) : null;
      }
      if (status !== NVML_STATUS.INSUFFICIENT_SIZE || !this.#grow()) return null;
    }
    return null;
  }

  /** Whether the parts are those of samples up to now. */
  #sample(nowUs: bigint): boolean {
    if (this.#askedAtUs !== null && nowUs >= this.#askedAtUs && nowUs - this.#askedAtUs < SAMPLE_US) {
      return false;
    }
    this.#askedAtUs = nowUs;
    // The clock may have been set back: what is newer than now will not come again soon.
    if (this.#newestUs === 0n || this.#newestUs > nowUs) this.#newestUs = nowUs - SAMPLE_US;
    const samples = this.#samples();
    this.#smParts = samples === null ? null : meanParts(samples);
    for (const { timeUs } of samples ?? []) if (timeUs > this.#newestUs) this.#newestUs = timeUs;
    return true;
  }

  #samples(): UtilizationSample[] | null {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const status = this.#ask(UTILIZATION_SAMPLE_BYTES, (count, entries) =>
        this.#query.library.call(
          'nvmlDeviceGetProcessUtilization',
          this.#device,
          entries,
          count,
          this.#newestUs,
        ),
      );
      // No process used anything since.
      if (status === NVML_STATUS.NOT_FOUND) return [];
      if (status === NVML_STATUS.SUCCESS) {
        const count = this.#count.readUInt32LE(0);
        if (count * UTILIZATION_SAMPLE_BYTES > this.#entries.length) return null;
        return readUtilizationSamples(this.#entries, count).filter(({ timeUs }) => timeUs > this.#newestUs);
      }
      if (status !== NVML_STATUS.INSUFFICIENT_SIZE || !this.#grow()) return null;
    }
    return null;
  }

  #ask(entryBytes: number, call: (count: Buffer, entries: Buffer) => number): number {
    this.#count.writeUInt32LE(Math.floor(this.#entries.length / entryBytes));
    return call(this.#count, this.#entries);
  }

  /** Makes room for what the library has, and for some more that may come; false: it is too much to be true. */
  #grow(): boolean {
    const wanted = Math.max(
      this.#count.readUInt32LE(0) + FIRST_ENTRIES,
      (this.#entries.length / PROCESS_INFO_MOST_BYTES) * 2,
    );
    if (wanted > MOST_ENTRIES) return false;
    this.#entries = Buffer.alloc(wanted * PROCESS_INFO_MOST_BYTES);
    return true;
  }
}

/** The mean over the samples of each process. */
function meanParts(samples: readonly UtilizationSample[]): Map<number, number> {
  const sums = new Map<number, { sum: number; count: number }>();
  for (const { pid, smPart } of samples) {
    const known = sums.get(pid) ?? { sum: 0, count: 0 };
    sums.set(pid, { sum: known.sum + smPart, count: known.count + 1 });
  }
  return new Map([...sums].map(([pid, { sum, count }]) => [pid, sum / count]));
}
