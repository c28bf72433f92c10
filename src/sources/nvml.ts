import type { GpuReading, GpuSnapshot } from './gpu';
import { MOST_GPUS } from './gpu-limits';
import { type NvmlGpu, lostReading, openNvmlGpu } from './nvml-gpu';
import type { NvmlLibrary } from './nvml-library';
import { NvmlQuery, isNotTold, orNull } from './nvml-query';
import { NVML_STATUS } from './nvml-status';
import { type Instant, type Missing, isMissing } from './source';

/** How often it is looked for GPUs that have come back, or were added (ns): asking for one that is lost may take the driver long. */
const LOOK_NS = 60_000_000_000n;
/** Beginning anew may wake GPUs that nobody uses: where it brings none back, it is done each time half as often, down to this. */
const LONGEST_PAUSE_LOOKS = 16;

/** The library's list as it was opened. */
interface OpenedGpus {
  /** How many the library says there are. */
  readonly count: number;
  readonly gpus: readonly NvmlGpu[];
  /** Of those that were there before, and are not now. */
  readonly lost: readonly GpuReading[];
  /** What cannot be read of the host, though the rest can. */
  readonly warnings: readonly string[];
}

/**
 * GPUs by NVIDIA's management library (NVML, https://docs.nvidia.com/deploy/nvml-api/). Each call waits for the driver, which
 * may take seconds, hang or crash the process: only a process that can be given up may use this.
 *
 * A GPU that is reset, or was when the library was opened, is not there for a while, and this may run for weeks. So where one is not
 * there the list is opened anew, first as it is, then with the library initialised anew.
 */
export class Nvml {
  readonly #library: NvmlLibrary;
  readonly #query: NvmlQuery;
  readonly #driver: string;
  readonly #onWarning: (text: string) => void;
  #opened: OpenedGpus;
  #lookNs: bigint | null = null;
  /** After so many looks the library is initialised anew, if one is still not there. */
  #pauseLooks = 1;
  #restLooks = 1;

  constructor(query: NvmlQuery, driver: string, opened: OpenedGpus, onWarning: (text: string) => void) {
    this.#library = query.library;
    this.#query = query;
    this.#driver = driver;
    this.#opened = opened;
    this.#onWarning = onWarning;
    for (const text of opened.warnings) onWarning(text);
  }

  /**
   * Reads all GPUs. One that drops out has no power and keeps no other from being read.
   * @param now the clocks; the reading is of the moment before its first counter is read
   */
  read(now: () => Instant): GpuSnapshot {
    this.#look(now().monoNs);
    const { monoNs, wallMs } = now();
    const counters = this.#opened.gpus.map((gpu) => ({ gpu, read: gpu.readCounters() }));
    const gpus = [...counters.map(({ gpu, read }) => gpu.read(read, wallMs)), ...this.#opened.lost];
    gpus.sort((a, b) => (a.index ?? MOST_GPUS) - (b.index ?? MOST_GPUS));
    return { monoNs, source: 'nvml', driver: this.#driver, gpus };
  }

  /** Gives the GPUs back to the driver. */
  close(): void {
    this.#library.call('nvmlShutdown');
  }

  #look(monoNs: bigint): void {
    this.#lookNs ??= monoNs + LOOK_NS;
    if (monoNs < this.#lookNs) return;
    const isWhole = this.#isWhole();
    if (!isWhole || this.#query.count() !== this.#opened.count) this.#openAnew();
    if (isWhole) this.#pauseLooks = this.#restLooks = 1;
    // By the clock as it was before: what takes long is not done again at once.
    this.#lookNs = monoNs + LOOK_NS;
  }

  #isWhole(): boolean {
    const { gpus, count } = this.#opened;
    return gpus.length === Math.min(count, MOST_GPUS) && !gpus.some(({ isGone }) => isGone);
  }

  #openAnew(): void {
    const opened = openGpus(this.#query);
    if (!isMissing(opened)) this.#take(opened);
    if (!isMissing(opened) && opened.warnings.length === 0) return;
    this.#restLooks -= 1;
    if (this.#restLooks > 0) return;
    this.#pauseLooks = Math.min(2 * this.#pauseLooks, LONGEST_PAUSE_LOOKS);
    this.#restLooks = this.#pauseLooks;
    this.#library.call('nvmlShutdown');
    const anew = initialise(this.#library) ?? openGpus(this.#query);
    if (!isMissing(anew)) return this.#take(anew);
    // The handles of before may lead nowhere now.
    const { count } = this.#opened;
    this.#take({ count, gpus: [], lost: [], warnings: [anew.missing] });
  }

  #take(opened: OpenedGpus): void {
    const before = [...this.#opened.gpus.map(({ identity }) => identity), ...this.#opened.lost];
    const isThere = new Set(opened.gpus.map(({ identity }) => identity.pciBusId));
    const indexes = new Set(opened.gpus.map(({ identity }) => identity.index));
    const reason = { missing: opened.warnings.join('; ') };
    const lost = before
      .filter(({ pciBusId }) => !isThere.has(pciBusId))
      // More than the library counts have been taken out.
      .slice(0, opened.count - opened.gpus.length)
      .map((gpu) => lostReading({ ...gpu, index: indexes.has(gpu.index) ? null : gpu.index }, reason));
    this.#opened = { ...opened, lost };
    for (const text of opened.warnings) this.#onWarning(text);
  }
}

/**
 * Begins to use the library.
 * @param onWarning takes what cannot be read of the host, though the rest can; also later
 * @returns why NVML serves nothing here, in words an admin understands
 */
export function openNvml(library: NvmlLibrary, onWarning: (text: string) => void): Nvml | Missing {
  const reason = initialise(library);
  if (reason !== null) return reason;
  const query = new NvmlQuery(library);
  const opened = openGpus(query);
  if (!isMissing(opened)) {
    const driver = orNull(query.text('nvmlSystemGetDriverVersion', null)) ?? 'unknown';
    return new Nvml(query, driver, opened, onWarning);
  }
  library.call('nvmlShutdown');
  return opened;
}

function initialise(library: NvmlLibrary): Missing | null {
  let status = library.call('nvmlInit_v2');
  if (status === NVML_STATUS.FUNCTION_NOT_FOUND) status = library.call('nvmlInit');
  return status === NVML_STATUS.SUCCESS ? null : { missing: library.describe(status) };
}

function openGpus(query: NvmlQuery): OpenedGpus | Missing {
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
  return gpus.length === 0 ? { missing: warnings.join('; ') } : { count, gpus, lost: [], warnings };
}
