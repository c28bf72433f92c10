import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  rmdirSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StepWatch, type StepWatchOptions } from '../../../src/sources/step-watch';
import { Tree, isRoot } from './tree';

const UNIFIED = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((at) =>
  existsSync(join(at, 'cgroup.controllers')),
);
const CPUACCT = '/sys/fs/cgroup/cpuacct';
const FREEZER = '/sys/fs/cgroup/freezer';

/** What a test waits for has happened long before. */
const LONG_MS = 3_600_000;

let ends = 0;
let errors: string[] = [];
const watches: StepWatch[] = [];
function stepWatch(options: Partial<StepWatchOptions> = {}): StepWatch {
  const made = new StepWatch({
    onEnd: () => ends++,
    onError: (reason) => errors.push(reason),
    ...options,
  });
  watches.push(made);
  return made;
}

const cgroups: string[] = [];
const children: ChildProcess[] = [];
let tree: Tree | undefined;

beforeEach(() => {
  ends = 0;
  errors = [];
});
afterEach(async () => {
  for (const each of watches.splice(0)) each.close();
  await Promise.all(children.splice(0).map(end));
  for (const dir of cgroups.splice(0).toReversed()) if (existsSync(dir)) rmdirSync(dir);
  tree?.remove();
  tree = undefined;
});

/** Makes cgroups, parents first; they are removed after the test. */
function make(...dirs: string[]): void {
  for (const dir of dirs) {
    mkdirSync(dir);
    cgroups.push(dir);
  }
}

function remove(...dirs: string[]): void {
  for (const dir of dirs) rmdirSync(dir);
}

