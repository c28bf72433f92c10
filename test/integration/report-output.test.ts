import { readFileSync } from 'node:fs';
import type { EitReport } from '../../src/generated/report';
import validate from '../../src/generated/report-validator';
import { ReportCommand } from './report-command';

let command: ReportCommand;
beforeAll(() => {
  command = new ReportCommand();
});
afterAll(() => command.remove());

const SINCE = ['-S', '2026-01-01', '-E', '2026-03-01'];

async function json(...args: string[]): Promise<EitReport> {
  const { status, stdout, stderr } = await command.report(['--json', ...args]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const report = JSON.parse(stdout) as EitReport;
  expect(validate(report)).toBe(true);
  return report;
}

test('a table with a total and what to know about it', async () => {
  const { status, stdout, stderr } = await command.report(SINCE);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const lines = stdout.trimEnd().split('\n');
  expect(lines.map((line) => line.split(/\s+/).slice(0, 3).join(' '))).toEqual([
    'User Partition Jobs',
    expect.stringMatching(/^-+$/),
    'alice cpu 4',
    'bob cpu 2',
    'bob gpu 1',
    'uid:1234 cpu 1',
    expect.stringMatching(/^-+$/),
    'Total 8 01:17:02',
    'Charged to no',
    'Energy has PUE',
  ]);
  expect(lines.at(-1)).toMatch(
    /PUE 1\.58 \(default\).*zone WORLD \(default\).*not counted: .*Data until 2026-02-01 10:06:02/,
  );
  expect(lines.at(-1)).toContain(
    'Not read: 2 lines or files of the ledger (1 newer schema, 1 not JSON; see eit ledger check)',
  );
});

test('JSON names every factor, and PUE is in it once', async () => {
  const { factors, total, groups, skipped_records, skipped_by_reason, unattributed } = await json(
    ...SINCE,
    '--group-by',
    'cluster',
  );
  expect(factors.by_cluster.map(({ cluster }) => cluster)).toEqual(['alpha', 'beta']);
  expect(factors.defaults_used).toContainEqual(expect.stringMatching(/^pue 1\.58 /));
  expect(total.energy_kwh.total).toBeCloseTo(total.energy_kwh.it * 1.58, 12);
  expect(total.co2e_kg).toBeCloseTo((total.energy_kwh.total * factors.intensity_g_per_kwh) / 1000, 12);
  expect(groups.map(({ cluster, measured_fraction }) => [cluster, measured_fraction])).toEqual([
    ['alpha', 1],
    ['beta', 0],
  ]);
  expect(skipped_records).toBe(2);
  expect(skipped_by_reason).toEqual({ 'newer schema': 1, 'not JSON': 1 });
  expect(unattributed.idle_kwh).toBeGreaterThan(0);
});

test('a cluster’s own site is applied to it', async () => {
  const site = { pue: 1.2, zone: 'DE', node_overhead: 1.5 };
  const config = command.config('site.yaml', {
    ledger: `${__dirname}/../fixtures/ledger/two-clusters`,
    site,
    clusters: { beta: { pue: 2, zone: 'FR' } },
  });
  const { groups, factors } = await json('--config', config, ...SINCE, '--group-by', 'cluster');
  expect(factors.by_cluster).toMatchObject([
    { cluster: 'alpha', pue: 1.2, zone: 'DE' },
    { cluster: 'beta', pue: 2, zone: 'FR' },
  ]);
  // Cluster beta is modelled, at the wall: its overhead is in it.
  for (const [i, [pue, overhead]] of [[1.2, 0.5] as const, [2, 0] as const].entries()) {
    const { cpu, dram, gpu, other, it, total } = groups[i]!.energy_kwh;
    const counted = (cpu ?? 0) + (dram ?? 0) + (gpu ?? 0);
    expect(other ?? 0).toBeCloseTo(counted * overhead, 12);
    expect(it).toBeCloseTo(counted * (1 + overhead), 12);
    expect(total).toBeCloseTo(it * pue, 12);
  }
  expect(factors.defaults_used).toEqual([]);
});

test('a run over midnight is in both days of the local zone, and once in the total', async () => {
  const { groups, total } = await json(...SINCE, '-j', '105', '--group-by', 'day');
  expect(groups.map(({ day, elapsed_seconds }) => [day, elapsed_seconds])).toEqual([
    ['2026-01-31', 600],
    ['2026-02-01', 900],
  ]);
  expect(total).toMatchObject({ jobs: 1, runs: 1, elapsed_seconds: 1500 });
});

test('a silent node, a requeue and a repeated line', async () => {
  const { groups } = await json(...SINCE, '-M', 'alpha', '-j', '101,102,103');
  expect(groups).toMatchObject([
    // The fixture has its first line twice and half of it once more.
    { job_id: 101, jobs: 1, runs: 1, elapsed_seconds: 660, cpu_seconds: 2376, coverage: 1 },
    { job_id: 102, coverage: 0.5, nodes_expected: 2, nodes_reported: 1 },
    { job_id: 103, jobs: 1, runs: 2 },
  ]);
});

test.each([
  [['-ualice', '-nP', '-oUser,Jobs'], ['101', '101', '102', '105'].map(() => 'alice|1').join('\n') + '\n'],
  [
    ['-u', 'alice', '-u', 'bob', '--group-by', 'user', '-P', '-o', 'user,RUNS'],
    'User|Runs\nalice|4\nbob|4\n',
  ],
  [
    ['-A', 'biology', '--group-by', 'account,partition', '--csv', '-o', 'Account,Partition,Jobs'],
    'Account,Partition,Jobs\r\nbiology,cpu,2\r\nbiology,gpu,1\r\n',
  ],
  [['-r', 'gpu', '-nPoJobID,Node', '--group-by=job,node'], '104|a2\n'],
  [['-N', 'a[2-9]', '-nP', '-o', 'JobID,NodesReported', '--group-by', 'job'], '103|1\n104|1\n106|1\n'],
  [
    ['-nP', '--group-by', 'partition,user', '-o', 'User,Jobs', '--sort', '-User,Jobs', '--top', '2'],
    'uid:1234|1\nbob|1\n(others)|6\n',
  ],
  [['-nP', '-o', 'Week,Jobs', '--group-by', 'week'], '2026-W05|8\n'],
  [['-M', 'beta', '-nP', '-o', 'Cluster,Jobs', '--group-by', 'cluster'], 'beta|2\n'],
  [['-a', '-nP', '-o', 'Month,Jobs', '--group-by', 'month'], '2026-01|7\n2026-02|2\n'],
])('%j', async (args, stdout) => {
  const { stdout: text } = await command.report([...SINCE, ...args]);
  expect(text).toBe(stdout);
});

test('eit report is the same command', async () => {
  const [a, b] = await Promise.all([
    command.report([...SINCE, '-P']),
    command.run(process.execPath, [command.script('eit'), 'report', ...SINCE, '-P']),
  ]);
  expect(b).toEqual({ ...a, stderr: a.stderr.replace(/^eit-report:/gm, 'eit:') });
});

test('help names every option and the times, in English whatever the locale', async () => {
  const env = { LANG: 'de_DE.UTF-8' };
  const { status, stdout } = await command.report(['--help'], { env });
  expect(status).toBe(0);
  for (const text of [
    '-u, --user',
    '-S, --starttime',
    '--group-by',
    '-P, --parsable2',
    'now[{+|-}count',
    'Examples:',
  ]) {
    expect(stdout).toContain(text);
  }
  expect((await command.report(['--helpformat'])).stdout).toMatch(/^Energy +ITEnergy times PUE.*Energy_kWh/m);
  expect((await command.run(process.execPath, [command.script('eit'), '--help'])).stdout).toContain(
    'eit report',
  );
  expect((await command.report(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

describe('--audit', () => {
  const AUDIT = ['--audit', '-S', '2026-05-04', '-E', '2026-05-06', '--config'];
  const config = (): string =>
    command.config('audit.yaml', {
      ledger: `${__dirname}/../fixtures/ledger/audit`,
      admins: [String(process.getuid?.())],
    });

  test('prints what the golden file has, and ends with 1 where energy does not add up', async () => {
    const { status, stdout, stderr } = await command.report([...AUDIT, config()]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout).toBe(readFileSync(`${__dirname}/../fixtures/ledger/golden/audit-table.txt`, 'utf8'));
  });

  test.each([['h1'], ['h[3,5]', '--policy', 'hybrid'], ['m1', '-E', '2026-05-05']])(
    'ends with 0 where each difference is 0: -N %s %s %s',
    async (...args) => {
      const { status, stdout } = await command.report([...AUDIT, config(), '-P', '-N', ...args]);
      const differences = stdout
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => line.split('|')[8]);
      expect(differences.length).toBeGreaterThan(1);
      expect({ status, differences }).toEqual({ status: 0, differences: differences.map(() => '0.000000') });
    },
  );

  test('of one cluster, as JSON', async () => {
    const { status, stdout } = await command.report([...AUDIT, config(), '-M', 'delta', '--json']);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'audit',
      hosts: [
        { day: '2026-05-04', all: { difference_uj: 0 } },
        { day: '2026-05-05', lines_missing: 0 },
      ],
    });
  });

  test('of a time without lines says so', async () => {
    const { status, stderr } = await command.report([
      '--audit',
      '-S',
      '2025-01-01',
      '-E',
      '2025-01-02',
      '--config',
      config(),
    ]);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^eit-report: no lines of hosts between 2025-01-01 00:00 and 2025-01-02 00:00; /);
  });
});

describe('what GPUs did', () => {
  const DAY = ['-S', '2026-03-10T09:00', '-E', '2026-03-11', '--config'];
  const config = (): string =>
    command.config('gpus.yaml', { ledger: `${__dirname}/../fixtures/ledger/gpus`, site: { pue: 1.5 } });

  test('is in the table, with what to know about it below', async () => {
    const { status, stdout, stderr } = await command.report([...DAY, config(), '-a', '--group-by', 'user']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^User +Jobs +Elapsed +CPUEnergy +GPUEnergy +GPUIdle +GPUUtil +Energy/);
    expect(stdout).toMatch(/^alice .* 134 Wh +13\.2 Wh +73\.7 % /m);
    expect(stdout).toMatch(/^GPUs that jobs had allocated did nothing for 30\.9 % .*: 23\.9 Wh\.$/m);
    expect(stdout).toMatch(
      /^What Slurm says of the GPUs of 1 run contradicts what was seen \(job 304: SLURM_/m,
    );
  });

  test('is for programs in their units, with the models that the hosts told in the morning', async () => {
    const columns = '-oJobID,GPUBusy,GPUUtil,GPUMem,GPUIdle,GPUThrottled,CPUModel,GPUModel';
    const { stdout } = await command.report([...DAY, config(), '-P', '-j', '302,303,306', columns]);
    expect(stdout).toBe(
      [
        'JobID|GPUBusy_s|GPUUtilFraction|GPUMem_B|GPUIdle_kWh|GPUThrottled_s|CPUModel|GPUModel',
        '302|120|0.25|2684354560|0.01|14|EPYC 9354|NVIDIA H100 80GB HBM3',
        '303|||1073741824|||EPYC 9354|NVIDIA H100 80GB HBM3',
        '306||||||EPYC 9354|',
        '',
      ].join('\n'),
    );
  });

  test('is of the runs that were asked for, and unknown where they had none', async () => {
    const { total, quality } = await json(...DAY, config(), '-j', '304');
    expect(total).toMatchObject({
      gpu_utilization: 0.5,
      gpu_idle_kwh: 0.004,
      gpu_models: [expect.any(String)],
    });
    expect(quality).toMatchObject({ gpu_conflict_runs: 1, gpu_runs_by_binding: { processes: 1, index: 0 } });
    const { total: none } = await json(...DAY, config(), '-j', '306');
    expect(none).toMatchObject({ gpu_utilization: null, gpu_idle_kwh: null, gpu_models: [] });
  });
});

test('--extrapolate fills what a silent node and an unread minute lack, and says how much', async () => {
  const [plain, filled] = [await json(...SINCE), await json(...SINCE, '--extrapolate')];
  expect(plain.total).not.toHaveProperty('extrapolated_kwh');
  const more = filled.total.energy_kwh.total - plain.total.energy_kwh.total;
  expect(more).toBeGreaterThan(0);
  expect(filled.total.extrapolated_kwh).toBeCloseTo(more, 12);
  expect(filled.total.coverage).toBe(plain.total.coverage);
  const { stdout } = await command.report([...SINCE, '--extrapolate']);
  expect(stdout).toMatch(/^Total .*Wh\* /m);
  expect(stdout).toMatch(/^\* .* were not observed but extrapolated/m);
});

describe('on a terminal', () => {
  const onTerminal = async (columns: number, env: NodeJS.ProcessEnv, ...args: string[]): Promise<string> => {
    const line = [
      process.execPath,
      command.script('eit-report'),
      ...SINCE,
      '--group-by',
      'user',
      ...args,
    ].join(' ');
    // script(1), of every Debian, gives the command a terminal.
    const { stdout } = await command.run('script', ['-qec', `stty cols ${columns}; ${line}`, '/dev/null'], {
      env,
    });
    // The progress of reading, where the machine is slow, is wiped away before the report comes.
    return stdout
      .replaceAll('\r', '')
      .split('\n')
      .map((text) => text.split(WIPED).at(-1))
      .join('\n');
  };
  const WIPED = '\u001b[K';
  const utf8 = { LANG: 'C.UTF-8', TERM: 'xterm' };

  test('bars and colours, where both are wanted', async () => {
    expect(await onTerminal(200, utf8)).toMatch(/\p{Cc}\[1m.*Share[^]*█/u);
    expect(await onTerminal(200, utf8)).toMatch(/^(\p{Cc}\[\d+m)+Total.* 90 %/mu);
    expect(await onTerminal(200, { ...utf8, NO_COLOR: '1' })).not.toContain('\u001b');
    expect(await onTerminal(200, { ...utf8, TERM: 'dumb' })).not.toContain('\u001b');
    expect(await onTerminal(200, utf8, '--no-bar')).not.toContain('█');
    expect(await onTerminal(200, { ...utf8, LANG: 'C' })).not.toContain('█');
  });

  test('no line is broken by 80 columns', async () => {
    const lines = (await onTerminal(80, { ...utf8, NO_COLOR: '1' })).split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines[0]).toContain('CO2e');
  });
});
