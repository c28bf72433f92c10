import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import * as estimate from '../../../src/cli/estimate';
import type { CommandModule } from '../../../src/cli/command';
import { measuredMean } from '../../../src/cli/estimate-carbon';
import { parseInput } from '../../../src/cli/estimate-input';
import { estimateJson, estimateLines } from '../../../src/cli/estimate-output';
import { estimateResult } from '../../../src/cli/estimate-result';
import { liveFactor } from '../../../src/cli/live-factor';
import { Output } from '../../../src/cli/output';
import { ranWhere } from '../../../src/cli/ran-where';
import * as whatif from '../../../src/cli/whatif';
import { loadConfig } from '../../../src/config/config';
import type { EitReport, ReportGroup } from '../../../src/generated/report';
import { readAccelerators } from '../../../src/hardware/accelerators';
import { readProcessors } from '../../../src/hardware/processors';
import { NO_FACTS } from '../../../src/science/own-facts';
import type { RunSet } from '../../../src/science/run-set';

const data = join(__dirname, '../../../data/hardware');
const tables = {
  accelerators: readAccelerators(join(data, 'accelerators.csv')),
  processors: readProcessors(join(data, 'processors.csv')),
};

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'eit-estimate-'))));
afterEach(() => rmSync(dir, { recursive: true }));

function configure(config: string): string {
  const path = join(dir, 'eit.yaml');
  writeFileSync(path, `time_zone: UTC\nledger: ${dir}\n${config.replaceAll('DIR', dir)}\n`);
  return path;
}

/** What a command prints, by the sources themselves. */
async function printed(
  command: CommandModule,
  argv: Readonly<Record<string, unknown>>,
  config: string,
): Promise<Record<string, unknown> & { warnings: string[] }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  let text = '';
  stdout.on('data', (piece: Buffer) => (text += piece.toString()));
  const output = new Output('eit', stdout as unknown as WriteStream, stderr as unknown as WriteStream);
  const surroundings = { env: {}, output, uid: process.getuid?.() ?? 0, userName: null };
  expect(await command.run({ ...argv, json: true, config: configure(config) }, surroundings)).toBe(0);
  return JSON.parse(text) as Record<string, unknown> & { warnings: string[] };
}

const A_DAY = { gpu: 'T4', hours: '24' };

describe('a site that tells its PUE by time alone', () => {
  const site = 'site: { zone: DE, pue_file: DIR/pue.csv }';
  beforeEach(() =>
    writeFileSync(
      join(dir, 'pue.csv'),
      'from,value\n2026-03-01,1.2\n2026-03-02T12:00,1.4\n2026-03-04,1.25\n',
    ),
  );

  test('has the mean of the time of the run, and nothing assumed', async () => {
    const found = await printed(
      estimate,
      { ...A_DAY, start: `uts${Date.parse('2026-03-02T00:00:00Z') / 1000}` },
      site,
    );
    expect(found['pue']).toBeCloseTo(1.3, 12);
    expect(found['assumed']).toEqual([]);
    expect(found.warnings).toEqual([]);
  });

  test('has the nearest value where the file tells nothing, and says so', async () => {
    const found = await printed(
      estimate,
      { ...A_DAY, start: `uts${Date.parse('2031-03-02T00:00:00Z') / 1000}` },
      site,
    );
    expect(found['pue']).toBe(1.25);
    expect(found.warnings).toEqual([
      `${dir}/pue.csv has no PUE of that time: the one nearest in time is taken`,
    ]);
    const now = await printed(estimate, A_DAY, site);
    expect(now['pue']).toBe(1.25);
    const told = await printed(estimate, { ...A_DAY, pue: '1.1' }, site);
    expect([told['pue'], told.warnings]).toEqual([1.1, []]);
  });

  test('has it in eit top too', () => {
    const loaded = loadConfig({ path: configure(site), env: {} });
    const { gPerKwh, text } = liveFactor(loaded, 'alpha', Date.parse('2026-03-03T00:00:00Z'))!;
    const grams = Number(/ (\d+) g/.exec(text)?.[1]);
    expect(text).toMatch(/PUE 1\.4$/);
    expect(gPerKwh / grams).toBeCloseTo(1.4, 1);
  });
});

