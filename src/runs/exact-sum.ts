/** Two numbers below this add up without loss. */
const SPILL = 2 ** 52;

/**
 * A sum of whole numbers that is exact at any size: a year of a large site is more microjoules than a double counts. As
 * quick as a number until it grows past 2^52.
 */
export class ExactSum {
  #low = 0;
  #high = 0n;

  /** Adds a whole number, 0 or more. */
  add(amount: number): void {
    if (amount >= SPILL) {
      this.#high += BigInt(amount);
      return;
    }
    this.#low += amount;
    if (this.#low >= SPILL) {
      this.#high += BigInt(this.#low);
      this.#low = 0;
    }
  }

  addBig(amount: bigint): void {
    this.#high += amount;
  }

  addSum(other: ExactSum): void {
    this.#high += other.#high;
    this.add(other.#low);
  }

  get value(): bigint {
    return this.#high + BigInt(this.#low);
  }
}
