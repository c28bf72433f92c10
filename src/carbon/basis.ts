import type { IntensityBasis } from './intensity';

/** How people name a basis: shortly, or as series and reports do. */
const BASES: Readonly<Record<string, IntensityBasis>> = {
  lifecycle: 'average-lifecycle',
  direct: 'average-direct',
  'average-lifecycle': 'average-lifecycle',
  'average-direct': 'average-direct',
};

/** All that {@link basisNamed} knows. */
export const BASIS_NAMES: readonly string[] = Object.keys(BASES);

/** The basis of a name; undefined where it is none. */
export function basisNamed(name: string): IntensityBasis | undefined {
  return Object.hasOwn(BASES, name) ? BASES[name] : undefined;
}

/** That of `site.intensity_basis`: life-cycle where nothing is said. */
export function basisOfSite(name: string | undefined): IntensityBasis {
  return (name === undefined ? undefined : basisNamed(name)) ?? 'average-lifecycle';
}