/** A process in a cgroup of each of the directories, which burns some milliseconds when told to. */
async function burner(...dirs: string[]): Promise<{ burn: () => Promise<void> }> {
  const child = spawn('sh', ['-c', 'echo; read line; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  children.push(child);
  // What it needs to start is not of the cgroup.
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  for (const dir of dirs) writeFileSync(join(dir, 'cgroup.procs'), String(child.pid));
  return {
    burn: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.stdin?.end('go\n');
      await ended;
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

/** fs.watch that tells nothing of one directory, always or while asked. */
function deafTo(dir: string, isDeaf: () => boolean = () => true): typeof watch {
  return ((path: string, options: object, listener: (type: string, name: string | null) => void) =>
    watch(path, options, (type, name) => {
      if (path !== dir || !isDeaf()) listener(type, name);
    })) as typeof watch;
}

/** Waits until all of inotify's events so far have been told: they come in order. */
async function eventsTold(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'eit-events-'));
  await new Promise<void>((resolve) => {
    const watcher = watch(dir, () => {
      watcher.close();
      resolve();
    });
    writeFileSync(join(dir, 'mark'), '');
  });
  rmSync(dir, { recursive: true });
}

function usageUsec(dir: string): bigint {
  return BigInt(/^usage_usec (\d+)$/m.exec(readFileSync(join(dir, 'cpu.stat'), 'utf8'))?.[1] ?? '-1');
}

function cpuacctNs(dir: string): bigint {
  return BigInt(readFileSync(join(dir, 'cpuacct.usage'), 'utf8').trim());
}

/** A test that makes cgroups, skipped by name where it cannot. */
function cgroupTest(can: boolean, what: string): (name: string, work: () => Promise<void>) => void {
  return (name, work) =>
    isRoot && can ? test(name, work) : test.skip(`${name} (skipped: needs root and ${what})`, work);
}

describe('version 2', () => {
  const on = cgroupTest(UNIFIED !== undefined, 'version 2');
  const scope = join(UNIFIED ?? '', `eit-watch-${process.pid}`);
  const job = join(scope, 'job_7');
  const step = (name: string) => join(job, name);
  const user = (name: string) => join(job, name, 'user');
  const task = (name: string) => join(job, name, 'user/task_0');
  const stepDirs = (name: string) => [step(name), user(name), task(name)];
  const follow = (steps: StepWatch) => steps.follow([{ version: 2, dir: scope, node: null }]);

  /** As slurmstepd does before it removes them. */
  const lastWrite = (name: string) => writeFileSync(join(user(name), 'cgroup.freeze'), '0');

  on('a job that begins and ends between two looks is counted to its end', async () => {
    make(scope);
    const steps = stepWatch();
    follow(steps);
    expect(steps.userNs(job)).toBeUndefined();
    make(job, ...stepDirs('step_batch'));
    const { burn } = await burner(task('step_batch'));
    await eventsTold();
    await burn();
    lastWrite('step_batch');
    await eventsTold();
    const usedNs = usageUsec(user('step_batch')) * 1000n;
    expect(usedNs).toBeGreaterThan(0n);
    expect(steps.userNs(job)).toBe(usedNs);
    expect(ends).toBe(0);
    remove(...stepDirs('step_batch').toReversed(), job);
    await eventsTold();
    expect(steps.takeEnded()).toEqual([{ dir: job, userNs: usedNs }]);
    expect(ends).toBe(1);
    expect(errors).toEqual([]);
  });

  on('the kernel’s own word that the last process has ended is enough', async () => {
    make(scope, job, ...stepDirs('step_0'));
    const steps = stepWatch();
    follow(steps);
    const { burn } = await burner(task('step_0'));
    const told = new Promise<void>((resolve) => {
      const watcher = watch(user('step_0'), (_, name) => {
        if (name !== 'cgroup.events' || !/populated 0/.test(readFileSync(join(user('step_0'), name), 'utf8')))
          return;
        if (usageUsec(user('step_0')) === 0n) return;
        watcher.close();
        resolve();
      });
    });
    await burn();
    await told;
    await eventsTold();
    const usedNs = usageUsec(user('step_0')) * 1000n;
    remove(...stepDirs('step_0').toReversed(), job);
    // A tick that finds it gone need not wait for the event.
    steps.check(job);
    expect(steps.takeEnded()).toEqual([{ dir: job, userNs: usedNs }]);
  });

  on('what slurmstepd kills is read when it is stopped: the extern step is removed at once', async () => {
    make(scope, job, ...stepDirs('step_extern'));
    const steps = stepWatch({ stoppedForMs: LONG_MS });
    follow(steps);
    // The kernel tells a while later that there is a process: after the stop it would be taken for one that goes on.
    const begun = new Promise<void>((resolve) => {
      const watcher = watch(user('step_extern'), (_, name) => {
        if (name !== 'cgroup.events') return;
        watcher.close();
        resolve();
      });
    });
    await burner(task('step_extern'));
    await begun;
    lastWrite('step_extern');
    await eventsTold();
    const stoppedNs = usageUsec(user('step_extern')) * 1000n;
    await end(children[0] ?? fail('no process'));
    const usedNs = usageUsec(user('step_extern')) * 1000n;
    remove(...stepDirs('step_extern').toReversed(), job);
    steps.check(job);
    const userNs = steps.takeEnded()[0]?.userNs ?? fail('no last reading');
    // What dying takes may be missing.
    expect(userNs).toBeGreaterThanOrEqual(stoppedNs);
    expect(userNs).toBeLessThanOrEqual(usedNs);
  });

  on('what was stopped and goes on, as after a suspension, has not ended', async () => {
    make(scope, job, ...stepDirs('step_0'));
    let isDeaf = false;
    const steps = stepWatch({ stoppedForMs: 1, watch: deafTo(user('step_0'), () => isDeaf) });
    follow(steps);
    const { burn } = await burner(task('step_0'));
    await eventsTold();
    lastWrite('step_0');
    await eventsTold();
    isDeaf = true;
    // Timers go off in the order in which they are due.
    await new Promise((resolve) => setTimeout(resolve, 20));
    await burn();
    remove(...stepDirs('step_0').toReversed(), job);
    await eventsTold();
    expect(steps.takeEnded()).toEqual([{ dir: job, userNs: null }]);
  });

  on('many that end at once are told apart', async () => {
    const jobs = Array.from({ length: 20 }, (_, index) => join(scope, `job_${index}`));
    const dirs = (dir: string) => [dir, join(dir, 'step_0'), join(dir, 'step_0/user')];
    make(scope);
    const steps = stepWatch();
    follow(steps);
    for (const each of jobs) make(...dirs(each));
    const burners = await Promise.all(jobs.map((each) => burner(join(each, 'step_0/user'))));
    await eventsTold();
    await Promise.all(burners.map(({ burn }) => burn()));
    for (const each of jobs) writeFileSync(join(each, 'step_0/user/cgroup.freeze'), '0');
    await eventsTold();
    const used = jobs.map((each) => usageUsec(join(each, 'step_0/user')) * 1000n);
    for (const each of jobs) remove(...dirs(each).toReversed());
    await eventsTold();
    expect(steps.takeEnded()).toEqual(jobs.map((dir, i) => ({ dir, userNs: used[i] })));
    expect(steps.takeEnded()).toEqual([]);
    expect(ends).toBe(20);
  });

  on('what is missed at the end is not taken for the last reading', async () => {
    make(scope, job, ...stepDirs('step_0'));
    const steps = stepWatch({ watch: deafTo(user('step_0')) });
    follow(steps);
    const { burn } = await burner(task('step_0'));
    const atTickNs = steps.userNs(job) ?? fail('not seen');
    await burn();
    remove(...stepDirs('step_0').toReversed(), job);
    expect(steps.userNs(job)).toBe(atTickNs);
    await eventsTold();
    expect(steps.takeEnded()).toEqual([{ dir: job, userNs: null }]);
    expect(ends).toBe(1);
  });

  on('a job made anew under its name is another one, however quickly it was', async () => {
    make(scope);
    const steps = stepWatch();
    follow(steps);
    const used: bigint[] = [];
    for (const name of ['step_0', 'step_1']) {
      make(job, ...stepDirs(name));
      const { burn } = await burner(task(name));
      await eventsTold();
      await burn();
      lastWrite(name);
      await eventsTold();
      used.push(usageUsec(user(name)) * 1000n);
      remove(...stepDirs(name).toReversed(), job);
    }
    make(job);
    await eventsTold();
    expect(steps.takeEnded()).toEqual(used.map((userNs) => ({ dir: job, userNs })));
    expect(steps.userNs(job)).toBeUndefined();
  });

  on('steps that have ended stay in the sum of the job', async () => {
    make(scope, job, ...stepDirs('step_0'), ...stepDirs('step_1'));
    const steps = stepWatch();
    follow(steps);
    const [a, b] = await Promise.all([burner(task('step_0')), burner(task('step_1'))]);
    await a.burn();
    lastWrite('step_0');
    await eventsTold();
    const firstNs = usageUsec(user('step_0')) * 1000n;
    remove(...stepDirs('step_0').toReversed());
    await eventsTold();
    expect(steps.userNs(job)).toBe(firstNs + usageUsec(user('step_1')) * 1000n);
    await b.burn();
    lastWrite('step_1');
    await eventsTold();
    const sumNs = firstNs + usageUsec(user('step_1')) * 1000n;
    remove(...stepDirs('step_1').toReversed(), job);
    await eventsTold();
    expect(steps.takeEnded()).toEqual([{ dir: job, userNs: sumNs }]);
  });

  on('a step that is used again after its end was seen has no last reading', async () => {
    make(scope, job, ...stepDirs('step_0'));
    let isDeaf = false;
    const steps = stepWatch({ watch: deafTo(user('step_0'), () => isDeaf) });
    follow(steps);
    await (await burner(task('step_0'))).burn();
    lastWrite('step_0');
    await eventsTold();
    // As those do that pam_slurm_adopt brings.
    const later = await burner(task('step_0'));
    steps.refresh();
    isDeaf = true;
    await later.burn();
    remove(...stepDirs('step_0').toReversed(), job);
    await eventsTold();
    expect(steps.takeEnded()).toEqual([{ dir: job, userNs: null }]);
  });

  on('slurmstepd is not the user, and what is no step is not looked at', async () => {
    make(scope, job, ...stepDirs('step_0'), join(step('step_0'), 'slurm'));
    make(join(job, 'mine'), join(job, 'mine/user'), join(scope, 'system'));
    const steps = stepWatch();
    follow(steps);
    for (const dir of [join(step('step_0'), 'slurm'), join(job, 'mine/user'), join(scope, 'system')])
      await (await burner(dir)).burn();
    expect(usageUsec(step('step_0'))).toBeGreaterThan(0n);
    expect(steps.userNs(job)).toBe(0n);
    expect(steps.userNs(join(scope, 'system'))).toBeUndefined();
  });
});

describe('version 1', () => {
  const on = cgroupTest(
    existsSync(join(CPUACCT, 'cpuacct.usage')) && existsSync(join(FREEZER, 'cgroup.procs')),
    'version 1 with cpuacct and freezer',
  );
  const name = `slurm_eitwatch${process.pid}`;
  const scope = join(CPUACCT, name);
  const job = join(scope, 'uid_1/job_7');
  const step = join(job, 'step_0');
  const dirs = (mount: string) => [
    join(mount, name),
    join(mount, name, 'uid_1'),
    join(mount, name, 'uid_1/job_7'),
    join(mount, name, 'uid_1/job_7/step_0'),
  ];
  const freezer = join(FREEZER, name, 'uid_1/job_7/step_0');
  const tasks = [join(step, 'task_0'), join(step, 'task_1')];
  const follow = (steps: StepWatch) => steps.follow([{ version: 1, dir: scope, node: null }]);

  on('what slurmstepd writes to the freezer tells of the end; its own time is not the user’s', async () => {
    make(...dirs(FREEZER), scope);
    const steps = stepWatch();
    follow(steps);
    make(...dirs(CPUACCT).slice(1));
    // slurmstepd of 21.08 is in the step's own cgroup.
    await (await burner(step)).burn();
    make(...tasks);
    await eventsTold();
    const burners = await Promise.all(tasks.map((task) => burner(task, freezer)));
    await eventsTold();
    await Promise.all(burners.map(({ burn }) => burn()));
    writeFileSync(join(freezer, 'freezer.state'), 'THAWED');
    await eventsTold();
    const [a = 0n, b = 0n] = tasks.map(cpuacctNs);
    expect(cpuacctNs(step)).toBeGreaterThan(a + b);
    remove(...tasks);
    expect(steps.userNs(job)).toBe(a + b);
    remove(...dirs(CPUACCT).slice(1).toReversed());
    await eventsTold();
    expect(steps.takeEnded()).toEqual([{ dir: job, userNs: a + b }]);
    expect(ends).toBe(1);
    expect(errors).toEqual([]);
  });

  on('without a freezer, the removal of a task tells', async () => {
    make(scope);
    const steps = stepWatch();
    follow(steps);
    make(...dirs(CPUACCT).slice(1), ...tasks);
    await eventsTold();
    const burners = await Promise.all(tasks.map((task) => burner(task)));
    await Promise.all(burners.map(({ burn }) => burn()));
    const usedNs = cpuacctNs(step);
    remove(...tasks);
    await eventsTold();
    remove(...dirs(CPUACCT).slice(1).toReversed());
    await eventsTold();
    expect(steps.takeEnded()).toEqual([{ dir: job, userNs: usedNs }]);
  });

  on('processes that are left in the freezer may still use time', async () => {
    make(...dirs(FREEZER), ...dirs(CPUACCT), ...tasks);
    const steps = stepWatch();
    follow(steps);
    const [first] = await Promise.all(tasks.map((task) => burner(task, freezer)));
    await first?.burn();
    writeFileSync(join(freezer, 'freezer.state'), 'THAWED');
    await eventsTold();
    const [, second] = children;
    await end(second ?? fail('no process'));
    remove(...tasks, ...dirs(CPUACCT).slice(1).toReversed());
    await eventsTold();
    expect(steps.takeEnded()).toEqual([{ dir: job, userNs: null }]);
  });
});

describe('without inotify', () => {
  const files = (ns: number) => ({
    'scope/job_1/step_0/user/cpu.stat': `usage_usec ${ns}\n`,
    'scope/job_1/step_0/user/cgroup.events': 'populated 1\nfrozen 0\n',
  });
  const enospc = () => {
    throw Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), {
      code: 'ENOSPC',
    });
  };

  test('it says so once, and gives what is read when asked', () => {
    tree = new Tree(files(5));
    const steps = stepWatch({ watch: enospc as unknown as typeof watch });
    const scopes = [{ version: 2, dir: tree.path('scope'), node: null }] as const;
    steps.follow(scopes);
    expect(errors).toEqual([expect.stringMatching(/^cannot watch .*scope: .*ENOSPC/)]);
    const job = tree.path('scope/job_1');
    expect(steps.userNs(job)).toBe(5000n);
    tree.write('scope/job_1/step_0/user/cpu.stat', 'usage_usec 9\n');
    expect(steps.userNs(job)).toBe(9000n);
    // Never back.
    tree.write('scope/job_1/step_0/user/cpu.stat', 'usage_usec 3\n');
    expect(steps.userNs(job)).toBe(9000n);
    tree.remove('scope/job_1');
    steps.refresh();
    expect(ends).toBe(1);
    expect(steps.takeEnded()).toEqual([{ dir: job, userNs: null }]);
    expect(errors).toHaveLength(1);
  });

  test('a step that nothing has told of yet is in what is read when asked', () => {
    tree = new Tree({
      'scope/job_1/step_extern/user/cpu.stat': 'usage_usec 1\n',
      'scope/job_1/step_extern/user/cgroup.events': 'populated 1\nfrozen 0\n',
    });
    const steps = stepWatch({ watch: enospc as unknown as typeof watch });
    steps.follow([{ version: 2, dir: tree.path('scope'), node: null }]);
    for (const [path, text] of Object.entries(files(4))) tree.write(path, text);
    expect(steps.userNs(tree.path('scope/job_1'))).toBe(5000n);
    // One that is known, and has its processes only now.
    tree.write('scope/job_1/step_1/slurm/cpu.stat', '');
    expect(steps.userNs(tree.path('scope/job_1'))).toBe(5000n);
    tree.write('scope/job_1/step_1/user/cgroup.events', 'populated 1\nfrozen 0\n');
    tree.write('scope/job_1/step_1/user/cpu.stat', 'usage_usec 7\n');
    expect(steps.userNs(tree.path('scope/job_1'))).toBe(12_000n);
  });

  test('what appears between two looks is found by the next', () => {
    tree = new Tree({ 'scope/job_1/step_0/slurm/cpu.stat': '' });
    const steps = stepWatch({ watch: enospc as unknown as typeof watch });
    const scopes = [{ version: 2, dir: tree.path('scope'), node: null }] as const;
    steps.follow(scopes);
    const job = tree.path('scope/job_1');
    expect(steps.userNs(job)).toBe(0n);
    for (const [path, text] of Object.entries(files(4))) tree.write(path, text);
    steps.refresh();
    expect(steps.userNs(job)).toBe(4000n);
  });
});

