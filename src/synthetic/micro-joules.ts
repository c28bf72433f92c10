import { type ByPolicy, POLICIES } from '../attribution/policy';
import type { DomainClass } from '../generated/record';

/** Those that a synthetic ledger has. */
export const CLASSES = ['cpu', 'dram', 'gpu'] as const satisfies readonly DomainClass[];
export type SyntheticClass = (typeof CLASSES)[number];

const UJ_PER_J = 1_000_000;

/** µJ by policy and class, as text: more than a double counts. */
export type EnergyTexts = Record<(typeof POLICIES)[number], Record<SyntheticClass, string>>;

/**
 * Exact sums of µJ by class and policy: whole joules and the rest apart, so that neither comes near 2^53. Not the sum that
 * reports use, since it is there to check theirs.
 */
export class MicroJoules {
  readonly #j = new Float64Array(CLASSES.length * POLICIES.length);
  readonly #uj = new Float64Array(CLASSES.length * POLICIES.length);

  /** @param place of the class in CLASSES */
  add(place: number, uj: Readonly<ByPolicy>): void {
    this.add3(place, uj[0], uj[1], uj[2]);
  }

  add3(place: number, usageUj: number, allocationUj: number, hybridUj: number): void {
    const at = place * POLICIES.length;
    this.#add(at, usageUj);
    this.#add(at + 1, allocationUj);
    this.#add(at + 2, hybridUj);
  }

  addSums(other: MicroJoules): void {
    for (let i = 0; i < this.#j.length; i++) {
      this.#j[i]! += other.#j[i]!;
      this.#add(i, other.#uj[i]!);
    }
  }

  get texts(): EnergyTexts {
    const of = (policy: number): Record<SyntheticClass, string> =>
      Object.fromEntries(
        CLASSES.map((name, place) => {
          const at = place * POLICIES.length + policy;
          return [name, String(BigInt(this.#j[at]!) * BigInt(UJ_PER_J) + BigInt(this.#uj[at]!))];
        }),
      ) as Record<SyntheticClass, string>;
    return { usage: of(0), allocation: of(1), hybrid: of(2) };
  }

  #add(at: number, uj: number): void {
    const whole = Math.floor(uj / UJ_PER_J);
    const rest = this.#uj[at]! + (uj - whole * UJ_PER_J);
    const isMore = rest >= UJ_PER_J;
    this.#j[at]! += isMore ? whole + 1 : whole;
    this.#uj[at] = isMore ? rest - UJ_PER_J : rest;
  }
}
