import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countryOfZone, isCountry } from '../../../src/carbon/country';
import { parseCsv } from '../../../src/carbon/csv';
import { loadZones, parseZones } from '../../../src/carbon/zone';
import { EitError } from '../../../src/errors';

const data = join(__dirname, '../../../data');
const zones = loadZones(data);

function failure(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof EitError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('the intensity of a zone', () => {
  test('is that of its year, by life cycle where nothing else is wanted', () => {
    expect(zones.intensity('DE')).toEqual({
      gPerKwh: 333.77,
      year: 2024,
      source:
        'Electricity Maps (2025). Germany 2024 Yearly Carbon Intensity Data (Version January 27, 2025). Electricity Maps. https://www.electricitymaps.com',
      basis: 'average-lifecycle',
      zoneName: 'Germany',
      country: 'DEU',
    });
    expect(zones.intensity('DE', 'average-direct')).toMatchObject({
      gPerKwh: 276.61,
      basis: 'average-direct',
    });
  });

  test.each([
    ['CA-QC', 'Québec', 'CAN', 35.04],
    ['EE', 'Estonia', 'EST', 291.52],
    ['US-CAL-CISO', 'CAISO', 'USA', 227.14],
    // Its name has a comma in it.
    ['US-CAR-YAD', 'Alcoa Power Generating, Inc. Yadkin Division', 'USA', 52.58],
    ['IS', 'Iceland', 'ISL', 28.16],
    ['WORLD', 'World', 'WLD', 440.34],
  ])('%s', (key, zoneName, country, gPerKwh) => {
    expect(zones.intensity(key)).toMatchObject({ zoneName, country, gPerKwh, year: 2024 });
  });

  test('is known for 351 zones and the world, all in a country, with a source', () => {
    expect(zones.keys).toHaveLength(352);
    const odd: string[] = [];
    for (const key of zones.keys) {
      const [lifecycle, direct] = [zones.intensity(key), zones.intensity(key, 'average-direct')];
      expect(lifecycle.country).toMatch(/^[A-Z]{3}$/);
      expect(lifecycle.source).toMatch(/Electricity Maps/);
      expect(lifecycle.year).toBe(2024);
      expect(lifecycle.gPerKwh).toBeGreaterThan(10);
      expect(lifecycle.gPerKwh).toBeLessThan(1400);
      if (direct.gPerKwh > lifecycle.gPerKwh) odd.push(key);
    }
    // So they stand in the source: see data/zones/README.md.
    expect(odd).toEqual(['BO', 'GB-ORK', 'JP-SK', 'PR', 'RU-1']);
  });
});

test.each([
  ['de', 'unknown zone "de"; did you mean DE?'],
  ['Germany', 'unknown zone "Germany"; did you mean DE?'],
  ['DEU', 'unknown zone "DEU"; did you mean DE?'],
  ['DE-BY', 'unknown zone "DE-BY"; did you mean DE?'],
  ['CL', 'unknown zone "CL"; did you mean CL-SEN'],
  ['RU', 'unknown zone "RU"; did you mean RU-1 or RU-2 or RU-AS'],
  ['US-CAL-CIS', 'unknown zone "US-CAL-CIS"; did you mean US-CAL-CISO'],
  ['US-TEX-ERCTO', 'unknown zone "US-TEX-ERCTO"; did you mean US-TEX-ERCO'],
  ['GLOBAL', 'unknown zone "GLOBAL"; one of 352, such as DE or US-CAL-CISO, is expected'],
  ['__proto__', 'unknown zone "__proto__"; one of 352, such as DE or US-CAL-CISO, is expected'],
  ['', 'unknown zone ""; one of 352, such as DE or US-CAL-CISO, is expected'],
  ['\u001b[2J', 'unknown zone "\\u{1b}[2J"; one of 352, such as DE or US-CAL-CISO, is expected'],
])('%j is no zone', (key, message) => {
  const text = failure(() => zones.intensity(key));
  expect(text.slice(0, `EIT_ZONE_UNKNOWN: ${message}`.length)).toBe(`EIT_ZONE_UNKNOWN: ${message}`);
  expect(text.split(' or ').length).toBeLessThanOrEqual(5);
});

test.each([
  ['DE', 'DEU'],
  ['US-CAL-CISO', 'USA'],
  ['AU-TAS-KI', 'AUS'],
  ['GB-NIR', 'GBR'],
  ['WORLD', 'WLD'],
])('the country of %s is %s', (zone, country) => {
  expect(countryOfZone(zone)).toBe(country);
  expect(isCountry(country)).toBe(true);
});

test.each(['ZZ', 'ZZ-1', 'de', 'D', 'DEU', '', '__proto__'])('%j is in no country', (zone) => {
  expect(failure(() => countryOfZone(zone))).toBe(
    `EIT_ZONE_UNKNOWN: zone "${zone}" begins with no country's code; expected one such as DE or US-CAL-CISO`,
  );
});

test.each(['ZZZ', 'deu', 'DE', '276', ''])('%j is no country', (code) => {
  expect(isCountry(code)).toBe(false);
});

describe('the world', () => {
  test('is what its script makes of the tables', () => {
    const { status, stderr } = spawnSync(process.execPath, [join(data, 'world-intensity.mjs'), '--check'], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test.each(['average-lifecycle', 'average-direct'] as const)(
    'is the mean of the countries by generation: %s',
    (basis) => {
      const [header, ...records] = parseCsv(
        readFileSync(join(data, 'generation/electricity-generation-owid.csv'), 'utf8'),
        'g',
      );
      expect(header?.fields).toEqual(['iso3', 'country', 'year', 'total_twh']);
      const byCountry = new Map<string, number[]>();
      for (const key of zones.keys.filter((one) => one !== 'WORLD')) {
        const { country, gPerKwh } = zones.intensity(key, basis);
        const whole = zones.keys.includes(key.slice(0, 2));
        if (key.length === 2 || !whole) byCountry.set(country, [...(byCountry.get(country) ?? []), gPerKwh]);
      }
      let grams = 0;
      let covered = 0;
      let all = 0;
      for (const { fields } of records) {
        const twh = Number(fields[3]);
        all += twh;
        const known = byCountry.get(fields[0] ?? '');
        if (!known) continue;
        covered += twh;
        grams += (twh * known.reduce((a, b) => a + b)) / known.length;
      }
      expect(zones.intensity('WORLD', basis).gPerKwh).toBeCloseTo(grams / covered, 2);
      expect(covered / all).toBeGreaterThan(0.99);
    },
  );
});

describe('a table that is not what it should be', () => {
  const header =
    'Datetime (UTC),Country,Zone name,Zone id,Carbon intensity gCO₂eq/kWh (direct),Carbon intensity gCO₂eq/kWh (Life cycle),CFE,RE,Data source,Citation';
  const row = (key: string, direct = '1', lifecycle = '2') =>
    `2024-01-01 00:00:00,A,A,${key},${direct},${lifecycle},,,,Someone`;

  test('but one that is, is read', () => {
    expect(parseZones(`${header}\n${row('DE')}\n${row('GLOBAL')}\n`, 'z.csv')).toEqual([
      {
        key: 'DE',
        name: 'A',
        year: 2024,
        source: 'Someone',
        gPerKwh: { 'average-direct': 1, 'average-lifecycle': 2 },
      },
    ]);
  });

  test.each([
    ['nothing in it', '', 'z.csv:1: the column "Datetime (UTC)" is missing'],
    ['a column less', header.replace('Zone id', 'Id'), 'z.csv:1: the column "Zone id" is missing'],
    ['no number', `${header}\n${row('DE', 'n/a')}`, 'z.csv:2: "n/a" is no intensity in gCO2eq/kWh'],
    ['an empty number', `${header}\n${row('DE', '1', '')}`, 'z.csv:2: "" is no intensity in gCO2eq/kWh'],
    ['a negative number', `${header}\n${row('DE', '-1')}`, 'z.csv:2: "-1" is no intensity in gCO2eq/kWh'],
    [
      'an absurd number',
      `${header}\n${row('DE', '99999')}`,
      'z.csv:2: "99999" is no intensity in gCO2eq/kWh',
    ],
    [
      'a zone twice',
      `${header}\n${row('DE')}\n${row('DE')}`,
      'z.csv:3: "DE" is no zone with year and source, or stands twice',
    ],
    [
      'a zone without a key',
      `${header}\n${row('')}`,
      'z.csv:2: "" is no zone with year and source, or stands twice',
    ],
    [
      'a short row',
      `${header}\n2024-01-01,A,A,DE,1,2\n`,
      'z.csv:2: "DE" is no zone with year and source, or stands twice',
    ],
  ])('has %s', (_, text, message) => {
    expect(failure(() => parseZones(text, 'z.csv'))).toBe(`EIT_DATA_FILE: ${message}`);
  });
});

describe('the data folder', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'eit-data-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  test.each([
    [
      'world-intensity.json',
      undefined,
      /^EIT_DATA_FILE: cannot read .*world-intensity.json; install EIT again$/,
    ],
    [
      'world-intensity.json',
      '{',
      /^EIT_DATA_FILE: data\/world-intensity.json is no JSON; install EIT again$/,
    ],
    [
      'world-intensity.json',
      '{}',
      /^EIT_DATA_FILE: data\/world-intensity.json has no year or no source; install EIT again$/,
    ],
    [
      'world-intensity.json',
      '{"year": 2024, "source": "s", "average_direct": "1"}',
      /is no intensity in gCO2eq\/kWh$/,
    ],
    [
      'zones/zone-intensity-2024.csv',
      undefined,
      /^EIT_DATA_FILE: cannot read .*zone-intensity-2024.csv; install EIT again$/,
    ],
  ])('without a right %s (%s) is refused', (name, text, message) => {
    cpSync(data, dir, { recursive: true });
    if (text === undefined) rmSync(join(dir, name));
    else writeFileSync(join(dir, name), text);
    expect(failure(() => loadZones(dir))).toMatch(message);
  });
});
