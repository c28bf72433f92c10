import type { Options } from 'yargs';
import { BASIS_NAMES, basisOfSite } from '../carbon/basis';
import { countryOfZone } from '../carbon/country';
import type { IntensityBasis } from '../carbon/intensity';
import { parentsOf } from '../carbon/zone-parents';
import type { ZoneYear } from '../carbon/zone-table';
import { type Zones, loadZones } from '../carbon/zone';
import { dataPath } from '../data-path';
import { EitError } from '../errors';
import { cut } from '../report/printable';
import type { CommandModule, Surroundings } from './command';
import { lastGiven } from './given';
import { alignedRows, jsonText, labelledLines } from './plain-text';
import { wrapped } from './wrapped';
import { locate } from './zones-locate';

const text = (describe: string): Options => ({ type: 'string', requiresArg: true, describe });

export const options: Readonly<Record<string, Options>> = {
  basis: {
    ...text('lifecycle (default) or direct: with or without the plants and what brings the fuel'),
    choices: BASIS_NAMES,
  },
  year: text('of the averages; default: the newest'),
  number: { alias: 'n', ...text('top, bottom: how many; default: 10') },
  lat: text('locate: latitude in degrees, north positive'),
  lon: text('locate: longitude in degrees, east positive'),
  cloud: text('locate: region of a cloud, such as aws/eu-west-1'),
  country: text('locate: a whole country, ISO 3166, such as DE or DEU'),
  ip: text('locate: URL of a service that tells where this address is; it is asked over the network'),
  json: { type: 'boolean', describe: 'print JSON' },
};

export const examples: CommandModule['examples'] = [
  ['list', 'every zone with its yearly average'],
  ['show DE', 'what the tables know of Germany, year by year'],
  ['bottom -n 5', 'the five with the least carbon'],
  ['locate --lat 40.34 --lon -74.65', 'the zone of a point: New Jersey, PJM'],
  ['locate --cloud aws/eu-west-1', 'the zone of a region of a cloud'],
];

export const signed = ['lat', 'lon'];

export const epilogue =
  'Only locate --ip uses the network: it asks the URL that you give, which sees the address of this machine and nothing else. ' +
  'docs/zones.md tells where the figures are from and how a place becomes a zone.';

const DEFAULT_NUMBER = 10;
const WIDEST_NAME = 40;
const LOCATE_OPTIONS = ['lat', 'lon', 'cloud', 'country', 'ip'] as const;

/** `eit zones list`, `show`, `top`, `bottom` and `locate`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const zones = loadZones(dataPath());
  const action = lastGiven(argv['action']);
  const isJson = argv['json'] === true;
  const basis = basisOf(lastGiven(argv['basis']));
  const year = yearOf(lastGiven(argv['year']));
  const zone = lastGiven(argv['zone']);
  if (zone !== undefined && action !== 'show')
    throw new EitError('EIT_USAGE', `eit zones ${action ?? ''} takes no zone; eit zones show ${zone} does`);
  const stray = LOCATE_OPTIONS.find((name) => argv[name] !== undefined);
  if (stray !== undefined && action !== 'locate')
    throw new EitError('EIT_USAGE', `--${stray} is an option of eit zones locate`);
  if (argv['number'] !== undefined && action !== 'top' && action !== 'bottom')
    throw new EitError('EIT_USAGE', '--number is an option of eit zones top and bottom');

  let pieces: string[];
  if (action === 'locate') {
    const place = Object.fromEntries(LOCATE_OPTIONS.map((name) => [name, lastGiven(argv[name])]));
    pieces = await locate(place, zones, { basis, year }, isJson, (note) => surroundings.output.note(note));
  } else if (action === 'show') {
    if (zone === undefined)
      throw new EitError('EIT_USAGE', 'eit zones show lacks the zone: eit zones show DE, or eit zones list');
    pieces = show(zone, zones, { basis, year }, isJson);
  } else {
    pieces = list(chosen(zones, basis, year, action, lastGiven(argv['number'])), basis, isJson);
  }
  await surroundings.output.write(isJson ? pieces : wrapped(pieces, argv, surroundings));
  return 0;
}

/** The zones of a year, by key; or so many of those with the most or the least. */
function chosen(
  zones: Zones,
  basis: IntensityBasis,
  year: number | undefined,
  action: string | undefined,
  number: string | undefined,
): ZoneYear[] {
  const known = zones.zonesOf(year).filter((zone) => zone.gPerKwh[basis] !== undefined);
  if (known.length === 0)
    throw new EitError(
      'EIT_USAGE',
      `no table has the year ${year} (${basis}); eit zones show DE shows years`,
    );
  if (action === 'list') return known.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const sign = action === 'top' ? -1 : 1;
  return known
    .toSorted((a, b) => sign * ((a.gPerKwh[basis] ?? 0) - (b.gPerKwh[basis] ?? 0)))
    .slice(0, numberOf(number));
}

