import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  openSync,
  utimesSync,
  writeSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostRecord, RunRecord } from '../../src/generated/record';
import { until } from '../cluster/until';
import { gpuLine, NvmlStub, StubBuilds } from '../nvml-stub/nvml-stub';
import { noOtherUser, testUnless } from '../test-unless';
import { TestUsers } from './test-users';
import { startEit } from './eit-command';
import { AgentHome } from './agent-home';
import { describeTerminal } from '../fake-nvidia-smi/describe-terminal';
import { RealTerminal } from './terminal';

const EIT = join(__dirname, '../../dist/eit.js');
/** Some tenths of a second of CPU time, by several processes, some of which are children of children. */
const BURN =
  'burn() { i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; }; (burn) & sh -c "(true)"; (burn; (burn)); wait; times';

let dir: string;
let plain: string;
let energyUj = 5_000_000;
let counter: NodeJS.Timeout;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-run-'));
  // A package that draws 50 W.
  const zone = join(dir, 'sys/class/powercap/intel-rapl:0');
  mkdirSync(zone, { recursive: true });
  mkdirSync(join(dir, 'no-cgroup'));
  writeFileSync(join(zone, 'name'), 'package-0\n');
  writeFileSync(join(zone, 'max_energy_range_uj'), '262143328850\n');
  const path = join(zone, 'energy_uj');
  const text = (): string => `${String(energyUj).padStart(18, '0')}\n`;
  const fd = openSync(path, 'w');
  writeSync(fd, text(), 0);
  // In place and of one length, as the kernel's file is.
  counter = setInterval(() => {
    energyUj += 1_000_000;
    writeSync(fd, text(), 0);
  }, 20);
  plain = config('plain', join(dir, 'no-cgroup'));
});
afterAll(() => {
  clearInterval(counter);
  rmSync(dir, { recursive: true });
});

function config(name: string, cgroup: string, more = ''): string {
  const path = join(dir, `${name}.yaml`);
  const values = {
    ...{ var_dir: join(dir, 'var'), spool_dir: join(dir, 'spool'), ledger: join(dir, 'site') },
    ...{ roots: { sys: join(dir, 'sys'), proc: '/proc', cgroup }, site: { pue: 1.2, zone: 'DE' } },
  };
  const lines = Object.entries(values).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
  writeFileSync(path, `state_dir: ${join(dir, 'state')}\n${lines.join('')}${more}`);
  return path;
}

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let made = 0;
/** @param options of eit run, in a new folder where they name none */
async function run(
  command: readonly string[],
  options: readonly string[] = [],
  { env = {}, at = plain }: { readonly env?: Readonly<Record<string, string>>; readonly at?: string } = {},
): Promise<Ran & { readonly folder: string }> {
  const folder = join(dir, `runs-${made++}`);
  const { output, ended } = startEit(
    ['run', '--dir', folder, '--no-packages', ...options, '--', ...command],
    at,
    env,
  );
  return { status: await ended, ...output, folder };
}

