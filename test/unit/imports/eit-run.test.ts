import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEitInfo, type EitInfo } from '../../../src/imports/eit-info';
import { eitRun, EIT_PUE } from '../../../src/imports/eit-run';
import { parseEitSamples } from '../../../src/imports/eit-samples';
import { coverageOf, energyJ, type ImportedRun } from '../../../src/imports/imported-run';

const LOGS = join(__dirname, '../../fixtures/imports/impacttracker-logs');
const KWH = 3.6e6;

function log(name: string): ImportedRun {
  const folder = join(LOGS, name, 'impacttracker');
  return eitRun(
    parseEitInfo(readFileSync(join(folder, 'info.pkl')), 'info.pkl'),
    parseEitSamples(readFileSync(join(folder, 'data.json'), 'utf8')),
    name,
    null,
  );
}

const kwh = ({ domains }: ImportedRun, name: string): number =>
  domains.filter((domain) => domain.name === name).reduce((sum, domain) => sum + energyJ(domain) / KWH, 0);

const INFO: EitInfo = {
  ...{ startWallMs: 100_000, endWallMs: 160_000, version: null, cpuModel: null, cpus: null },
  ...{ gpuModels: [], zone: null, intensityGPerKwh: null },
};

const samples = (...lines: readonly unknown[]) =>
  parseEitSamples(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));

const watts = (timestamp: number, cpu: number | null, gpu?: number) => ({
  timestamp,
  ...(cpu === null ? {} : { rapl_estimated_attributable_power_draw: cpu }),
  ...(gpu === undefined ? {} : { nvidia_estimated_attributable_power_draw: gpu }),
});

test("0.0208162 kWh of GPU and 0.0165005 of CPU are 0.0589604 with the tool's PUE", () => {
  const run = log('pong');
  expect(kwh(run, 'gpu')).toBeCloseTo(0.0208162, 10);
  expect(kwh(run, 'package')).toBeCloseTo(0.0165005, 10);
  expect((kwh(run, 'gpu') + kwh(run, 'package')) * EIT_PUE).toBeCloseTo(0.0589604, 7);
});

test('the clock had no zone: it follows from the first sample', () => {
  const run = log('pong');
  expect(new Date(run.fromMs).toISOString()).toBe('2019-11-20T19:55:04.250Z');
  expect(new Date(run.toMs).toISOString()).toBe('2019-11-20T20:15:03.750Z');
  // Half an hour beside whole hours.
  expect(new Date(log('killed').fromMs).toISOString()).toBe('2020-06-03T10:00:00.000Z');
});

test('what was pickled beside: CPU, GPUs that were used, zone, version', () => {
  const run = log('pong');
  expect(run).toMatchObject({
    source: 'experiment-impact-tracker 0.1.8',
    cpus: 8,
    cpuModel: 'Intel(R) Xeon(R) CPU E5-2640 v3 @ 2.60GHz',
    gpus: 1,
    gpuModel: 'GeForce GTX TITAN X',
    tags: { tool_zone: 'US-CA', tool_g_per_kwh: '250.73337617853463', tool_pue: '1.58' },
    notes: [],
  });
  expect(log('breakout')).toMatchObject({ gpus: 0, gpuModel: null, cpuModel: /Xeon/ as never });
});

test('each power is for the time before it, the first from the start; the last one also until the end: modelled, and missing', () => {
  const run = eitRun(INFO, samples(watts(110, 50), watts(130, 20), watts(150, 100)), 'log', null);
  const [cpu] = run.domains;
  expect(energyJ(cpu!)).toBe(50 * 10 + 20 * 20 + 100 * 20 + 100 * 10);
  expect(energyJ(cpu!, false)).toBe(1000);
  expect(coverageOf(run)).toBeCloseTo(50 / 60, 12);
});

test('a run that was killed ends with its last sample, and that is said', () => {
  const run = eitRun({ ...INFO, endWallMs: null }, samples(watts(110, 50), watts(130, 20)), 'log', null);
  expect([run.toMs, coverageOf(run)]).toEqual([130_000, 1]);
  expect(run.notes).toEqual([expect.stringMatching('tells no end')]);
});

test('a sample that lacks a domain leaves its time missing; lines that are none, and a clock that went back, are counted', () => {
  const run = eitRun(
    { ...INFO, endWallMs: 130_000 },
    samples(
      watts(110, 50, 10),
      '{"timestamp":',
      watts(105, 9),
      watts(120, null, 10),
      watts(130, 50, 10),
      '[]',
    ),
    'log',
    null,
  );
  const [cpu, gpu] = run.domains;
  expect([energyJ(cpu!), energyJ(gpu!)]).toEqual([50 * 10 + 50 * 10, 300]);
  expect(coverageOf(run)).toBeCloseTo(2 / 3, 12);
  expect(run.notes).toEqual([
    '2 lines of data.json are no samples',
    '1 samples are not after the one before them and were left out',
  ]);
});

test('a long time between two samples is said', () => {
  const run = eitRun({ ...INFO, endWallMs: 900_000 }, samples(watts(110, 1), watts(900, 1)), 'log', null);
  expect(run.notes).toEqual(['up to 790 s lie between two samples: one reading stands for all of it']);
});

test('CPU time: of each process what it had last; processes come and go', () => {
  const cpu = (timestamp: number, times: Record<string, number>) => ({
    ...watts(timestamp, 1),
    cpu_time_seconds: Object.fromEntries(
      Object.entries(times).map(([pid, user]) => [pid, { user, system: 1 }]),
    ),
  });
  const run = eitRun(
    INFO,
    samples(cpu(110, { 1: 5 }), cpu(130, { 1: 9, 2: 4 }), cpu(150, { 2: 6 })),
    'log',
    null,
  );
  expect(run.cpuSeconds.map(({ seconds }) => seconds)).toEqual([0, 6, 15, 17]);
});

test('the same log has the same identity, another has another', () => {
  expect(log('pong').identity).toBe(log('pong').identity);
  expect(new Set(['pong', 'breakout', 'killed'].map((name) => log(name).identity)).size).toBe(3);
});

test.each([
  ['no samples', samples(), /no sample in data\.json/],
  ['no power', samples({ timestamp: 110 }, { timestamp: 120 }), /no line of data\.json tells power/],
  ['negative power', samples(watts(110, -5), watts(120, -5)), /tells power/],
  ['a power of nobody', samples(watts(110, 1e300), watts(120, 1e300)), /tells power/],
  ['milliseconds for seconds', samples(watts(1.6e12, 5)), /no sample/],
])('%s is no run', (_, told, wanted) => {
  expect(() => eitRun(INFO, told, 'log', null)).toThrow(wanted);
});