describe('the basis', () => {
  const site = 'cluster: alpha\nsite: { zone: DE }\nclusters: { alpha: { intensity_basis: direct } }';

  test('of an estimate is the cluster’s, and its source names it', async () => {
    const found = await printed(estimate, A_DAY, site);
    expect(found['basis']).toBe('average-direct');
    expect(found['carbon']).toMatchObject([
      { way: 'by time', g_per_kwh: null },
      { way: 'zone', source: expect.stringMatching(/^average of .* \(average-direct\)$/) as string },
    ]);
    expect((await printed(estimate, A_DAY, 'site: { zone: DE }'))['basis']).toBe('average-lifecycle');
  });

  test('of eit whatif is the cluster’s, or that of --basis', async () => {
    const asked = { kwh: '1', zone: ['FR'] };
    const found = await printed(whatif, asked, site);
    expect(found['basis']).toBe('average-direct');
    expect(found['zones']).toMatchObject([
      { source: expect.stringMatching(/^average of .* \(average-direct\)$/) as string },
    ]);
    expect((await printed(whatif, { ...asked, basis: 'lifecycle' }, site))['basis']).toBe(
      'average-lifecycle',
    );
  });

  test('of jobs is that of the cluster where they ran', () => {
    const by = (...clusters: [string, string, string][]) =>
      ({
        factors: {
          by_cluster: clusters.map(([cluster, zone, basis]) => ({
            ...{ cluster, zone, intensity_basis: `average-${basis}` },
          })),
        },
      }) as unknown as EitReport;
    const [a, b] = [by(['a', 'DE', 'direct']), by(['b', 'DE', 'lifecycle'])];
    expect(ranWhere([a, a])).toEqual({
      ...{ cluster: 'a', zone: 'DE', basis: 'average-direct', bases: ['average-direct'] },
    });
    expect(ranWhere([a, b])).toEqual({
      ...{ cluster: undefined, zone: 'DE', basis: undefined },
      bases: ['average-direct', 'average-lifecycle'],
    });
    expect(ranWhere([]).basis).toBeUndefined();
  });
});

test('jobs that a PUE by time alone was reckoned with have no carbon by time', () => {
  const of = (origin: object) =>
    measuredMean({
      factors: { by_cluster: [{ intensity_basis: 'average-direct', ...origin }], intensity_source: 'a grid' },
      total: { co2e_kg: 1, energy_kwh: { total: 4 } },
    } as unknown as EitReport);
  expect(of({}).gPerKwh).toBeNull();
  expect(of({ intensity_by_origin: { series: 0, yearly: 1 } }).gPerKwh).toBeNull();
  expect(of({ intensity_by_origin: { series: 0.5, yearly: 0.5 } })).toEqual({
    ...{ gPerKwh: 250, source: 'as the jobs were measured: a grid (average-direct)' },
  });
});

/** A job of an hour, as far as an estimate reads it; its PUE is 1.5. */
function jobOf(id: number, itKwh: number, more: object = {}): ReportGroup {
  return {
    ...{ job_id: id, cluster: 'alpha', user: 'alice', elapsed_seconds: 3600, cpu_seconds: 4 * 3600 },
    ...{ gpu_seconds: 3600, gpu_utilization: 0.5, coverage: 1, nodes_expected: 1, nodes_reported: 1 },
    energy_kwh: { total: itKwh * 1.5, it: itKwh, gpu: itKwh - 0.1, cpu: 0.1, dram: null },
    ...{ cpu_models: ['AMD EPYC 7763'], gpu_models: ['NVIDIA A100-SXM4-80GB'] },
    slurm_job: { state: 'COMPLETED', start: '2026-03-02T10:00:00Z', req_memory_bytes: 2 ** 34 },
    ...more,
  } as unknown as ReportGroup;
}

function setOf(jobs: readonly ReportGroup[]): RunSet {
  const report = {
    groups: jobs,
    factors: { pue: 1.5, defaults_used: [], by_cluster: [] },
    total: { measured_fraction: 1, co2e_kg: 1, energy_kwh: { total: 1 } },
  } as unknown as EitReport;
  return { filter: { name: 'jobs', text: '', asked: {} }, report, own: NO_FACTS };
}

function shownOf(
  given: { measured?: RunSet; before?: RunSet; pue: number },
  options: Readonly<Record<string, unknown>> = {},
) {
  const result = estimateResult({
    ...{ input: parseInput(options), measured: null, before: null, tables },
    ...given,
  });
  const way = { name: 'zone' as const, title: 'CO2eq DE', gPerKwh: 100, source: 'a test' };
  return { ...result, ways: [way, way], basis: 'average-lifecycle' as const, assumed: [] };
}

