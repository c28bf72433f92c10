import { describeCluster } from './availability';
import { expectAllWell } from './conservation';
import { type MeasuredCluster, cpuSeconds, startMeasuredCluster, sumUj } from './measured-cluster';
import { BUSY, burn } from './workload';

/** With proctrack/linuxproc a job has no cgroup: its processes are those that descend from its slurmstepds. */
describeCluster('EIT measures jobs by their processes', 'none', () => {
  let eit: MeasuredCluster;

  beforeAll(async () => {
    eit = await startMeasuredCluster({ cgroup: 'none', nodePrefix: 'q' });
  });
  afterAll(() => eit?.stop());
  afterEach(() => expectAllWell(eit));

  test('one job', async () => {
    const job = await eit.slurm.sbatch(burn(2));
    await eit.slurm.waitForState(job, 'COMPLETED');
    const records = await eit.ended(job);
    expect(cpuSeconds(records)).toBeGreaterThan(1.4);
    expect(cpuSeconds(records)).toBeLessThan(2.5);
    expect(sumUj(records, 'package-0')).toBeGreaterThan(0);
  });

  test('two jobs of one user on one node', async () => {
    const jobs = await Promise.all(
      [4, 2].map((seconds) => eit.slurm.sbatch(burn(seconds), { args: ['-w', 'q1'] })),
    );
    for (const job of jobs) await eit.slurm.waitForState(job, 'COMPLETED');
    const [more, less] = [cpuSeconds(await eit.ended(jobs[0]!)), cpuSeconds(await eit.ended(jobs[1]!))];
    expect(Math.abs(more - 4)).toBeLessThan(0.9);
    expect(Math.abs(less - 2)).toBeLessThan(0.9);
  });

  test('a two-node job, both nodes on this host, each with its own part', async () => {
    // One task is busy, the other is not: the parts differ.
    const task = `case $SLURM_NODEID in 0) ${burn(3)} ;; *) sleep 3; timeout 1 sh -c '${BUSY}' ;; esac; true`;
    const script = `#!/bin/sh\nsrun -N2 -n2 sh <<'END'\n${task}\nEND\n`;
    const job = await eit.slurm.sbatch(script, { args: ['-N2'] });
    await eit.slurm.waitForState(job, 'COMPLETED');
    const records = await eit.ended(job, 2);
    const onNode = (node: string) => cpuSeconds(records.filter((record) => record.node === node));
    expect(Math.abs(onNode('q1') - 3)).toBeLessThan(0.9);
    expect(Math.abs(onNode('q2') - 1)).toBeLessThan(0.5);
  });

  test('a process outside that only says that it is of the job', async () => {
    const job = await eit.slurm.sbatch(`${burn(1)}; sleep 4`);
    await eit.slurm.waitForState(job, 'RUNNING');
    const { status } = await eit.slurm.asUser('sh', ['-c', burn(3)], { env: { SLURM_JOB_ID: job } });
    expect(status).toBe(0);
    await eit.slurm.waitForState(job, 'COMPLETED');
    expect(cpuSeconds(await eit.ended(job))).toBeLessThan(1.5);
  });
});
