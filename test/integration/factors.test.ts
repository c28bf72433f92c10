import Ajv from 'ajv';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import reportSchema from '../../schemas/report.schema.json';
import type { FactorInForce } from '../../src/carbon/factor-list';
import { appendSeries } from '../../src/carbon/intensity-store';
import type { IntensityLine } from '../../src/generated/intensity';
import type { EitReport } from '../../src/generated/report';
import validateReport from '../../src/generated/report-validator';
import { type Outcome, ReportCommand } from './report-command';

const GPUS = join(__dirname, '../fixtures/ledger/gpus');
const WINDOW = ['-a', '-S', '2026-03-10', '-E', '2026-03-11'];
const validateList = new Ajv({ discriminator: true, allowUnionTypes: true }).compile({
  definitions: reportSchema.definitions,
  $ref: '#/definitions/factorList',
});

let command: ReportCommand;
beforeAll(() => {
  command = new ReportCommand();
});
afterAll(() => command.remove());

function config(
  site: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
): string {
  return command.config('factors.yaml', { ledger: GPUS, time_zone: 'UTC', site, ...more });
}

const eit = (...args: string[]): Promise<Outcome> =>
  command.run(process.execPath, [command.script('eit'), ...args]);

async function report(path: string, ...args: string[]): Promise<EitReport> {
  const { status, stdout, stderr } = await command.report(['--config', path, ...WINDOW, '--json', ...args]);
  expect([status, stderr]).toEqual([0, '']);
  const made = JSON.parse(stdout) as EitReport;
  expect([validateReport(made), validateReport.errors]).toEqual([true, null]);
  return made;
}

const FULL = {
  zone: 'US-CAL-CISO',
  pue: 1.2,
  price: 0.2,
  currency: 'USD',
  wue: 1.5,
  market_g_per_kwh: 20,
  embodied: { node_classes: [{ kg: 1000 }], gpus: [{ model: '*', kg: 150 }] },
};

test('a report has each figure that is configured, and energy and CO2e as without', async () => {
  const plain = await report(config({ zone: 'US-CAL-CISO', pue: 1.2 }));
  const full = await report(config(FULL), '--embodied', '--equivalents');
  const { energy_kwh: energy, co2e_kg: kg } = full.total;
  expect([energy, kg]).toEqual([plain.total.energy_kwh, plain.total.co2e_kg]);
  expect(energy.total).toBeGreaterThan(0);
  expect(full.total).toMatchObject({
    cost: expect.closeTo(energy.total * 0.2, 12) as number,
    water_l: expect.closeTo(energy.it * 1.5, 12) as number,
    co2e_market_kg: expect.closeTo(energy.total * 0.02, 12) as number,
    social_cost_usd: { country: { median: expect.closeTo(kg * 0.0478216, 9) as number } },
  });
  expect(full.total.embodied!.co2e_kg).toBeGreaterThan(0);
  expect(full.total.embodied!.gpu_hours).toBeGreaterThan(0);
  expect(full.equivalents!.map(({ name }) => name)).toContain('home in the USA');
  expect(plain.total).not.toHaveProperty('cost');
  expect(plain).not.toHaveProperty('equivalents');
});

test('the same from the archive', async () => {
  const ledger = join(command.dir, 'ledger');
  cpSync(GPUS, ledger, { recursive: true });
  const path = config(FULL, { ledger });
  const { generated_at: _, ...before } = await report(path, '--embodied', '--group-by', 'user');
  expect((await eit('ledger', 'compact', '--config', path)).status).toBe(0);
  const { generated_at: __, ...after } = await report(path, '--embodied', '--group-by', 'user');
  expect(after).toEqual(before);
});

