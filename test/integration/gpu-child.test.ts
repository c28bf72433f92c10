import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GpuSnapshot } from '../../src/sources/gpu';
import { GpuChild } from '../../src/sources/gpu-child';
import type { GpuChildLimits, GpuChildParts } from '../../src/sources/gpu-child-parts';
import { fakeGpu } from '../fake-nvidia-smi/gpus';
import { type FakeNvidiaSmi, installFakeNvidiaSmi } from '../fake-nvidia-smi/install';
import {
  NvmlStub,
  type StubAge,
  StubBuilds,
  energyMillijoulesAt,
  gpuLine,
  gpuUuid,
} from '../nvml-stub/nvml-stub';
import { testUnless } from './hook-home';

/** The agent's side of eit-gpu with the real program, which loads a library that stands in for NVIDIA's. */
const PROGRAM = join(__dirname, '../../dist/eit-gpu.js');
const GPUS = [gpuLine(0), gpuLine(1), 'energy 0 300000', 'energy 1 70000', 'power 0 300000', 'power 1 70000'];
/** So long that it reads only once by itself. */
const ONCE_MS = 600_000;

const asRoot = testUnless(process.getuid?.() === 0 ? undefined : 'needs root');

const builds = new StubBuilds();
afterAll(() => builds.remove());

let dir: string;
let stub: NvmlStub;
let children: GpuChild[];
let snapshots: GpuSnapshot[];
let arrivals: Map<GpuSnapshot, bigint>;
let warnings: string[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-gpu-'));
  chmodSync(dir, 0o755);
  stub = new NvmlStub(builds, GPUS);
  children = [];
  snapshots = [];
  arrivals = new Map();
  warnings = [];
});
afterEach(async () => {
  await Promise.all(children.map(async (child) => child.stop()));
  for (const pid of [...stub.inits, ...pidsIn('pids')]) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  await until(() => [...stub.inits, ...pidsIn('pids')].every((pid) => !isAlive(pid)));
  stub.remove();
  rmSync(dir, { recursive: true, force: true });
});

function pidsIn(name: string): number[] {
  const path = join(dir, name);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean).map(Number) : [];
}

/** A dead one that nobody has waited for (the container's init may not) is dead. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

/** Waits for as long as it takes; jest has a bound for what never comes. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(5);
}

interface Changes {
  readonly limits?: Partial<GpuChildLimits>;
  readonly parts?: Partial<GpuChildParts>;
}

function start(intervalMs: number, { limits = {}, parts = {} }: Changes = {}): GpuChild {
  const child = new GpuChild({
    program: PROGRAM,
    intervalMs,
    reader: 'auto',
    nvml: stub.library,
    onSnapshot: (snapshot) => {
      snapshots.push(snapshot);
      arrivals.set(snapshot, process.hrtime.bigint());
    },
    onWarning: (text) => warnings.push(text),
    limits: { firstPauseMs: 20, longestPauseMs: 200, ...limits },
    ...parts,
  });
  children.push(child);
  child.start();
  return child;
}

/** A program that stands in for eit-gpu: it writes its number to `pids` and does what the script says. */
function program(script: string): string {
  const path = join(dir, 'program.js');
  writeFileSync(
    path,
    `require('node:fs').appendFileSync(${JSON.stringify(join(dir, 'pids'))}, process.pid + '\\n');\n${script}\n`,
  );
  return path;
}

function withStub(lines: readonly string[], age?: StubAge): void {
  stub.remove();
  stub = new NvmlStub(builds, lines, age);
}

function energyOf(snapshot: GpuSnapshot | undefined, index: number): unknown {
  return snapshot?.gpus[index]?.energyMillijoules;
}

