import countries from 'i18n-iso-countries/index';
import { visible } from '../config/visible';
import { EitError } from '../errors';

/** The zone that is taken where the site has not said its own. */
export const WORLD = 'WORLD';

/** The code of the world where countries have theirs, as in the World Bank's tables. ISO 3166 has none. */
export const WORLD_COUNTRY = 'WLD';

/**
 * The country of a zone: `DE` and `DE-...` are in DEU; the world is WLD.
 * @returns ISO 3166 alpha-3
 * @throws EitError EIT_ZONE_UNKNOWN where the key does not begin with the alpha-2 code of a country
 */
export function countryOfZone(zoneKey: string): string {
  if (zoneKey === WORLD) return WORLD_COUNTRY;
  const alpha3 = alpha3Of(zoneKey.split('-')[0] ?? '');
  if (alpha3 !== undefined) return alpha3;
  throw new EitError(
    'EIT_ZONE_UNKNOWN',
    `zone "${visible(zoneKey, 80)}" begins with no country's code; expected one such as DE or US-CAL-CISO`,
  );
}

/** Whether a text is the code of a country (ISO 3166 alpha-3), or WLD. */
export function isCountry(alpha3: string): boolean {
  return alpha3 === WORLD_COUNTRY || (/^[A-Z]{3}$/.test(alpha3) && countries.isValid(alpha3));
}

/** The ISO 3166 alpha-3 code of an alpha-2 code, if it is one. */
export function alpha3Of(alpha2: string): string | undefined {
  return /^[A-Z]{2}$/.test(alpha2) ? countries.alpha2ToAlpha3(alpha2) : undefined;
}

/** The ISO 3166 alpha-2 code of an alpha-3 code, if it is one. */
export function alpha2Of(alpha3: string): string | undefined {
  return /^[A-Z]{3}$/.test(alpha3) ? countries.alpha3ToAlpha2(alpha3) : undefined;
}