test('names that are not Slurm’s, and links, are left alone; a scope that is no longer listed too', () => {
  tree = new Tree({
    'scope/job_1/step_0/user/cpu.stat': 'usage_usec 1\n',
    'scope/job_1/step_0/user/cgroup.events': 'populated 1\n',
    'scope/job_1/step_0\n/user/cpu.stat': 'usage_usec 2\n',
    'scope/job_1/mine/user/cpu.stat': 'usage_usec 4\n',
    'scope/job_x/step_0/user/cpu.stat': 'usage_usec 8\n',
    'scope/s0123456789ABCD/step_0/user/cpu.stat': 'usage_usec 16\n',
    'scope/s0123456789ABC/step_0/user/cpu.stat': 'usage_usec 32\n',
    'scope/s0123456789ABC/step_0/user/cgroup.events': 'populated 1\n',
    'elsewhere/user/cpu.stat': 'usage_usec 64\n',
    'scope/job_1/step_2': '',
  });
  const watched: string[] = [];
  const recording = ((
    dir: string,
    ...rest: Parameters<typeof watch> extends [unknown, ...infer R] ? R : never
  ) => {
    watched.push(dir.slice((tree?.dir.length ?? 0) + 1));
    return (watch as (...args: unknown[]) => ReturnType<typeof watch>)(dir, ...rest);
  }) as unknown as typeof watch;
  const steps = stepWatch({ watch: recording });
  steps.follow([{ version: 2, dir: tree.path('scope'), node: null }]);
  expect(steps.userNs(tree.path('scope/job_1'))).toBe(1000n);
  expect(steps.userNs(tree.path('scope/s0123456789ABC'))).toBe(32_000n);
  expect(watched.toSorted()).toEqual(
    ['', '/job_1', '/job_1/step_0', '/job_1/step_0/user']
      .concat(['/s0123456789ABC', '/s0123456789ABC/step_0', '/s0123456789ABC/step_0/user'])
      .map((path) => `scope${path}`)
      .toSorted(),
  );
  steps.follow([]);
  expect(steps.userNs(tree.path('scope/job_1'))).toBeUndefined();
  expect(ends).toBe(0);
});