describe('reading', () => {
  test('a snapshot each interval, from NVML, with the counters of its time', async () => {
    const child = start(50);
    expect(child).toMatchObject({ isRunning: true, source: null, problem: null });
    await until(() => snapshots.length >= 10);
    expect(child).toMatchObject({ isRunning: true, source: 'nvml', problem: null });
    for (const snapshot of snapshots) {
      expect(snapshot.gpus.map(({ uuid }) => uuid)).toEqual([gpuUuid(0), gpuUuid(1)]);
      for (const [index, milliwatts] of [300_000, 70_000].entries()) {
        const energy = Number(energyOf(snapshot, index));
        expect(energy).toBeGreaterThanOrEqual(energyMillijoulesAt(snapshot.monoNs, milliwatts));
        expect(energy).toBeLessThanOrEqual(energyMillijoulesAt(arrivals.get(snapshot) ?? 0n, milliwatts));
      }
    }
  });

  test('at once when told to, with the counter of that moment', async () => {
    const child = start(ONCE_MS);
    await until(() => snapshots.length === 1);
    for (let count = 2; count <= 5; count += 1) {
      const askedNs = process.hrtime.bigint();
      child.readNow();
      await until(() => snapshots.length === count);
      const snapshot = snapshots.at(-1);
      expect(snapshot?.monoNs).toBeGreaterThan(askedNs);
      expect(energyOf(snapshot, 0)).toBeGreaterThanOrEqual(energyMillijoulesAt(askedNs, 300_000));
      expect(energyOf(snapshot, 0)).toBeLessThanOrEqual(
        energyMillijoulesAt(process.hrtime.bigint(), 300_000),
      );
    }
  });

  test('of a driver of 2017', async () => {
    withStub([gpuLine(0, '7.0', 'Tesla V100'), 'power 0 250000'], 'old');
    start(ONCE_MS);
    await until(() => snapshots.length === 1);
    expect(snapshots[0]?.gpus).toMatchObject([
      { model: 'Tesla V100', power: { powerW: 250, averagedMs: 0 } },
    ]);
    expect(snapshots[0]?.gpus[0]).not.toHaveProperty('energyMillijoules');
  });

  test('a GPU that falls off the bus leaves the others, and a lost one is told of', async () => {
    const child = start(20);
    await until(() => snapshots.length > 0);
    stub.show([...GPUS, 'lost 0']);
    await until(() => 'missing' in (snapshots.at(-1)?.gpus[0]?.power ?? {}));
    expect(snapshots.at(-1)?.gpus[1]?.power).toEqual({ powerW: 70, averagedMs: 1000 });
    await child.stop();
    child.start();
    await until(() => snapshots.at(-1)?.gpus.length === 1);
    expect(warnings).toEqual([
      expect.stringContaining("the GPU at position 0 of NVML's list cannot be read"),
    ]);
  });
});

describe('ending', () => {
  test('the library is shut down, and nothing is left', async () => {
    const child = start(20);
    await until(() => snapshots.length > 0);
    expect(await child.stop()).toBe(true);
    expect(child).toMatchObject({ isRunning: false, source: null, problem: null });
    expect(stub.shutdowns).toEqual(stub.inits);
    expect(stub.inits.filter(isAlive)).toEqual([]);
  });

  test('SIGTERM shuts it down as well, and it is started anew', async () => {
    start(20);
    await until(() => snapshots.length > 0);
    process.kill(stub.inits[0] ?? 0, 'SIGTERM');
    await until(() => stub.inits.length === 2);
    expect(stub.shutdowns).toEqual([stub.inits[0]]);
  });

  test('started again after a stop, also before that has ended', async () => {
    const child = start(20);
    await until(() => snapshots.length > 0);
    await child.stop();
    child.start();
    await until(() => stub.inits.length === 2);
    const stopping = child.stop();
    child.start();
    expect(await stopping).toBe(true);
    await until(() => stub.inits.length === 3);
    expect(stub.inits.filter(isAlive)).toHaveLength(1);
  });

  test('one that does not end is killed', async () => {
    const child = start(ONCE_MS, {
      limits: { stopMs: 3000 },
      parts: { program: program(`process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);`) },
    });
    await until(() => pidsIn('pids').length === 1);
    expect(await child.stop()).toBe(true);
    expect(pidsIn('pids').filter(isAlive)).toEqual([]);
  });

  test.each([
    ['reads', GPUS],
    ['hangs in a call of the driver', [...GPUS, 'hang nvmlDeviceGetPowerUsage 1']],
  ])('the child of an agent that was killed ends, while it %s', async (_name, lines) => {
    stub.show(lines);
    const agent = spawnAgent('');
    await until(() => stub.inits.length === 1);
    const [pid = 0] = stub.inits;
    // It is in the call, or waits for the next time.
    await until(() => /\) S /.test(readFileSync(`/proc/${pid}/stat`, 'latin1')));
    agent.kill('SIGKILL');
    await until(() => !isAlive(pid));
  });
});

test('neither the child nor what waits for it keeps the agent from ending, and the child ends with it', async () => {
  const agent = spawnAgent('clearInterval(living);');
  await until(() => stub.inits.length === 1);
  await new Promise((resolve) => agent.on('close', resolve));
  expect(agent.exitCode).toBe(0);
  await until(() => !isAlive(stub.inits[0] ?? 0));
});

