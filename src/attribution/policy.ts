import { apportion } from './apportion';

/** The policies, in the order of every array of three in the records. */
export const POLICIES = ['usage', 'allocation', 'hybrid'] as const;
export type Policy = (typeof POLICIES)[number];

/** µJ under usage, allocation, hybrid. */
export type ByPolicy = [number, number, number];

/** Balances of rounding of one party in one domain: usage, allocation, hybrid's idle part, hybrid's rest. */
export type Carry = [number, number, number, number];

/** What a run is weighed by in one domain and tick, in the domain's own measure: see DivisionInput. */
export interface Party {
  readonly used: number;
  readonly allocated: number;
}

export interface Division {
  readonly runs: ByPolicy[];
  readonly idle: ByPolicy;
  readonly system: ByPolicy;
}

/**
 * The measure of `used` and `allocated` is the domain's: CPU time (ns) and CPUs for a package, bytes held and bytes that may
 * be held for memory, accelerators for a GPU. Only their proportions matter. All are finite and not negative.
 */
export interface DivisionInput {
  /** Growth of the domain's counter in the tick, µJ. */
  readonly energyUj: number;
  /** The part of it that the domain draws when nothing runs, µJ (for `hybrid`); 0 where unknown. */
  readonly idleEnergyUj: number;
  /** In a canonical order; what is allocated counts for the part of the tick in which it was. */
  readonly runs: readonly Party[];
  /** Used by work outside the runs. */
  readonly systemUsed: number;
  /** What cannot be used in parts by whoever runs: accelerators that no run has. Idle under every policy. Default 0. */
  readonly unused?: number;
  /** What the host has to allocate. */
  readonly capacity: number;
  /** Rounding balances: one a run in the same order, then idle's and system's; updated in place. */
  readonly carry: readonly Carry[];
}

/**
 * Divides a domain's energy of one tick among the runs, idle and system, under every policy at once, since shares change
 * with each tick and a report could not choose afterwards from sums.
 *
 * usage: by what is used, work outside the runs included; what nobody used is idle. This is Σ p·e of equation (1) of
 * Henderson et al. 2020, with p a process' share of what is in use.
 * allocation: by what is allocated of the host's capacity, or of the sum where more is allocated than it has; the rest is
 * idle.
 * hybrid: the idle energy by allocation, the rest by use.
 *
 * Under each policy runs + idle + system = energyUj, exactly.
 */
export function divideEnergy(input: DivisionInput): Division {
  const { energyUj, runs, carry } = input;
  const n = runs.length;
  const idleUj = Math.min(energyUj, input.idleEnergyUj);

  const used: number[] = [];
  const allocated: number[] = [];
  let allocatedSum = 0;
  for (let i = 0; i < n; i++) {
    const run = runs[i]!;
    used.push(run.used);
    allocated.push(run.allocated);
    allocatedSum += run.allocated;
  }
  used.push(input.unused ?? 0, input.systemUsed);
  allocated.push(Math.max(0, input.capacity - allocatedSum), 0);
  if (isAllZero(used)) used[n] = 1;
  if (isAllZero(allocated)) allocated[n] = 1;

  const usage = share(energyUj, used, carry, 0);
  const allocation = share(energyUj, allocated, carry, 1);
  const hybridIdle = share(idleUj, allocated, carry, 2);
  const hybridRest = share(energyUj - idleUj, used, carry, 3);

  const parts: ByPolicy[] = [];
  for (let i = 0; i < n + 2; i++) {
    parts.push([usage[i]!, allocation[i]!, hybridIdle[i]! + hybridRest[i]!]);
  }
  const system = parts.pop()!;
  const idle = parts.pop()!;
  return { runs: parts, idle, system };
}

/** Divides by one of the balances of the parties, and updates it. */
function share(
  totalUj: number,
  weights: readonly number[],
  carry: readonly Carry[],
  balance: 0 | 1 | 2 | 3,
): number[] {
  const balances: number[] = [];
  for (const party of carry) balances.push(party[balance]);
  const shares = apportion(totalUj, weights, balances);
  for (let i = 0; i < carry.length; i++) carry[i]![balance] = balances[i]!;
  return shares;
}

function isAllZero(weights: readonly number[]): boolean {
  for (const weight of weights) if (weight !== 0) return false;
  return true;
}

/** Adds `more` to `sum` in place. */
export function addByPolicy(sum: ByPolicy, more: Readonly<ByPolicy>): void {
  sum[0] += more[0];
  sum[1] += more[1];
  sum[2] += more[2];
}
