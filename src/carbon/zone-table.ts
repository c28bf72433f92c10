import { visible } from '../config/visible';
import { EitError } from '../errors';
import { WORLD } from './country';
import { REINSTALL, parseGrams, parseTable } from './data-table';
import type { IntensityBasis } from './intensity';

/** A piece of the electricity grid with its averages of one year. */
export interface ZoneYear {
  readonly key: string;
  readonly name: string;
  readonly year: number;
  readonly source: string;
  /** By basis, where the table has it. */
  readonly gPerKwh: Readonly<Partial<Record<IntensityBasis, number>>>;
  /** Share of the energy from sources without carbon (nuclear too), and from renewable ones; null where it is not known. */
  readonly carbonFreePercent: number | null;
  readonly renewablePercent: number | null;
}

const COLUMNS = {
  time: 'Datetime (UTC)',
  name: 'Zone name',
  key: 'Zone id',
  direct: 'Carbon intensity gCO₂eq/kWh (direct)',
  lifecycle: 'Carbon intensity gCO₂eq/kWh (Life cycle)',
  carbonFree: 'Carbon-free energy percentage (CFE%)',
  renewable: 'Renewable energy percentage (RE%)',
  citation: 'Citation',
} as const;

/** A row of the table that is no zone: see data/zones/README.md. */
const NO_ZONE = 'GLOBAL';

const ZONE_KEY = /^[A-Z]{2}(-[A-Z0-9]+)*$/;

/**
 * The zones of the yearly table of Electricity Maps: https://www.electricitymaps.com.
 * @throws EitError EIT_DATA_FILE with the line that is not what it should be
 */
export function parseZones(text: string, file: string): ZoneYear[] {
  const seen = new Set<string>();
  return parseTable(text, file, COLUMNS)
    .filter(({ fields }) => fields.key !== NO_ZONE)
    .map(({ place, fields }) => {
      const zone: ZoneYear = {
        key: fields.key,
        name: fields.name,
        year: Number(fields.time.slice(0, 4)),
        source: fields.citation,
        gPerKwh: {
          'average-direct': parseGrams(fields.direct, place),
          'average-lifecycle': parseGrams(fields.lifecycle, place),
        },
        carbonFreePercent: parsePercent(fields.carbonFree, place),
        renewablePercent: parsePercent(fields.renewable, place),
      };
      if (!isZoneYear(zone) || seen.has(zone.key)) {
        throw new EitError(
          'EIT_DATA_FILE',
          `${place}: "${visible(zone.key, 80)}" is no zone with year and source, or stands twice`,
        );
      }
      seen.add(zone.key);
      return zone;
    });
}

/** The world's mean, as data/world-intensity.mjs has worked it out. */
export function parseWorld(text: string, file: string): ZoneYear {
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
      'average-lifecycle': parseGrams(JSON.stringify(lifecycle) ?? '', file),
      'average-direct': parseGrams(JSON.stringify(direct) ?? '', file),
    },
    carbonFreePercent: null,
    renewablePercent: null,
  };
}

/** Hours that a yearly mean of the table of 2011 to 2021 must rest on: with fewer it is that of a season. */
const LEAST_HOURS = 4000;

const OLDER = {
  key: 'zone_key',
  name: 'Zone Name',
  year: 'year',
  grams: 'carbon_intensity_avg',
  hours: 'no_hours_with_data',
} as const;

const OLDER_SOURCE = 'Electricity Map, yearly means of 2011 to 2021, by mlco2/impact (MIT)';

/** Means of 2011 to 2021, by life cycle: data/zones/README.md. Years of which too few hours are known are passed over. */
export function parseOlderYears(text: string, file: string): ZoneYear[] {
  return parseTable(text, file, OLDER)
    .filter(({ fields }) => Number(fields.hours) >= LEAST_HOURS)
    .map(({ place, fields }) =>
      olderYear(place, {
        key: fields.key,
        name: fields.name,
        year: Number(fields.year),
        source: `${OLDER_SOURCE}; ${fields.hours} hours`,
        grams: fields.grams,
      }),
    );
}

const YEAR_2019 = { key: 'zone', grams: 'g_per_kwh', source: 'source' } as const;

/** The table of 2019 of experiment-impact-tracker, by life cycle: data/zones/README.md. */
export function parseTable2019(text: string, file: string): ZoneYear[] {
  return parseTable(text, file, YEAR_2019).map(({ place, fields }) =>
    olderYear(place, {
      key: fields.key,
      name: '',
      year: 2019,
      source: fields.source && `table of 2019 of experiment-impact-tracker (MIT): ${fields.source}`,
      grams: fields.grams,
    }),
  );
}

function olderYear(
  place: string,
  { grams, ...row }: Pick<ZoneYear, 'key' | 'name' | 'year' | 'source'> & { grams: string },
): ZoneYear {
  const zone: ZoneYear = {
    ...row,
    gPerKwh: { 'average-lifecycle': parseGrams(grams, place) },
    carbonFreePercent: null,
    renewablePercent: null,
  };
  if (isZoneYear(zone, /^[A-Z]{2,3}(-[A-Z0-9]+)*$/)) return zone;
  throw new EitError('EIT_DATA_FILE', `${place}: "${visible(zone.key, 80)}" is no zone with year and source`);
}

/** Keys that older tables have for zones of today's: former key to those that it is now. */
export function parseFormerKeys(text: string, file: string): ReadonlyMap<string, readonly string[]> {
  const today = new Map<string, string[]>();
  for (const { fields } of parseTable(text, file, { former: 'former', zone: 'zone' }))
    today.set(fields.former, [...(today.get(fields.former) ?? []), fields.zone]);
  return today;
}

function isZoneYear({ key, year, source }: ZoneYear, form = ZONE_KEY): boolean {
  return form.test(key) && year > 1900 && source !== '';
}

function parsePercent(field: string, place: string): number | null {
  if (field === '') return null;
  const value = /^\d+(\.\d+)?$/.test(field) ? Number(field) : NaN;
  if (value <= 100) return value;
  throw new EitError('EIT_DATA_FILE', `${place}: "${visible(field, 80)}" is no share in percent`);
}