/** A process of its own with a GpuChild in it, which does this at each snapshot. */
function spawnAgent(onSnapshot: string): ReturnType<typeof spawn> {
  const bundle = join(dir, 'gpu-child.js');
  const source = join(__dirname, '../../src/sources/gpu-child.ts');
  const esbuild = join(__dirname, '../../node_modules/.bin/esbuild');
  const flags = ['--bundle', '--platform=node', '--log-level=warning', `--outfile=${bundle}`];
  execFileSync(esbuild, [source, ...flags], { stdio: 'pipe' });
  const parts = { program: PROGRAM, intervalMs: 20, reader: 'nvml', nvml: stub.library };
  const script = `const { GpuChild } = require(${JSON.stringify(bundle)});
const living = setInterval(() => {}, 1000);
const onSnapshot = () => { ${onSnapshot} };
new GpuChild({ ...${JSON.stringify(parts)}, onSnapshot, onWarning: () => {} }).start();`;
  return spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 'inherit'] });
}

describe('what crashes', () => {
  test.each(['segv', 'abrt', 'bus'])('is started anew: %s', async (how) => {
    stub.show([...GPUS, `crash nvmlDeviceGetPowerUsage 9 ${how}`]);
    start(20);
    await until(() => stub.inits.length === 2);
    const before = snapshots.length;
    await until(() => snapshots.length > before);
    expect(before).toBeGreaterThan(0);
    expect(warnings).toEqual([]);
  });

  test('three times is read by nvidia-smi from then on, and that is said', async () => {
    stub.show([...GPUS, 'crash nvmlDeviceGetPowerUsage 5 segv']);
    const child = start(10);
    await until(() => warnings.length >= 2);
    expect(stub.inits).toHaveLength(3);
    expect(warnings).toEqual([
      'reading the GPUs by NVML has crashed 3 times: from now on they are read by nvidia-smi',
      expect.stringContaining('nvidia-smi'),
    ]);
    stub.show(GPUS);
    await until(() => child.problem?.includes('nvidia-smi') === true);
    expect(stub.inits).toHaveLength(3);
  });

  test('the switch to nvidia-smi is in its arguments', async () => {
    const args = join(dir, 'args');
    start(10, {
      parts: {
        program: program(
          `require('node:fs').appendFileSync(${JSON.stringify(args)}, process.argv.slice(2).join(' ') + '\\n');
process.kill(process.pid, 'SIGSEGV');`,
        ),
        nvidiaSmi: '/opt/bin/nvidia-smi',
      },
    });
    await until(() => pidsIn('pids').length >= 5);
    const lines = readFileSync(args, 'utf8').trim().split('\n').slice(0, 5);
    const paths = `--nvidia-smi /opt/bin/nvidia-smi --nvml ${stub.library}`;
    expect(lines).toEqual([
      ...Array.from({ length: 3 }, () => `--interval-ms 10 --reader auto ${paths}`),
      ...Array.from({ length: 2 }, () => `--interval-ms 10 --reader nvidia-smi ${paths}`),
    ]);
    expect(warnings).toHaveLength(1);
  });

  test('where only NVML is wanted, it stays with that', async () => {
    stub.show([...GPUS, 'crash nvmlDeviceGetPowerUsage 3 segv']);
    start(10, { parts: { reader: 'nvml' } });
    await until(() => stub.inits.length >= 5);
    expect(warnings).toEqual([]);
  });

  test('that which ends at once is not started at each moment', async () => {
    const startedMs = performance.now();
    const child = start(10, {
      limits: { firstPauseMs: 50, longestPauseMs: 10_000 },
      parts: { program: program(`console.error('\\u001b[31mno memory'); process.exit(7);`) },
    });
    await until(() => pidsIn('pids').length === 4);
    // 50 + 100 + 200 ms of pauses at least.
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(350);
    await until(() => child.problem !== null);
    expect(child.problem).toBe('eit-gpu ended with status 7: "?[31mno memory"');
  });
});

