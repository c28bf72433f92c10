import type { GpuReader, GpuReaderEvents } from './gpu-reader';
import type { Nvml } from './nvml';
import type { Instant } from './source';

const NS_PER_MS = 1_000_000n;

/**
 * Reads by NVML each interval. The times are the multiples of the interval since the start, so that they do not drift; one
 * that was missed is left out.
 */
export class NvmlReader implements GpuReader {
  readonly #nvml: Pick<Nvml, 'read' | 'close'>;
  readonly #intervalNs: bigint;
  readonly #events: GpuReaderEvents;
  readonly #now: () => Instant;
  #startNs = 0n;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(
    nvml: Pick<Nvml, 'read' | 'close'>,
    intervalMs: number,
    events: GpuReaderEvents,
    now: () => Instant,
  ) {
    this.#nvml = nvml;
    this.#intervalNs = BigInt(intervalMs) * NS_PER_MS;
    this.#events = events;
    this.#now = now;
  }

  start(): void {
    this.#isStopped = false;
    this.#startNs = this.#now().monoNs;
    this.readNow();
    this.#wait();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#nvml.close();
  }

  readNow(): void {
    this.#events.onSnapshot(this.#nvml.read(this.#now));
  }

  #wait(): void {
    // Whoever takes the snapshot may have stopped it.
    if (this.#isStopped) return;
    const sinceNs = this.#now().monoNs - this.#startNs;
    const restNs = this.#intervalNs - (sinceNs % this.#intervalNs);
    this.#timer = setTimeout(
      () => {
        this.readNow();
        this.#wait();
      },
      // A timer may come a little early; then it would come again at once.
      Number(restNs / NS_PER_MS) + 1,
    );
  }
}
