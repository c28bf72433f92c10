/**
 * Sequence numbers seen, as ranges: an agent counts up by one, so a million lines are one range. Takes any order.
 */
export class SequenceSet {
  /** First and last of each range, ascending, never touching each other. */
  readonly #ranges: [number, number][] = [];

  /** Adds `seq`; false if it was there already. */
  add(seq: number): boolean {
    const ranges = this.#ranges;
    const after = this.#firstBeginningAfter(seq);
    const before = ranges[after - 1];
    const next = ranges[after];
    if (before !== undefined && seq <= before[1]) return false;

    const joinsBefore = before !== undefined && before[1] + 1 === seq;
    const joinsNext = next !== undefined && next[0] - 1 === seq;
    if (joinsBefore && joinsNext) {
      before[1] = next[1];
      ranges.splice(after, 1);
    } else if (joinsBefore) before[1] = seq;
    else if (joinsNext) next[0] = seq;
    else ranges.splice(after, 0, [seq, seq]);
    return true;
  }

  has(seq: number): boolean {
    const before = this.#ranges[this.#firstBeginningAfter(seq) - 1];
    return before !== undefined && seq <= before[1];
  }

  /** What both hold: a new set. */
  with(other: SequenceSet): SequenceSet {
    const sorted = [...this.#ranges, ...other.#ranges].sort(([a], [b]) => a - b);
    const joined: [number, number][] = [];
    for (const [first, last] of sorted) {
      const before = joined.at(-1);
      if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
      else joined.push([first, last]);
    }
    return SequenceSet.of(joined);
  }

  /** First and last of each range, ascending. */
  get all(): readonly (readonly [first: number, last: number])[] {
    return this.#ranges;
  }

  /** @param ranges as `all` gives them */
  static of(ranges: readonly (readonly [first: number, last: number])[]): SequenceSet {
    const set = new SequenceSet();
    for (const [first, last] of ranges) set.#ranges.push([first, last]);
    return set;
  }

  /** How many ranges it holds: what its memory grows with. */
  get ranges(): number {
    return this.#ranges.length;
  }

  #firstBeginningAfter(seq: number): number {
    const ranges = this.#ranges;
    let low = 0;
    let high = ranges.length;
    // Lines mostly come in order: look at the end first.
    if (high > 0 && ranges[high - 1]![0] <= seq) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ranges[middle]![0] <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