describe('what hangs', () => {
  test('is killed and started anew, never two at once', async () => {
    stub.show([...GPUS, 'hang nvmlDeviceGetPowerUsage 9']);
    start(10, { limits: { silentMs: 200, firstMs: 10_000 } });
    const most = { living: 0 };
    await until(() => {
      most.living = Math.max(most.living, stub.inits.filter(isAlive).length);
      return stub.inits.length >= 3;
    });
    expect(most.living).toBe(1);
    expect(snapshots.length).toBeGreaterThan(2);
  });

  test('before the first snapshot as well, and says so', async () => {
    stub.show([...GPUS, 'hang nvmlInit_v2 1']);
    const child = start(10, { limits: { firstMs: 1500, firstPauseMs: 60_000, longestPauseMs: 60_000 } });
    await until(() => child.problem !== null && !child.isRunning);
    expect(child.problem).toBe('eit-gpu said nothing for 1.5 s and was killed');
    expect(stub.inits.filter(isAlive)).toEqual([]);
  });

  test('is not taken for hung while it says that it waits', async () => {
    const child = start(10, {
      limits: { silentMs: 2000, firstMs: 60_000 },
      parts: {
        program: program(`setInterval(() => console.log('{"waiting":"nvidia-smi is slow"}'), 20);
process.stdin.on('end', () => process.exit()).resume();`),
      },
    });
    await until(() => child.problem === 'nvidia-smi is slow');
    await sleep(2500);
    expect(pidsIn('pids').filter(isAlive)).toHaveLength(1);
    expect(child.problem).toBe('nvidia-smi is slow');
  });

  test('a child that cannot be killed is given up: no other is started, and stopping does not wait for it', async () => {
    // Nothing here can be brought into state D at will: the signal is kept from the child instead.
    const child = start(10, {
      limits: { silentMs: 300, firstMs: 300, stopMs: 200 },
      parts: { program: program('setInterval(() => {}, 1000);') },
    });
    const kill = process.kill.bind(process);
    const survived: number[] = [];
    process.kill = (pid: number, signal?: string | number) => {
      if (signal !== 'SIGKILL' || pid >= 0) return kill(pid, signal);
      survived.push(-pid);
      return true;
    };
    try {
      await until(() => survived.length > 0 && pidsIn('pids').length === 1);
      expect(child.problem).toBe(
        'eit-gpu said nothing for 0.3 s and was killed, but has not ended; the GPUs are read again when it has',
      );
      await sleep(1000);
      expect(pidsIn('pids')).toHaveLength(1);
      expect(child.isRunning).toBe(true);
      expect(await child.stop()).toBe(false);
      expect(child.isRunning).toBe(true);
    } finally {
      process.kill = kill;
    }
    child.start();
    process.kill(survived[0] ?? 0, 'SIGKILL');
    await until(() => pidsIn('pids').length === 2);
  });
});

