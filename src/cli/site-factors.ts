import { factorsFor } from '../carbon/factors';
import { loadZones } from '../carbon/zone';
import type { LoadedConfig } from '../config/config';
import { dataPath } from '../data-path';
import type { SiteFactors } from '../report/report';

/**
 * The factors of each cluster, worked out once; the site's own for ''.
 * @returns a function that throws EitError EIT_ZONE_UNKNOWN, EIT_CONFIG_INVALID
 */
export function siteFactors(loaded: LoadedConfig): (cluster: string) => SiteFactors {
  const zones = loadZones(dataPath());
  const known = new Map<string, SiteFactors>();
  return (cluster) => {
    const factors = known.get(cluster) ?? factorsFor(loaded, cluster || (loaded.config.cluster ?? ''), zones);
    known.set(cluster, factors);
    return factors;
  };
}