function records(folder: string): (RunRecord | HostRecord)[] {
  const inbox = join(folder, 'own/inbox');
  return readdirSync(inbox, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ndjson'))
    .flatMap((name) => readFileSync(join(inbox, name), 'utf8').trimEnd().split('\n'))
    .map((line) => JSON.parse(line) as RunRecord | HostRecord);
}

function runsIn(folder: string): RunRecord[] {
  return records(folder).filter((line) => line.kind === 'run');
}

test('the exit status is that of the command, as a shell has it', async () => {
  const notExecutable = join(dir, 'plain.txt');
  writeFileSync(notExecutable, 'x', { mode: 0o644 });
  const wanted: [string[], number, string][] = [
    [['true'], 0, '0:0'],
    [['sh', '-c', 'exit 3'], 3, '3:0'],
    [['sh', '-c', 'kill -TERM $$'], 143, '0:15'],
    [['/nonexistent/command'], 127, '127:0'],
    [[notExecutable], 126, '126:0'],
  ];
  for (const [command, status, exitCode] of wanted) {
    const ran = await run(command, ['--quiet']);
    expect({ command, status: ran.status }).toEqual({ command, status });
    expect(runsIn(ran.folder).at(-1)?.end?.exit_code).toBe(exitCode);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toMatch(
      status < 126 || status > 127 ? /^$/ : /^eit: .*: (there is no such command|.*EACCES.*)\n$/,
    );
  }
});

test('pipes pass through: all that comes goes, and nothing else is on standard output', () => {
  const folder = join(dir, 'pipes');
  const script = `head -c 3000000 /dev/zero | node ${EIT} run --dir ${folder} --no-packages -- tr '\\0' x | (sleep 1; wc -c)
    yes | node ${EIT} run --dir ${folder} --quiet --no-packages -- cat | head -1; echo "\${PIPESTATUS[*]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], EIT_CONFIG: plain, SLURM_CONF: '/nonexistent' },
  });
  expect(stdout).toBe('3000000\ny\n141 141 0\n');
  expect(stderr).toMatch(/eit: run 1 \(tr\) in /);
  expect(new Set(runsIn(folder).map(({ job }) => job))).toEqual(new Set([1, 2]));
});

test('signals are handed on, and what the command does about them counts', async () => {
  const script =
    'trap "echo got USR1" USR1; trap "echo got TERM; exit 7" TERM; echo ready; while :; do sleep 0.05; done';
  const folder = join(dir, 'signals');
  const { child, output, ended } = startEit(
    ['run', '--dir', folder, '--quiet', '--', 'sh', '-c', script],
    plain,
  );
  const says = async (text: string): Promise<void> => {
    await until(
      text,
      20_000,
      () => output.stdout.includes(text) || undefined,
      () => output.stderr,
    );
  };
  await says('ready');
  child.kill('SIGUSR1');
  await says('got USR1');
  child.kill('SIGTERM');
  expect(await ended).toBe(7);
  expect(output.stdout).toContain('got TERM');
  expect(runsIn(folder)[0]?.end?.exit_code).toBe('7:0');
});

test('signals that come when the command has ended cost neither its records nor its status', async () => {
  const folder = join(dir, 'late-signals');
  const script = 'trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done';
  const asked = ['run', '--dir', folder, '--quiet', '--no-packages', '--', 'sh', '-c', script];
  const { child, output, ended } = startEit(asked, plain);
  await until('ready', 20_000, () => output.stdout.includes('ready') || undefined);
  const facts = (): string => readFileSync(join(folder, 'facts.ndjson'), 'utf8');
  // Until its end is written: when Node.js ends it takes no signals any more.
  const again = setInterval(() => facts().includes('"exit"') || child.kill('SIGTERM'), 1);
  try {
    expect(await ended).toBe(7);
  } finally {
    clearInterval(again);
  }
  expect(runsIn(folder).at(-1)?.end?.exit_code).toBe('7:0');
  expect(facts()).toContain('"exit":"7"');
});

/** Prints what it ignores, and who it and eit are; then it goes on for a while. */
const IGNORER =
  'while read -r a b; do [ "$a" != SigIgn: ] || echo "ignores $b"; done </proc/self/status; echo "is $$ $PPID"; sleep 1; echo "survived $EIT_SIGNALS_IGNORED"; exit 4';

test.each([
  ['nohup', 'nohup "$@"', '01'],
  ['nohup of a script', `nohup sh -c '"$@"; exit $?' sh "$@"`, '01'],
  ['a launcher that saw &', 'EIT_SIGNALS_IGNORED=0000000000000007 "$@"', '07'],
])('what it is to ignore (%s) the command ignores too, and eit outlives it', async (_, start, mask) => {
  const folder = join(dir, `ignoring-${made++}`);
  const eit = [
    process.execPath,
    EIT,
    'run',
    '--dir',
    folder,
    '--no-packages',
    '--quiet',
    '--',
    'sh',
    '-c',
    IGNORER,
  ];
  const child = spawn('bash', ['--norc', '-c', `${start}; exit $?`, 'bash', ...eit], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'], EIT_CONFIG: plain, SLURM_CONF: '/nonexistent' },
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const ended = new Promise((resolve) => child.on('close', resolve));
  const [, command, parent] = await until('it', 20_000, () => /is (\d+) (\d+)\n/.exec(stdout) ?? undefined);
  expect(stdout).toMatch(new RegExp(`ignores 0*${mask}\n`));
  for (const pid of [command, parent]) process.kill(Number(pid), 'SIGHUP');
  expect(await ended).toBe(4);
  expect(stdout).toMatch(/survived \n$/);
  expect(runsIn(folder)[0]?.end?.exit_code).toBe('4:0');
});

describeTerminal('eit run in a real terminal', () => {
  test("a terminal is the command's: it sees one, and Ctrl-C reaches it once", async () => {
    const script = join(dir, 'interrupted.sh');
    writeFileSync(
      script,
      `n=0; trap 'n=$((n+1))' INT
    [ -t 0 ] && [ -t 1 ] && echo on a terminal
    i=0; while [ $i -lt 40 ]; do sleep 0.05; i=$((i+1)); [ $n -gt 0 ] && i=$((i+2)); done
    echo "interrupts: $n"; exit 5`,
    );
    const terminal = new RealTerminal(
      '/bin/bash',
      [
        '--norc',
        '-ic',
        `${process.execPath} ${EIT} run --dir ${join(dir, 'terminal')} --quiet -- sh ${script}; echo "after $?"; exec sleep 60`,
      ],
      {
        ...{ columns: 100, rows: 20 },
        env: {
          PATH: process.env['PATH'] ?? '',
          EIT_CONFIG: plain,
          TERM: 'xterm',
          SLURM_CONF: '/nonexistent',
        },
      },
    );
    try {
      await terminal.shows(/on a terminal/);
      terminal.pty.write('\x03');
      await terminal.shows(/interrupts: 1$/m);
      await terminal.shows(/after 5/);
    } finally {
      terminal.end();
    }
  });
});

/** Seconds of CPU time that `times` of a shell tells. */
function timesOf(stdout: string): number {
  const parts = [...stdout.matchAll(/(\d+)m([\d.]+)s/g)].map(([, m, s]) => Number(m) * 60 + Number(s));
  return parts.reduce((sum, part) => sum + part, 0);
}

async function expectMeasured(at: string, by: 'cgroup' | 'processes'): Promise<void> {
  const ran = await run(['sh', '-c', BURN], ['--interval', '0.1'], { at });
  expect(ran.status).toBe(0);
  if (by === 'processes') expect(ran.stderr).toContain('it had no cgroup of its own');
  else expect(ran.stderr).not.toContain('no cgroup');
  // Memory has no counter here; a millisecond of rounding is some tenths of a percent.
  expect(ran.stderr).toMatch(/observed (?:100|99\.\d) %, (?:\d+ % measured, the rest modelled|measured)/);
  const [line, ...more] = runsIn(ran.folder);
  expect(more).toEqual([]);
  const cpuS = (line?.cpu_us ?? 0) / 1e6;
  // times has hundredths, /proc too, and the shell ends after it has told.
  expect(Math.abs(cpuS - timesOf(ran.stdout))).toBeLessThan(0.08);
  const host = records(ran.folder).find((one) => one.kind === 'host')!;
  const domain = host.domains['package-0']!;
  const own = line?.measured_uj['package-0'] ?? [];
  expect(domain).toMatchObject({ source: 'powercap', quality: 'measured', runs_uj: own });
  expect(domain.counter_uj).toBeGreaterThan(0);
  for (const policy of [0, 1, 2])
    expect(
      (domain.runs_uj[policy] ?? 0) + (domain.idle_uj[policy] ?? 0) + (domain.system_uj[policy] ?? 0),
    ).toBe(domain.counter_uj);
  expect(own[0]).toBeGreaterThan(0);
  // A second of these 50 W has them all, and no more.
  expect(domain.counter_uj).toBeLessThan(energyUj);
}

test("a tree of processes is measured by /proc, and all energy is somebody's", () =>
  expectMeasured(plain, 'processes'));

testUnless(noOtherUser)('without the right to read the counters it is modelled, and says so', async () => {
  const users = new TestUsers();
  try {
    const { name, uid } = users.make('run');
    chmodSync(dir, 0o755);
    chmodSync(join(dir, 'sys/class/powercap/intel-rapl:0/energy_uj'), 0o400);
    const folder = join(dir, 'modelled');
    mkdirSync(folder);
    chownSync(folder, uid, uid);
    const asked = ['run', '--dir', folder, '--no-packages', '--json', '--', 'sh', '-c', BURN];
    const { output, ended } = startEit(asked, plain, {}, name);
    expect(await ended).toBe(0);
    const said = JSON.parse(output.stderr) as { figures: { measured_fraction: number }; remarks: string[] };
    expect(said.figures.measured_fraction).toBe(0);
    expect(said.remarks).toContainEqual(
      expect.stringMatching(/^the CPU's energy is modelled .*may not read .*energy_uj/),
    );
    const [line] = runsIn(folder);
    expect(line).toMatchObject({ user: name, uid, measured_uj: {} });
    expect(line?.modelled_uj?.['package-0']?.[0]).toBeGreaterThan(0);
  } finally {
    users.remove();
  }
});

test("GPUs: the one that CUDA is told is the run's, the other is idle; and they can be required", async () => {
  const builds = new StubBuilds();
  const watts = ['energy 0 300000', 'energy 1 70000', 'power 0 300000', 'power 1 70000'];
  const stub = new NvmlStub(builds, [gpuLine(0), gpuLine(1), ...watts]);
  try {
    const at = config(
      'gpus',
      join(dir, 'no-cgroup'),
      `gpu: { nvml_library: ${stub.library}, interval_ms: 100 }\n`,
    );
    const ran = await run(['sleep', '2'], ['--json'], { at, env: { CUDA_VISIBLE_DEVICES: '1' } });
    expect(ran.status).toBe(0);
    const [line] = runsIn(ran.folder);
    expect(line).toMatchObject({ gpus: 1, gpu: { by: 'index' } });
    expect(line?.measured_uj).not.toHaveProperty('gpu-1b:00.0');
    const seconds = (line?.gpu?.ms ?? 0) / 1000;
    expect(seconds).toBeGreaterThan(1.5);
    expect((line?.measured_uj['gpu-1c:00.0']?.[0] ?? 0) / 1e6 / seconds).toBeCloseTo(70, -1);
    const { domains } = records(ran.folder).find((one) => one.kind === 'host')!;
    const first = domains['gpu-1b:00.0']!;
    expect(first.idle_uj[0]).toBe(first.counter_uj);
    const wrong = await run(['true'], ['--require-gpu', 'no-such-gpu'], { at });
    expect(wrong.status).toBe(125);
    expect(wrong.stderr).toContain('here is NVIDIA H100 80GB HBM3');
    expect((await run(['true'], ['--quiet', '--require-gpu', 'a100|h100 80gb'], { at })).status).toBe(0);
  } finally {
    stub.remove();
    builds.remove();
  }
});

const reason = cgroupReason();
testUnless(reason)('where it may, it makes a cgroup and takes it away again', async () => {
  const before = ownCgroups();
  await expectMeasured(config('cgroup', '/sys/fs/cgroup'), 'cgroup');
  // What leaves the tree at once is still the command's.
  const daemon = '(setsid sh -c "i=0; while [ \\$i -lt 100000 ]; do i=\\$((i+1)); done" &) ; sleep 1';
  const { folder } = await run(['sh', '-c', daemon], [], { at: config('cgroup', '/sys/fs/cgroup') });
  expect(runsIn(folder)[0]?.cpu_us).toBeGreaterThan(50_000);
  expect(ownCgroups()).toEqual(before);
});

function ownCgroups(): string[] {
  const found = spawnSync('find', ['/sys/fs/cgroup', '-maxdepth', '4', '-name', 'eit-run-*'], {
    encoding: 'utf8',
  });
  return found.stdout.split('\n').filter((name) => name !== '');
}

/** Why no cgroup can be made here. */
function cgroupReason(): string | undefined {
  const script =
    'for d in /sys/fs/cgroup/cpuacct /sys/fs/cgroup; do mkdir $d/eit-try-$$ 2>/dev/null && rmdir $d/eit-try-$$ && exit 0; done; exit 1';
  return spawnSync('sh', ['-c', script]).status === 0 ? undefined : 'this user may not make a cgroup';
}

test('tags and results travel with it, and sets of a folder are compared by them', async () => {
  const folder = join(dir, 'sweep');
  writeFileSync(join(dir, 'old.json'), '{"acc": 1}');
  utimesSync(join(dir, 'old.json'), 1e9, 1e9);
  const ran: Ran[] = [];
  for (const [set, fpos] of [
    ['a', 1e9],
    ['a', 2e9],
    ['b', 40e9],
    ['b', 50e9],
  ] as const) {
    const work = `i=0; while [ $i -lt ${fpos / 2e5} ]; do i=$((i+1)); done; echo '{"fpos": ${fpos}, "acc": [[1, 0.5], [2, 0.75]], "bad": NaN}' > m.json`;
    const file = join(dir, 'm.json');
    ran.push(
      await run(
        ['sh', '-c', `cd ${dir}; ${work}`],
        ['--dir', folder, '--tag', `set=${set}`, '--metric-file', file, ...(fpos < 50e9 ? ['--quiet'] : [])],
      ),
    );
  }
  expect(ran.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
  expect(ran[0]?.stderr).toContain('m.json: not taken: bad is empty, not a number');
  expect(ran[3]?.stderr).toMatch(/^eit: run 4 \(sh\) in .*results: fpos, acc$/ms);
  const asked = ['--from', folder, '--set', 'A=tag=set=a', '--set', 'B=tag=set=b'];
  const { ended, output } = startEit(
    ['compare', ...asked, '--correlate', 'fpos,CPUTime', '--over', 'runs', '--json'],
    plain,
  );
  expect(await ended).toBe(0);
  const found = JSON.parse(output.stdout) as {
    correlations: { pearson: { n: number; r: number } }[];
    of: { jobs: unknown[] }[];
  };
  expect(found.correlations[0]?.pearson.n).toBe(4);
  // However busy the machine is: the long ones are twenty times the short ones.
  expect(found.correlations[0]?.pearson.r).toBeGreaterThan(0.8);
  expect(found.of.map(({ jobs }) => jobs.length)).toEqual([2, 2]);
  // Names and states are the folder's own; a file that the run did not write is of another one.
  const failed = await run(
    ['sh', '-c', 'sleep 0.1; exit 4'],
    [...['--dir', folder, '--name', 'a b', '--tag', 'set=c', '--metric-file', join(dir, 'old.json')]],
  );
  expect(failed.status).toBe(4);
  expect(failed.stderr).toContain('old.json is as it was before this run');
  const asked2 = [
    '--from',
    folder,
    '--set',
    'C=name=a b;state=F',
    '--set',
    'A=tag=set=a;state=CD',
    '--by',
    'time',
  ];
  const named = startEit(['compare', ...asked2, '--json'], plain);
  expect(await named.ended).toBe(0);
  const { of, warnings } = JSON.parse(named.output.stdout) as typeof found & { warnings: string[] };
  expect(of.map(({ jobs }) => jobs.length)).toEqual([1, 2]);
  expect(warnings).toContain('C: job 5 is FAILED');
  const report = startEit(['report', '--from', folder, '-o', 'JobID,JobName,State', '-n', '-P'], plain);
  expect(await report.ended).toBe(0);
  expect(report.output.stdout.split('\n').sort()).toEqual([
    '',
    '1|sh|COMPLETED',
    '2|sh|COMPLETED',
    '3|sh|COMPLETED',
    '4|sh|COMPLETED',
    '5|a b|FAILED',
  ]);
});

test('on the wrong hardware the command is not started', async () => {
  const mark = join(dir, 'started');
  for (const [options, message] of [
    [['--require-gpu', 'h100'], 'no GPU is known here'],
    [['--require-cpu', 'no such cpu'], 'here is '],
  ] as const) {
    const { status, stderr, folder } = await run(['touch', mark], options);
    expect({ status, mark: existsSync(mark), folder: existsSync(folder) }).toEqual({
      status: 125,
      mark: false,
      folder: false,
    });
    expect(stderr).toMatch(
      new RegExp(`EIT_WRONG_HARDWARE: --${options[0].slice(2)} "${options[1]}": .*${message}`),
    );
  }
});

test("no run of a user's own comes into a site's ledger, nor begins where nothing can be written", async () => {
  mkdirSync(join(dir, 'site/lab/inbox'), { recursive: true });
  symlinkSync(join(dir, 'site'), join(dir, 'link'));
  for (const [folder, message] of [
    [join(dir, 'site'), "is a site's ledger"],
    [join(dir, 'link'), "is a site's ledger"],
    [join(dir, 'site/lab/mine'), "is a site's ledger"],
    ['/proc/nothing', 'cannot write /proc/nothing'],
  ] as const) {
    const { status, stderr } = await run(['true'], ['--dir', folder]);
    expect(status).toBe(125);
    expect(stderr).toContain('EIT_RUN: ');
    expect(stderr).toContain(message);
  }
});

test('the nodes of one step of Slurm are one run; other tasks of a node only run', async () => {
  const folder = join(dir, 'step');
  const step = (node: string, task: string): Promise<Ran> =>
    run(['sh', '-c', 'echo $SLURM_LOCALID; sleep 0.2'], ['--dir', folder, '--json'], {
      env: {
        ...{
          SLURM_JOB_ID: '77',
          SLURM_STEP_ID: '0',
          SLURM_STEP_NODELIST: 'n[1-2]',
          SLURM_STEP_NUM_NODES: '2',
        },
        ...{ SLURM_CLUSTER_NAME: 'lab', SLURMD_NODENAME: node, SLURM_LOCALID: task },
      },
    });
  const ran = await Promise.all([step('n1', '0'), step('n2', '0'), step('n2', '1')]);
  expect(ran.map(({ status, stdout }) => [status, stdout])).toEqual([
    [0, '0\n'],
    [0, '0\n'],
    [0, '1\n'],
  ]);
  expect(
    runsIn(folder)
      .map(({ job, node, nodes }) => `${job} ${node} ${nodes}`)
      .sort(),
  ).toEqual(['1 n1 2', '1 n2 2']);
  expect(ran.filter(({ stderr }) => stderr.includes('"run": 1'))).toHaveLength(1);
  const { ended, output } = startEit(['tag', '--list', '--from', folder, '--json'], plain);
  expect(await ended).toBe(0);
  expect((JSON.parse(output.stdout) as { jobs: unknown[] }).jobs).toEqual([
    { cluster: 'own', job_id: 1, tags: { name: 'sh', slurm_job: '77', slurm_step: 'lab/77.0', exit: '0' } },
  ]);
});

test('in a job that the hooks measure nothing is measured twice: tags and results go to that job', async () => {
  const home = new AgentHome([
    'agent: { interval_seconds: 0.2, live_seconds: 0.2, record_seconds: 1, linger_seconds: 60 }',
  ]);
  try {
    await home.start();
    home.hook('prolog', 7, { SLURM_JOB_UID: String(process.getuid?.()) });
    const facts = join(dir, 'facts.ndjson');
    const file = join(dir, 'seven.json');
    const ran = await run(
      ['sh', '-c', `echo '{"acc": 1}' > ${file}`],
      ['--tag', 'set=x', '--metric-file', file],
      {
        env: {
          SLURM_JOB_ID: '7',
          SLURM_CLUSTER_NAME: 'lab',
          SLURM_JOB_START_TIME: '1772445600',
          EIT_FACTS: facts,
        },
        at: home.config,
      },
    );
    expect(ran.status).toBe(0);
    expect(ran.stderr).toContain('job 7 of lab is measured by the site');
    expect(existsSync(ran.folder)).toBe(false);
    expect(
      readFileSync(facts, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      expect.objectContaining({
        cluster: 'lab',
        job: 7,
        started: '2026-03-02T10:00:00.000Z',
        tags: { name: 'sh', set: 'x' },
      }),
      expect.objectContaining({ cluster: 'lab', job: 7, metrics: { acc: { points: [[null, 1]] } } }),
    ]);
    // Another job, of which the agent knows nothing, is measured.
    const other = await run(['true'], ['--quiet'], { env: { SLURM_JOB_ID: '8' }, at: home.config });
    expect(runsIn(other.folder)).toHaveLength(1);
  } finally {
    await home.remove();
  }
});

test('packages and modules are written down, unless not wanted', async () => {
  const folder = join(dir, 'software');
  const { ended } = startEit(['run', '--dir', folder, '--quiet', '--', 'true'], plain, {
    LOADEDMODULES: 'gcc/13:cuda/12',
  });
  expect(await ended).toBe(0);
  expect(readFileSync(join(folder, 'software/own-1'), 'utf8')).toContain('modules=gcc/13:cuda/12\0');
  const without = await run(['true'], ['--quiet']);
  expect(existsSync(join(without.folder, 'software'))).toBe(false);
});
