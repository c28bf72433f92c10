import type { ByPolicy } from '../attribution/policy';
import type { SharedDomainModel } from './hardware';

/**
 * A host's domain over one stretch, divided as `divideEnergy` (src/attribution/policy.ts) does it, without going over all
 * runs each time that one comes or goes. The power is a line, so what a run is charged for is its weight times how far a
 * clock went that is the same for all: under `usage` one that runs at power/used, under `allocation` at power/capacity,
 * under `hybrid` true time. Runs are charged whole µJ, rounded down; the rest of the counter, which the system has in any case
 * under `usage` and nobody else under `allocation`, takes what rounding left.
 */
export class SharedDomain {
  readonly model: SharedDomainModel;
  /** mJ per weight since the stretch's begin. */
  usageClock = 0;
  allocationClock = 0;
  /** mJ per weight and ms under `hybrid`. */
  readonly hybridIdleRate: number;
  /** Weights of the runs that are there: CPUs or GiB. */
  used = 0;
  systemUsed: number;
  /** µJ of the runs that have been charged in this stretch. */
  readonly runsUj: ByPolicy = [0, 0, 0];
  /** Nothing could be read in this stretch. */
  isMissing = false;
  #energyMj = 0;
  #systemMj = 0;

  constructor(model: SharedDomainModel, systemUsed: number) {
    this.model = model;
    this.systemUsed = systemUsed;
    this.hybridIdleRate = model.idleW / model.capacity;
  }

  /** Lets `ms` go by, in which the same runs are there. */
  advance(ms: number): void {
    const { idleW, wattsPerUsed, capacity } = this.model;
    const used = this.used + this.systemUsed;
    const energyMj = (idleW + wattsPerUsed * used) * ms;
    this.usageClock += energyMj / used;
    this.allocationClock += energyMj / capacity;
    this.#energyMj += energyMj;
    this.#systemMj += this.systemUsed * wattsPerUsed * ms;
  }

  /** What the stretch comes to, all of it in whole µJ: runs + idle + system = counter under each policy. */
  totals(): { counterUj: number; idleUj: ByPolicy; systemUj: ByPolicy } {
    if (this.isMissing) return { counterUj: 0, idleUj: [0, 0, 0], systemUj: [0, 0, 0] };
    // One more than all of it: floating point may have lost as much.
    const counterUj = Math.ceil(this.#energyMj * 1000) + 1;
    const systemUj = Math.floor(this.#systemMj * 1000);
    const [usage, allocation, hybrid] = this.runsUj;
    return {
      counterUj,
      idleUj: [0, counterUj - allocation, counterUj - hybrid - systemUj],
      systemUj: [counterUj - usage, 0, systemUj],
    };
  }

  /** Begins the next stretch; the caller sets what is used in it. */
  restart(): void {
    this.usageClock = 0;
    this.allocationClock = 0;
    this.#energyMj = 0;
    this.#systemMj = 0;
    this.runsUj.fill(0);
  }
}
