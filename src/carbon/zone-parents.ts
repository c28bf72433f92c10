import { WORLD } from './country';

/** What a zone is a part of, the smallest first: `US-CAL-CISO` of `US-CAL`, `US` and the world. */
export function parentsOf(zoneKey: string): string[] {
  if (zoneKey === WORLD) return [];
  const parts = zoneKey.split('-');
  return [...parts.slice(1).map((_, i) => parts.slice(0, parts.length - 1 - i).join('-')), WORLD];
}