test('a prediction is with the PUE of its heading, and says with which the jobs ran', () => {
  const before = setOf([1, 2, 3].map((kwh) => jobOf(kwh, kwh)));
  const shown = shownOf({ before, pue: 1.1 }, { hours: '2' });
  expect(estimateJson(shown)).toMatchObject({
    pue: 1.1,
    prediction: { median_kwh: 4.4, past_pue: 1.5, co2e_kg: { zone: expect.closeTo(0.44, 12) as number } },
  });
  expect(shown.prediction?.interval?.low).toBeCloseTo(2.2, 12);
  const text = estimateLines(shown).join('\n');
  expect(text).toMatch(/Energy \(PUE 1\.1\)[^]*past jobs \(3\), median.* 4\.40 kWh/);
  expect(text).toContain('Past jobs ran with a PUE of 1.5: what they took before it is here times 1.1.');
  expect(estimateLines(shownOf({ before, pue: 1.5 })).join('\n')).not.toContain('Past jobs ran with');
});

describe('of several jobs that were measured', () => {
  const usual = [1, 2, 3].map((id) => jobOf(id, 1));

  test('work is the mean, and hardware is all that they had', () => {
    const other = jobOf(4, 1, { gpu_models: ['Tesla T4'], elapsed_seconds: 7200, gpu_seconds: 7200 });
    const shown = shownOf({ measured: setOf([...usual, other]), pue: 1.5 }, { 'pflops-hours': '0.1' });
    expect(estimateJson(shown)).toMatchObject({
      work: { hours: 1.25, gpu_hours: 1.25, used_gpu_hours: 0.625, memory_bytes: 2 ** 34, pflops_hours: 0.1 },
      gpus: [
        { name: 'NVIDIA A100 SXM4', tdp_w: 400 },
        { name: 'NVIDIA Tesla T4', tdp_w: 70 },
      ],
      cpus: [{ name: 'AMD EPYC 7763' }],
    });
    const text = estimateLines(shown).join('\n');
    expect(text).toContain('NVIDIA A100 SXM4: TDP 400 W a GPU, peak 312 TFLOP/s dense (fp16).');
    expect(text).toContain('NVIDIA Tesla T4: TDP 70 W a GPU, peak 65 TFLOP/s dense (fp16).');
    expect(text).toContain('\n0.1 PFLOP/s-hours');
  });

  test('one without a CPU that is known has none added, and it is said of how many', () => {
    const odd = jobOf(4, 1, { cpu_models: ['Mill'], energy_kwh: { ...jobOf(4, 1).energy_kwh, cpu: null } });
    const shown = shownOf({ measured: setOf([...usual, odd]), pue: 1.5 });
    const cpuKwh = (4 * 280) / 64 / 1000;
    expect(shown.estimates?.['time-full']).toMatchObject({
      cpuKwh: expect.closeTo((cpuKwh * 3) / 4, 12) as number,
      itKwh: expect.closeTo(0.4 + (cpuKwh * 3) / 4 + (16 * 0.3725) / 1000, 12) as number,
      without: { cpu: 1, dram: 0, energy: 0 },
    });
    expect(shown.measured?.cpuKwh).toBeCloseTo(0.075, 12);
    const text = estimateLines(shown).join('\n');
    expect(text).toContain('Of 1 of 4 jobs no CPU is added: its model, its cores or its time is not told.');
    expect(text).toContain(
      'Warning: of 1 of 4 jobs no CPU energy was observed: it is not in what was measured.',
    );
    expect(text).not.toContain('no DRAM energy');
    expect(estimateLines(shownOf({ measured: setOf(usual), pue: 1.5 })).join('\n')).not.toContain('no CPU');
  });

  test('what they lack is told by no option that is refused', () => {
    const idle = { gpu_utilization: null };
    const bare = { gpu_seconds: 0, gpu_models: [], gpu_utilization: null };
    const all = [
      ...estimateLines(shownOf({ measured: setOf([...usual, jobOf(4, 1, idle)]), pue: 1.5 })),
      ...estimateLines(shownOf({ measured: setOf([jobOf(1, 1, bare)]), pue: 1.5 })),
      ...estimateLines(shownOf({ measured: setOf([jobOf(1, 1, { ...bare, cpu_models: [] })]), pue: 1.5 })),
    ];
    expect(all).toContain(
      'No time in use × TDP: of 1 of 4 jobs in what part of their time its GPUs were in use was not measured.',
    );
    expect(all).toContain('No time × TDP: how many cores it held is not told (eit sacct-sync, or --cores).');
    expect(all).toContain('No time in use × TDP: the CPU is not told, or in no table (--cpu).');
    expect(all.join('\n')).not.toMatch(/--hours|--gpus|--gpu-hours|--cpu-use/);
  });
});
