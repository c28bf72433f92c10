import { apportion } from './apportion';

/** The policies, in the order of every array of three in the records. */
export const POLICIES = ['usage', 'allocation', 'hybrid'] as const;
export type Policy = (typeof POLICIES)[number];

/** µJ under usage, allocation, hybrid. */
export type ByPolicy = [number, number, number];

/** Balances of rounding of one party in one domain: usage, allocation, hybrid's idle part, hybrid's rest. */
export type Carry = [number, number, number, number];

/** What a party is weighed by in one tick. */
export interface Party {
  /** CPU time used in the tick, ns. */
  readonly usedNs: number;
  /** CPUs allocated, times the part of the tick in which they were; 0 where unknown. */
  readonly allocatedCpus: number;
}

export interface Division {
  readonly runs: ByPolicy[];
  readonly idle: ByPolicy;
  readonly system: ByPolicy;
}

export interface DivisionInput {
  /** Growth of the domain's counter in the tick, µJ. */
  readonly energyUj: number;
  /** The part of it that the domain draws when nothing runs, µJ (for `hybrid`); 0 where unknown. */
  readonly idleEnergyUj: number;
  /** In a canonical order. */
  readonly runs: readonly Party[];
  /** CPU time of work outside the runs, ns. */
  readonly systemNs: number;
  /** CPUs of the host. */
  readonly hostCpus: number;
  /** Rounding balances: one a run in the same order, then idle's and system's; updated in place. */
  readonly carry: readonly Carry[];
}

/**
 * Divides a domain's energy of one tick among the runs, idle and system, under every policy at once, since shares change
 * with each tick and a report could not choose afterwards from sums.
 *
 * usage: by CPU time, work outside the runs included; what nobody used is idle. This is Σ p·e of equation (1) of
 * Henderson et al. 2020, with p a process' share of the CPU time in use.
 * allocation: by allocated CPUs of the host's, or of their sum where more is allocated than the host has; the rest is idle.
 * hybrid: the idle energy by allocation, the rest by CPU time.
 *
 * Under each policy runs + idle + system = energyUj, exactly.
 */
export function divideEnergy(input: DivisionInput): Division {
  const { energyUj, runs } = input;
  const n = runs.length;
  const idleUj = Math.min(energyUj, input.idleEnergyUj);

  const used: number[] = [...runs.map((run) => run.usedNs), 0, input.systemNs];
  if (isAllZero(used)) used[n] = 1;

  let allocatedSum = 0;
  for (const run of runs) allocatedSum += run.allocatedCpus;
  const allocated: number[] = [
    ...runs.map((run) => run.allocatedCpus),
    Math.max(0, input.hostCpus - allocatedSum),
    0,
  ];
  if (isAllZero(allocated)) allocated[n] = 1;

  const share = (totalUj: number, weights: number[], balance: 0 | 1 | 2 | 3): number[] => {
    const carry = input.carry.map((party) => party[balance]);
    const shares = apportion(totalUj, weights, carry);
    input.carry.forEach((party, i) => (party[balance] = carry[i] ?? 0));
    return shares;
  };
  const usage = share(energyUj, used, 0);
  const allocation = share(energyUj, allocated, 1);
  const hybridIdle = share(idleUj, allocated, 2);
  const hybridRest = share(energyUj - idleUj, used, 3);

  const at = (i: number): ByPolicy => [usage[i]!, allocation[i]!, hybridIdle[i]! + hybridRest[i]!];
  return { runs: runs.map((_, i) => at(i)), idle: at(n), system: at(n + 1) };
}

function isAllZero(weights: readonly number[]): boolean {
  return weights.every((weight) => weight === 0);
}

/** Adds `more` to `sum` in place. */
export function addByPolicy(sum: ByPolicy, more: Readonly<ByPolicy>): void {
  sum[0] += more[0];
  sum[1] += more[1];
  sum[2] += more[2];
}
