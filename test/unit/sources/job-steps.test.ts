import { join, relative } from 'node:path';
import { listSteps } from '../../../src/sources/job-steps';
import { FIXTURES, Tree } from './tree';

const V1_JOB = join(FIXTURES, 'slurm-cgroup/treydock-v1/cpuacct/slurm/uid_20821/job_11');
const V2_JOB = join(FIXTURES, 'slurm-cgroup/treydock-v2/system.slice/slurmstepd.scope/job_4');

let tree: Tree | undefined;
afterEach(() => tree?.remove());

/** Where the user's processes are, by step. */
function byName(version: 1 | 2, jobDir: string): Record<string, string[]> {
  return Object.fromEntries(
    listSteps(version, jobDir).map(({ name, dir, userDirs }) => [
      name,
      userDirs.map((userDir) => relative(dir, userDir)).toSorted(),
    ]),
  );
}

describe('steps of real machines', () => {
  test('version 1: the tasks, without slurmstepd', () => {
    expect(byName(1, V1_JOB)).toEqual({
      step_0: ['task_0', 'task_1'],
      step_batch: ['task_0'],
      step_extern: ['task_0'],
    });
  });

  test('version 2: `user`, with the tasks in it', () => {
    expect(byName(2, V2_JOB)).toEqual({ step_0: ['user'], step_extern: ['user'] });
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
    expect(byName(2, tree.path('job'))).toEqual({ step_0: ['user'] });
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
    expect(byName(1, tree.path('job'))).toEqual({ step_0: ['task_0', 'task_17', 'task_special'] });
  });
});
