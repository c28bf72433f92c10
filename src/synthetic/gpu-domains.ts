import { GPU_IDLE_W } from './hardware';

/** A host's GPUs over one stretch. Each is of one run at most, which is charged for all that it draws, under every policy. */
export class GpuDomains {
  /** µJ that those who had it have been charged, and the time in which somebody did. */
  readonly #runsUj: number[];
  readonly #heldMs: number[];

  constructor(count: number) {
    this.#runsUj = Array.from({ length: count }, () => 0);
    this.#heldMs = Array.from({ length: count }, () => 0);
  }

  charge(gpu: number, ms: number, uj: number): void {
    this.#runsUj[gpu]! += uj;
    this.#heldMs[gpu]! += ms;
  }

  /** @param ms length of the stretch */
  totals(ms: number): { runsUj: number; idleUj: number }[] {
    return this.#runsUj.map((runsUj, gpu) => ({
      runsUj,
      idleUj: Math.ceil(GPU_IDLE_W * (ms - this.#heldMs[gpu]!) * 1000),
    }));
  }

  restart(): void {
    this.#runsUj.fill(0);
    this.#heldMs.fill(0);
  }
}
