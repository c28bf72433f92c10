const CRASHES: readonly (NodeJS.Signals | null)[] = ['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGILL', 'SIGFPE'];

/** Counts the crashes of a program that is started again and again. */
export class CrashCount {
  readonly #most: number;
  readonly #memoryMs: number;
  #crashes: number[] = [];

  /**
   * @param most so many are too many
   * @param memoryMs within this time
   */
  constructor(most: number, memoryMs: number) {
    this.#most = most;
    this.#memoryMs = memoryMs;
  }

  /**
   * @param signal that ended it; what is no crash does not count
   * @param nowMs of a clock that goes on evenly
   * @returns whether this was one too many
   */
  add(signal: NodeJS.Signals | null, nowMs: number): boolean {
    if (!CRASHES.includes(signal)) return false;
    this.#crashes = [...this.#crashes.filter((atMs) => nowMs - atMs < this.#memoryMs), nowMs];
    return this.#crashes.length >= this.#most;
  }
}
