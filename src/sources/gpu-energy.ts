import type { GpuReading } from './gpu';
import { PowerIntegral } from './power-integral';
import { type Missing, isMissing } from './source';

const NOT_READ: Missing = { missing: 'the GPU was not read yet' };

/** Energy of one GPU, µJ, as a counter that never goes back but by a reset of the driver's own. */
export class GpuEnergy {
  readonly #longestGapNs: bigint;
  #from: 'counter' | 'power' | null = null;
  #integral: PowerIntegral;
  #counterUj: bigint | Missing = NOT_READ;
  /** The counter at its last reading. */
  #rawUj: bigint | null = null;
  /** By the counter's last two readings, of one alone by its power (µJ/ns); 0 where nothing tells. */
  #slope = 0;
  /** Highest value told of the counter, which may have been an estimate. */
  #toldUj = 0n;
  #atNs: bigint | null = null;
  #isChangeUntold = false;

  /** @param longestGapNs between two readings over which power is interpolated, or a counter taken for present */
  constructor(longestGapNs: bigint) {
    this.#longestGapNs = longestGapNs;
    this.#integral = new PowerIntegral(longestGapNs);
  }

  /** Whether its power is added up here; null before the first reading. */
  get isIntegrated(): boolean | null {
    return this.#from === null ? null : this.#from === 'power';
  }

  /**
   * A power that is a mean over the time before is the power of the middle of that time.
   * @param monoNs when it was read (CLOCK_MONOTONIC, ns)
   * @returns what the GPU drew since the reading before (µJ), about; 0 where that is not known
   */
  add(reading: GpuReading, monoNs: bigint): number {
    const elapsedNs = this.#atNs === null ? 0n : monoNs - this.#atNs;
    if (elapsedNs < 0n) return 0;
    this.#atNs = monoNs;
    const { energyMillijoules, power } = reading;
    if (typeof energyMillijoules === 'number') {
      this.#take('counter');
      return this.#addCounter(BigInt(Math.round(energyMillijoules)) * 1000n, elapsedNs, power);
    }
    // A counter that cannot be read now is missing: power in its place would be another counter for a moment.
    if (energyMillijoules !== undefined && this.#from === 'counter') {
      this.#counterUj = energyMillijoules;
      return 0;
    }
    this.#take('power');
    if (isMissing(power)) {
      this.#counterUj = power;
      return 0;
    }
    this.#counterUj = 0n;
    this.#integral.add(power.powerW, monoNs - BigInt(Math.round(power.averagedMs * 5e5)));
    return power.powerW * Number(elapsedNs) * 1e-3;
  }

  /**
   * At a time (CLOCK_MONOTONIC, ns): the driver's counter as last read, or power integrated up to then. Missing at least once
   * where it begins to come from elsewhere: a difference over that would mean nothing.
   * @param isOfMoment a run begins or ends: the counter is taken to have gone on since its last reading as between its last two,
   *   and waits for what is read where that was too much
   */
  energyUjAt(monoNs: bigint, isOfMoment = false): bigint | Missing {
    if (this.#isChangeUntold) {
      this.#isChangeUntold = false;
      return { missing: 'its energy is read in another way from now on' };
    }
    if (isMissing(this.#counterUj)) return this.#counterUj;
    if (this.#atNs !== null && monoNs - this.#atNs > this.#longestGapNs) {
      return { missing: `the GPU was not read for more than ${Number(this.#longestGapNs) / 1e9} s` };
    }
    if (this.#from === 'power') return this.#integral.energyUjAt(monoNs);
    const sinceNs = isOfMoment && this.#atNs !== null ? Number(monoNs - this.#atNs) : 0;
    const nowUj = this.#counterUj + BigInt(Math.round(Math.max(0, sinceNs) * this.#slope));
    if (nowUj > this.#toldUj) this.#toldUj = nowUj;
    return this.#toldUj;
  }

  #addCounter(energyUj: bigint, elapsedNs: bigint, power: GpuReading['power']): number {
    const before = this.#rawUj;
    this.#rawUj = energyUj;
    const hasGap = isMissing(this.#counterUj);
    this.#counterUj = energyUj;
    if (before === null || energyUj < before) {
      // It begins anew: what was told of another one is no bound.
      this.#toldUj = 0n;
      this.#slope = isMissing(power) ? 0 : power.powerW * 1e-3;
      return 0;
    }
    const grownUj = Number(energyUj - before);
    if (hasGap) return 0;
    if (elapsedNs > 0n) this.#slope = grownUj / Number(elapsedNs);
    return grownUj;
  }

  #take(from: 'counter' | 'power'): void {
    if (this.#from === from) return;
    if (this.#from !== null) {
      this.#isChangeUntold = true;
      this.#integral = new PowerIntegral(this.#longestGapNs);
      this.#counterUj = NOT_READ;
      this.#rawUj = null;
    }
    this.#from = from;
  }
}
