import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { appendSeries } from '../../src/carbon/intensity-store';
import type { IntensityLine } from '../../src/generated/intensity';
import { expectGolden } from '../unit/report/golden';
import { later, runRecord } from '../unit/report/records';
import { type Outcome, ReportCommand } from './report-command';

const HOUR_MS = 3_600_000;
const T = '2026-03-02T10:00:00.000Z';
/** Series of the last week are asked for by the real clock. */
const thisHourMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;

function hour(zone: string, startMs: number, gPerKwh: number): IntensityLine {
  return {
    ...{ zone, g_per_kwh: gPerKwh, basis: 'average-lifecycle', flow: 'consumption' },
    ...{ start: new Date(startMs).toISOString(), end: new Date(startMs + HOUR_MS).toISOString() },
    ...{ source: 'a grid operator', estimated: false, fetched_at: new Date(startMs + HOUR_MS).toISOString() },
  };
}

let command: ReportCommand;
beforeAll(async () => {
  command = new ReportCommand();
  const ledger = join(command.dir, 'ledger');
  const folder = join(ledger, 'alpha/inbox/2026-03-02');
  mkdirSync(folder, { recursive: true });
  // Jobs 1 to 3 of 1 kWh and a little more, 4 to 6 of twice that, each for an hour.
  [1, 1.01, 1.02, 2, 2.01, 2.02].forEach((kwh, i) => {
    const from = later(T, i * 4000);
    const uj = Math.round(kwh * 3.6e12);
    const ended = { start: { by: 'prolog' as const }, end: { by: 'epilog' as const, coverage: {} } };
    const record = runRecord({
      ...{ job: i + 1, from, started: from, seconds: 3600, seq: i, ...ended },
      measured_uj: { 'package-0': [uj, uj, uj] },
    });
    writeFileSync(join(folder, 'n1.ndjson'), `${JSON.stringify(record)}\n`, { flag: 'a' });
  });
  // At T and in the last week: 50 g in every hour but those of the last day, of which one has 10 g.
  const lines = [hour('EE', Date.parse(T), 900)];
  for (let i = 1; i <= 170; i++)
    lines.push(hour('EE', thisHourMs - i * HOUR_MS, i === 5 ? 10 : i <= 24 ? 500 : 50));
  await appendSeries(join(ledger, '_intensity'), 'EE', lines);
  command.config('eit.yaml', { ledger, admins: [String(process.getuid?.())], site: { pue: 1, zone: 'DE' } });
});
afterAll(() => command.remove());

function eit(...args: string[]): Promise<Outcome> {
  return command.run(process.execPath, [command.script('eit'), ...args]);
}

interface WhatIfJson {
  zones: {
    zone: string;
    g_per_kwh: number;
    source: string;
    emissions: { set: string; energy_kwh: number; co2e_kg: number }[];
    difference_kg_per_run: { difference: number; p: number; stars: string } | null;
  }[];
  hours?: { zone: string; starts: { start: string; g_per_kwh: number }[] | null }[];
  measured: { energy_kwh: number; zone: string }[];
}