function list(rows: readonly ZoneYear[], basis: IntensityBasis, isJson: boolean): string[] {
  if (isJson) return [jsonText(rows.map((row) => zoneJson(row, basis)))];
  const lines = alignedRows(
    [
      { title: 'Zone' },
      { title: 'Name' },
      { title: 'Country' },
      { title: 'Year', align: 'right' },
      { title: 'g/kWh', align: 'right' },
      { title: 'NoCarbon', align: 'right' },
      { title: 'Renewable', align: 'right' },
    ],
    rows.map((row) => [
      row.key,
      cut(row.name, WIDEST_NAME),
      countryOfZone(row.key),
      String(row.year),
      (row.gPerKwh[basis] ?? 0).toFixed(1),
      percentText(row.carbonFreePercent),
      percentText(row.renewablePercent),
    ]),
  );
  return lines.map((line) => `${line}\n`).concat([`\n${attribution(basis)}\n`]);
}

function show(
  zone: string,
  zones: Zones,
  { basis, year }: { readonly basis: IntensityBasis; readonly year: number | undefined },
  isJson: boolean,
): string[] {
  const rows = zones.years(zone);
  const intensity = zones.intensity(zone, { basis, ...(year === undefined ? {} : { year }) });
  const parents = parentsOf(zone).filter((key) => zones.has(key));
  if (isJson) {
    const { departures } = intensity;
    return [
      jsonText({
        zone,
        name: intensity.zoneName,
        country: intensity.country,
        parents,
        year: intensity.year,
        basis,
        g_per_kwh: intensity.gPerKwh,
        source: intensity.source,
        departures,
        years: rows.map((row) => ({
          year: row.year,
          lifecycle_g_per_kwh: row.gPerKwh['average-lifecycle'] ?? null,
          direct_g_per_kwh: row.gPerKwh['average-direct'] ?? null,
          carbon_free_percent: row.carbonFreePercent,
          renewable_percent: row.renewablePercent,
          source: row.source,
        })),
      }),
    ];
  }
  const head = labelledLines([
    ['Zone', zone],
    ['Name', intensity.zoneName],
    ['Country', intensity.country],
    ...(parents.length > 0 ? [['Part of', parents.join(', ')] as const] : []),
    ['Intensity', `${intensity.gPerKwh} gCO2eq/kWh (${basis}), average of ${intensity.year}`],
    ...intensity.departures.map((departure) => ['Note', departure] as const),
    ['Source', intensity.source],
  ]);
  const years = alignedRows(
    [
      { title: 'Year', align: 'right' },
      { title: 'LifeCycle', align: 'right' },
      { title: 'Direct', align: 'right' },
      { title: 'NoCarbon', align: 'right' },
      { title: 'Renewable', align: 'right' },
      { title: 'Source' },
    ],
    rows.map((row) => [
      String(row.year),
      gramsText(row.gPerKwh['average-lifecycle']),
      gramsText(row.gPerKwh['average-direct']),
      percentText(row.carbonFreePercent),
      percentText(row.renewablePercent),
      row.source,
    ]),
  );
  return [...head, '', ...years].map((line) => `${line}\n`);
}

/** A zone as JSON has it; schema: docs/zones.md. */
function zoneJson(row: ZoneYear, basis: IntensityBasis): Record<string, unknown> {
  return {
    zone: row.key,
    name: row.name,
    country: countryOfZone(row.key),
    year: row.year,
    basis,
    g_per_kwh: row.gPerKwh[basis],
    carbon_free_percent: row.carbonFreePercent,
    renewable_percent: row.renewablePercent,
    source: row.source,
  };
}

function attribution(basis: IntensityBasis): string {
  return (
    `gCO2eq/kWh, ${basis}. 2024: contains information from Electricity Maps (2025), Version January 27, 2025, ` +
    'made available under the ODbL; other years: data/zones/README.md.'
  );
}

function gramsText(grams: number | undefined): string {
  return grams === undefined ? '-' : grams.toFixed(1);
}

function percentText(percent: number | null): string {
  if (percent === null) return '-';
  // Neither all nor nothing where it is not.
  if (percent > 0 && percent < 0.05) return '<0.1 %';
  return `${(percent < 100 ? Math.min(99.9, percent) : percent).toFixed(1)} %`;
}

function basisOf(given: string | undefined): IntensityBasis {
  return basisOfSite(given);
}

function yearOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (/^(19|20)\d\d$/.test(given)) return Number(given);
  throw new EitError('EIT_USAGE', `--year takes a year such as 2019, not ${JSON.stringify(given)}`);
}

function numberOf(given: string | undefined): number {
  if (given === undefined) return DEFAULT_NUMBER;
  if (/^[1-9]\d{0,5}$/.test(given)) return Number(given);
  throw new EitError('EIT_USAGE', `--number takes a whole number above 0, not ${JSON.stringify(given)}`);
}

/** The last value of an option that stands more than once. */
