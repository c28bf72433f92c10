import type { IntensityBasis } from '../carbon/intensity';
import { askIpPlace } from '../carbon/ip-place';
import type { Located } from '../carbon/places';
import type { Zones } from '../carbon/zone';
import { EitError } from '../errors';
import { jsonText, labelledLines } from './plain-text';

/** How a place was given, in the words of the options. */
export interface PlaceOptions {
  readonly lat?: string | undefined;
  readonly lon?: string | undefined;
  readonly cloud?: string | undefined;
  readonly country?: string | undefined;
  readonly ip?: string | undefined;
}

/**
 * `eit zones locate`: the zone of a place and its intensity, as lines or as JSON.
 * @param note tells what is sent, before it is
 * @throws EitError EIT_USAGE, EIT_PLACE, EIT_IP_LOOKUP
 */
export async function locate(
  place: PlaceOptions,
  zones: Zones,
  wish: { readonly basis: IntensityBasis; readonly year: number | undefined },
  isJson: boolean,
  note: (text: string) => void,
): Promise<string[]> {
  const located = await find(place, zones, note);
  const { region, approximate } = located;
  const { year, basis } = wish;
  const intensity = zones.intensity(located.zone, {
    basis,
    orParent: true,
    ...(year === undefined ? {} : { year }),
  });
  const { zone } = intensity;
  if (isJson) {
    return [
      jsonText({
        zone,
        name: intensity.zoneName,
        country: intensity.country,
        region,
        approximate,
        year: intensity.year,
        basis,
        g_per_kwh: intensity.gPerKwh,
        source: intensity.source,
        departures: intensity.departures,
      }),
    ];
  }
  const lines = labelledLines([
    ['Zone', `${zone} (${intensity.zoneName})`],
    ['Region', region],
    ...(approximate === null ? [] : [['Approximate', approximate] as const]),
    ['Intensity', `${intensity.gPerKwh} gCO2eq/kWh (${basis}), average of ${intensity.year}`],
    ...intensity.departures.map((departure) => ['Note', departure] as const),
    ['Source', intensity.source],
    ['In eit.yaml', `site: { zone: ${zone} }`],
  ]);
  return lines.map((line) => `${line}\n`);
}

async function find(
  { lat, lon, cloud, country, ip }: PlaceOptions,
  zones: Zones,
  note: (text: string) => void,
): Promise<Located> {
  const ways = [lat ?? lon, cloud, country, ip].filter((way) => way !== undefined);
  if (ways.length !== 1 || (lat === undefined) !== (lon === undefined)) {
    throw new EitError(
      'EIT_USAGE',
      'eit zones locate takes one place: --lat with --lon, --cloud, --country or --ip',
    );
  }
  if (cloud !== undefined) return zones.places.inCloud(cloud);
  if (country !== undefined) return zones.places.inCountry(country);
  if (ip !== undefined) {
    // The rest of the URL may hold a key.
    const place = await askIpPlace(ip, fetch, (host) =>
      note(
        `asks ${host}, which sees the address of this machine and what the URL says; nothing else is sent`,
      ),
    );
    return zones.places.atPoint(place);
  }
  return zones.places.atPoint({ latitude: degrees('lat', lat), longitude: degrees('lon', lon) });
}

function degrees(option: string, given: string | undefined): number {
  if (given !== undefined && /^[+-]?\d{1,3}(\.\d+)?$/.test(given)) return Number(given);
  throw new EitError(
    'EIT_USAGE',
    `--${option} takes degrees such as 52.5 or -0.12, not ${JSON.stringify(given)}`,
  );
}
