import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { appendSeries } from '../../src/carbon/intensity-store';
import { expectGolden } from '../unit/report/golden';
import { hostRecord, later, runRecord } from '../unit/report/records';
import { type Outcome, ReportCommand } from './report-command';

const T = '2026-03-02T10:00:00.000Z';
const HOUR_S = 3600;

// Six runs for an hour on one A100 SXM4 of 400 W, which is busy for half of it: Wh of GPU and of CPU.
const RUNS = [
  [230, 40],
  [240, 41],
  [250, 42],
  [245, 40],
  [235, 43],
  [242, 39],
] as const;

let command: ReportCommand;
beforeAll(async () => {
  command = new ReportCommand();
  const ledger = join(command.dir, 'ledger');
  const folder = join(ledger, 'alpha/inbox/2026-03-02');
  mkdirSync(folder, { recursive: true });
  let seq = 0;
  const line = (record: object): void =>
    writeFileSync(join(folder, 'n1.ndjson'), `${JSON.stringify({ ...record, seq: seq++ })}\n`, { flag: 'a' });
  const hardware = (model: string) => ({
    ...{ threads: 64, cpu: 'AMD EPYC 7763 64-Core Processor' },
    gpus: { 'gpu-3b:00.0': { model } },
  });
  line(hostRecord({ hardware: hardware('NVIDIA A100-SXM4-80GB') }));
  const run = (job: number, gpuWh: number, cpuWh: number, given: object = {}): void => {
    const from = later(T, (job - 1) * HOUR_S);
    const uj = (wh: number): [number, number, number] => [wh * 3.6e9, wh * 3.6e9, wh * 3.6e9];
    line({
      ...runRecord({
        ...{ job, from, started: from, seconds: HOUR_S, gpus: 1, cpu_us: 4 * HOUR_S * 1e6 },
        ...{ start: { by: 'prolog' }, end: { by: 'epilog', coverage: {} } },
        gpu: { ms: HOUR_S * 1000, by: 'cgroup', busy_ms: HOUR_S * 500, idle_uj: [1, 1, 1] },
        measured_uj: { 'gpu-3b:00.0': uj(gpuWh), 'package-0': uj(cpuWh) },
      }),
      ...given,
    });
  };
  RUNS.forEach(([gpuWh, cpuWh], i) => run(i + 1, gpuWh, cpuWh));
  // A card that no table has.
  line({
    ...hostRecord({ from: later(T, 86_400), hardware: hardware('Abacus 9000') }),
    ...{ host: 'n9', nodes: ['n9'] },
  });
  run(50, 100, 10, { host: 'n9', node: 'n9' });
  await appendSeries(join(ledger, '_intensity'), 'US-CAL-CISO', [
    {
      ...{ zone: 'US-CAL-CISO', g_per_kwh: 150, basis: 'average-lifecycle', flow: 'consumption' },
      ...{ start: T, end: later(T, 10 * HOUR_S), source: 'a grid operator', estimated: false, fetched_at: T },
    },
  ]);
  command.config('eit.yaml', {
    ledger,
    admins: [String(process.getuid?.())],
    site: { pue: 1.2, zone: 'US-CAL-CISO' },
  });
});
afterAll(() => command.remove());

function eit(...args: string[]): Promise<Outcome> {
  return command.run(process.execPath, [command.script('eit'), 'estimate', ...args]);
}

interface EstimateJson {
  pue: number;
  gpus: { name: string; tdp_w: number }[];
  cpus: { name: string }[];
  work: { gpu_hours: number; used_gpu_hours: number; used_core_hours: number };
  carbon: { way: string; g_per_kwh: number | null }[];
  estimates: {
    method: string;
    gpu_kwh: number | null;
    energy_kwh: number | null;
    co2e_kg: Record<string, number | null>;
    error?: number;
    stars?: string;
  }[];
  prediction: {
    jobs: number;
    median_kwh: number;
    interval: { low: number; high: number; chance: number };
  } | null;
  measured: { jobs: number; energy_kwh: number; gpu_kwh: number } | null;
  warnings: string[];
}

async function json(...args: string[]): Promise<EstimateJson> {
  const { status, stdout, stderr } = await eit(...args, '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as EstimateJson;
}

function near(value: number): number {
  return expect.closeTo(value, 9) as number;
}

test('before it runs: time and operations, in the zone and the country of the site', async () => {
  const found = await json('--gpu', 'A100-SXM4-80GB', '--gpus', '8', '--hours', '24', '--pflops-hours', '30');
  expect(found.gpus).toMatchObject([{ name: 'NVIDIA A100 SXM4', tdp_w: 400 }]);
  const of = (method: string) => found.estimates.find((one) => one.method === method);
  expect(of('time-part')?.energy_kwh).toEqual(near((76.8 / 3) * 1.2));
  expect(of('time-full')?.energy_kwh).toEqual(near(76.8 * 1.2));
  expect(of('time-in-use')?.energy_kwh).toBeNull();
  expect(of('operations')?.energy_kwh).toEqual(near((30_000 / 312) * 0.4 * 1.2));
  const [byTime, zone, country] = found.carbon;
  expect([byTime?.g_per_kwh, zone?.way, country?.way]).toEqual([null, 'zone', 'country']);
  expect(country?.g_per_kwh).not.toBe(zone?.g_per_kwh);
  expect(of('time-full')?.co2e_kg['zone']).toEqual(near((76.8 * 1.2 * (zone?.g_per_kwh ?? 0)) / 1000));
  const { status, stdout } = await eit('--gpu', 'A100-SXM4-80GB', '--gpus', '8', '--hours', '24');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^time × TDP × 1\/3 +25\.6 kWh +- +- +30\.7 kWh/m);
  expect(stdout).toContain('No operations × TDP / peak: no operations are told (--pflops-hours).');
});