describe('nvidia-smi', () => {
  /** Starts a process that lives, tells of it as eit-gpu does, and ends. */
  const leaving = (ticks: string, signal = ''): string =>
    program(`const left = require('node:child_process').spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
const stat = require('node:fs').readFileSync('/proc/' + left.pid + '/stat', 'latin1');
const startTicks = Number(stat.split(') ').at(-1).split(' ')[19])${ticks};
require('node:fs').appendFileSync(${JSON.stringify(join(dir, 'left'))}, left.pid + '\\n');
left.unref();
console.log(JSON.stringify({ program: { pid: left.pid, startTicks } }));
${signal}`);
  afterEach(async () => {
    for (const pid of pidsIn('left')) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    await until(() => !pidsIn('left').some(isAlive));
  });

  const hanging = (): FakeNvidiaSmi =>
    installFakeNvidiaSmi(dir, { layout: 'new', gpus: [fakeGpu(0)], failures: [{ kind: 'hang' }] });
  const living = (fake: FakeNvidiaSmi): number[] =>
    fake
      .starts()
      .map(({ pid }) => pid)
      .filter(isAlive);
  const startReader = (fake: FakeNvidiaSmi): GpuChild =>
    start(20, { parts: { reader: 'nvidia-smi', nvidiaSmi: fake.path } });
  const eitGpu = (nvidiaSmi = 0): number => Number(/^PPid:\s*(\d+)$/m.exec(statusOf(nvidiaSmi))?.[1]);

  test('that hangs ends with an eit-gpu that was killed, and only then comes another', async () => {
    const fake = hanging();
    startReader(fake);
    for (let count = 1; count <= 3; count += 1) {
      await until(() => fake.starts().length === count && living(fake).length === 1);
      process.kill(eitGpu(living(fake)[0]), 'SIGKILL');
      await until(() => {
        expect(living(fake).length).toBeLessThanOrEqual(1);
        return fake.starts().length > count;
      });
    }
  });

  test('that hangs has ended once stopping says so', async () => {
    const fake = hanging();
    const child = startReader(fake);
    await until(() => living(fake).length === 1);
    expect(await child.stop()).toBe(true);
    expect(living(fake)).toEqual([]);
  });

  test.each([
    ['that has ended', ''],
    ['that is silent', 'setInterval(() => {}, 1000);'],
  ])(
    'that cannot be killed, of an eit-gpu %s: no other is started, and it has not stopped',
    async (_name, then) => {
      // Nothing here can be brought into state D at will: the signal is kept from it instead.
      const kill = process.kill.bind(process);
      const isKept = (pid: number): boolean => pidsIn('left').includes(Math.abs(pid));
      process.kill = (pid: number, signal?: string | number) => isKept(pid) || kill(pid, signal);
      try {
        const child = start(10, {
          limits: { firstMs: 1000, stopMs: 200 },
          parts: { program: leaving('', then) },
        });
        await until(() => child.problem !== null && !pidsIn('pids').some(isAlive));
        await until(() => child.problem?.includes('has not ended') === true);
        await sleep(1000);
        expect(pidsIn('pids')).toHaveLength(1);
        expect(child.isRunning).toBe(true);
        expect(await child.stop()).toBe(false);
        child.start();
        await sleep(300);
        expect(pidsIn('pids')).toHaveLength(1);
        expect(pidsIn('left').filter(isAlive)).toHaveLength(1);
      } finally {
        process.kill = kill;
      }
      process.kill(pidsIn('left')[0] ?? 0, 'SIGKILL');
      await until(() => pidsIn('pids').length >= 2);
    },
  );

  test('is not taken for another process that has its number', async () => {
    start(10, { parts: { program: leaving(' - 1') } });
    await until(() => pidsIn('left').length >= 3);
    expect(isAlive(pidsIn('left')[0] ?? 0)).toBe(true);
  });
});

