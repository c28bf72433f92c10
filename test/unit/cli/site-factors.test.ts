import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { siteFactors } from '../../../src/cli/site-factors';
import { loadConfig } from '../../../src/config/config';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'eit-factors-'))));
afterEach(() => rmSync(dir, { recursive: true }));

const at = (text: string): number => Date.parse(`${text}:00Z`);
const MARCH = { sinceMs: at('2026-03-01T00:00'), untilMs: at('2026-04-01T00:00') };

function factorsIn(config: string): ReturnType<typeof siteFactors> {
  writeFileSync(join(dir, 'eit.yaml'), `time_zone: UTC\n${config.replaceAll('DIR', dir)}`);
  return siteFactors(loadConfig({ path: join(dir, 'eit.yaml'), env: {} }));
}

test('PUE and price by time are their means over the time of the report, each file’s own', () => {
  writeFileSync(join(dir, 'pue.csv'), 'from,value\n2026-03-01,1.2\n2026-03-16T12:00,1.4\n');
  writeFileSync(
    join(dir, 'price.csv'),
    'from,to,value\n2026-03-01,2026-03-02,-0.1\n2026-03-02,2026-04-01,0.21\n',
  );
  const of = factorsIn('site: { zone: DE, pue: 1.9, pue_file: DIR/pue.csv, price_file: DIR/price.csv }\n');
  const march = of(MARCH)('alpha');
  expect(march.pue).toBeCloseTo(1.3, 12);
  expect(march.side?.pricePerKwh).toBeCloseTo((-0.1 + 30 * 0.21) / 31, 12);
  expect(march.defaultsUsed.map((text) => text.split(' ')[0])).toEqual(['node_overhead']);
  expect(march.byTime).toMatchObject([
    { factor: 'pue', file: join(dir, 'pue.csv'), least: 1.2, most: 1.4, assumed: [] },
    { factor: 'price', file: join(dir, 'price.csv'), least: -0.1, most: 0.21, assumed: [] },
  ]);
  // As long as the line before it: until April. A day later nothing is told.
  const april = of({ sinceMs: at('2026-03-31T00:00'), untilMs: at('2026-04-03T00:00') })('alpha');
  expect(april.pue).toBe(1.4);
  expect(april.byTime?.[0]?.assumed).toEqual([
    { fromMs: at('2026-04-01T00:00'), toMs: at('2026-04-03T00:00') },
  ]);
  expect(of({ sinceMs: MARCH.sinceMs, untilMs: MARCH.sinceMs })('alpha').pue).toBe(1.2);
});

test('a file of years has more values than a call takes arguments', () => {
  const rows = Array.from({ length: 140_000 }, (_, i) => {
    const from = new Date(at('2020-01-01T00:00') + i * 900_000).toISOString().slice(0, 16);
    return `${from}Z,${i % 1000}.5\n`;
  });
  writeFileSync(join(dir, 'price.csv'), `from,value\n${rows.join('')}`);
  const of = factorsIn('site: { zone: DE, price_file: DIR/price.csv }\n');
  const [price] = of({ sinceMs: at('2020-01-01T00:00'), untilMs: at('2023-12-01T00:00') })('alpha').byTime!;
  expect(price).toMatchObject({ least: 0.5, most: 999.5, assumed: [] });
});

test('a cluster with a constant has nothing of the site’s file, and the other way round', () => {
  writeFileSync(join(dir, 'pue.csv'), 'from,value\n2026,1.4\n');
  const of = factorsIn(
    'site: { pue_file: DIR/pue.csv, price: 0.3 }\nclusters: { b: { pue: 1.1 }, c: { price_file: DIR/absent } }\n',
  )(MARCH);
  expect([of('a').pue, of('b').pue]).toEqual([1.4, 1.1]);
  expect(of('b').byTime).toEqual([]);
  expect(of('b').side?.pricePerKwh).toBe(0.3);
  expect(() => of('c')).toThrow(`cannot read ${dir}/absent (price): ENOENT`);
});

test('what stands beside CO2e is the cluster’s, the social cost that of its country', () => {
  const of = factorsIn(
    'site: { zone: DE, currency: CHF, wue: 1.8, market_g_per_kwh: 0 }\nclusters: { b: { zone: US-CAL-CISO, wue: 0.5 } }\n',
  )(MARCH);
  expect(of('a').side).toMatchObject({
    wueLPerKwh: 1.8,
    marketGPerKwh: 0,
    pricePerKwh: null,
    currency: 'CHF',
    embodied: null,
    socialCost: { country: 'DEU', usdPerTonne: { median: -5.0469 } },
  });
  expect(of('b').side).toMatchObject({
    wueLPerKwh: 0.5,
    socialCost: { country: 'USA', usdPerTonne: { median: 47.8216 } },
  });
});

test('names of nodes that are none are told with their place', () => {
  const of = factorsIn('site: { embodied: { node_classes: [{ nodes: "n[1-", kg: 1 }] } }\n')(MARCH);
  expect(() => of('a')).toThrow(`site.embodied in ${dir}/eit.yaml: node_classes.0.nodes is "n[1-"`);
});
