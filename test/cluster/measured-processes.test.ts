import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunRecord } from '../../src/generated/record';
import { describeCluster } from './availability';
import { expectAllWell } from './conservation';
import { type MeasuredCluster, cpuSeconds, startMeasuredCluster, sumUj } from './measured-cluster';
import { burn } from './workload';

/** What a job of processes used after the agent's last look at them, one second earlier at most, is not seen. */
function expectCpu(records: readonly RunRecord[], seconds: number): void {
  expect(cpuSeconds(records)).toBeGreaterThan(seconds - 1.1);
  expect(cpuSeconds(records)).toBeLessThan(seconds + 0.4);
}

/** With proctrack/linuxproc a job has no cgroup: its processes are those that descend from its slurmstepds. */
describeCluster('EIT measures jobs by their processes', 'none', () => {
  let eit: MeasuredCluster;

  beforeAll(async () => {
    eit = await startMeasuredCluster({ cgroup: 'none', nodePrefix: 'q' });
  });
  afterAll(() => eit?.stop());

  test('one job', async () => {
    const job = await eit.slurm.sbatch(burn(2));
    await eit.slurm.waitForState(job, 'COMPLETED');
    const records = await eit.ended(job);
    expectCpu(records, 2);
    expect(sumUj(records, 'package-0')).toBeGreaterThan(0);
  });

  test('two jobs of one user on one node', async () => {
    const jobs = await Promise.all(
      [4, 2].map((seconds) => eit.slurm.sbatch(burn(seconds), { args: ['-w', 'q1'] })),
    );
    for (const job of jobs) await eit.slurm.waitForState(job, 'COMPLETED');
    expectCpu(await eit.ended(jobs[0]!), 4);
    expectCpu(await eit.ended(jobs[1]!), 2);
  });

  test('a two-node job, both nodes on this host, each with its own part', async () => {
    const task = `case $SLURM_NODEID in 0) ${burn(4)} ;; *) sleep 2; ${burn(2)} ;; esac`;
    writeFileSync(join(eit.slurm.workDir, 'task'), task);
    const job = await eit.slurm.sbatch('srun -N2 -n2 sh task', { args: ['-N2'] });
    await eit.slurm.waitForState(job, 'COMPLETED');
    const records = await eit.ended(job, 2);
    const of = (node: string) => records.filter((record) => record.node === node);
    expectCpu(of('q1'), 4);
    expectCpu(of('q2'), 2);
  });

  test('a process outside that only says that it is of the job', async () => {
    const job = await eit.slurm.sbatch(`${burn(1)}; sleep 4`);
    await eit.slurm.waitForState(job, 'RUNNING');
    const { status } = await eit.slurm.asUser('sh', ['-c', burn(3)], { env: { SLURM_JOB_ID: job } });
    expect(status).toBe(0);
    await eit.slurm.waitForState(job, 'COMPLETED');
    expectCpu(await eit.ended(job), 1);
  });

  test('in all of that no joule is lost and no hook fails', () => expectAllWell(eit));
});
