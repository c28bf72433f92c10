import type { IntensityByOrigin } from '../generated/report';
import { ratio } from './conversion';
import type { ConvertedEnergy, IntensityOrigin } from './converted-energy';

/** The parts of the energy by where its intensity is from; null where none is weighed by its time. */
export function intensityByOrigin(all: readonly ConvertedEnergy[]): IntensityByOrigin | null {
  if (all.every(({ byOrigin }) => byOrigin === null)) return null;
  const totalKwh = all.reduce((kwhOfAll, each) => kwhOfAll + each.totalKwh, 0);
  const fraction = (name: IntensityOrigin) => {
    const ofOrigin = all.reduce(
      // What is not weighed has the average of a year.
      (kwhOfAll, { byOrigin, totalKwh: own }) =>
        kwhOfAll + (byOrigin?.[name] ?? (name === 'yearly' ? own : 0)),
      0,
    );
    return totalKwh === 0 ? 0 : ratio(ofOrigin / totalKwh);
  };
  return {
    series: fraction('series'),
    estimated: fraction('estimated'),
    neighbour: fraction('neighbour'),
    same_hour: fraction('same_hour'),
    yearly: fraction('yearly'),
    other_basis: fraction('other_basis'),
  };
}
