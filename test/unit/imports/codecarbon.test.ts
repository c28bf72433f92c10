import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCodecarbonCsv } from '../../../src/imports/codecarbon-csv';
import { codecarbonRun } from '../../../src/imports/codecarbon-run';
import { energyJ, type ImportedRun } from '../../../src/imports/imported-run';

const read = (name: string) =>
  parseCodecarbonCsv(readFileSync(join(__dirname, '../../fixtures/imports', name), 'utf8'), name);

const run = (name: string, row = 0, cpu: 'measured' | 'modelled' = 'modelled'): ImportedRun =>
  codecarbonRun(read(name).rows[row]!, { file: name, zone: 'Europe/Paris', cpu });

const kwh = ({ domains }: ImportedRun, isMeasured?: boolean) =>
  Object.fromEntries(
    domains.map((domain) => [domain.name, Number((energyJ(domain, isMeasured) / 3.6e6).toPrecision(12))]),
  );

test('version 2: energies, the local time of its end, what it ran on', () => {
  const found = run('codecarbon-2.csv');
  expect(kwh(found)).toEqual({ cpu: 0, dram: 0.00057442898176 });
  expect(found).toMatchObject({
    source: 'codecarbon 2.1.3',
    cpus: 12,
    cpuModel: 'Intel(R) Core(TM) i7-8850H CPU @ 2.60GHz',
    gpus: 0,
    toolPue: 1,
    tags: {
      project: 'codecarbon',
      tool_country: 'MAR',
      tool_co2e_kg: '0.0004490989249167',
      tracking_mode: 'machine',
    },
  });
  expect(new Date(found.toMs).toISOString()).toBe('2021-09-23T13:04:51.000Z');
  expect(found.toMs - found.fromMs).toBe(161_204);
});

test('version 3: of rows of one run the longest; its PUE is taken out; GPU measured, RAM modelled, CPU as said', () => {
  const { rows, refused } = read('codecarbon-3.csv');
  expect(rows.map(({ line, durationS }) => [line, durationS])).toEqual([
    [3, 3600],
    [4, 90.5],
  ]);
  expect(refused).toEqual(['codecarbon-3.csv:5: duration is "minus", no number from 0 on']);
  expect(kwh(run('codecarbon-3.csv'))).toEqual({ cpu: 0.06, gpu: 0.25, dram: 0.02 });
  expect(kwh(run('codecarbon-3.csv'), true)).toEqual({ cpu: 0, gpu: 0.25, dram: 0 });
  expect(kwh(run('codecarbon-3.csv', 0, 'measured'), true)).toEqual({ cpu: 0.06, gpu: 0.25, dram: 0 });
  expect(run('codecarbon-3.csv')).toMatchObject({ gpus: 1, gpuModel: '1 x NVIDIA A100-SXM4-40GB' });
});

test('a run in the night in which clocks go forward has its length', () => {
  const found = run('codecarbon-3.csv');
  expect([found.fromMs, found.toMs].map((ms) => new Date(ms).toISOString())).toEqual([
    '2025-03-30T01:00:00.000Z',
    '2025-03-30T02:00:00.000Z',
  ]);
});

test('what the whole has beyond its parts is of the node; version 1 has nothing but the whole', () => {
  expect(kwh(run('codecarbon-3.csv', 1))).toEqual({ cpu: 0.001, dram: 0.0005, node: 0.001 });
  expect(kwh(run('codecarbon-1.csv'))).toEqual({ node: 0.03 });
});

test('energy of one process is an estimated part of the machine', () => {
  expect(run('codecarbon-3.csv').domains.every(({ isEstimated }) => isEstimated)).toBe(true);
  expect(run('codecarbon-3.csv', 1).domains.some(({ isEstimated }) => isEstimated)).toBe(false);
});

test('a day that is in no calendar is refused, with its line', () => {
  expect(() => run('codecarbon-1.csv', 1)).toThrow(
    'codecarbon-1.csv:3: timestamp "2021-04-31T03:26:11" is no time',
  );
});

test.each([
  ['1e11', '1', /would take 100000000000 s, which no run does/],
  ['60', '1e250', /more than a machine draws/],
])('a run of %s s with %s kWh is refused', (duration, energy, message) => {
  const text = `timestamp,run_id,duration,energy_consumed,cpu_count\n2025-01-01T10:00:00,r,${duration},${energy},1e300\n`;
  const row = parseCodecarbonCsv(text, 'f').rows[0]!;
  expect(() => codecarbonRun(row, { file: 'f', zone: 'utc', cpu: 'modelled' })).toThrow(message);
});

test('tasks of one run are runs of their own', () => {
  const head = 'task_name,timestamp,run_id,duration,energy_consumed';
  const { rows } = parseCodecarbonCsv(
    `${head}\nload,2025-01-01T10:00:00,r,10,0.1\nfit,2025-01-01T10:01:00,r,50,0.5\n`,
    'tasks.csv',
  );
  const identities = rows.map(
    (row) => codecarbonRun(row, { file: 'f', zone: 'utc', cpu: 'modelled' }).identity,
  );
  expect(new Set(identities).size).toBe(2);
});

test.each([
  ['another file', 'a,b\n1,2\n', /no column timestamp, duration, energy_consumed, run_id/],
  ['nothing', '', /no column/],
])('%s is refused', (_, text, wanted) => {
  expect(() => parseCodecarbonCsv(text, 'f.csv')).toThrow(wanted);
});

test.each([
  ['', 'duration is empty'],
  ['1e999', 'duration is "1e999", no number from 0 on'],
  ['-5', 'duration is "-5", no number from 0 on'],
  ['0', 'duration is 0'],
  ['NaN', 'duration is empty'],
])('a duration of %p is refused', (duration, why) => {
  const text = `timestamp,run_id,duration,energy_consumed\n2025-01-01T10:00:00,r,${duration},1\n`;
  expect(parseCodecarbonCsv(text, 'f').refused).toEqual([`f:2: ${why}`]);
});
