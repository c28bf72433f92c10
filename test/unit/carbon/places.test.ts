import { join } from 'node:path';
import { countryOfZone } from '../../../src/carbon/country';
import { parseCloudRegions } from '../../../src/carbon/cloud-regions';
import { boxOf, kmBetween, nearestRegion, parseRegions, regionAt } from '../../../src/carbon/region-shapes';
import { loadZones } from '../../../src/carbon/zone';
import { EitError } from '../../../src/errors';

const zones = loadZones(join(__dirname, '../../../data'));
const { places } = zones;

function failure(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof EitError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const at = (latitude: number, longitude: number) => places.atPoint({ latitude, longitude });

describe('a point is in the smallest region that holds it', () => {
  test.each<[string, number, number, string, string]>([
    ['Princeton, a state of the USA', 40.344, -74.651, 'US-MIDA-PJM', 'New Jersey'],
    ['Stanford', 37.428, -122.17, 'US-CAL-CISO', 'California'],
    ['Austin', 30.267, -97.743, 'US-TEX-ERCO', 'Texas'],
    ['Montreal, a province', 45.505, -73.614, 'CA-QC', 'Québec'],
    ['Canberra, a territory inside of a state', -35.281, 149.128, 'AU-NSW', 'Australian Capital Territory'],
    ['Bengaluru', 12.972, 77.594, 'IN-SO', 'Karnataka'],
    ['Rio de Janeiro', -22.91, -43.2, 'BR-CS', 'Rio de Janeiro'],
    ['Bologna, a bidding zone', 44.494, 11.343, 'IT-NO', 'Emilia-Romagna'],
    ['Tsukuba', 36.083, 140.083, 'JP-TK', 'Ibaraki'],
    ['Kobe', 34.69, 135.195, 'JP-KN', 'Hyōgo'],
    ['Trondheim', 63.43, 10.395, 'NO-NO3', 'Sør-Trøndelag'],
    ['Luleå', 65.617, 22.14, 'SE-SE1', 'Norrbotten'],
    ['Copenhagen', 55.676, 12.45, 'DK-DK2', 'Hovedstaden'],
    ['Rønne, an island of that region', 55.1, 14.75, 'DK-BHM', 'Bornholm'],
    ['Palma', 39.62, 2.75, 'ES-IB-MA', 'Mallorca'],
    ['Belfast', 54.59, -5.98, 'GB-NIR', 'Northern Ireland'],
    ['Novosibirsk', 55.03, 82.92, 'RU-2', 'Siberia'],
    ['Jülich, a country', 50.92, 6.36, 'DE', 'Germany'],
    ['Barcelona', 41.389, 2.116, 'ES', 'Spain'],
    ['Santiago, whose zone is no country', -33.45, -70.66, 'CL-SEN', 'Chile'],
    ['Saint-Denis, far from its country', -21.1, 55.5, 'RE', 'La Réunion'],
    ['Brest, at a border', 52.1, 23.8, 'BY', 'Belarus'],
    ['Kyiv, which older tables alone have', 50.45, 30.52, 'UA', 'Ukraine'],
  ])('%s', (_, latitude, longitude, zone, region) => {
    expect(at(latitude, longitude)).toMatchObject({ zone, region });
  });

  test('and an enclave is not in the country around it', () => {
    expect(at(-29.5, 28.2)).toMatchObject({ zone: 'LS', region: 'Lesotho' });
    expect(at(-29.5, 25.5)).toMatchObject({ zone: 'ZA' });
    expect(at(43.94, 12.45)).toMatchObject({ zone: 'IT-CNO', region: 'San Marino' });
  });

  test('which says where its zone may be another', () => {
    expect(at(52.52, 13.4).approximate).toBeNull();
    expect(at(45.505, -73.614).approximate).toBeNull();
    expect(at(40.344, -74.651).approximate).toBe("the zone's borders are not the region's");
    expect(at(30.267, -97.743).approximate).toMatch(/^El Paso: EPE/);
    // At the water's edge, by outlines that are simplified.
    expect(at(22.2, 113.55)).toMatchObject({
      zone: 'MO',
      approximate: expect.stringMatching(/^\d\.\d km outside of it/) as string,
    });
  });
});

describe('at the edges of the map', () => {
  test.each<[string, number, number, string]>([
    ['west of 180 degrees', 68, 178, 'RU-AS'],
    ['east of it', 66, -175, 'RU-AS'],
    ['on it', 68.5, 180, 'RU-AS'],
    ['on it by its other name', 68.5, -180, 'RU-AS'],
    ['Fiji, on both sides', -16.8, -179.98, 'FJ'],
    ['Greenwich', 51.48, 0, 'GB'],
    ['the equator', 0, 32.5, 'UG'],
    ['far in the north', 78.2, 16, ''],
  ])('%s', (_, latitude, longitude, zone) => {
    if (zone !== '') expect(at(latitude, longitude).zone).toBe(zone);
    else expect(failure(() => at(latitude, longitude))).toMatch(/Svalbard, which is in no zone/);
  });

  test('the poles', () => {
    expect(failure(() => at(90, 0))).toMatch(
      /^EIT_PLACE: latitude 90, longitude 0 is in no country; the nearest zone is GL \(Greenland\), about 7\d\d km away/,
    );
    for (const longitude of [-180, 0, 77, 180])
      expect(failure(() => at(-90, longitude))).toMatch(
        /is in Antarctica, which is in no zone of the tables/,
      );
  });
});

describe('a point without a zone', () => {
  test.each<[string, number, number, RegExp]>([
    [
      'in the sea',
      0,
      0,
      /is in no country; the nearest zone is GH \(Ghana\), about 5\d\d km away; set site\.zone/,
    ],
    [
      'swapped, and so in the sea',
      13.4,
      52.52,
      /is in no country; .*; with the two swapped it is in Germany \(DE\); set site\.zone instead$/,
    ],
    [
      'in a country of no table',
      42.5,
      1.5,
      /is in Andorra, which is in no zone of the tables; the nearest zone is /,
    ],
    ['across 180 degrees from the nearest', -17, 176.5, /the nearest zone is FJ \(Fiji\), about \d+ km away/],
    [
      'no point, swapped',
      -122.2,
      37.4,
      /is no point; expected -90 to 90 and -180 to 180; are the two swapped\?$/,
    ],
    ['no point at all', 10, 181, /is no point; expected -90 to 90 and -180 to 180$/],
    ['no number', NaN, 0, /is no point/],
  ])('%s', (_, latitude, longitude, message) => {
    expect(failure(() => at(latitude, longitude))).toMatch(message);
    expect(failure(() => at(latitude, longitude))).toMatch(/^EIT_PLACE: latitude /);
  });
});

test('every region leads to a zone of its own country, or to none', () => {
  const borrowed = ['IM', 'JE', 'LI', 'MC', 'SM', 'VA'];
  const without: string[] = [];
  for (const { id, zone } of places.regionZones) {
    if (zone === null) without.push(id);
    else if (!borrowed.includes(id)) expect(zone.slice(0, 2)).toBe(id.slice(0, 2));
  }
  expect(places.regionZones.length).toBeGreaterThan(500);
  expect(without.filter((id) => id.length > 2)).toEqual(['NO-21']);
  // Small, or of no table: a new one in this list is a rule that does not work any more.
  expect(without).toHaveLength(32);
});

describe('a region of a cloud', () => {
  test('leads to a zone that is known, each', () => {
    expect(places.cloudRegions.length).toBeGreaterThan(140);
    for (const { provider, region, zone } of places.cloudRegions) {
      expect([provider, region, zones.has(zone)]).toEqual([provider, region, true]);
      expect(places.inCloud(`${provider}/${region}`).zone).toBe(zone);
      expect(countryOfZone(zone)).toMatch(/^[A-Z]{3}$/);
    }
    const names = places.cloudRegions.map(({ provider, region }) => `${provider}/${region}`);
    expect(new Set(names).size).toBe(names.length);
  });

  test('is found in whatever case', () => {
    expect(places.inCloud('AWS/eu-west-1')).toEqual({
      zone: 'IE',
      region: 'Dublin, Ireland',
      approximate: null,
    });
    expect(places.inCloud('coreweave/LGA1').zone).toBe('US-MIDA-PJM');
    expect(places.inCloud('gcp/us-west2').approximate).toMatch(/two zones/);
  });

  test.each([
    ['aws/eu-wst-1', '"aws/eu-wst-1" is no region of a cloud that is known; did you mean aws/eu-west-1'],
    ['aws/mars', '"aws/mars" is no region of a cloud that is known; `eit regions aws` lists'],
    ['foo', '"foo" is no region of a cloud that is known; expected a provider and a region'],
    ['\u001b[2J/x', '"\\u{1b}[2J/x" is no region'],
  ])('%j is none', (name, message) => {
    expect(failure(() => places.inCloud(name)).slice('EIT_PLACE: '.length)).toMatch(
      new RegExp(`^${message.replaceAll(/[\\[\]{}.?]/g, '\\$&')}`),
    );
  });

  test.each([
    ['a PUE below 1', 'aws,x,p,DE,no,,0.9,,s'],
    ['no zone', 'aws,x,p,,no,,,,s'],
    ['no name', 'aws,,p,DE,no,,,,s'],
  ])('with %s is refused', (_, line) => {
    const text = `provider,region,place,zone,approximate,note,pue,pue_source,source\n${line}\n`;
    expect(failure(() => parseCloudRegions(text, 'c.csv'))).toBe(
      'EIT_DATA_FILE: c.csv:2: no region of a cloud with zone, and PUE where it is known',
    );
  });
});

test.each([
  ['DE', 'DE', null],
  ['DEU', 'DE', null],
  ['USA', 'US', null],
  ['CHL', 'CL-SEN', null],
  // In older tables alone.
  ['UKR', 'UA', null],
  // In no table: an intensity is asked for with its parents.
  ['AND', 'AD', null],
  ['MC', 'FR', 'on the grid of France'],
  ['WLD', 'WORLD', null],
])('the country %s is in the zone %s', (code, zone, approximate) => {
  expect(places.inCountry(code)).toMatchObject({ zone, approximate });
});

test('a country of several zones and none as a whole has to be told more of', () => {
  expect(failure(() => places.inCountry('RUS'))).toBe(
    'EIT_PLACE: RU as a whole is in older tables alone; give one of its zones, RU-1, RU-2, RU-AS, or a point',
  );
});

test.each(['Germany', 'ZZZ', 'ZZ', 'de', '', '__proto__'])('%j is no country', (code) => {
  expect(failure(() => places.inCountry(code))).toBe(
    `EIT_PLACE: "${code}" is no country; expected ISO 3166, such as DE or DEU`,
  );
});

describe('shapes', () => {
  const square = (id: string, west: number, south: number, size: number) => {
    const outline = {
      type: 'Polygon' as const,
      coordinates: [
        [
          [west, south],
          [west + size, south],
          [west + size, south + size],
          [west, south + size],
          [west, south],
        ],
      ],
    };
    return { id, name: id, outline, box: boxOf(outline) };
  };
  const regions = [square('large', 0, 0, 10), square('small', 4, 4, 2)];

  test('of two that hold a point the smaller counts, whatever their order', () => {
    expect(regionAt(regions, { latitude: 5, longitude: 5 })?.id).toBe('small');
    expect(regionAt(regions.toReversed(), { latitude: 5, longitude: 5 })?.id).toBe('small');
    expect(regionAt(regions, { latitude: 3, longitude: 3 })?.id).toBe('large');
    expect(regionAt(regions, { latitude: 11, longitude: 5 })).toBeUndefined();
  });

  test('the nearest is measured to the line, not to its ends', () => {
    const near = nearestRegion(regions, { latitude: -1, longitude: 5 });
    expect(near?.region.id).toBe('large');
    expect(near?.distanceKm).toBeCloseTo(111.19, 1);
  });

  test.each([
    ['a degree of latitude', 0, 0, 1, 0, 111.195],
    ['a degree of longitude at 60 degrees north', 60, 0, 60, 1, 55.597],
    ['across 180 degrees', 0, 179.5, 0, -179.5, 111.195],
    ['from pole to pole', 90, 0, -90, 50, 20015.09],
  ])('distance: %s', (_, lat1, lon1, lat2, lon2, km) => {
    expect(kmBetween({ latitude: lat1, longitude: lon1 }, { latitude: lat2, longitude: lon2 })).toBeCloseTo(
      km,
      1,
    );
  });

  test.each(['', '{}', '{"objects":{}}', '[]'])('%j is no TopoJSON', (text) => {
    expect(failure(() => parseRegions(text, 'r.json'))).toBe(
      'EIT_DATA_FILE: r.json is no TopoJSON of regions; install EIT again',
    );
  });
});