async function json(...args: string[]): Promise<WhatIfJson> {
  const { status, stdout, stderr } = await eit('whatif', ...args, '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as WhatIfJson;
}

test('the energy of jobs, with the averages of the zones that eit zones tells', async () => {
  const found = await json('1,2', '--zone', 'CA-QC,EE', '--zone', 'FR', '--times', '10');
  expect(found.zones.map(({ zone }) => zone)).toEqual(['CA-QC', 'EE', 'FR']);
  expect(found.measured).toMatchObject([{ energy_kwh: near(2.01), zone: 'DE' }]);
  for (const { zone, g_per_kwh: g, emissions } of found.zones) {
    const told = await eit('zones', 'show', zone);
    expect(told.stdout).toContain(String(Number(g.toFixed(1))));
    expect(emissions).toEqual([
      expect.objectContaining({ energy_kwh: near(20.1), co2e_kg: near((20.1 * g) / 1000) }) as unknown,
    ]);
  }
});

test('--start takes the series of that time, and says where there is none', async () => {
  const found = await json('1', '--zone', 'EE,FR', '--start', '2026-03-02T11:00:00');
  // 11:00 in Berlin is T.
  expect(found.zones[0]).toMatchObject({ g_per_kwh: near(900), emissions: [{ co2e_kg: near(0.9) }] });
  expect(found.zones[0]?.source).toBe('series of a grid operator (average-lifecycle)');
  expect(found.zones[1]?.source).toMatch(/^average of 20\d\d, .*there is no series of that time/);
});

test('--hours: the best hours of the last week', async () => {
  const found = await json('1', '--zone', 'EE,FR', '--hours');
  const [first] = found.hours ?? [];
  expect(first?.starts?.[0]).toEqual({
    start: new Date(thisHourMs - 5 * HOUR_MS).toISOString(),
    g_per_kwh: near(10),
  });
  expect(first?.starts?.at(-1)?.g_per_kwh).toEqual(near(500));
  expect(found.hours?.[1]).toEqual({ zone: 'FR', starts: null });
  const { stdout } = await eit('whatif', '1', '--zone', 'EE,FR', '--hours');
  expect(stdout).toMatch(
    /^EE, hours of the last week to begin at: best \w{3} \d\d:00 \(10 g\/kWh\), .*; worst .* \(500 g\/kWh\)/m,
  );
  expect(stdout).toContain('FR: there is no series of the last week');
});

test('two sets: their difference by zone, with its significance, and a picture with a bar each', async () => {
  const plot = join(command.dir, 'plot.svg');
  const sets = ['--set', 'A=1,2,3', '--set', 'B=4,5,6', '--zone', 'EE,DE,US-CAL-CISO,FR,NO'];
  const { zones } = await json(...sets);
  for (const { g_per_kwh: g, difference_kg_per_run: difference } of zones)
    expect(difference).toMatchObject({ difference: near(g / 1000), stars: '****' });
  const { status, stdout } = await eit('whatif', ...sets, '--plot', plot, '--equivalents');
  expect(status).toBe(0);
  expect(stdout).toMatch(/Between EE and NO lie [\d.]+ kg, as much as:\n {2}[\d.]+ km/);
  expect(stdout).toContain('Warning: A has 3 jobs: below 5 a test tells little.');
  const picture = readFileSync(plot, 'utf8');
  expectGolden('../../../../docs/whatif.svg', picture);
  expect(() => new XMLParser().parse(picture, true) as unknown).not.toThrow();
  // The ground, two of the legend, five zones of two bars.
  expect(picture.match(/<rect /g)).toHaveLength(13);
});

test('an energy of one`s own: 235 students with 5 runs each', async () => {
  const found = await json('--kwh', String(888 / 1175), '--times', '1175', '--zone', 'US-CAL-CISO');
  expect(found.zones[0]?.emissions[0]?.energy_kwh).toEqual(near(888));
});

test.each([
  [['1'], 'name zones'],
  [['--zone', 'DE'], 'name jobs (eit whatif 1234,1235)'],
  [['1', '--kwh', '1', '--zone', 'DE'], 'one of the three'],
  [['1', '--zone', 'DEE'], 'unknown zone "DEE"'],
  [['1', '--zone', 'DE', '--times', '-1'], '--times -1 is no number above 0'],
  [['1', '--zone', 'DE', '--start', 'soon', '--hours'], 'two questions'],
  [['--kwh', '1', '--zone', 'DE', '--hours'], '--kwh tells no time of a run'],
])('%j is an error that says what to do', async (args, message) => {
  const { status, stdout, stderr } = await eit('whatif', ...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
});

function near(value: number, digits = 6): unknown {
  return expect.closeTo(value, digits) as unknown;
}
