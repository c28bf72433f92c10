import type { Part } from './runs';
import { slotWeights, WeightedSums, type Weighing } from './slot-weights';

/** Energies of a run's parts, each with the weights of its time; null where the cluster has none. */
export function weighedParts(
  cluster: string,
  parts: readonly Part[],
  { curveOf, slotMsOf }: Weighing,
): WeightedSums | null {
  const curve = curveOf(cluster);
  if (curve === null) return null;
  const lengthMs = slotMsOf(cluster);
  const sums = new WeightedSums();
  for (const { slice } of parts) {
    const hasOther = slice.classes.has('other');
    for (const slot of slice.slots?.values() ?? []) {
      const baseUj = hasOther ? 0n : BigInt(slot.measuredUj);
      sums.add(BigInt(slot.recordedUj), baseUj, slotWeights(curve, slot, lengthMs));
    }
  }
  return sums;
}
