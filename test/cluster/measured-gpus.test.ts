import { describeCluster } from './availability';
import { expectAllWell } from './conservation';
import { type MeasuredCluster, startMeasuredCluster } from './measured-cluster';

/** GPUs that were allocated are told of, though nothing reads their energy yet. */
describeCluster('EIT counts GPUs', 'v2', () => {
  let eit: MeasuredCluster;
  const jobs: { readonly id: string; readonly gpus: number }[] = [];

  beforeAll(async () => {
    eit = await startMeasuredCluster({ cgroup: 'v2', gpus: 4, cpusPerNode: 4, nodePrefix: 'q' });
    for (const gpus of [1, 1, 2]) {
      const args = ['-p', 'gpu', '-n1', `--gres=gpu:${gpus}`];
      jobs.push({ id: await eit.slurm.sbatch('sleep 3', { args }), gpus });
    }
    for (const { id } of jobs) await eit.slurm.waitForState(id, 'COMPLETED');
  });
  afterAll(() => eit?.stop());

  test('each record says how many, and the first of a run which', async () => {
    const ids: string[] = [];
    for (const { id, gpus } of jobs) {
      const records = await eit.ended(id);
      expect(records.map((record) => record.gpus)).toEqual(records.map(() => gpus));
      const given = records[0]!.start!.gpu_ids!.split(',');
      expect(given).toHaveLength(gpus);
      ids.push(...given);
    }
    // All ran at once, and no two had one GPU.
    expect(ids.toSorted()).toEqual(['0', '1', '2', '3']);
  });

  test('GPU time is GPUs times seconds; their energy is unknown, which is not 0', async () => {
    const report = await eit.jsonReport(['-a', '--group-by', 'job']);
    for (const { id, gpus } of jobs) {
      const group = report.groups.find(({ job_id }) => job_id === Number(id))!;
      expect(group.elapsed_seconds).toBeGreaterThan(2.5);
      expect(Math.abs(group.gpu_seconds - gpus * group.elapsed_seconds)).toBeLessThan(0.05 * gpus);
      expect(group.energy_kwh.gpu).toBeNull();
      expect(group.energy_kwh.cpu).toBeGreaterThan(0);
    }
    expect(report.total.energy_kwh.gpu).toBeNull();
    const seconds = report.groups.reduce((sum, group) => sum + group.gpu_seconds, 0);
    expect(report.total.gpu_seconds).toBeCloseTo(seconds, 6);
    expect(report.factors.domains_measured).toEqual(['cpu', 'dram']);
  });

  test('a person is told that GPUs are not counted', async () => {
    const { stdout } = await eit.report(['-S', 'now-1hours', '-a']);
    expect(stdout).toMatch(/not counted: [^.]*GPUs/);
    expect(stdout).not.toContain('GPUEnergy');
  });

  test('in all of that no joule is lost and no hook fails', () => expectAllWell(eit));
});
