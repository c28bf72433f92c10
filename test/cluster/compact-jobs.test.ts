import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EitReport } from '../../src/generated/report';
import { isLong, scaled } from '../scale';
import { describeCluster } from './availability';
import { top } from './measured-cluster';
import { type Finished, run, succeed } from './processes';
import { type SlurmCluster, startCluster } from './slurm-cluster';
import { until } from './until';

/** In the long run a month of a thousand hosts, an hour a record: ten gigabytes below /tmp. */
const MADE = {
  '--hosts': scaled(20, 1000),
  '--days': scaled(3, 31),
  '--jobs-per-day': scaled(400, 4000),
  '--record-seconds': scaled(300, 3600),
  '--duplicate-fraction': 0.01,
  '--half-lines': 0.001,
};
const WINDOW = ['-S', '2026-01-01', '-E', '2026-02-01', '-a'];
const PROGRAM = ['dist', 'data', 'package.json'];
const DUCKDB = ['node_modules/@duckdb', 'node_modules/detect-libc'];
const POLICIES = ['usage', 'allocation', 'hybrid'] as const;

/** Of expected.json: µJ as texts, by policy and class. */
interface Expected {
  readonly total: {
    readonly jobs: number;
    readonly runs: number;
    readonly uj: Readonly<Record<string, Readonly<Record<'cpu' | 'dram' | 'gpu', string>>>>;
  };
}

