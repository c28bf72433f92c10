import type { EitConfig } from '../generated/config';
import { priceOf } from './site-problems';
import { type Problem, type YamlTree, placeKey } from './yaml-tree';

/**
 * What is wrong with quotas of which each is right by the schema.
 * @param places of the file in which they stand, below `quotas`
 */
export function quotaProblems(
  { quotas, site }: Pick<EitConfig, 'quotas' | 'site'>,
  places: YamlTree['places'],
): Problem[] {
  const seen = new Map<string, number>();
  return quotas.flatMap(({ per, period, unit, each, limits }, i): Problem[] => {
    const at = places.get(placeKey(['quotas', String(i)]))?.valueAt ?? 0;
    const found: string[] = [];
    if (each === undefined && limits === undefined) {
      found.push('has no limit; expected each, a number for everyone, or limits, names with numbers');
    }
    if (unit === 'cost' && priceOf(site) === undefined && site.price_file === undefined) {
      found.push('is in money; expected site.price with it');
    }
    const first = seen.get(`${per} ${period} ${unit}`);
    if (first === undefined) seen.set(`${per} ${period} ${unit}`, i);
    else found.push(`is per ${per}, ${period} and ${unit} as quotas.${first} is; expected one of the two`);
    return found.map((message) => ({ at, message: `quotas.${i} ${message}` }));
  });
}
