/** The shortest pause and the longest (ms). */
export interface PauseLimits {
  readonly firstMs: number;
  readonly longestMs: number;
}

const LIMITS: PauseLimits = { firstMs: 1000, longestMs: 60_000 };

/** How long to wait before a program that has ended is started again: 1, 2, 4 ... 60 s, until it has done well. */
export class RestartPause {
  readonly #limits: PauseLimits;
  #nextMs: number;

  constructor(limits = LIMITS) {
    this.#limits = limits;
    this.#nextMs = limits.firstMs;
  }

  /** The pause before this start (ms); the one after it is twice as long. */
  take(): number {
    const pauseMs = this.#nextMs;
    this.#nextMs = Math.min(2 * pauseMs, this.#limits.longestMs);
    return pauseMs;
  }

  /** It has done well: the next pause is the shortest again. */
  reset(): void {
    this.#nextMs = this.#limits.firstMs;
  }
}
