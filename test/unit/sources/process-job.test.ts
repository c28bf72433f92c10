import { type ChildProcess, spawn } from 'node:child_process';
import { jobOfProcessCgroups } from '../../../src/slurm/cgroup-path';
import { readProcessJob } from '../../../src/sources/process-job';
import { Tree } from './tree';

describe('the job in the text of /proc/<pid>/cgroup', () => {
  test.each([
    ['v2', '0::/system.slice/slurmstepd.scope/job_7/step_0/user/task_0', { jobId: 7, node: null }],
    [
      'v2, several slurmd',
      '0::/system.slice/n1_slurmstepd.scope/job_7/step_batch/user/task_0',
      { jobId: 7, node: 'n1' },
    ],
    ['v2, by SLUID', '0::/slurmstepd.scope/s0DQXQ8ZJ8GK00/step_0', { sluid: 's0DQXQ8ZJ8GK00', node: null }],
    ['v1', '4:memory:/\n3:cpuacct,cpu:/slurm/uid_1000/job_9/step_0/task_0\n', { jobId: 9, node: null }],
    ['v1, several slurmd', '3:freezer:/slurm_n2/uid_1000/job_9/step_0', { jobId: 9, node: 'n2' }],
    ['v1, in a container', '3:freezer:/docker/0123/slurm/uid_1/job_2', { jobId: 2, node: null }],
    ['a login', '0::/user.slice/user-0.slice/session-1.scope', null],
    ['a user’s own directory of that name', '0::/user.slice/job_7/step_0', null],
    ['slurmd', '0::/system.slice/slurmstepd.scope/system', null],
    ['nothing', '', null],
  ])('%s', (_, text, job) => expect(jobOfProcessCgroups(text)).toEqual(job));
});

describe('a process', () => {
  let tree: Tree;
  beforeEach(() => (tree = new Tree()));
  afterEach(() => tree.remove());

  const stat = (pid: number, comm: string, parent: number) =>
    `${pid} (${comm}) S ${parent} ${Array.from({ length: 48 }, () => '0').join(' ')}\n`;

  test('is of the job in whose cgroup it is', () => {
    tree.write('42/cgroup', '0::/system.slice/slurmstepd.scope/job_7/step_0/user/task_0\n');
    expect(readProcessJob(tree.dir, 42)).toEqual({ jobId: 7, node: null });
  });

  test('without a cgroup of its own, of the slurmstepd among its ancestors', () => {
    for (const pid of [40, 41, 42]) tree.write(`${pid}/cgroup`, '0::/system.slice/slurmd.service\n');
    tree.write('42/stat', stat(42, 'python', 41));
    tree.write('41/stat', stat(41, 'bash', 40));
    tree.write('40/stat', stat(40, 'slurmstepd', 1));
    tree.write('40/status', 'Name:\tslurmstepd\nUid:\t0\t0\t0\t0\n');
    tree.write('40/cmdline', 'slurmstepd: [12.batch]\0');
    expect(readProcessJob(tree.dir, 42)).toEqual({ jobId: 12, node: null });
  });

  test('of a user that calls itself slurmstepd is no job’s', () => {
    tree.write('42/cgroup', '0::/\n');
    tree.write('42/stat', stat(42, 'slurmstepd', 1));
    tree.write('42/status', 'Name:\tslurmstepd\nUid:\t1000\t1000\t1000\t1000\n');
    tree.write('42/cmdline', 'slurmstepd: [12.batch]\0');
    expect(readProcessJob(tree.dir, 42)).toBeNull();
  });

  test('that has ended is nobody’s', () => expect(readProcessJob(tree.dir, 42)).toBeNull());

  test('of this host, in no job, is told so', async () => {
    const child: ChildProcess = spawn('sleep', ['30']);
    try {
      expect(readProcessJob('/proc', child.pid!)).toBeNull();
    } finally {
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
    }
  });
});
