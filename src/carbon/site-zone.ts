import type { LoadedConfig } from '../config/config';
import { siteFor } from '../config/config';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import { basisOfSite } from './basis';
import { WORLD } from './country';
import type { Intensity } from './intensity';
import type { Located, Places } from './places';
import type { Zones } from './zone';

/** The zone of a cluster and its intensity, with what is not sure about it. */
export interface SiteZone {
  readonly zone: string;
  readonly intensity: Intensity;
  /** What a report names: a default, a zone that is approximate, another year. */
  readonly notes: readonly string[];
}

/**
 * Where a cluster is: its zone, its point or its region of a cloud, else the world's mean, which is named as a default.
 * @param year of the yearly average; default: the newest
 * @throws EitError EIT_ZONE_UNKNOWN, EIT_PLACE with the key of the config
 */
export function siteZone(loaded: LoadedConfig, cluster: string, zones: Zones, year?: number): SiteZone {
  const site = siteFor(loaded.config, cluster);
  const { zone: given, lat, lon, cloud } = site;
  const located =
    given !== undefined
      ? null
      : lat !== undefined && lon !== undefined
        ? locate(loaded, cluster, 'lat', zones.places, (places) =>
            places.atPoint({ latitude: lat, longitude: lon }),
          )
        : cloud !== undefined
          ? locate(loaded, cluster, 'cloud', zones.places, (places) => places.inCloud(cloud))
          : null;
  const zone = given ?? located?.zone ?? WORLD;
  const basis = basisOfSite(site.intensity_basis);
  const intensity = inConfig(configPlace(loaded, cluster, 'zone'), () =>
    zones.intensity(zone, { basis, ...(year === undefined ? {} : { year }) }),
  );
  const notes = intensity.departures.map((departure) => `intensity of ${departure}`);
  if (given === undefined && located === null) {
    const grams = `${intensity.gPerKwh} gCO2eq/kWh`;
    notes.unshift(`zone ${WORLD}, ${grams} (default: the world's mean of ${intensity.year}; set site.zone)`);
  } else if (located !== null && located.approximate !== null) {
    const from = cloud !== undefined ? 'site.cloud' : 'site.lat and site.lon';
    notes.unshift(
      `zone ${zone} (approximate: ${located.region}, from ${from}; ${located.approximate}; set site.zone to be sure)`,
    );
  }
  return { zone, intensity, notes };
}

function locate(
  loaded: LoadedConfig,
  cluster: string,
  key: string,
  places: Places,
  find: (places: Places) => Located,
): Located {
  return inConfig(configPlace(loaded, cluster, key), () => find(places));
}

/** Says of what is unknown where it stands. */
function inConfig<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof EitError) || !['EIT_ZONE_UNKNOWN', 'EIT_PLACE'].includes(error.code)) throw error;
    throw new EitError(error.code, `${place}: ${error.message}`, { cause: error });
  }
}

/** A key of a site, the cluster's own where it has one, and its file. */
export function configPlace({ path, set }: LoadedConfig, cluster: string, key: string): string {
  const own = `clusters.${cluster}.${key}`;
  const isOwn = [...set].some((one) => one === own || one.startsWith(`${own}.`));
  return `${visible(isOwn ? own : `site.${key}`)}${path === null ? '' : ` in ${visible(path)}`}`;
}
