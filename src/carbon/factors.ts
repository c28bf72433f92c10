import { type LoadedConfig, siteFor } from '../config/config';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import { countryOfZone, isCountry } from './country';
import type { IntensityBasis } from './intensity';
import { configPlace, siteZone } from './site-zone';
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
  readonly intensityYear: number;
  /** ISO 3166 alpha-3; WLD for the world. */
  readonly country: string;
  /** Factor for the parts of a node that no counter sees; what it adds is `other`, modelled. */
  readonly nodeOverhead: number;
  /** Each factor that the site has not said, or that is not sure: its value, where it is from, and the key to set. */
  readonly defaultsUsed: readonly string[];
}

/**
 * The factors in force for a cluster: its own, else the site's, else defaults, which are named.
 * @throws EitError EIT_ZONE_UNKNOWN where the zone is in no table, EIT_PLACE where the place is in none, EIT_CONFIG_INVALID where the country is none
 */
export function factorsFor(loaded: LoadedConfig, cluster: string, zones: Zones): Factors {
  const site = siteFor(loaded.config, cluster);
  const { zone, intensity, notes } = siteZone(loaded, cluster, zones);
  if (site.country !== undefined && !isCountry(site.country)) {
    const wrong = `"${visible(site.country, 80)}" is no country; expected ISO 3166 alpha-3, such as DEU`;
    throw new EitError('EIT_CONFIG_INVALID', `${configPlace(loaded, cluster, 'country')}: ${wrong}`);
  }

  const defaultsUsed: string[] = [];
  if (site.pue === undefined && site.pue_file === undefined) {
    defaultsUsed.push(`pue ${DEFAULT_PUE} (default: Henderson et al. 2020, section 3; set site.pue)`);
  }
  defaultsUsed.push(...notes);
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
    intensityYear: intensity.year,
    country: site.country ?? countryOfZone(zone),
    nodeOverhead: site.node_overhead ?? DEFAULT_NODE_OVERHEAD,
    defaultsUsed,
  };
}
