import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import { parseCsv } from './csv';
import { WORLD, countryOfZone } from './country';
import type { Intensity, IntensityBasis } from './intensity';
import { suggestZones } from './zone-suggestion';

/** A piece of the electricity grid with its yearly averages. */
export interface Zone {
  readonly key: string;
  readonly name: string;
  readonly year: number;
  readonly source: string;
  readonly gPerKwh: Readonly<Record<IntensityBasis, number>>;
}

const ZONE_FILE = 'zones/zone-intensity-2024.csv';
const WORLD_FILE = 'world-intensity.json';

const COLUMNS = {
  time: 'Datetime (UTC)',
  name: 'Zone name',
  key: 'Zone id',
  direct: 'Carbon intensity gCO₂eq/kWh (direct)',
  lifecycle: 'Carbon intensity gCO₂eq/kWh (Life cycle)',
  citation: 'Citation',
} as const;

/** A row of the table that is no zone: see data/zones/README.md. */
const NO_ZONE = 'GLOBAL';

/** The zones of the electricity grid that this installation knows. */
export class Zones {
  private readonly byKey: ReadonlyMap<string, Zone>;

  constructor(zones: Iterable<Zone>) {
    this.byKey = new Map([...zones].map((zone) => [zone.key, zone]));
  }

  /** Keys of all zones, sorted. */
  get keys(): string[] {
    return [...this.byKey.keys()].sort();
  }

  /** @throws EitError EIT_ZONE_UNKNOWN with what may have been meant */
  intensity(zoneKey: string, basis: IntensityBasis = 'average-lifecycle'): Intensity {
    const zone = this.byKey.get(zoneKey);
    if (!zone) {
      const near = suggestZones(zoneKey, this.byKey.values());
      const hint =
        near.length > 0
          ? `did you mean ${near.join(' or ')}?`
          : `one of ${this.byKey.size}, such as DE or US-CAL-CISO, is expected`;
      throw new EitError('EIT_ZONE_UNKNOWN', `unknown zone "${visible(zoneKey, 80)}"; ${hint}`);
    }
    return {
      gPerKwh: zone.gPerKwh[basis],
      year: zone.year,
      source: zone.source,
      basis,
      zoneName: zone.name,
      country: countryOfZone(zoneKey),
    };
  }
}

/**
 * Reads the zones' yearly averages: data/zones/zone-intensity-2024.csv and data/world-intensity.json.
 * @param dataDir the folder `data` of the package
 * @throws EitError EIT_DATA_FILE where a file is missing or is not what it should be
 */
export function loadZones(dataDir: string): Zones {
  const zones = parseZones(read(dataDir, ZONE_FILE), `data/${ZONE_FILE}`);
  return new Zones([...zones, parseWorld(read(dataDir, WORLD_FILE), `data/${WORLD_FILE}`)]);
}

/** The zones of the yearly table of Electricity Maps: https://www.electricitymaps.com. */
export function parseZones(text: string, file: string): Zone[] {
  const [header, ...records] = parseCsv(text, file);
  const column = (name: keyof typeof COLUMNS): number => {
    const index = header?.fields.indexOf(COLUMNS[name]) ?? -1;
    if (index < 0) throw new EitError('EIT_DATA_FILE', `${file}:1: the column "${COLUMNS[name]}" is missing`);
    return index;
  };
  const [time, name, key, direct, lifecycle, citation] = [
    column('time'),
    column('name'),
    column('key'),
    column('direct'),
    column('lifecycle'),
    column('citation'),
  ];
  const seen = new Set<string>();
  return records
    .filter(({ fields }) => fields[key] !== NO_ZONE)
    .map(({ line, fields }) => {
      const zone: Zone = {
        key: fields[key] ?? '',
        name: fields[name] ?? '',
        year: Number(fields[time]?.slice(0, 4)),
        source: fields[citation] ?? '',
        gPerKwh: {
          'average-direct': grams(fields[direct], `${file}:${line}`),
          'average-lifecycle': grams(fields[lifecycle], `${file}:${line}`),
        },
      };
      if (
        !/^[A-Z]{2}(-[A-Z0-9]+)*$/.test(zone.key) ||
        seen.has(zone.key) ||
        !(zone.year > 1900) ||
        zone.source === ''
      ) {
        throw new EitError(
          'EIT_DATA_FILE',
          `${file}:${line}: "${visible(zone.key, 80)}" is no zone with year and source, or stands twice`,
        );
      }
      seen.add(zone.key);
      return zone;
    });
}

function grams(field: string | undefined, place: string): number {
  // Number('') is 0, and an intensity that is not known is not 0.
  const value = /^\d+(\.\d+)?$/.test(field ?? '') ? Number(field) : NaN;
  if (value <= 5000) return value;
  throw new EitError(
    'EIT_DATA_FILE',
    `${place}: "${visible(field ?? '', 80)}" is no intensity in gCO2eq/kWh`,
  );
}

function parseWorld(text: string, file: string): Zone {
  let world: { year?: unknown; source?: unknown; average_lifecycle?: unknown; average_direct?: unknown };
  try {
    world = JSON.parse(text) as typeof world;
  } catch (error) {
    throw new EitError('EIT_DATA_FILE', `${file} is no JSON; ${REINSTALL}`, { cause: error });
  }
  const { year, source, average_lifecycle: lifecycle, average_direct: direct } = world;
  if (typeof year !== 'number' || typeof source !== 'string') {
    throw new EitError('EIT_DATA_FILE', `${file} has no year or no source; ${REINSTALL}`);
  }
  return {
    key: WORLD,
    name: 'World',
    year,
    source,
    gPerKwh: {
      'average-lifecycle': grams(JSON.stringify(lifecycle), file),
      'average-direct': grams(JSON.stringify(direct), file),
    },
  };
}

const REINSTALL = 'install EIT again';

function read(dataDir: string, name: string): string {
  try {
    return readFileSync(join(dataDir, name), 'utf8');
  } catch (error) {
    throw new EitError('EIT_DATA_FILE', `cannot read ${visible(join(dataDir, name))}; ${REINSTALL}`, {
      cause: error,
    });
  }
}
