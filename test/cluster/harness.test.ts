import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isErrno } from '../../src/errors';
import { describeCluster } from './availability';
import { readHierarchies, slurmDirectories } from './cgroup-hierarchies';
import { SYSTEM_PATH, succeed } from './processes';
import { type SlurmCluster, startCluster } from './slurm-cluster';
import type { CgroupKind } from './slurm-conf';
import { until } from './until';

const top = join(__dirname, '../..');

/** Notes the environment it was given, by context, job and node. */
const HOOK = `#!/bin/sh
/usr/bin/env > "$SEEN/$SLURM_SCRIPT_CONTEXT.$SLURM_JOB_ID.$SLURMD_NODENAME"
`;

/** Command lines of all processes that name the folder. */
function processesOf(dir: string): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
      } catch (error) {
        if (isErrno(error, 'ENOENT', 'ESRCH')) return '';
        throw error;
      }
    })
    .filter((command) => command.includes(dir));
}

const cgroupsOf = (nodes: readonly string[]) => slurmDirectories(readHierarchies(), nodes).filter(existsSync);

/** Where the cgroups of a running job are, by kind; `%U` the user's id, `%J` the job's. */
const JOB_CGROUPS: Record<CgroupKind, readonly string[]> = {
  v1: [join(readHierarchies().v1.cpuacct ?? '', 'slurm_n1/uid_%U/job_%J/cpuacct.usage')],
  v2: [join(readHierarchies().v2 ?? '', 'system.slice/n1_slurmstepd.scope/job_%J/cpu.stat')],
  none: [],
};