describe('what it says', () => {
  test('why NVML serves nothing, in words for an administrator, and it is tried again', async () => {
    stub.show([...GPUS, 'fail nvmlInit_v2 18']);
    const child = start(10);
    await until(() => stub.inits.length >= 2 && child.problem !== null);
    expect(child.problem).toMatch(/^the library of NVIDIA's driver is of another version .*reboot/);
    expect(child.problem).toContain('nvidia-smi');
    expect(child.source).toBeNull();
    stub.show(GPUS);
    await until(() => child.source === 'nvml');
    expect(child.problem).toBeNull();
  });

  test('what is no message is told of and does no harm', async () => {
    const child = start(10, {
      parts: {
        program: program(`console.log('hello');
process.stdout.write(Buffer.alloc(3e6, 120));
console.log('\\n{"warning":"\\\\u001b[2Jcareful"}');
for (let i = 0; i < 200; i++) console.log(JSON.stringify({ warning: 'number ' + i }));
console.log(JSON.stringify({ snapshot: { monoNs: '5', source: 'nvml', driver: '1', gpus: [] } }));
process.stdin.on('end', () => process.exit()).resume();`),
      },
    });
    await until(() => snapshots.length === 1);
    expect(snapshots).toEqual([{ monoNs: 5n, source: 'nvml', driver: '1', gpus: [] }]);
    expect(warnings.slice(0, 3)).toEqual([
      'eit-gpu wrote a line that is no JSON: hello',
      'eit-gpu wrote a line of more than 1048576 characters',
      '?[2Jcareful',
    ]);
    expect(warnings).toHaveLength(32);
    expect(child.problem).toBeNull();
  });

  test('it gets nothing of our surroundings', async () => {
    const seen = join(dir, 'seen');
    const told = `{ env: process.env, cwd: process.cwd(), pgrp: require('node:fs').readFileSync('/proc/self/stat', 'latin1').split(') ')[1].split(' ')[2] }`;
    start(10, {
      parts: {
        program: program(`require('node:fs').writeFileSync(${JSON.stringify(seen)}, JSON.stringify(${told}));
process.stdin.on('end', () => process.exit()).resume();
console.log('{"warning":"ready"}');`),
      },
    });
    await until(() => warnings.length > 0);
    expect(JSON.parse(readFileSync(seen, 'utf8'))).toEqual({
      env: { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin' },
      cwd: '/',
      pgrp: String(pidsIn('pids')[0]),
    });
  });

  test('a program that is not there', async () => {
    const child = start(10, { parts: { program: join(dir, 'nothing.js') } });
    await until(() => child.problem !== null);
    expect(child.problem).toMatch(/^eit-gpu ended with status 1: /);
  });
});

describe('the program', () => {
  const runProgram = (...args: string[]): ReturnType<typeof spawn> =>
    spawn(process.execPath, [PROGRAM, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });

  test.each([
    [[], '--interval-ms is a whole number from 1 to 3600000'],
    [['--interval-ms', '0'], '--interval-ms is a whole number'],
    [['--interval-ms', '10', '--reader', 'rsmi'], '--reader is auto, nvml or nvidia-smi'],
    [['--interval-ms', '10', '--verbose'], "Unknown option '--verbose'"],
  ])('refuses the arguments %j', async (args, words) => {
    const child = runProgram(...args);
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect(status).toBe(2);
    expect(complaint).toContain(words);
    expect(complaint).toContain('usage: eit-gpu');
  });

  asRoot('does not go before the jobs, though the agent does', async () => {
    const args = [PROGRAM, '--interval-ms', '20', '--reader', 'nvml', '--nvml', stub.library];
    const child = spawn('nice', ['-n', '-10', process.execPath, ...args], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    await until(() => stub.inits.length === 1);
    const threads = readdirSync(`/proc/${child.pid}/task`);
    const nice = threads.map((thread) => getPriority(Number(thread)));
    expect(new Set(nice)).toEqual(new Set([0]));
    child.stdin?.end();
    await new Promise((resolve) => child.on('close', resolve));
  });

  test('leaves snapshots out while nobody reads them, and says so', async () => {
    const processes = Array.from({ length: 400 }, (_, index) => `process 0 c ${1000 + index} 1024 1 1`);
    stub.show([...GPUS, ...processes]);
    const child = runProgram('--interval-ms', '2', '--reader', 'nvml', '--nvml', stub.library);
    await until(() => stub.inits.length === 1);
    const { pid = 0 } = child;
    // What lies in the pipe is read at last; what is written meanwhile is not more than that.
    await sleep(2000);
    const before = residentKb(pid);
    await sleep(1000);
    expect(residentKb(pid) - before).toBeLessThan(20_000);
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await until(() => text.includes('{"warning":'));
    expect(text).toMatch(
      /\{"warning":"\d+ snapshots were left out: what eit-gpu prints was not read in time"\}/,
    );
    child.stdin?.end();
    await new Promise((resolve) => child.on('close', resolve));
    expect(child.exitCode).toBe(0);
  });

  test('says nothing on standard error', async () => {
    const child = runProgram('--interval-ms', '10', '--reader', 'nvml', '--nvml', stub.library);
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    child.stdout?.once('data', () => child.stdin?.end());
    await new Promise((resolve) => child.on('close', resolve));
    expect({ complaint, status: child.exitCode }).toEqual({ complaint: '', status: 0 });
    expect(stub.shutdowns).toHaveLength(1);
  });
});

function statusOf(pid: number): string {
  return readFileSync(`/proc/${pid}/status`, 'latin1');
}

function residentKb(pid: number): number {
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(statusOf(pid))?.[1]);
}

test('what it costs: CPU time a snapshot of 8 GPUs', async () => {
  const lines = Array.from({ length: 8 }, (_, index) => [
    gpuLine(index),
    `energy ${index} 300000`,
    `power ${index} 300000 300000 300000`,
    `state ${index} 90 85899345920 1073741824 0 4`,
    `process ${index} c ${1000 + index} 1073741824 50 60`,
  ]).flat();
  stub.show(lines);
  const child = start(ONCE_MS);
  await until(() => snapshots.length === 1);
  const [pid = 0] = stub.inits;
  const cpuMs = (): number =>
    readdirSync(`/proc/${pid}/task`)
      .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1'))
      .reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1e6, 0);
  const before = cpuMs();
  const times = 200;
  for (let count = 2; count <= times + 1; count += 1) {
    child.readNow();
    await until(() => snapshots.length === count);
  }
  const eachMs = (cpuMs() - before) / times;
  console.log(
    `eit-gpu: ${eachMs.toFixed(2)} ms of CPU time a snapshot of 8 GPUs (stub), ${(residentKb(pid) / 1024).toFixed(0)} MB`,
  );
  expect(snapshots.at(-1)?.gpus).toHaveLength(8);
});
