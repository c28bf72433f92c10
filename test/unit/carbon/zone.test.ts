import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countryOfZone, isCountry } from '../../../src/carbon/country';
import { countryAverage } from '../../../src/carbon/country-average';
import { parseCsv } from '../../../src/carbon/csv';
import { loadZones } from '../../../src/carbon/zone';
import { parseOlderYears, parseTable2019, parseZones } from '../../../src/carbon/zone-table';
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
      zone: 'DE',
      zoneName: 'Germany',
      country: 'DEU',
      carbonFreePercent: 65.52,
      renewablePercent: 60.94,
      departures: [],
    });
    expect(zones.intensity('DE', { basis: 'average-direct' })).toMatchObject({
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
      const [lifecycle, direct] = [zones.intensity(key), zones.intensity(key, { basis: 'average-direct' })];
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
        const { country, gPerKwh } = zones.intensity(key, { basis });
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
      expect(zones.intensity('WORLD', { basis }).gPerKwh).toBeCloseTo(grams / covered, 2);
      expect(covered / all).toBeGreaterThan(0.99);
    },
  );
});

describe('the intensity of another year', () => {
  test.each<[string, number, number, number, string[]]>([
    ['CA-QC', 2019, 30, 2019, []],
    ['EE', 2019, 1043.692, 2019, []],
    ['EE', 2024, 291.52, 2024, []],
    ['FR', 2017, 55.9982, 2019, ['2019 in place of 2017, for which no table has FR (average-lifecycle)']],
    ['FR', 2030, 33.44, 2024, ['2024 in place of 2030, for which no table has FR (average-lifecycle)']],
    // Known under another key, of each year.
    ['AU-NSW', 2018, 717.2494175763907, 2018, []],
    ['US-CAL-CISO', 2017, 232.0054740047565, 2017, []],
  ])('%s %d', (zone, year, gPerKwh, usedYear, departures) => {
    const found = zones.intensity(zone, { year });
    expect(found).toMatchObject({ zone, year: usedYear, departures });
    expect(found.gPerKwh).toBe(gPerKwh);
  });

  test('is by the basis that is wanted, from another year if need be', () => {
    expect(zones.intensity('EE', { year: 2019, basis: 'average-direct' })).toMatchObject({
      gPerKwh: 241.94,
      year: 2024,
      departures: ['2024 in place of 2019, for which no table has EE (average-direct)'],
    });
  });

  test('says whose it is', () => {
    expect(zones.intensity('CA-QC', { year: 2019 }).source).toBe(
      'table of 2019 of experiment-impact-tracker (MIT): StatCan CANSIM Table 127-0002 for 2011-2015',
    );
    expect(zones.intensity('AU-NSW', { year: 2019 }).source).toBe(
      'Electricity Map, yearly means of 2011 to 2021, by mlco2/impact (MIT); 8311 hours; there AUS-NSW',
    );
  });

  test('of two tables of a year, the one that tells how many hours it rests on goes first', () => {
    const of2019 = zones.years('AU-NSW').filter(({ year }) => year === 2019);
    expect(of2019.map(({ gPerKwh }) => gPerKwh['average-lifecycle'])).toEqual([724.6863533042651, 717.168]);
  });

  test('of two years as near the newer is taken', () => {
    const years = zones.years('EE').map(({ year }) => year);
    expect(years).toEqual([2024, 2019]);
    // 2021 and 2022 lie on either side of the middle.
    expect(zones.intensity('EE', { year: 2021 }).year).toBe(2019);
    expect(zones.intensity('EE', { year: 2022 }).year).toBe(2024);
  });

  test('every zone has one for each year, all in a country', () => {
    for (const year of [2017, 2018, 2019, 2020, 2021])
      for (const { key, gPerKwh, name } of zones.zonesOf(year)) {
        expect(countryOfZone(key)).toMatch(/^[A-Z]{3}$/);
        expect([key, gPerKwh['average-lifecycle'], name]).toEqual([
          key,
          expect.any(Number),
          expect.stringMatching(/./),
        ]);
      }
    expect(zones.zonesOf(2019).length).toBeGreaterThan(150);
    expect(zones.zonesOf(2010)).toEqual([]);
  });
});