/** `eit ledger compact --slurm` as the ledger's user, on a ledger that was made up; what must be found in it is known. */
describeCluster('eit ledger compact --slurm', 'none', () => {
  let slurm: SlurmCluster;
  let program: string;
  const ledger = (name: string): string => join(slurm.workDir, name);

  const eit = (name: string, ...args: string[]): Promise<Finished> =>
    slurm.asUser(process.execPath, [program, ...args, '--config', `${ledger(name)}.yaml`], {
      // As a person may have them set: they are not for these jobs.
      env: { ...slurm.env, SBATCH_PARTITION: 'nowhere', SLURM_JOB_ID: '1' },
      boundMs: scaled(170_000, 1_700_000),
    });
  const report = async (name: string, ...args: string[]): Promise<EitReport> => {
    const { stdout, stderr } = await eit(name, 'report', ...WINDOW, '--json', ...args);
    expect(stderr).toBe('');
    return { ...(JSON.parse(stdout) as EitReport), generated_at: '' };
  };
  const pending = (name: string): string => {
    const folder = join(ledger(name), 'synthetic/pending');
    return join(folder, readdirSync(folder).sort().at(-1)!);
  };

  beforeAll(async () => {
    slurm = await startCluster({ cgroup: 'none', nodePrefix: 'w', nodes: 2, cpusPerNode: 2 });
    // Ordinary users do not get into the working tree.
    const dist = join(slurm.dir, 'eit/dist');
    mkdirSync(dist, { recursive: true });
    for (const name of [...PROGRAM, ...DUCKDB]) {
      cpSync(join(top, name), join(slurm.dir, 'eit', name), { recursive: true });
    }
    program = join(dist, 'eit.js');
    const args = Object.entries(MADE).flatMap(([name, value]) => [name, String(value)]);
    await succeed(process.execPath, [program, 'ledger', 'generate', join(slurm.dir, 'made'), ...args], {
      env: slurm.env,
      boundMs: scaled(60_000, 900_000),
    });
    for (const name of ['alone', 'jobs', 'failing', 'overtaken']) {
      cpSync(join(slurm.dir, 'made'), ledger(name), { recursive: true });
      execFileSync('chown', ['-R', slurm.users[0]!, ledger(name)]);
      chmodSync(ledger(name), 0o700);
      const options = `{time: '10', extra: [--mem=100M, "--comment=a b $(touch ${slurm.workDir}/ran) ' \\" ;"]}`;
      const text = `ledger: ${ledger(name)}\nslurm:\n  compact: ${options}\n  report: ${options}\n`;
      writeFileSync(`${ledger(name)}.yaml`, text, { mode: 0o644 });
    }
  });
  afterAll(async () => {
    await slurm?.stop();
  });

  test('two nodes take the inbox in, and reports are those of one machine, to the digit', async () => {
    const beginMs = Date.now();
    const alone = await eit('alone', 'ledger', 'compact', '--workers', '1', '--json');
    expect(alone.stderr).toBe('');
    const aloneMs = Date.now() - beginMs;
    const done = await eit('jobs', 'ledger', 'compact', '--slurm', '--tasks', '6', '--wait', '--json');
    expect([done.status, done.stderr]).toEqual([0, '']);
    const jobsMs = Date.now() - beginMs - aloneMs;
    const [[ours], [theirs]] = [JSON.parse(done.stdout), JSON.parse(alone.stdout)] as [
      [Record<string, unknown>],
      [Record<string, unknown>],
    ];
    expect(ours).toEqual({ ...theirs, merges: expect.any(Number), parts: expect.any(Number) });
    expect(ours?.['records']).toBeGreaterThan(10_000);
    if (isLong)
      console.log(
        `${String(ours?.['records'])} records: one process ${aloneMs / 1000} s, jobs ${jobsMs / 1000} s`,
      );
    for (const [by, policy] of [
      ['user,partition', 'usage'],
      ['job', 'hybrid'],
      ['day,account', 'allocation'],
    ] as const) {
      const asked = ['--group-by', by, '--policy', policy];
      expect(await report('jobs', ...asked)).toEqual(await report('alone', ...asked));
    }
    expect((await eit('jobs', 'ledger', 'check')).stdout).toContain('each month holds what was taken in');
  });

  test('both nodes had tasks, and what they printed is there', () => {
    const made = JSON.parse(readFileSync(join(pending('jobs'), 'plan.json'), 'utf8')) as {
      tasks: string[][];
    };
    expect(made.tasks).toHaveLength(6);
    const names = readdirSync(pending('jobs'));
    for (const task of made.tasks.keys())
      expect(names).toEqual(expect.arrayContaining([`${task}.json`, `${task}.out`]));
    expect(readFileSync(join(pending('jobs'), '0.out'), 'utf8')).toBe('');
    const jobs = execFileSync('scontrol', ['-o', 'show', 'job'], { env: slurm.env, encoding: 'utf8' });
    const nodes = jobs
      .split('\n')
      .flatMap((job) => / JobName=eit-compact .* NodeList=(\S+)/.exec(job)?.[1] ?? []);
    expect(nodes).toHaveLength(6);
    expect(new Set(nodes)).toEqual(new Set(slurm.nodes));
  });

  test.each(POLICIES)('the energy is what was made up, to the microjoule (%s)', async (policy) => {
    const text = readFileSync(join(ledger('jobs'), 'expected.json'), 'utf8');
    const expected = (JSON.parse(text) as Expected).total;
    const { total } = await report('jobs', '--policy', policy);
    expect([total.runs, total.jobs]).toEqual([expected.runs, expected.jobs]);
    const { cpu, dram, gpu } = expected.uj[policy]!;
    for (const [name, uj] of Object.entries({ cpu, dram, gpu })) {
      const kwh = total.energy_kwh[name as 'cpu'] ?? 0;
      expect([name, Math.round(kwh * 3.6e12)]).toEqual([name, Number(uj)]);
    }
  });

  test('a second time there is nothing new', async () => {
    const { status, stdout, stderr } = await eit('jobs', 'ledger', 'compact', '--slurm');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toContain('the inbox has nothing new');
  });

  test('a plan is committed once', async () => {
    const submitted = await eit(
      'failing',
      'ledger',
      'compact',
      '--slurm',
      '--tasks',
      '2',
      '--no-wait',
      '--json',
    );
    expect(submitted.stderr).toBe('');
    const [{ commitJob, plan, arrayJob }] = JSON.parse(submitted.stdout) as [Record<string, string>];
    expect(submitted.stderr).toBe('');
    await slurm.waitForState(commitJob!, 'COMPLETED');
    const again = await slurm.asUser(process.execPath, [
      ...[program, 'ledger', 'compact', '--config', `${ledger('failing')}.yaml`],
      ...['--clusters', 'synthetic', '--plan', plan!, '--task', 'commit'],
    ]);
    expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('EIT_LEDGER_LOCKED: the plan')]);
    expect(Number(commitJob)).toBeGreaterThan(Number(arrayJob));
    expect(await report('failing')).toEqual(await report('alone'));
  });

  test('who waits for a plan that another compaction has overtaken is told so', async () => {
    const text = readFileSync(`${ledger('overtaken')}.yaml`, 'utf8');
    writeFileSync(`${ledger('overtaken')}.yaml`, text.replace('[--mem', '[--hold, --mem'));
    const waiting = eit('overtaken', 'ledger', 'compact', '--slurm', '--wait');
    await until('the commit job', 20_000, async () => {
      const { stdout } = await run('squeue', ['-h', '-o', '%j'], { env: slurm.env });
      return stdout.includes('eit-compact-commit') || undefined;
    });
    expect((await eit('overtaken', 'ledger', 'compact')).status).toBe(0);
    const { stdout } = await run('squeue', ['-h', '-o', '%A'], { env: slurm.env });
    for (const id of new Set(stdout.trim().split('\n'))) await slurm.scontrol('release', id);
    const { status, stderr } = await waiting;
    expect(status).toBe(1);
    expect(stderr).toMatch(/EIT_SBATCH: job \d+ has ended and committed nothing: eit: EIT_LEDGER_LOCKED/);
    expect(await report('overtaken')).toEqual(await report('alone'));
  });

  describe('eit-report --slurm', () => {
    const asked = ['report', ...WINDOW, '--csv'];
    const left = () => readdirSync(slurm.workDir).filter((name) => name.startsWith('eit-report-'));
    const jobsOf = () =>
      execFileSync('scontrol', ['-o', 'show', 'job'], { env: slurm.env, encoding: 'utf8' })
        .split('\n')
        .filter((job) => job.includes(' JobName=eit-report-'));
    /** Name of a config with other options of sbatch for its tasks. */
    const withExtra = (extra: string): string => {
      const text = `ledger: ${ledger('alone')}\nslurm: {report: {extra: [${extra}]}}\n`;
      writeFileSync(`${ledger('extra')}.yaml`, text, { mode: 0o644 });
      return 'extra';
    };

    test.each([
      ['runs of two nodes', ['--group-by', 'job', '-o', 'JobID,User,Runs,Energy,CO2e,Coverage,GPUUtil']],
      ['hosts and nodes', ['--group-by', 'node,day', '--policy', 'hybrid', '--extrapolate', '--embodied']],
    ])('is byte by byte the report of one machine: %s', async (_, options) => {
      const whole = await eit('alone', ...asked, ...options);
      const before = jobsOf().length;
      const parts = await eit('alone', ...asked, ...options, '--slurm', '--tasks', '4');
      expect([parts.status, parts.stderr]).toEqual([0, whole.stderr]);
      expect(firstDifference(parts.stdout, whole.stdout)).toBeUndefined();
      expect(parts.stdout.split('\n').length).toBeGreaterThan(60);
      const nodes = jobsOf()
        .slice(before)
        .flatMap((job) => / JobState=COMPLETED .* NodeList=(\S+)/.exec(job)?.[1] ?? []);
      expect(nodes).toHaveLength(4);
      expect(new Set(nodes)).toEqual(new Set(slurm.nodes));
      expect(left()).toEqual([]);
    });

    test('what the archive has sums of is read here', async () => {
      const before = jobsOf().length;
      const { status, stderr } = await eit('alone', ...asked, '--group-by', 'user', '--slurm');
      expect([status, stderr]).toEqual([0, expect.stringContaining('--slurm submitted nothing')]);
      expect(jobsOf()).toHaveLength(before);
    });

    test('a task that ends without a word of ours is told with what it printed', async () => {
      const name = withExtra('--export=NONE');
      const { status, stdout, stderr } = await eit(name, ...asked, '--group-by', 'user,hour', '--slurm');
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/EIT_SBATCH: task 0 of job \d+ failed: .*exec: /);
      expect(left()).toEqual([]);
    });

    test('where sbatch takes no job its words are told, and nothing of jobs to be taken back', async () => {
      const name = withExtra('--partition=nowhere');
      const { status, stderr } = await eit(name, ...asked, '--group-by', 'job', '--slurm');
      expect(status).toBe(1);
      expect(stderr).toMatch(/^eit: EIT_SBATCH: sbatch .* took no job: .*partition/is);
      expect(left()).toEqual([]);
    });

    test('a part that is damaged is told by its name', async () => {
      const folder = join(ledger('overtaken'), 'synthetic/parts/kind=slices');
      const [month = ''] = readdirSync(folder);
      const [name = ''] = readdirSync(join(folder, month));
      const bytes = readFileSync(join(folder, month, name));
      bytes.fill(0xff, 4, bytes.length / 2);
      writeFileSync(join(folder, month, name), bytes);
      const { status, stderr } = await eit(
        'overtaken',
        ...asked,
        '--group-by',
        'job',
        '--slurm',
        '--tasks',
        '2',
      );
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /EIT_SBATCH: task [01] of job \d+ failed: EIT_ARCHIVE: .*\.parquet does not hold.* \(on \S+\)/,
      );
      expect(left()).toEqual([]);
    });

    test('Ctrl-C takes the jobs back, and leaves nothing', async () => {
      const command = [program, ...asked, '--group-by', 'job', '--slurm', '--config'];
      const path = `${ledger(withExtra('--hold'))}.yaml`;
      const { status, stderr } = await slurm.asUser('timeout', [
        '--signal=INT',
        '20',
        process.execPath,
        ...command,
        path,
      ]);
      expect(status).toBe(124);
      expect(stderr).toMatch(/task 0 of Slurm job \d+ waits: JobHeldUser/);
      expect(jobsOf().at(-1)).toContain(' JobState=CANCELLED ');
      expect(left()).toEqual([]);
    });
  });

  test('what the config has of a shell is text', () => {
    expect(existsSync(join(slurm.workDir, 'ran'))).toBe(false);
  });

  test('what sbatch refuses is told in its words', async () => {
    writeFileSync(
      `${ledger('failing')}.yaml`,
      `ledger: ${ledger('failing')}\nslurm: {compact: {partition: nowhere}}\n`,
    );
    const folder = join(ledger('failing'), 'synthetic/inbox');
    const day = readdirSync(folder).at(-1);
    const name = day === undefined ? undefined : readdirSync(join(folder, day)).at(-1);
    const target = join(folder, day ?? '2026-01-03');
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, name ?? 'late.ndjson'), 'no record\n', { flag: 'a' });
    const { status, stderr } = await eit('failing', 'ledger', 'compact', '--slurm', '--wait');
    expect(status).toBe(1);
    expect(stderr).toMatch(/EIT_SBATCH: sbatch .* took no job: .*partition/is);
    const gone = await run('squeue', ['-h'], { env: slurm.env });
    expect(gone.stdout).toBe('');
  });
});

/** The first line that is not the same: a report is long. */
function firstDifference(text: string, other: string): readonly (string | undefined)[] | undefined {
  const [lines, others] = [text.split('\n'), other.split('\n')];
  const i = Array.from({ length: Math.max(lines.length, others.length) }).findIndex(
    (_, at) => lines[at] !== others[at],
  );
  return i < 0 ? undefined : [lines[i], others[i]];
}
