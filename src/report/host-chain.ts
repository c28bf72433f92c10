/** A time between two lines of a host by one agent instance, which writes them without a break. */
export interface HostGap {
  readonly ms: number;
  /** Of the line after it. */
  readonly day: string;
}

/** The host lines of one instance, in any order: where they do not follow each other. Holds only loose ends. */
export class HostChain {
  /** Beginnings that are no line's end, and whose day it is. */
  readonly #begins = new Map<number, string>();
  /** Ends that are no line's beginning. */
  readonly #ends = new Set<number>();

  add(fromMs: number, toMs: number, day: string): void {
    if (!this.#ends.delete(fromMs)) this.#begins.set(fromMs, day);
    if (!this.#begins.delete(toMs)) this.#ends.add(toMs);
  }

  get gaps(): HostGap[] {
    const ends = [...this.#ends].sort((a, b) => a - b);
    return [...this.#begins]
      .sort(([a], [b]) => a - b)
      .flatMap(([fromMs, day], i) => {
        const previous = i === 0 ? undefined : ends[i - 1];
        return previous === undefined || previous >= fromMs ? [] : [{ ms: fromMs - previous, day }];
      });
  }
}
