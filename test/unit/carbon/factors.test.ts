import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { factorsFor } from '../../../src/carbon/factors';
import { siteZone } from '../../../src/carbon/site-zone';
import { loadZones } from '../../../src/carbon/zone';
import { type LoadedConfig, loadConfig } from '../../../src/config/config';
import { EitError } from '../../../src/errors';
import type { SiteConfig } from '../../../src/generated/config';

const zones = loadZones(join(__dirname, '../../../data'));
const defaults = loadConfig({ env: {}, defaultPath: join(__dirname, 'absent.yaml') });

const withSite = (site: SiteConfig, clusters: Record<string, SiteConfig> = {}): LoadedConfig => ({
  config: { ...defaults.config, site, clusters },
  path: '/etc/eit/eit.yaml',
  set: new Set(
    Object.entries({
      site,
      ...Object.fromEntries(Object.entries(clusters).map(([name, own]) => [`clusters.${name}`, own])),
    }).flatMap(([group, own]) => Object.keys(own).map((key) => `${group}.${key}`)),
  ),
});

function failure(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof EitError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('a site that has said nothing gets defaults, each named', () => {
  expect(factorsFor(defaults, 'alpha', zones)).toEqual({
    pue: 1.58,
    zone: 'WORLD',
    intensityGPerKwh: 440.34,
    intensitySource: expect.stringContaining('weighted by electricity generation') as string,
    intensityBasis: 'average-lifecycle',
    intensityYear: 2024,
    country: 'WLD',
    nodeOverhead: 1,
    defaultsUsed: [
      'pue 1.58 (default: Henderson et al. 2020, section 3; set site.pue)',
      "zone WORLD, 440.34 gCO2eq/kWh (default: the world's mean of 2024; set site.zone)",
      'node_overhead 1 (default: not counted: board, fans, power supply; set site.node_overhead)',
    ],
  });
});

test('a site that has said all has no defaults', () => {
  expect(factorsFor(withSite({ zone: 'DE', pue: 1.2, node_overhead: 1.1 }), 'alpha', zones)).toEqual({
    pue: 1.2,
    zone: 'DE',
    intensityGPerKwh: 333.77,
    intensitySource: expect.stringContaining('Electricity Maps (2025). Germany 2024') as string,
    intensityBasis: 'average-lifecycle',
    intensityYear: 2024,
    country: 'DEU',
    nodeOverhead: 1.1,
    defaultsUsed: [],
  });
});

test.each<[string, SiteConfig, string[]]>([
  ['the default by its value', { pue: 1.58, zone: 'WORLD', node_overhead: 1 }, []],
  ['all but PUE', { zone: 'DE', node_overhead: 1 }, ['pue']],
  ['all but the zone', { pue: 1.1, node_overhead: 1 }, ['zone']],
  ['all but the overhead', { pue: 1.1, zone: 'DE' }, ['node_overhead']],
])('a site that has said %s', (_, site, unsaid) => {
  expect(factorsFor(withSite(site), 'alpha', zones).defaultsUsed.map((text) => text.split(' ')[0])).toEqual(
    unsaid,
  );
});

test.each<[string, SiteConfig]>([
  ['its zone', { zone: 'UA' }],
  ['its point', { lat: 50.45, lon: 30.52 }],
])('a site in a zone that older tables alone have has their newest, named: by %s', (_, place) => {
  expect(factorsFor(withSite({ ...place, pue: 1, node_overhead: 1 }), 'alpha', zones)).toMatchObject({
    zone: 'UA',
    intensityGPerKwh: 303.0392,
    intensityYear: 2019,
    country: 'UKR',
    defaultsUsed: ['intensity of 2019 in place of 2024, for which no table has UA (average-lifecycle)'],
  });
});

test('a cluster has its own factors', () => {
  const loaded = withSite(
    { zone: 'DE', country: 'DEU', pue: 1.2 },
    { beta: { zone: 'US-CAL-CISO', node_overhead: 1.3 } },
  );
  expect(factorsFor(loaded, 'alpha', zones)).toMatchObject({
    zone: 'DE',
    country: 'DEU',
    pue: 1.2,
    nodeOverhead: 1,
  });
  expect(factorsFor(loaded, 'beta', zones)).toMatchObject({
    zone: 'US-CAL-CISO',
    country: 'USA',
    pue: 1.2,
    nodeOverhead: 1.3,
    defaultsUsed: [],
  });
});

describe('a site may say where it is', () => {
  test.each<[string, SiteConfig, string, string, string[]]>([
    ['by a point', { lat: 52.52, lon: 13.4 }, 'DE', 'DEU', []],
    [
      'by a point whose zone is not sure',
      { lat: 40.344, lon: -74.651 },
      'US-MIDA-PJM',
      'USA',
      [
        "zone US-MIDA-PJM (approximate: New Jersey, from site.lat and site.lon; the zone's borders are not the region's; set site.zone to be sure)",
      ],
    ],
    ['by a region of a cloud', { cloud: 'aws/eu-west-1' }, 'IE', 'IRL', []],
    [
      'by one whose zone is not sure',
      { cloud: 'azure/westus3' },
      'US-SW-SRP',
      'USA',
      [
        'zone US-SW-SRP (approximate: Phoenix, Arizona, from site.cloud; Phoenix is in two zones: SRP and APS; set site.zone to be sure)',
      ],
    ],
  ])('%s', (_, site, zone, country, defaultsUsed) => {
    const loaded = withSite({ ...site, pue: 1, node_overhead: 1 });
    expect(factorsFor(loaded, 'alpha', zones)).toMatchObject({ zone, country, defaultsUsed });
  });

  test('and a cluster has another place than the site', () => {
    const loaded = withSite({ zone: 'DE', country: 'DEU' }, { beta: { lat: 48.85, lon: 2.35 } });
    expect(factorsFor(loaded, 'alpha', zones)).toMatchObject({ zone: 'DE', country: 'DEU' });
    expect(factorsFor(loaded, 'beta', zones)).toMatchObject({ zone: 'FR', country: 'FRA' });
  });

  test('but one in the sea is told with its key', () => {
    expect(failure(() => factorsFor(withSite({ lat: 0, lon: 0 }), 'alpha', zones))).toMatch(
      /^EIT_PLACE: site\.lat in \/etc\/eit\/eit\.yaml: latitude 0, longitude 0 is in no country/,
    );
    expect(failure(() => factorsFor(withSite({}, { beta: { cloud: 'aws/x-1' } }), 'beta', zones))).toMatch(
      /^EIT_PLACE: clusters\.beta\.cloud in \/etc\/eit\/eit\.yaml: "aws\/x-1" is no region/,
    );
  });
});

test('a site with a zone reads no outlines, no clouds and no older years', () => {
  const dir = mkdtempSync(join(tmpdir(), 'eit-data-'));
  try {
    for (const file of ['zones/zone-intensity-2024.csv', 'world-intensity.json'])
      cpSync(join(__dirname, '../../../data', file), join(dir, file));
    const few = loadZones(dir);
    expect(factorsFor(withSite({ zone: 'DE' }), 'alpha', few).intensityGPerKwh).toBe(333.77);
    expect(failure(() => factorsFor(withSite({ lat: 52.5, lon: 13.4 }), 'alpha', few))).toMatch(
      /^EIT_DATA_FILE: cannot read .*places\/regions\.json; install EIT again$/,
    );
    expect(failure(() => factorsFor(withSite({ cloud: 'aws/eu-west-1' }), 'alpha', few))).toMatch(
      /^EIT_DATA_FILE: cannot read .*cloud\/regions\.csv; install EIT again$/,
    );
    expect(failure(() => few.intensity('DE', { year: 2019 }))).toMatch(
      /^EIT_DATA_FILE: cannot read .*zones\//,
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('by which emissions is for the site to choose', () => {
  expect(factorsFor(withSite({ zone: 'DE', intensity_basis: 'direct' }), 'alpha', zones)).toMatchObject({
    intensityGPerKwh: 276.61,
    intensityBasis: 'average-direct',
  });
  expect(factorsFor(withSite({ zone: 'DE', intensity_basis: 'lifecycle' }), 'alpha', zones)).toMatchObject({
    intensityGPerKwh: 333.77,
    intensityBasis: 'average-lifecycle',
    intensityYear: 2024,
  });
});

test('a year before those of the newest table may be asked for', () => {
  const { intensity, notes } = siteZone(withSite({ zone: 'FR' }), 'alpha', zones, 2018);
  expect(intensity).toMatchObject({ gPerKwh: 55.9982, year: 2019 });
  expect(notes).toEqual([
    'intensity of 2019 in place of 2018, for which no table has FR (average-lifecycle)',
  ]);
});

test('a site may name another country than that of its zone', () => {
  expect(factorsFor(withSite({ zone: 'FR', country: 'MCO' }), 'alpha', zones).country).toBe('MCO');
});

test.each<[string, SiteConfig, Record<string, SiteConfig>, string]>([
  [
    'the site',
    { zone: 'DEU' },
    {},
    'EIT_ZONE_UNKNOWN: site.zone in /etc/eit/eit.yaml: unknown zone "DEU"; did you mean DE?',
  ],
  [
    'a cluster',
    { zone: 'DE' },
    { beta: { zone: 'EEE' } },
    'EIT_ZONE_UNKNOWN: clusters.beta.zone in /etc/eit/eit.yaml: unknown zone "EEE"; did you mean EE?',
  ],
  [
    'a site with no country',
    { country: 'ZZZ' },
    {},
    'EIT_CONFIG_INVALID: site.country in /etc/eit/eit.yaml: "ZZZ" is no country; expected ISO 3166 alpha-3, such as DEU',
  ],
])('what is unknown is told with its key: %s', (_, site, clusters, message) => {
  expect(failure(() => factorsFor(withSite(site, clusters), 'beta', zones))).toBe(message);
});
