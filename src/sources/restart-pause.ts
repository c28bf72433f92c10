const FIRST_MS = 1000;
const LONGEST_MS = 60_000;

/** How long to wait before a program that has ended is started again: 1, 2, 4 ... 60 s, until it has done well. */
export class RestartPause {
  #nextMs = FIRST_MS;

  /** The pause before this start (ms); the one after it is twice as long. */
  take(): number {
    const pauseMs = this.#nextMs;
    this.#nextMs = Math.min(2 * pauseMs, LONGEST_MS);
    return pauseMs;
  }

  /** It has done well: the next pause is the shortest again. */
  reset(): void {
    this.#nextMs = FIRST_MS;
  }
}
