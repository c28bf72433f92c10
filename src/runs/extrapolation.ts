import type { DomainClass } from '../generated/record';
import type { Part } from './runs';
import type { WeightedSums, Weighing } from './slot-weights';
import { weighedParts } from './weighed-parts';

/** What was observed of one class of a run, in all of the report: its mean power, as energy and time. */
export interface ObservedClass {
  /** Measured and modelled. */
  uj: bigint;
  /** The part of it that `site.node_overhead` is applied to. */
  overheadBaseUj: bigint;
  observedMs: number;
}

/** The mean power of each class of a run: missing time is filled with it, and with no other run's. */
export interface MeanPower {
  readonly classes: ReadonlyMap<DomainClass, ObservedClass>;
  /** What was observed, weighed by its time; null where energies are not weighed. */
  readonly weighted: WeightedSums | null;
}

/** @param parts all slices of a run of the cluster */
export function meanPower(cluster: string, parts: readonly Part[], weighing: Weighing | null): MeanPower {
  const power = new Map<DomainClass, ObservedClass>();
  for (const { slice } of parts) {
    const hasOther = slice.classes.has('other');
    for (const [name, { measuredUj, modelledUj, observedMs }] of slice.classes) {
      const found = power.get(name) ?? { uj: 0n, overheadBaseUj: 0n, observedMs: 0 };
      power.set(name, found);
      found.uj += (measuredUj?.value ?? 0n) + (modelledUj?.value ?? 0n);
      if (!hasOther) found.overheadBaseUj += measuredUj?.value ?? 0n;
      found.observedMs += observedMs;
    }
  }
  return { classes: power, weighted: weighing === null ? null : weighedParts(cluster, parts, weighing) };
}

/**
 * What a class would have taken in time that nobody observed: energy / observed time · missing time.
 * @returns null where nothing was observed to go by
 */
export function extrapolated(
  observed: ObservedClass | undefined,
  missingMs: number,
): { readonly uj: bigint; readonly overheadBaseUj: bigint } | null {
  const observedMs = Math.round(observed?.observedMs ?? 0);
  if (observed === undefined || observedMs === 0) return null;
  const share = (uj: bigint): bigint => (uj * BigInt(Math.round(missingMs))) / BigInt(observedMs);
  return { uj: share(observed.uj), overheadBaseUj: share(observed.overheadBaseUj) };
}
