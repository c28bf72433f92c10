import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Software, parseSoftware } from '../integration/software';
import { describeCluster } from './availability';
import { top } from './measured-cluster';
import { type SlurmCluster, startCluster } from './slurm-cluster';

const SCRIPT = join(top, 'slurm-examples/taskprolog-software.sh');

/** What TaskProlog= names writes down, as Slurm calls it: as the user, in front of each task. */
describeCluster('the TaskProlog that writes down a job’s software', 'none', () => {
  let slurm: SlurmCluster;
  let user: string;
  /** What TaskProlog= names; everybody may read it. */
  let taskProlog: string;
  /** Of the jobs' user. */
  let home: string;

  beforeAll(async () => {
    const dir = mkdtempSync('/tmp/eit-taskprolog-');
    chmodSync(dir, 0o755);
    taskProlog = join(dir, 'taskprolog');
    slurm = await startCluster({
      cgroup: 'none',
      nodePrefix: 'q',
      slurmConfExtra: `TaskProlog=${taskProlog}`,
    });
    user = slurm.users[0]!;
  });
  afterAll(async () => {
    await slurm?.stop();
    rmSync(join(taskProlog, '..'), { recursive: true, force: true });
  });
  beforeEach(() => {
    rmSync(taskProlog, { force: true });
    copyFileSync(SCRIPT, taskProlog);
    chmodSync(taskProlog, 0o755);
    home = mkdtempSync(join(slurm.workDir, 'home-'));
    execFileSync('chown', [user, home]);
  });

  /** The user's home, which runuser would set to that of the account. */
  const withHome = () => `--export=ALL,HOME=${home}`;
  const folder = () => join(home, '.local/state/eit/software');
  const written = () => (existsSync(folder()) ? readdirSync(folder()).toSorted() : []);
  const software = (job: string): Software =>
    parseSoftware(readFileSync(join(folder(), `${slurm.clusterName}-${job}`)));

  async function runJob(work: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
    const job = await slurm.sbatch(work, { args: ['-n2', withHome()], env: more });
    await slurm.waitForState(job, 'COMPLETED');
    return job;
  }

  test('a batch job: one file, the user’s own, and not a word in the job’s output', async () => {
    const conda = join(home, 'conda');
    mkdirSync(join(conda, 'conda-meta'), { recursive: true });
    writeFileSync(join(conda, 'conda-meta/numpy-1.26.4-py311_0.json'), '');
    const job = await runJob('echo work', { LOADEDMODULES: 'gcc/13.2:openmpi/5.0', CONDA_PREFIX: conda });
    expect(slurm.output(job)).toBe('work\n');
    expect(software(job)).toMatchObject({
      cluster: slurm.clusterName,
      jobId: Number(job),
      modules: ['gcc/13.2', 'openmpi/5.0'],
      conda: { prefix: conda, packages: { names: ['numpy-1.26.4-py311_0'], isComplete: true } },
    });
    expect(written()).toEqual([`${slurm.clusterName}-${job}`]);
    const uid = Number(execFileSync('id', ['-u', user], { encoding: 'utf8' }));
    for (const [path, mode] of [
      [folder(), 0o700],
      [join(folder(), `${slurm.clusterName}-${job}`), 0o600],
    ] as const) {
      const stat = statSync(path);
      expect([stat.uid, stat.mode & 0o777]).toEqual([uid, mode]);
    }
  });

  test('what the script loads before its first step counts, what it loads after that does not', async () => {
    const steps = ['a/1', 'b/2', 'c/3'].map((name) => `LOADEDMODULES=${name}\nexport LOADEDMODULES\n`);
    // It says on stderr where it has to wait for the step before.
    const srun = 'srun -n2 sh -c "echo task" 2>/dev/null\n';
    const job = await runJob(`#!/bin/sh\n${steps[0]}${steps[1]}${srun}${steps[2]}${srun}`);
    expect(slurm.output(job)).toBe('task\n'.repeat(4));
    expect(software(job).modules).toEqual(['b/2']);
    expect(written()).toHaveLength(1);
  });

  test('a step without a batch script', async () => {
    const { stdout, status } = await slurm.srun(['printenv', 'SLURM_JOB_ID'], {
      args: ['-n2', '-l'],
      // srun gives the account's own home.
      env: { LOADEDMODULES: 'a/1', EIT_SOFTWARE_DIR: join(home, '.local/state/eit') },
    });
    expect(status).toBe(0);
    const [, job = ''] = /^0: (\d+)$/m.exec(stdout) ?? [];
    expect(software(job).modules).toEqual(['a/1']);
    expect(written()).toHaveLength(1);
  });

  test('of an array its first task’s', async () => {
    const array = await slurm.sbatch('echo work', { args: ['--array=3-5', withHome()] });
    await slurm.waitForState(array, 'COMPLETED');
    const ids = Object.fromEntries(
      (await slurm.jobRecords(array)).map(({ ArrayTaskId = '', JobId = '' }) => [ArrayTaskId, JobId]),
    );
    expect(Object.keys(ids)).toEqual(expect.arrayContaining(['3', '4', '5']));
    expect(written()).toEqual([`${slurm.clusterName}-${ids['3']}`]);
    expect(software(ids['3']!).arrayJobId).toBe(Number(array));
  });

  describe('the job runs all the same', () => {
    test.each<[string, () => void]>([
      ['where the user’s folder cannot be written', () => chmodSync(home, 0o555)],
      ['where there is no such folder, and none can be made', () => (home = '/proc/none')],
    ])('%s', async (_, spoil) => {
      spoil();
      const job = await runJob('echo work; srun -n2 echo task 2>/dev/null');
      expect(slurm.output(job)).toBe('work\ntask\ntask\n');
      expect(written()).toEqual([]);
    });

    test('where a file system does not answer: some seconds later', async () => {
      const bin = join(home, 'bin');
      mkdirSync(bin);
      writeFileSync(join(bin, 'mkdir'), '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 });
      const job = await runJob('echo work', { PATH: `${bin}:${slurm.env.PATH}` });
      expect(slurm.output(job)).toBe('work\n');
      expect(written()).toEqual([]);
    });
  });

  // Slurm takes these for a failed TaskProlog, as docs/install.md says.
  describe('the job fails, and its node serves on', () => {
    test.each<[string, () => void]>([
      ['where the script is not there', () => rmSync(taskProlog)],
      ['where the script may not be run', () => chmodSync(taskProlog, 0o644)],
    ])('%s', async (_, spoil) => {
      spoil();
      const job = await slurm.sbatch('echo work', { args: [withHome()] });
      await slurm.waitForState(job, 'FAILED');
      expect(slurm.output(job)).not.toContain('work');
    });
  });

  test('and in all of that no node is drained', async () => {
    const states = Object.values(await slurm.nodeStates());
    expect(states.filter((state) => /DRAIN|DOWN|FAIL/.test(state))).toEqual([]);
  });
});
