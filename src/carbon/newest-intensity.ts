import type { IntensityLine } from '../generated/intensity';
import type { IntensityBasis } from './intensity';
import { type Painted, paintSeries } from './painted-series';

/** The newest value of a series, with the time in which it held. */
export interface NewestIntensity extends Readonly<Painted> {
  readonly basis: IntensityBasis;
}

/**
 * The value that a report of now would take of a zone's lines: the other basis only where the one asked for has none, never one of
 * the plants that would follow a change.
 */
export function newestOf(lines: readonly IntensityLine[], asked: IntensityBasis): NewestIntensity | null {
  const bases = [asked, asked === 'average-direct' ? 'average-lifecycle' : 'average-direct'] as const;
  for (const basis of bases) {
    const last = paintSeries(lines, basis).at(-1);
    if (last !== undefined) return { ...last, basis };
  }
  return null;
}
