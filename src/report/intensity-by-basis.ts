import type { IntensityBasis } from '../carbon/intensity';
import type { IntensityByBasis } from '../generated/report';
import { ratio } from './conversion';
import type { ConvertedEnergy } from './converted-energy';

/**
 * The parts of energies on each basis; null where there is no energy.
 * @param all with the basis that is asked for there
 */
export function intensityByBasis(
  all: readonly { readonly basis: IntensityBasis; readonly converted: ConvertedEnergy }[],
): IntensityByBasis | null {
  let [totalKwh, directKwh] = [0, 0];
  for (const { basis, converted } of all) {
    const otherKwh = converted.byOrigin?.other_basis ?? 0;
    totalKwh += converted.totalKwh;
    directKwh += basis === 'average-direct' ? converted.totalKwh - otherKwh : otherKwh;
  }
  if (totalKwh === 0) return null;
  const direct = ratio(Math.min(1, directKwh / totalKwh));
  return { lifecycle: ratio(1 - direct), direct };
}
