import { type Missing, isMissing } from './source';

/** What the inner counters may be ahead by (µJ): 300 W that came between two sensors' readings make 9 kJ over 60 s. */
const LARGEST_LEAD_UJ = 20_000_000_000n;

/**
 * The counter of what a sensor measures beside others within it. They are not read at quite one time, so their difference
 * can go back for a while: this then stands still until the difference has caught up, and nothing is added twice or lost.
 */
export class Remainder {
  #toldUj = 0n;
  /** Counter less difference; null: they start anew, since a sensor was missing and may have skipped what others counted. */
  #offsetUj: bigint | null = null;

  /**
   * @param wholeUj counter of the sensor that holds the others
   * @param insideUj their counters
   * @returns µJ, 0 at the first reading; Missing where one of them is, or where the others cannot be within the first
   */
  energyUj(wholeUj: bigint | Missing, insideUj: readonly (bigint | Missing)[]): bigint | Missing {
    const missing = [wholeUj, ...insideUj].find((value) => isMissing(value));
    if (missing !== undefined) {
      this.#offsetUj = null;
      return missing;
    }
    const differenceUj = insideUj.reduce<bigint>((restUj, uj) => restUj - known(uj), known(wholeUj));
    this.#offsetUj ??= this.#toldUj - differenceUj;
    const energyUj = differenceUj + this.#offsetUj;
    if (this.#toldUj - energyUj > LARGEST_LEAD_UJ) {
      return { missing: 'the sensors within another one show more than that one does' };
    }
    if (energyUj > this.#toldUj) this.#toldUj = energyUj;
    return this.#toldUj;
  }
}

function known(value: bigint | Missing): bigint {
  return isMissing(value) ? 0n : value;
}