test('-o EmbodiedCO2e asks for it; equivalents are of the table and JSON', async () => {
  const path = config(FULL);
  const { stdout } = await command.report([
    '--config',
    path,
    ...WINDOW,
    '--csv',
    '-o',
    'EmbodiedCO2e,SocialCost',
    '--group-by',
    'cluster',
  ]);
  expect(stdout).toMatch(/^EmbodiedCO2e_kg,SocialCost_USD\r\n0\.\d+,0\.\d+\r\n$/);
  const refused = await command.report(['--config', path, ...WINDOW, '--csv', '--equivalents']);
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain('--equivalents is of the table and --json');
  const shown = await command.report(['--config', path, ...WINDOW, '--equivalents']);
  expect(shown.stdout).toMatch(/\n- [\d.]+ \S+ by car \(USA\) \(EPA, /);
});

test('PUE and price come from their files, and what these do not tell is said', async () => {
  const pue = join(command.dir, 'pue.csv');
  writeFileSync(
    pue,
    'from,to,value\n2026-03-10T00:00Z,2026-03-10T12:00Z,1.5\n2026-03-10T12:00Z,2026-03-10T20:00Z,1.1\n',
  );
  const price = join(command.dir, 'price.csv');
  writeFileSync(price, 'from,value\n2026-01,0.1\n2026-03,0.3\n');
  const path = config({ zone: 'DE', pue_file: pue, price_file: price });
  const { total, factors } = await report(path);
  // All ran before noon, when it was 1.5.
  expect(factors.pue).toBeCloseTo(1.5, 9);
  expect(total.energy_kwh.total).toBeCloseTo(total.energy_kwh.it * 1.5, 9);
  expect(total.cost).toBeCloseTo(total.energy_kwh.total * 0.3, 9);
  expect(factors.by_time![0]!.assumed).toEqual([
    { since: '2026-03-09T23:00:00.000Z', until: '2026-03-10T00:00:00.000Z' },
    { since: '2026-03-10T20:00:00.000Z', until: '2026-03-10T23:00:00.000Z' },
  ]);
  const { stdout } = await command.report(['--config', path, ...WINDOW]);
  expect(stdout).toContain(
    'it says nothing of 2026-03-10 00:00:00 Europe/Berlin to 2026-03-10 01:00:00 Europe/Berlin, ',
  );
  expect(stdout).toContain(`The price is 0.3, by ${price}.`);
  writeFileSync(pue, 'from,value\n2026-03,1.5\n2026-04,0.5\n');
  const refused = await command.report(['--config', path, ...WINDOW]);
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain(`${pue}:3: "0.5" is no PUE; expected a number from 1 to 10`);
});

describe('eit factors', () => {
  async function told(...args: string[]): Promise<Map<string, FactorInForce>[]> {
    const { status, stdout } = await eit('factors', '--json', ...args);
    expect(status).toBe(0);
    const list = JSON.parse(stdout) as { clusters: { cluster: string; factors: FactorInForce[] }[] };
    expect([validateList(list), validateList.errors]).toEqual([true, null]);
    return list.clusters.map(({ factors }) => new Map(factors.map((one) => [one.name, one])));
  }

  test('tells the newest value of the series of the zone, whoever brought it', async () => {
    const folder = join(command.dir, 'intensity');
    const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 3_600_000;
    const line = (ms: number, gPerKwh: number, fetched: string) => ({
      ...{ zone: 'DE', basis: 'average-lifecycle' as const, flow: 'consumption' as const, source: 'a grid' },
      start: new Date(ms).toISOString(),
      end: new Date(ms + 3_600_000).toISOString(),
      g_per_kwh: gPerKwh,
      estimated: true,
      fetched_at: fetched,
    });
    await appendSeries(folder, 'DE', [
      line(hour - 3_600_000, 111, '2026-01-03T00:00:00.000Z'),
      line(hour, 222, '2026-01-01T00:00:00.000Z'),
    ]);
    await appendSeries(folder, 'DE', [line(hour, 333, '2026-01-02T00:00:00.000Z')]);
    const [all] = await told('--config', config({ zone: 'DE' }, { intensity_dir: folder }));
    expect(all!.get('intensity_now')).toMatchObject({
      value: 333,
      source: `a grid, average-lifecycle, ${new Date(hour).toISOString()} to ${new Date(hour + 3_600_000).toISOString()}, an estimate`,
      from: join(folder, 'DE'),
    });
    expect(all!.get('intensity')).toMatchObject({ value: 333.77 });
  });

  test('takes of a series what reports take: the basis of the site, and consumption before production', async () => {
    const folder = join(command.dir, 'bases');
    const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 3_600_000;
    const line = (ms: number, g: number, basis: string, flow: string) =>
      ({
        ...{ zone: 'DE', basis, flow, source: 'a grid', g_per_kwh: g, estimated: false },
        start: new Date(ms).toISOString(),
        end: new Date(ms + 3_600_000).toISOString(),
        fetched_at: `2026-01-0${String(g)[0]}T00:00:00.000Z`,
      }) as IntensityLine;
    await appendSeries(folder, 'DE', [
      line(hour - 3_600_000, 111, 'average-lifecycle', 'consumption'),
      line(hour - 3_600_000, 222, 'average-lifecycle', 'production'),
      line(hour, 333, 'average-direct', 'production'),
      line(hour, 444, 'marginal', 'consumption'),
    ]);
    await appendSeries(folder, 'FR', [{ ...line(hour, 555, 'average-direct', 'production'), zone: 'FR' }]);
    const now = async (site: object): Promise<unknown[]> => {
      const [all] = await told('--config', config({ ...site }, { intensity_dir: folder }));
      const { value, source } = all!.get('intensity_now')!;
      return [value, source.replace(/, 20.*/, '')];
    };
    expect(await now({ zone: 'DE' })).toEqual([111, 'a grid, average-lifecycle']);
    expect(await now({ zone: 'DE', intensity_basis: 'direct' })).toEqual([333, 'a grid, average-direct']);
    expect(await now({ zone: 'FR' })).toEqual([555, 'a grid, average-direct (it has no average-lifecycle)']);
  });

  test('names the key that says where a cluster is', async () => {
    const path = config(
      { lat: 52.5, lon: 13.4 },
      { clusters: { beta: { cloud: 'aws/eu-central-1' }, gamma: { pue: 1.1 } } },
    );
    const [beta, gamma] = await told('--config', path);
    expect(beta!.get('zone')).toMatchObject({ value: 'DE', from: `clusters.beta.cloud in ${path}` });
    expect(gamma!.get('zone')).toMatchObject({ value: 'DE', from: `site.lat in ${path}` });
    const atEdge = config({ cloud: 'azure/westus3' });
    const [edge] = await told('--config', atEdge);
    expect(edge!.get('zone')).toMatchObject({ from: `site.cloud in ${atEdge} (approximate)` });
  });

  test('of a cluster that nobody knows says so', async () => {
    const path = config({ zone: 'DE' }, { clusters: { beta: {} } });
    const notes = async (cluster: string, file = path): Promise<string> =>
      (await eit('factors', '--config', file, '--cluster', cluster)).stderr;
    expect(await notes('nope')).toBe(
      'eit: neither eit.yaml nor the ledger names it: the factors of the site hold on a cluster nope\n',
    );
    expect(await notes('beta')).toBe('');
    expect(await notes('epsilon')).toBe('');
    const unread = config({ zone: 'DE' }, { ledger: '/nonexistent' });
    expect(await notes('epsilon', unread)).toMatch(/^eit: eit\.yaml does not name it, and the ledger cannot/);
  });

  test('names each with its value, source, year and where it comes from', async () => {
    const path = config(FULL, { clusters: { beta: { zone: 'DE', price_per_kwh: 0.4 }, gamma: {} } });
    const [beta, gamma] = await told('--config', path);
    expect(beta!.get('pue')).toMatchObject({ value: 1.2, from: `site.pue in ${path}` });
    expect(beta!.get('zone')).toMatchObject({
      value: 'DE',
      from: `clusters.beta.zone in ${path}`,
      year: 2024,
    });
    expect(beta!.get('intensity')).toMatchObject({ value: 333.77, unit: 'gCO2eq/kWh', year: 2024 });
    expect(beta!.get('intensity_now')).toMatchObject({ value: null, from: '-' });
    expect(beta!.get('country')).toMatchObject({ value: 'DEU', from: 'by the zone' });
    expect(beta!.get('social_cost_median')).toMatchObject({ value: -5.0469, year: 2018 });
    expect(beta!.get('price')).toMatchObject({
      value: 0.4,
      unit: 'USD/kWh',
      from: `clusters.beta.price_per_kwh in ${path}`,
    });
    expect(gamma!.get('price')).toMatchObject({ value: 0.2, from: `site.price in ${path}` });
    expect(gamma!.get('social_cost_median')!.value).toBe(47.8216);
    expect(gamma!.get('world_social_cost_median')!.value).toBe(417.5055);
    expect(gamma!.get('currency')).toMatchObject({ value: 'USD', from: `site.currency in ${path}` });
    expect(gamma!.get('embodied: node of any other kind')).toMatchObject({
      value: 1000,
      from: `site.embodied in ${path}`,
    });
    expect(gamma!.get('node_overhead')).toMatchObject({ value: 1, from: 'default' });
    expect(gamma!.get('equivalent: home in the USA')).toMatchObject({
      value: 893,
      unit: 'kWh a month',
      year: 2020,
    });
  });

  test('of a site that has said nothing names the defaults, and what is not set', async () => {
    const [all] = await told('--config', config({}));
    expect(all!.get('pue')).toMatchObject({
      value: 1.58,
      from: 'default',
      source: expect.stringContaining('Henderson') as string,
    });
    expect(all!.get('zone')).toMatchObject({ value: 'WORLD', from: 'default' });
    for (const name of ['price', 'wue', 'market_g_per_kwh', 'embodied'])
      expect(all!.get(name)).toMatchObject({ value: null, from: '-', source: `not set: site.${name}` });
    const { stdout } = await eit('factors', '--config', config({}), '--cluster', 'x\u001b[2J');
    expect(stdout).toMatch(
      /^Cluster x\\u\{1b\}\[2J\nFactor +Value +Unit +Year +From +Source\npue +1\.58 +2020 +default /,
    );
  });
});
