import { alpha2Of, countryOfZone, WORLD, WORLD_COUNTRY } from './country';
import type { IntensityBasis } from './intensity';
import type { Zones } from './zone';

/** The mean intensity of a country's electricity over a year. */
export interface CountryAverage {
  /** ISO 3166 alpha-3; WLD: the world. */
  readonly country: string;
  readonly gPerKwh: number;
  readonly year: number;
  readonly source: string;
  /** The zone that is the whole country; null: it is the mean of several. */
  readonly wholeZone: string | null;
}

/**
 * The country that a zone is in, as who knows no better takes it: of the zone that is the whole country, else the plain mean
 * of its zones, as data/world-intensity.mjs does it too.
 * @returns null where the newest table has neither, and no older one the country
 * @throws EitError EIT_ZONE_UNKNOWN where the zone is of no country
 */
export function countryAverage(zones: Zones, zoneKey: string, basis: IntensityBasis): CountryAverage | null {
  const country = countryOfZone(zoneKey);
  const whole = country === WORLD_COUNTRY ? WORLD : (alpha2Of(country) ?? '');
  const ofWhole = (): CountryAverage => {
    const { gPerKwh, year, source } = zones.intensity(whole, { basis });
    return { country, gPerKwh, year, source, wholeZone: whole };
  };
  if (zones.has(whole)) return ofWhole();
  const parts = zones.keys
    .filter((key) => key.startsWith(`${whole}-`))
    .map((key) => zones.intensity(key, { basis }));
  const [first] = parts;
  // Older tables have it by life cycle alone: a zone of it that has this basis is in none of them.
  if (first === undefined) return zones.knows(whole) && basis === 'average-lifecycle' ? ofWhole() : null;
  return {
    country,
    gPerKwh: parts.reduce((sum, part) => sum + part.gPerKwh, 0) / parts.length,
    year: first.year,
    source: `plain mean of ${parts.length} zones`,
    wholeZone: null,
  };
}
