import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isPopulated, listSteps, readStepUserNs } from '../../../src/sources/job-steps';
import { FIXTURES, Tree, isRoot } from './tree';

const V1_JOB = join(FIXTURES, 'slurm-cgroup/treydock-v1/cpuacct/slurm/uid_20821/job_11');
const V2_JOB = join(FIXTURES, 'slurm-cgroup/treydock-v2/system.slice/slurmstepd.scope/job_4');

let tree: Tree | undefined;
afterEach(() => tree?.remove());

function byName(version: 1 | 2, jobDir: string): Record<string, unknown> {
  return Object.fromEntries(
    listSteps(version, jobDir).map((step) => [step.name, readStepUserNs(version, step)]),
  );
}

describe('steps of real machines', () => {
  test('version 1: the sum of the tasks, without slurmstepd', () => {
    expect(byName(1, V1_JOB)).toEqual({
      step_0: 16_568_474_534_592n + 16_577_108_827_983n,
      step_batch: 838_305_177n,
      step_extern: 0n,
    });
  });

  test('version 2: `user`, with the tasks in it', () => {
    expect(byName(2, V2_JOB)).toEqual({ step_0: 108_134_000n, step_extern: 734_000n });
  });

  test('version 2: whose processes still run', () => {
    for (const { userDirs } of listSteps(2, V2_JOB)) expect(userDirs.map(isPopulated)).toEqual([true]);
  });
});

describe('what a step is', () => {
  test.each([
    ['step_batch', true],
    ['step_extern', true],
    ['step_interactive', true],
    ['step_0', true],
    ['step_12+1', true],
    ['step_', false],
    ['step_x', false],
    ['step_0.1', false],
    ['step_0+', false],
    ['step_batch2', false],
    ['mystep_0', false],
    ['step_0\nstep_1', false],
    ['user', false],
    ['system', false],
  ])('%j: %s', (name, is) => {
    tree = new Tree({ [`job/${name}/user/cpu.stat`]: 'usage_usec 1\n' });
    expect(listSteps(2, tree.path('job')).map((step) => step.name)).toEqual(is ? [name] : []);
  });

  test('neither a file nor a link', () => {
    tree = new Tree({ 'job/step_0': '', 'job/step_2/task_0': '' });
    tree.link('job/step_1', 'step_2');
    expect(listSteps(1, tree.path('job'))).toEqual([
      { name: 'step_2', dir: tree.path('job/step_2'), userDirs: [] },
    ]);
  });

  test('a job that has ended has none', () => {
    tree = new Tree();
    expect(listSteps(1, tree.path('job'))).toEqual([]);
    expect(listSteps(2, tree.path('job'))).toEqual([]);
  });

  test('version 2: nothing but `user` is the user’s', () => {
    tree = new Tree({
      'job/step_0/user/cpu.stat': 'usage_usec 1\n',
      'job/step_0/slurm/cpu.stat': 'usage_usec 2\n',
      'job/step_0/mine/cpu.stat': 'usage_usec 4\n',
      'job/step_0/task_0/cpu.stat': 'usage_usec 8\n',
    });
    expect(byName(2, tree.path('job'))).toEqual({ step_0: 1000n });
  });

  test('directories that are no task are not the tasks', () => {
    const usage = { 'cpuacct.usage': '5\n' };
    tree = new Tree(
      Object.fromEntries(
        ['task_0', 'task_17', 'task_special', 'task_x', 'task_', 'slurm', 'user'].flatMap((name) =>
          Object.entries(usage).map(([file, text]) => [`job/step_0/${name}/${file}`, text]),
        ),
      ),
    );
    expect(byName(1, tree.path('job'))).toEqual({ step_0: 15n });
  });
});

describe('CPU time of a step', () => {
  test('is missing before the user has a process, and where a file cannot be understood', () => {
    tree = new Tree({ 'job/step_0/cpuacct.usage': '7\n' });
    expect(byName(1, tree.path('job'))).toEqual({
      step_0: { missing: `${tree.path('job/step_0')} holds no cgroup of the user's processes` },
    });
    tree.write('job/step_0/task_0/cpuacct.usage', '1\n');
    tree.write('job/step_0/task_1/cpuacct.usage', 'x\n');
    expect(byName(1, tree.path('job'))).toEqual({ step_0: { missing: expect.stringContaining('task_1') } });
  });

  test('is gone with one of the tasks: a sum without it would go back', () => {
    tree = new Tree({ 'job/step_0/task_0/cpuacct.usage': '1\n', 'job/step_0/task_1/cpuacct.usage': '2\n' });
    const [step] = listSteps(1, tree.path('job'));
    if (step === undefined) throw new Error('no step');
    expect(readStepUserNs(1, step)).toBe(3n);
    tree.remove('job/step_0/task_1');
    expect(readStepUserNs(1, step)).toBe('gone');
  });
});

describe('populated', () => {
  test.each([
    ['populated 1\nfrozen 0\n', true],
    ['populated 0\nfrozen 0\n', false],
    ['frozen 0\npopulated 0\n', false],
    ['', true],
    ['frozen 0\n', true],
    ['unpopulated 0\n', true],
    ['populated 01\n', true],
  ])('%j: %s', (text, expected) => {
    tree = new Tree({ 'user/cgroup.events': text });
    expect(isPopulated(tree.path('user'))).toBe(expected);
  });

  test('a cgroup that is not there is gone', () => {
    tree = new Tree();
    expect(isPopulated(tree.path('user'))).toBe('gone');
  });
});

describe('real cgroups', () => {
  const UNIFIED = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find(
    (at) => existsSync(join(at, 'cgroup.procs')) && existsSync(join(at, 'cgroup.controllers')),
  );
  const name =
    'a step of version 2: populated while a process is in a task, with the CPU time of those that ended';
  const can = isRoot && UNIFIED !== undefined;
  const made: string[] = [];
  let child: ChildProcess | undefined;
  afterEach(async () => {
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child?.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    for (const dir of made.toReversed()) if (existsSync(dir)) rmdirSync(dir);
  });

  (can ? test : test.skip)(can ? name : `${name} (skipped: needs root and version 2)`, async () => {
    const job = join(UNIFIED ?? '', `eit-steps-${process.pid}`);
    const task = join(job, 'step_0/user/task_0');
    for (const dir of [job, join(job, 'step_0'), join(job, 'step_0/user'), task]) {
      mkdirSync(dir);
      made.push(dir);
    }
    const [step] = listSteps(2, job);
    const [user] = step?.userDirs ?? [];
    if (step === undefined || user === undefined) throw new Error('no step');
    expect(isPopulated(user)).toBe(false);

    // It waits for a line, so that all it does is done in the cgroup.
    child = spawn('sh', ['-c', 'read line; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    writeFileSync(join(task, 'cgroup.procs'), String(child.pid));
    expect(isPopulated(user)).toBe(true);
    const ended = new Promise((resolve) => child?.once('exit', resolve));
    child.stdin?.end('go\n');
    await ended;
    // A zombie still counts until it has been waited for, which has been when `exit` is told.
    expect(isPopulated(user)).toBe(false);
    const usedNs = readStepUserNs(2, step);
    expect(usedNs).toBeGreaterThan(0n);
    rmdirSync(task);
    expect(readStepUserNs(2, step)).toBe(usedNs);
    rmdirSync(user);
    expect(isPopulated(user)).toBe('gone');
    expect(readStepUserNs(2, step)).toBe('gone');
    expect(listSteps(2, job)[0]?.userDirs).toEqual([]);
  });
});
