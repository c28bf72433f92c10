import type { EnergyDomain } from '../sources/source';

/** A counter's value (µJ) and when it was read (CLOCK_MONOTONIC, ns). */
export interface CounterReading {
  readonly energyUj: bigint;
  readonly monoNs: bigint;
}

/** What lies between two readings of a counter. */
export type CounterDifference =
  | { readonly kind: 'growth'; readonly energyUj: number; readonly wrapped: boolean }
  /** The counter started again (driver reloaded, firmware): what it counted in between is not known. */
  | { readonly kind: 'reset' }
  /** It may have wrapped more than once: what it counted cannot be told. */
  | { readonly kind: 'ambiguous' };

/**
 * Counters advance in steps (RAPL: about 1 ms, BMC-fed ones up to some hundred) and a reader can be held up between
 * reading the counter and the clock, so a short difference may hold a little more than its time could.
 */
const READING_JITTER_NS = 500_000_000n;

/**
 * The one place where a difference of energy counters is taken.
 *
 * A counter that wraps at R (max_energy_range_uj, Documentation/power/powercap/powercap.rst) and reads a, then b, grew
 * by (b - a) mod R plus a whole number of R. The most that the hardware can draw in the time between tells which: a
 * growth above it is impossible (then the counter was reset), and where a further R would be possible too nobody can
 * tell, so nothing is said.
 */
export function differenceCounter(
  domain: Pick<EnergyDomain, 'maxEnergyUj' | 'maxPowerW' | 'lagS'>,
  before: CounterReading,
  after: CounterReading,
): CounterDifference {
  const lateNs = READING_JITTER_NS + BigInt(Math.round((domain.lagS ?? 0) * 1e9));
  const possibleUj =
    (BigInt(Math.ceil(domain.maxPowerW * 1000)) * (after.monoNs - before.monoNs + lateNs)) / 1_000_000n;
  const wrapped = after.energyUj < before.energyUj;
  if (wrapped && domain.maxEnergyUj === undefined) return { kind: 'reset' };

  const growthUj = after.energyUj - before.energyUj + (wrapped ? (domain.maxEnergyUj ?? 0n) : 0n);
  if (growthUj < 0n || growthUj > possibleUj) return { kind: 'reset' };
  if (domain.maxEnergyUj !== undefined && growthUj + domain.maxEnergyUj <= possibleUj)
    return { kind: 'ambiguous' };
  return { kind: 'growth', energyUj: Number(growthUj), wrapped };
}

/** Longest time between two readings (s) over which no second wrap can hide; Infinity for a counter that never wraps. */
export function longestReadableGapS(domain: Pick<EnergyDomain, 'maxEnergyUj' | 'maxPowerW'>): number {
  if (domain.maxEnergyUj === undefined) return Infinity;
  return Math.max(0, Number(domain.maxEnergyUj) / 1e6 / domain.maxPowerW - Number(READING_JITTER_NS) / 1e9);
}