test('--start: the carbon by time of a run that is to begin then', async () => {
  // 11:00 in Berlin is T.
  const found = await json('--gpu', 'T4', '--hours', '2', '--start', '2026-03-02T11:00:00');
  expect(found.carbon[0]).toMatchObject({ way: 'by time', g_per_kwh: near(150) });
  expect(found.estimates[1]?.co2e_kg['by_time']).toEqual(near(0.14 * 1.2 * 0.15));
});

test('against jobs that were measured: errors of each method, with stars over the runs', async () => {
  const plot = join(command.dir, 'plot.svg');
  const told = await json('--against', '1,2,3,4,5,6', '--pflops-hours', '0.1');
  const meanWh = RUNS.reduce((sum, [gpu, cpu]) => sum + gpu + cpu, 0) / RUNS.length;
  expect(told.measured).toMatchObject({ jobs: 6, energy_kwh: near((meanWh * 1.2) / 1000) });
  expect(told.work).toMatchObject({ gpu_hours: 1, used_gpu_hours: 0.5, used_core_hours: 4 });
  // The cores it held are not told: those that it used are added, 4 of 280 W / 64.
  const cpuWh = (4 * 280) / 64;
  expect(told.estimates).toMatchObject([
    { method: 'time-part', error: near((400 / 3 + cpuWh) / meanWh - 1), stars: '****' },
    { method: 'time-full', error: near((400 + cpuWh) / meanWh - 1), stars: '****' },
    { method: 'time-in-use', error: near((200 + cpuWh) / meanWh - 1) },
    { method: 'operations', error: near(((100 / 0.312) * 0.4 + cpuWh) / meanWh - 1) },
  ]);
  expect(told.carbon[0]).toMatchObject({ g_per_kwh: near(150) });
  const { status, stdout, stderr } = await eit('--against', '1,2,3,4,5,6', '--plot', plot);
  expect([status, stderr]).toEqual([0, `eit: the picture is in ${plot}\n`]);
  expect(stdout).toMatch(/^time × TDP .* \+\d+(\.\d)? % \*\*\*\*$/m);
  expect(stdout).toMatch(/^measured \(6\)/m);
  const picture = readFileSync(plot, 'utf8');
  expectGolden('../../../../docs/estimate.svg', picture);
  expect(() => new XMLParser().parse(picture, true) as unknown).not.toThrow();
});

test('from jobs of the past: the median, and between which of them the next one lies', async () => {
  const found = await json('--from-jobs', '1,2,3,4,5,6', '--hours', '2');
  const kwh = RUNS.map(([gpu, cpu]) => ((gpu + cpu) * 2 * 1.2) / 1000).sort((a, b) => a - b);
  expect(found.prediction).toMatchObject({
    ...{ jobs: 6, median_kwh: near((kwh[2]! + kwh[3]!) / 2) },
    interval: { low: near(kwh[0]!), high: near(kwh[5]!), chance: near(5 / 7) },
  });
  const { stdout } = await eit('--from-jobs', '1,2,3,4,5,6', '--hours', '2');
  expect(stdout).toMatch(/The next job lies between 648 Wh and 701 Wh \(.*\) with a chance of 71 %/);
});

test.each<[string[], string]>([
  [[], 'say what is estimated'],
  [['--hours', '5'], 'say what it runs on'],
  [
    ['--gpu', 'A100', '--hours', '5'],
    'did you mean NVIDIA A100 PCIe 40GB or NVIDIA A100 PCIe 80GB or NVIDIA A100 SXM4?',
  ],
  [['--gpu', 'T4', '--hours', '-5'], '--hours'],
  [['--gpu', 'T4', '--hours', '5', '--gpus', '1.5'], 'GPUs are whole'],
  [
    ['--gpu', 'T4', '--hours', '5', '--utilisation', '33'],
    '--utilisation 33 is no number above 0 and up to 1',
  ],
  [['--gpu', 'T4', '--hours', '5', '--memory', '64 apples'], '--memory "64 apples"'],
  [['--cpu', 'EPYC 7763', '--hours', '5'], '--cpu needs --cores'],
  [['--cpu', 'EPYC 7763', '--cores', '4', '--hours', '5', '--pflops-hours', '1'], 'are of GPUs'],
  [['--gpu', 'T4', '--hours', '5', '--zone', 'XX'], 'EIT_ZONE_UNKNOWN'],
  [['--gpu', 'T4', '--gpu-hours', '5', '--start', '2026-03-02'], '--start needs --hours'],
  [['--gpu', 'T4', '--from-jobs', '1'], 'say how long it runs'],
  [['--against', '1', '--hours', '3'], 'are told by the jobs of --against'],
  [['--against', '50'], 'job 50 ran on GPUs of which no power is known (Abacus 9000)'],
  [['--against', '99'], 'has no runs'],
])('eit estimate %j is refused', async (args, message) => {
  const { status, stderr, stdout } = await eit(...args);
  expect(status).not.toBe(0);
  expect(stdout).toBe('');
  expect(stderr).toContain(message);
});