describe('a zone that older tables alone have', () => {
  test.each([
    ['UA', 'UKR', 2019, 303.0392],
    ['RU', 'RUS', 2019, 361.8644],
    ['IN-DL', 'IND', 2021, 475.57],
    ['NZ-NZN', 'NZL', 2021, 230.52],
  ])('%s has its newest year, which is named', (zone, country, year, gPerKwh) => {
    const departures = [`${year} in place of 2024, for which no table has ${zone} (average-lifecycle)`];
    expect(zones.intensity(zone)).toMatchObject({ zone, country, year, gPerKwh, departures });
    expect(zones.intensity(zone, { orParent: true })).toMatchObject({ zone, departures });
    expect(zones.intensity(zone, { year })).toMatchObject({ year, gPerKwh, departures: [] });
    expect([zones.has(zone), zones.knows(zone), zones.knows('XX')]).toEqual([false, true, false]);
  });

  test('is told not to have the other basis', () => {
    expect(failure(() => zones.intensity('UA', { basis: 'average-direct' }))).toBe(
      'EIT_ZONE_UNKNOWN: the tables have zone UA by life cycle alone (2019), not average-direct; choose lifecycle as basis (site.intensity_basis)',
    );
    expect(zones.intensity('UA', { basis: 'average-direct', orParent: true })).toMatchObject({
      zone: 'WORLD',
      departures: ['zone WORLD in place of UA, for which no table has average-direct'],
    });
  });

  test('has the country that it is as its average', () => {
    expect(countryAverage(zones, 'UA', 'average-lifecycle')).toMatchObject({ wholeZone: 'UA', year: 2019 });
    expect(countryAverage(zones, 'UA', 'average-direct')).toBeNull();
    // Of today's zones, rather than of an old whole.
    expect(countryAverage(zones, 'RU-1', 'average-lifecycle')).toMatchObject({ wholeZone: null, year: 2024 });
  });
});

describe('a zone that no table has', () => {
  test.each([
    ['DE-BY', 'DE', 333.77],
    ['US-CAL-XYZ', 'US', 400.2],
    ['AD', 'WORLD', 440.34],
  ])('%s is what it is a part of, where that will do', (key, parent, gPerKwh) => {
    expect(zones.intensity(key, { orParent: true })).toMatchObject({
      zone: parent,
      gPerKwh,
      departures: [`zone ${parent} in place of ${key}, which is in no table`],
    });
    expect(() => zones.intensity(key)).toThrow(`unknown zone "${key}"`);
  });
});

// Henderson et al. 2020, section 3: the same model trained in two places.
describe("the paper's example 6: 0.003 kWh, PUE in", () => {
  const grams = (zone: string, year: number) => 0.003 * zones.intensity(zone, { year }).gPerKwh;

  test('with the factors of 2019: 0.09 g in Quebec, 3.13 g in Estonia', () => {
    expect(grams('CA-QC', 2019)).toBeCloseTo(0.09, 10);
    expect(grams('EE', 2019)).toBeCloseTo(3.131, 3);
  });

  test('with those of 2024 the ratio is 8.3, and the year is said', () => {
    const [quebec, estonia] = [zones.intensity('CA-QC'), zones.intensity('EE')];
    expect([quebec.gPerKwh, estonia.gPerKwh]).toEqual([35.04, 291.52]);
    expect(estonia.gPerKwh / quebec.gPerKwh).toBeCloseTo(8.3, 1);
    expect([quebec.year, estonia.year]).toEqual([2024, 2024]);
  });
});

test.each([
  ['few hours', 'AUS-NSW,2019,A,N,700.5,3999', []],
  ['no hours and no value', 'AUS-NSW,2019,A,N,,0', []],
  ['enough hours', 'AUS-NSW,2019,A,N,700.5,4000', [700.5]],
])('a yearly mean of %s', (_, line, expected) => {
  const text = `zone_key,year,Country,Zone Name,carbon_intensity_avg,no_hours_with_data\n${line}\n`;
  expect(parseOlderYears(text, 'o.csv').map(({ gPerKwh }) => gPerKwh['average-lifecycle'])).toEqual(expected);
});

test.each([
  ['no number', 'DE,x,s', 'o.csv:2: "x" is no intensity in gCO2eq/kWh'],
  ['no source', 'DE,1,', 'o.csv:2: "DE" is no zone with year and source'],
  ['no key', 'germany,1,s', 'o.csv:2: "germany" is no zone with year and source'],
])('a table of 2019 with %s is refused', (_, line, message) => {
  expect(failure(() => parseTable2019(`zone,g_per_kwh,source\n${line}\n`, 'o.csv'))).toBe(
    `EIT_DATA_FILE: ${message}`,
  );
});

describe('a table that is not what it should be', () => {
  const header =
    'Datetime (UTC),Country,Zone name,Zone id,Carbon intensity gCO₂eq/kWh (direct),Carbon intensity gCO₂eq/kWh (Life cycle),Carbon-free energy percentage (CFE%),Renewable energy percentage (RE%),Data source,Citation';
  const row = (key: string, direct = '1', lifecycle = '2', carbonFree = '') =>
    `2024-01-01 00:00:00,A,A,${key},${direct},${lifecycle},${carbonFree},,,Someone`;

  test('but one that is, is read', () => {
    expect(parseZones(`${header}\n${row('DE')}\n${row('GLOBAL')}\n`, 'z.csv')).toEqual([
      {
        key: 'DE',
        name: 'A',
        year: 2024,
        source: 'Someone',
        gPerKwh: { 'average-direct': 1, 'average-lifecycle': 2 },
        carbonFreePercent: null,
        renewablePercent: null,
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
      'a share that cannot be',
      `${header}\n${row('DE', '1', '2', '101')}`,
      'z.csv:2: "101" is no share in percent',
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
