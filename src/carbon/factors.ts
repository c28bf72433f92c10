import { type LoadedConfig, siteFor } from '../config/config';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import { WORLD, countryOfZone, isCountry } from './country';
import type { IntensityBasis } from './intensity';
import type { Zones } from './zone';

/** The world's average of Henderson et al. 2020, section 3. */
export const DEFAULT_PUE = 1.58;

/** Nothing is added for what no counter of a node sees. */
export const DEFAULT_NODE_OVERHEAD = 1;

/** What turns the joules of a cluster into CO2eq. */
export interface Factors {
  /** Power usage effectiveness of the building: total energy is IT energy times this, once. */
  readonly pue: number;
  readonly zone: string;
  readonly intensityGPerKwh: number;
  readonly intensitySource: string;
  readonly intensityBasis: IntensityBasis;
  /** ISO 3166 alpha-3; WLD for the world. */
  readonly country: string;
  /** Factor for the parts of a node that no counter sees; what it adds is `other`, modelled. */
  readonly nodeOverhead: number;
  /** Each factor that the site has not said: its value, where it is from, and the key to set. */
  readonly defaultsUsed: readonly string[];
}

/**
 * The factors in force for a cluster: its own, else the site's, else defaults, which are named.
 * @throws EitError EIT_ZONE_UNKNOWN where the zone is in no table, EIT_CONFIG_INVALID where the country is none
 */
export function factorsFor(loaded: LoadedConfig, cluster: string, zones: Zones): Factors {
  const site = siteFor(loaded.config, cluster);
  const zone = site.zone ?? WORLD;
  const intensity = inConfig(placeInConfig(loaded, cluster, 'zone'), () => zones.intensity(zone));
  if (site.country !== undefined && !isCountry(site.country)) {
    const wrong = `"${visible(site.country, 80)}" is no country; expected ISO 3166 alpha-3, such as DEU`;
    throw new EitError('EIT_CONFIG_INVALID', `${placeInConfig(loaded, cluster, 'country')}: ${wrong}`);
  }

  const defaultsUsed: string[] = [];
  if (site.pue === undefined && site.pue_file === undefined) {
    defaultsUsed.push(`pue ${DEFAULT_PUE} (default: Henderson et al. 2020, section 3; set site.pue)`);
  }
  if (site.zone === undefined) {
    const grams = `${intensity.gPerKwh} gCO2eq/kWh`;
    defaultsUsed.push(
      `zone ${WORLD}, ${grams} (default: the world's mean of ${intensity.year}; set site.zone)`,
    );
  }
  if (site.node_overhead === undefined) {
    defaultsUsed.push(
      `node_overhead ${DEFAULT_NODE_OVERHEAD} (default: not counted: board, fans, power supply; set site.node_overhead)`,
    );
  }
  return {
    pue: site.pue ?? DEFAULT_PUE,
    zone,
    intensityGPerKwh: intensity.gPerKwh,
    intensitySource: intensity.source,
    intensityBasis: intensity.basis,
    country: site.country ?? countryOfZone(zone),
    nodeOverhead: site.node_overhead ?? DEFAULT_NODE_OVERHEAD,
    defaultsUsed,
  };
}

/** Says of an unknown zone where it stands. */
function inConfig<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof EitError) || error.code !== 'EIT_ZONE_UNKNOWN') throw error;
    throw new EitError('EIT_ZONE_UNKNOWN', `${place}: ${error.message}`, { cause: error });
  }
}

/** Where a factor of a cluster stands: its key and file. */
export function placeInConfig({ path, set }: LoadedConfig, cluster: string, key: string): string {
  const own = `clusters.${cluster}.${key}`;
  const isOwn = [...set].some((one) => one === own || one.startsWith(`${own}.`));
  return `${visible(isOwn ? own : `site.${key}`)}${path === null ? '' : ` in ${visible(path)}`}`;
}
