import type { EitConfig, SiteConfig } from '../generated/config';
import { visibleValue } from './visible';
import { type Problem, type YamlTree, placeKey } from './yaml-tree';

/**
 * What is wrong with the factors of the site and its clusters, of which each is right by the schema.
 * @param set keys that the file itself gives
 */
export function siteProblems(
  config: EitConfig,
  set: ReadonlySet<string>,
  places: YamlTree['places'],
): Problem[] {
  const groups: [readonly string[], SiteConfig][] = [
    [['site'], config.site],
    ...Object.entries(config.clusters).map(([name, own]): [string[], SiteConfig] => [
      ['clusters', name],
      own,
    ]),
  ];
  const currency = currencyOf(config);
  return groups.flatMap(([path, { price, price_per_kwh: sameAsPrice, currency: own }]): Problem[] => {
    const problem = (key: string, message: string): Problem => {
      const whole = [...path, key];
      return { at: places.get(placeKey(whole))?.valueAt ?? 0, message: `${whole.join('.')} is ${message}` };
    };
    return [
      ...(price === undefined || sameAsPrice === undefined || price === sameAsPrice
        ? []
        : [
            problem(
              'price_per_kwh',
              `${sameAsPrice}; expected price (${price}), of which it is another name`,
            ),
          ]),
      ...(own === undefined || own === currency
        ? []
        : [
            problem(
              'currency',
              `${visibleValue(own)}; expected "${currency}": costs of all clusters are added up`,
            ),
          ]),
      ...(path[0] !== 'site' || own === undefined || !set.has('currency') || own === config.currency
        ? []
        : [
            problem(
              'currency',
              `${visibleValue(own)}; expected currency ("${config.currency}"), which is the same`,
            ),
          ]),
    ];
  });
}

/** Of prices, of all clusters: `site.currency`, else `currency`. */
export function currencyOf({ site, currency }: Pick<EitConfig, 'site' | 'currency'>): string {
  return site.currency ?? currency;
}

/** What a kilowatt-hour costs, constant; undefined: not set. */
export function priceOf({ price, price_per_kwh: sameAsPrice }: SiteConfig): number | undefined {
  return price ?? sameAsPrice;
}
