import type { Missing } from './source';

/** More than any host draws (W): a sensor that says so is broken. */
const IMPLAUSIBLE_W = 1e6;
/** Areas are added in half nW·ns, so that the trapezoid's half and all that is less than 1 µJ is kept exactly. */
const HALF_NW_NS_PER_UJ = 2_000_000_000_000n;

/**
 * An energy counter for a sensor that only tells power: the area under its readings over CLOCK_MONOTONIC.
 *
 * Between two readings power is taken to go in a straight line. After the last one it is held until the next one says
 * better; what was held is then replaced by the straight line. Where that is less, the counter doesn't go back: it stands
 * still until the area has caught up. So nothing is added twice or lost in the long run, and for any readings
 *
 *     area - (rise / 2 × gap)  ≤  counter  ≤  area + (fall / 2 × gap)
 *
 * with the area under the straight lines (up to 1 µJ), the greatest rise and fall from one reading to the next and the
 * time between those two. For constant power, and wherever the counter is read at the time of a reading and power did not
 * fall, it is the area. The straight line itself is off by what power did between two readings; where its second
 * derivative is at most c (W/s²) by at most c / 12 × gap³ a gap.
 *
 * A rise makes the counter step by rise / 2 × gap when it becomes known.
 */
export class PowerIntegral {
  readonly #longestGapNs: bigint;
  #last: { readonly powerNw: bigint; readonly monoNs: bigint } | null = null;
  /** Up to the last reading, in half nW·ns. */
  #area = 0n;
  /** Highest value told, in half nW·ns. */
  #told = 0n;
  /** A gap over which nothing is known lies behind the last value told, and its reader was not told of it. */
  #isGapUntold = false;
  /** The last answer was Missing. */
  #wasMissing = true;

  /** @param longestGapNs between two readings over which power may be interpolated, or held after the last one */
  constructor(longestGapNs: bigint) {
    this.#longestGapNs = longestGapNs;
  }

  /**
   * Adds a reading. Not added: power that is not finite, negative or above 1 MW, and a reading older than the last one.
   * Over a gap longer than the longest nothing is integrated: the counter goes on from the value last told.
   * @param powerW what the sensor showed (W)
   * @param monoNs when it did (CLOCK_MONOTONIC, ns)
   */
  add(powerW: number, monoNs: bigint): void {
    if (!Number.isFinite(powerW) || powerW < 0 || powerW > IMPLAUSIBLE_W) return;
    const powerNw = BigInt(Math.round(powerW * 1e9));
    if (this.#last !== null) {
      const gapNs = monoNs - this.#last.monoNs;
      if (gapNs < 0n) return;
      if (gapNs <= this.#longestGapNs) this.#area += (this.#last.powerNw + powerNw) * gapNs;
      else this.#skipGap();
    }
    this.#last = { powerNw, monoNs };
  }

  /**
   * The counter (µJ, 0 at the first reading); it never goes back. Missing before the first reading, while the last one is
   * older than the longest gap, and at least once after such a gap: a difference over it would not hold what was drawn.
   * @param monoNs now (CLOCK_MONOTONIC, ns); a time before the last reading is taken for that reading's
   */
  energyUjAt(monoNs: bigint): bigint | Missing {
    const reason = this.#whyMissing(monoNs);
    this.#wasMissing = reason !== null;
    if (reason !== null) {
      this.#isGapUntold = false;
      return { missing: reason };
    }
    const now = this.#area + this.#heldSinceLast(monoNs);
    if (now > this.#told) this.#told = now;
    return this.#told / HALF_NW_NS_PER_UJ;
  }

  #skipGap(): void {
    // What was held and told is kept, else the counter would stand still for as much.
    if (this.#told > this.#area) this.#area = this.#told;
    if (!this.#wasMissing) this.#isGapUntold = true;
  }

  #heldSinceLast(monoNs: bigint): bigint {
    if (this.#last === null || monoNs <= this.#last.monoNs) return 0n;
    return 2n * this.#last.powerNw * (monoNs - this.#last.monoNs);
  }

  #whyMissing(monoNs: bigint): string | null {
    if (this.#last === null) return 'no power was read yet';
    if (monoNs - this.#last.monoNs > this.#longestGapNs)
      return `no power was read for more than ${seconds(this.#longestGapNs)} s`;
    return this.#isGapUntold
      ? `no power was read for more than ${seconds(this.#longestGapNs)} s before`
      : null;
  }
}

function seconds(ns: bigint): number {
  return Number(ns) / 1e9;
}
