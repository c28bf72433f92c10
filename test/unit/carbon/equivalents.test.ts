import { join } from 'node:path';
import {
  type Equivalent,
  equivalentsOf,
  equivalentText,
  loadEquivalents,
  parseEquivalents,
} from '../../../src/carbon/equivalents';

const known = loadEquivalents(join(__dirname, '../../../data'));

const texts = (totalKwh: number, co2eKg: number): string[] =>
  equivalentsOf(known, totalKwh, co2eKg).map(equivalentText);

test("of the paper's impact statement, by hand", () => {
  // 8.021 kg / 0.175, / 0.251, 50 / 8.021 is less than ten: a part; 8.021 / 11 years = 8.75 months; / 820 = 3.57 days;
  // 24.344 / 893 months = 0.83 days.
  expect(texts(24.344, 8.021)).toEqual([
    '45.8 km by car (Europe)',
    '32 km by car (USA)',
    '0.16 flights Paris-London',
    '1/71.1 of a flight New York-San Francisco',
    '8.75 months of a tree',
    '3.57 days of an acre of forest',
    '19.9 hours of a home in the USA',
  ]);
});

test('of a job of a second and of a site in a year, in units that fit', () => {
  expect(texts(2e-6, 1e-6)).toEqual([
    '5.71 mm by car (Europe)',
    '3.98 mm by car (USA)',
    '1/50 million of a flight Paris-London',
    '1/570 million of a flight New York-San Francisco',
    '2.87 seconds of a tree',
    '0.0385 seconds of an acre of forest',
    '0.00589 seconds of a home in the USA',
  ]);
  expect(texts(30e6, 10e6)).toEqual([
    '57.1 million km by car (Europe)',
    '39.8 million km by car (USA)',
    '200,000 flights Paris-London',
    '17,500 flights New York-San Francisco',
    '909,000 years of a tree',
    '12,200 years of an acre of forest',
    '2,800 years of a home in the USA',
  ]);
});

test('nothing is 0, and one is singular', () => {
  expect(texts(0, 0)[0]).toBe('0 km by car (Europe)');
  expect(texts(0, 0)[2]).toBe('0 flights Paris-London');
  expect(texts(0, 11)[4]).toBe('1 year of a tree');
  expect(texts(893, 0)[6]).toBe('1 month of a home in the USA');
});

test('each has its source and year', () => {
  for (const { source, year, url } of known) {
    expect(source.length).toBeGreaterThan(10);
    expect(year).toBeGreaterThan(2000);
    expect(url).toMatch(/^https:\/\//);
  }
});

test.each([
  ['an amount of 0', 'a,count,kWh,0,2020,s,u'],
  ['no year', 'a,count,kWh,1,,s,u'],
  ['no source', 'a,count,kWh,1,2020,,u'],
  ['an unknown kind', 'a,weeks,kWh,1,2020,s,u'],
])('a table with %s is refused', (_, line) => {
  const parse = (): Equivalent[] =>
    parseEquivalents(`name,kind,per,amount,year,source,url\n${line}\n`, 'f.csv');
  expect(parse).toThrow('f.csv:2: "a" lacks its kind, amount, year or source');
});
