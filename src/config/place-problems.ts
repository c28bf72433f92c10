import type { EitConfig, SiteConfig } from '../generated/config';
import { visible } from './visible';
import { type Problem, type YamlTree, placeKey } from './yaml-tree';

/** The keys that say where a site is. */
export const PLACE_KEYS = ['zone', 'lat', 'lon', 'cloud'] as const;

/**
 * What is wrong with where the site and its clusters are, though each key is right by the schema: it is said twice, or by half.
 * @param places of the file in which they stand
 */
export function placeProblems(
  { site, clusters }: Pick<EitConfig, 'site' | 'clusters'>,
  places: YamlTree['places'],
): Problem[] {
  const groups: [path: string[], group: SiteConfig][] = [
    [['site'], site],
    ...Object.entries(clusters).map(([name, own]): [string[], SiteConfig] => [['clusters', name], own]),
  ];
  return groups.flatMap(([path, group]) => {
    // What is no group is told of by the schema.
    if (typeof group !== 'object' || group === null) return [];
    const key = (name: string): string => [...path.map((part) => visible(part)), name].join('.');
    const problem = (name: string, message: string): Problem => ({
      at: places.get(placeKey([...path, name]))?.valueAt ?? 0,
      message,
    });
    const { zone, lat, lon, cloud } = group;
    if (lat !== undefined && lon === undefined)
      return [problem('lat', `${key('lat')} is ${lat}; expected ${key('lon')} with it`)];
    if (lon !== undefined && lat === undefined)
      return [problem('lon', `${key('lon')} is ${lon}; expected ${key('lat')} with it`)];
    const said = [
      ...(zone === undefined ? [] : ['zone']),
      ...(lat === undefined ? [] : ['lat']),
      ...(cloud === undefined ? [] : ['cloud']),
    ];
    const [first, second] = said;
    if (first === undefined || second === undefined) return [];
    const text = (name: string): string => (name === 'lat' ? `${key('lat')} and ${key('lon')}` : key(name));
    return [
      problem(
        second,
        `${said.map(text).join(' and ')} say where it is, each by itself; expected one of them, the others left out`,
      ),
    ];
  });
}
