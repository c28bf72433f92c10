import { join } from 'node:path';
import {
  type CostRange,
  costOf,
  costText,
  loadSocialCosts,
  parseSocialCosts,
  socialCostOf,
} from '../../../src/carbon/social-cost';

const costs = loadSocialCosts(join(__dirname, '../../../data'));

const cents = ({ low, median, high }: CostRange): number[] =>
  [median, low, high].map((usd) => Number(usd.toFixed(2)));

test.each<[string, number[]]>([
  ['USA', [47.82, 0.56, 118.3]],
  ['DEU', [-5.05, -8.46, -1.61]],
  ['WLD', [417.51, 176.91, 805.54]],
])('a tonne of CO2 costs %s', (country, usd) => {
  const { usdPerTonne } = socialCostOf(country, costs);
  expect(cents(usdPerTonne!)).toEqual(usd);
});

test('all 170 rows are there, and the world costs more than any country', () => {
  expect(costs.size).toBe(170);
  const world = costs.get('WLD')!;
  for (const [country, { median }] of costs) if (country !== 'WLD') expect(median).toBeLessThan(world.median);
});

test("the paper's Carbon Impact Statement: 8.021 kg in the USA", () => {
  expect(costText(costOf(8.021, costs.get('USA')!))).toBe('$0.38 ($0.00, $0.95)');
});

test('a country that gains has a cost below 0, and no cent below 0 where it is none', () => {
  expect(costText(costOf(8021, costs.get('DEU')!))).toBe('-$40.48 (-$67.85, -$12.92)');
  expect(costText(costOf(0.1, costs.get('DEU')!))).toBe('$0.00 ($0.00, $0.00)');
});

test('a country that the source has not has none of its own, but the world', () => {
  expect(socialCostOf('SGP', costs)).toEqual({
    country: 'SGP',
    usdPerTonne: null,
    worldUsdPerTonne: costs.get('WLD'),
  });
});

test.each([
  ['no header', 'USA,1,2,3\n', 'f.csv:1: expected the columns'],
  ['a cost that is none', 'country,low,median,high\nWLD,1,2,\n', 'f.csv:2: "WLD" is no country with three'],
  ['costs out of order', 'country,low,median,high\nWLD,3,2,4\n', 'f.csv:2: "WLD"'],
  ['no country', 'country,low,median,high\nUSB,1,2,3\n', 'f.csv:2: "USB"'],
  ['a country twice', 'country,low,median,high\nUSA,1,2,3\nUSA,1,2,3\n', 'f.csv:3: "USA"'],
  ['no world', 'country,low,median,high\nUSA,1,2,3\n', 'f.csv:1: there is no line WLD'],
])('a table with %s is refused', (_, text, message) => {
  expect(() => parseSocialCosts(text, 'f.csv')).toThrow(message);
});
