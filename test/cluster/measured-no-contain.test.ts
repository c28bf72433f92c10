import { describeCluster } from './availability';
import { expectAllWell } from './conservation';
import { type MeasuredCluster, cpuSeconds, startMeasuredCluster, sumUj } from './measured-cluster';
import { burn } from './workload';

/** Three steps of 1 s of CPU time each; in the pauses between them there may be nothing of the job on the node. */
const threeSteps = (srun: string) => [1, 2, 3].map(() => `${srun} ${burn(1)}`).join('; sleep 1.5; ');

/** Without PrologFlags a prolog runs where a step begins, and no step holds the job's cgroup until its end. */
describeCluster('EIT measures without PrologFlags=Contain', 'v2', () => {
  let eit: MeasuredCluster;

  beforeAll(async () => {
    eit = await startMeasuredCluster({ cgroup: 'v2', prologFlags: '', nodePrefix: 'q' });
  });
  afterAll(() => eit?.stop());

  test('a batch job of three steps', async () => {
    const job = await eit.slurm.sbatch(threeSteps('srun'));
    await eit.slurm.waitForState(job, 'COMPLETED');
    const records = await eit.ended(job);
    // Beside the burners there are three srun and the steps' own daemons.
    expect(cpuSeconds(records)).toBeGreaterThan(2.7);
    expect(cpuSeconds(records)).toBeLessThan(4);
    expect(sumUj(records, 'package-0')).toBeGreaterThan(0);
  });

  test('an allocation whose cgroup is made anew for each step', async () => {
    const script = `echo $SLURM_JOB_ID; ${threeSteps('srun')}`;
    const { stdout } = await eit.slurm.salloc(['sh', '-c', script], { args: ['-w', 'q1'] });
    const job = stdout.split('\n')[0] ?? '';
    const records = await eit.ended(job);
    expect(new Set(records.map(({ started }) => started)).size).toBe(1);
    expect(cpuSeconds(records)).toBeGreaterThan(2.7);
    expect(cpuSeconds(records)).toBeLessThan(3.6);
  });

  test('an allocation without a step has an epilog alone', async () => {
    const { stdout } = await eit.slurm.salloc(['printenv', 'SLURM_JOB_ID']);
    const job = stdout.trim();
    const records = await eit.ended(job);
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({ start: { by: 'epilog' }, end: { by: 'epilog', exit_code: '0:0' } });
    expect(sumUj(records, 'package-0')).toBe(0);
  });

  test('of a two-node job without a step the second node knows the end alone', async () => {
    const job = await eit.slurm.sbatch(burn(1), { args: ['-N2'] });
    await eit.slurm.waitForState(job, 'COMPLETED');
    const records = await eit.ended(job, 2);
    const starts = records.flatMap(({ node, start }) => (start === undefined ? [] : [[node, start.by]]));
    expect(Object.fromEntries(starts)).toEqual({ q1: 'prolog', q2: 'epilog' });
    const { total } = await eit.jsonReport(['-j', job]);
    expect(total).toMatchObject({ runs: 1, nodes_expected: 2, nodes_reported: 2 });
    // When the run began on the second node nobody has told.
    expect(Math.abs(total.coverage! - 0.5)).toBeLessThan(0.05);
  });

  test('in all of that no joule is lost and no hook fails', () => expectAllWell(eit));
});