for (const kind of ['v1', 'v2', 'none'] as const) {
  describeCluster('the test cluster', kind, () => {
    let hooks: string;
    let cluster: SlurmCluster;

    beforeAll(async () => {
      hooks = mkdtempSync(join(tmpdir(), 'eit-harness-'));
      for (const hook of ['prolog', 'epilog']) writeFileSync(join(hooks, hook), HOOK, { mode: 0o755 });
      cluster = await startCluster({
        cgroup: kind,
        prolog: join(hooks, 'prolog'),
        epilog: join(hooks, 'epilog'),
        hookEnvironment: (dir) => ({ SEEN: join(dir, 'seen'), QUOTED: "it's $HOME" }),
        gpus: 2,
      });
      mkdirSync(join(cluster.dir, 'seen'));
    });

    afterAll(async () => {
      await cluster?.stop();
      rmSync(hooks, { recursive: true, force: true });
    });

    const seen = (context: string, jobId: string, node: string) =>
      Object.fromEntries(
        readFileSync(join(cluster.dir, 'seen', `${context}.${jobId}.${node}`), 'utf8')
          .split('\n')
          .map((line) => line.split(/=(.*)/s).slice(0, 2)),
      ) as Record<string, string>;

    test('has two nodes, up', async () => {
      expect(await cluster.nodeStates()).toEqual({ n1: 'IDLE', n2: 'IDLE' });
    });

    test('runs a job as the ordinary user, between the hooks', async () => {
      const jobId = await cluster.sbatch('id -un; echo "on $SLURMD_NODENAME"');
      const job = await cluster.waitForState(jobId, 'COMPLETED');
      await cluster.waitUntilQuiet();

      expect(cluster.output(jobId)).toBe('eitann\non n1\n');
      expect(job).toMatchObject({ JobId: jobId, Partition: 'batch', NodeList: 'n1', ExitCode: '0:0' });
      expect(seen('prolog_slurmd', jobId, 'n1')).toMatchObject({
        SLURM_JOB_ID: jobId,
        SLURM_JOB_USER: 'eitann',
        SLURM_CLUSTER_NAME: 'eittest',
        SLURM_CONF: cluster.slurmConfPath,
        QUOTED: "it's $HOME",
      });
      expect(seen('epilog_slurmd', jobId, 'n1')).toMatchObject({
        SLURM_JOB_ID: jobId,
        SLURM_JOB_EXIT_CODE2: '0:0',
      });
    });

    test('shows a running job in its cgroups', async () => {
      const jobId = await cluster.sbatch('sleep 60', { args: ['-w', 'n1'] });
      const { UserId = '' } = await cluster.waitForState(jobId, 'RUNNING');
      const uid = /\((\d+)\)/.exec(UserId)?.[1] ?? '';
      for (const path of JOB_CGROUPS[kind].map((each) => each.replace('%U', uid).replace('%J', jobId))) {
        await until(path, 10_000, () => existsSync(path) || undefined);
        expect(readFileSync(path, 'utf8')).toMatch(/^(usage_usec )?\d+$/m);
      }
      if (kind === 'none') expect(cgroupsOf(cluster.nodes)).toEqual([]);
      await cluster.scancel(jobId);
      await cluster.waitForState(jobId, 'CANCELLED');
    });

    test('runs one job on both nodes, with srun, and gives out GPUs', async () => {
      const both = await cluster.srun(['printenv', 'SLURMD_NODENAME'], { args: ['-N2', '-n2'] });
      expect(both.stdout.split('\n').sort()).toEqual(['', 'n1', 'n2']);
      const gpu = await cluster.salloc(['srun', 'printenv', 'CUDA_VISIBLE_DEVICES'], {
        args: ['-p', 'gpu', '--gres=gpu:2'],
      });
      expect(gpu.stdout).toBe('0,1\n');
    });

    test('lets no second cluster take its nodes, nor is harmed by the attempt', async () => {
      await expect(startCluster({ cgroup: kind })).rejects.toThrow(/already runs node n1 here/);
      await cluster.waitUntilQuiet();
      expect(await cluster.nodeStates()).toEqual({ n1: 'IDLE', n2: 'IDLE' });
    });

    test('says what went wrong when a job ends otherwise than expected', async () => {
      const jobId = await cluster.sbatch('exit 3');
      await expect(cluster.waitForState(jobId, 'COMPLETED')).rejects.toThrow(
        /is FAILED, not COMPLETED[^]*--- slurmctld/,
      );
    });

    test('keeps a job running while its slurmd is killed and started again', async () => {
      const jobId = await cluster.sbatch('sleep 60', { args: ['-w', 'n2'] });
      await cluster.waitForState(jobId, 'RUNNING');
      await cluster.killSlurmd('n2');
      await cluster.startSlurmd('n2');
      await cluster.restartSlurmd('n2');
      expect(await cluster.jobInfo(jobId)).toMatchObject({ JobState: 'RUNNING' });
      await cluster.scancel(jobId);
      await cluster.waitUntilQuiet();
      expect(await cluster.nodeStates()).toEqual({ n1: 'IDLE', n2: 'IDLE' });
    });

    test('leaves no process, cgroup, folder or account behind, running jobs included', async () => {
      const jobId = await cluster.sbatch('trap "" TERM; setsid sleep 600 & sleep 600', { args: ['-N2'] });
      await cluster.waitForState(jobId, 'RUNNING');
      expect(processesOf(cluster.dir)).not.toEqual([]);

      expect((await cluster.stop()).left).toEqual([]);

      expect(processesOf(cluster.dir)).toEqual([]);
      expect(cgroupsOf(cluster.nodes)).toEqual([]);
      expect(existsSync(cluster.dir)).toBe(false);
      expect(readFileSync('/etc/passwd', 'utf8')).not.toMatch(/^eitann:/m);
    });
  });
}

describeCluster(
  'a test cluster with accounting',
  'none',
  () => {
    test('knows accounts and keeps jobs for sacct, beside another cluster', async () => {
      const cluster = await startCluster({ cgroup: 'none', accounting: true, users: ['eitann', 'eitbob'] });
      let other: SlurmCluster | undefined;
      try {
        other = await startCluster({ cgroup: 'none', nodes: 1, nodePrefix: 'other' });
        expect(await other.nodeStates()).toEqual({ other1: 'IDLE' });
        const jobIds = await Promise.all([
          cluster.sbatch('true'),
          cluster.sbatch('true', { asUser: 'eitbob', args: ['-A', 'chem'] }),
        ]);
        for (const jobId of jobIds) await cluster.waitForState(jobId, 'COMPLETED');
        await until('sacct to have both jobs', 20_000, async () => {
          const table = await cluster.sacct('-a', '-X', '-n', '-P', '-o', 'JobID,User,Account,State');
          const wanted = [`${jobIds[0]}|eitann|phys|COMPLETED`, `${jobIds[1]}|eitbob|chem|COMPLETED`];
          return wanted.every((line) => table.split('\n').includes(line)) || undefined;
        });
        await other.stop();
        expect(readFileSync('/etc/passwd', 'utf8')).toMatch(/^eitann:/m);
      } finally {
        await other?.stop();
        expect((await cluster.stop()).left).toEqual([]);
      }
      expect(readFileSync('/etc/passwd', 'utf8')).not.toMatch(/^eit(ann|bob):/m);
    });
  },
  { accounting: true },
);

describeCluster('a test cluster whose directories someone else uses', 'v1', () => {
  test('does not start, and ends none of their processes', async () => {
    const cgroup = join(readHierarchies().v1.cpuacct ?? '', 'slurm_taken1');
    mkdirSync(cgroup);
    const stranger = spawn('sleep', ['600'], { stdio: 'ignore' });
    try {
      writeFileSync(join(cgroup, 'cgroup.procs'), `${stranger.pid}`);
      await expect(startCluster({ cgroup: 'v1', nodePrefix: 'taken' })).rejects.toThrow(
        /has processes in it/,
      );
      expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    } finally {
      const ended = new Promise((resolve) => stranger.once('exit', resolve));
      stranger.kill('SIGKILL');
      await ended;
      await until(
        'the cgroup to be empty',
        5000,
        () => readFileSync(join(cgroup, 'cgroup.procs'), 'utf8') === '' || undefined,
      );
      rmdirSync(cgroup);
    }
  });
});

describeCluster('a test cluster whose tests are killed', 'v1', () => {
  test('ends all the same', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'eit-harness-'));
    try {
      const entry = join(dir, 'entry.ts');
      const bundle = join(dir, 'entry.cjs');
      writeFileSync(
        entry,
        `import { startCluster } from ${JSON.stringify(join(__dirname, 'slurm-cluster'))};
         void startCluster({ cgroup: 'v1', nodes: 1, nodePrefix: 'killed' }).then(async (cluster) => {
           const jobId = await cluster.sbatch('sleep 600');
           await cluster.waitForState(jobId, 'RUNNING');
           process.stdout.write(cluster.dir + '\\n');
           setInterval(() => undefined, 1000);
         });`,
      );
      const esbuild = join(top, 'node_modules/.bin/esbuild');
      const options = ['--bundle', '--platform=node', `--define:__dirname=${JSON.stringify(__dirname)}`];
      const env = { PATH: `${dirname(process.execPath)}:${SYSTEM_PATH}` };
      await succeed(esbuild, [entry, ...options, `--outfile=${bundle}`], { env });
      const tests = spawn(process.execPath, [bundle], { stdio: ['ignore', 'pipe', 'inherit'] });
      const clusterDir = await new Promise<string>((resolve, reject) => {
        tests.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
        tests.once('exit', () => reject(new Error('ended before its cluster was up')));
      });
      expect(processesOf(clusterDir)).not.toEqual([]);

      tests.kill('SIGKILL');

      // Its folder goes first, then the process that removed it.
      await until(
        'the cluster to be gone',
        30_000,
        () => (!existsSync(clusterDir) && processesOf(clusterDir).length === 0) || undefined,
        () => processesOf(clusterDir).join('\n'),
      );
      expect(cgroupsOf(['killed1'])).toEqual([]);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
