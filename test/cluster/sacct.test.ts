import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FINAL_STATES } from './scontrol';
import { describeCluster } from './availability';
import { type MeasuredCluster, startMeasuredCluster, top } from './measured-cluster';
import { type Finished, run } from './processes';
import { until } from './until';
import { openAppendix } from './opened-appendix';
import { burn } from './workload';

/** Names as users can give them; Slurm itself makes ` of ". */
const NAMES = [
  'plain',
  'pi|pe',
  'new\nline',
  '=cmd()',
  '7\n8',
  'esc\x1b[31m',
  "q'uote",
  '<eit:0>',
  'ümlaut',
  ' lead',
];

/** All that only slurmdbd tells, from real jobs through `eit sacct-sync` to the report. */
describeCluster(
  'EIT asks sacct what its hooks are not told',
  'v1',
  () => {
    let eit: MeasuredCluster;
    const named = new Map<string, string>();
    let array: string, failed: string, cancelled: string, requeued: string, het: string, waiting: string;

    const sync = (...args: string[]): Promise<Finished> =>
      run(process.execPath, [join(top, 'dist/eit.js'), 'sacct-sync', '--config', eit.configPath, ...args], {
        env: eit.slurm.env,
        cwd: '/',
      });
    const jobsOf = async (...args: string[]) => (await eit.jsonReport(['--group-by', 'job', ...args])).groups;

    beforeAll(async () => {
      eit = await startMeasuredCluster({ cgroup: 'v1', accounting: true, nodePrefix: 'j' });
      const { slurm } = eit;
      for (const name of NAMES)
        named.set(
          name,
          await slurm.sbatch('sleep 1', { args: [`--job-name=${name}`, '--output=/dev/null'] }),
        );
      array = await slurm.sbatch('sleep 1', { args: ['--array=3-5', '--output=/dev/null'] });
      failed = await slurm.sbatch('sleep 1; exit 3');
      het = (
        await slurm.asUser('sbatch', [
          '--parsable',
          '--output=/dev/null',
          '-n1',
          '--wrap=sleep 2',
          ':',
          '-n1',
        ])
      ).stdout.trim();
      cancelled = await slurm.sbatch(`${burn(3)}; sleep 60`, { args: ['--mem=100M', '-t', '1-02:03'] });
      requeued = await slurm.sbatch('sleep 30', { args: ['--requeue'] });
      waiting = await slurm.sbatch('true', { args: ['--begin=now+1hour'] });
      await slurm.waitForState(requeued, 'RUNNING');
      await slurm.waitForState(cancelled, 'RUNNING');
      await eit.slurm.scontrol('requeue', requeued);
      await new Promise((resolve) => setTimeout(resolve, 4000));
      await slurm.scancel(cancelled);
      await slurm.scontrol('hold', requeued);
      await slurm.waitUntilQuiet();
      await until('the end of each job in slurmdbd', 60_000, async () => {
        const states = (await slurm.sacct('-X', '-n', '-P', '-D', '-o', 'State')).split('\n');
        return states.every((state) => !/^(RUNNING|COMPLETING)/.test(state)) || undefined;
      });
      await eit.ended(cancelled);
    });
    afterAll(() => eit?.stop());

    test('reports before the first time say where names come from', async () => {
      const { stdout } = await eit.report(['-S', 'now-1hours', '--group-by', 'state']);
      expect(stdout).toMatch(/^\(unknown\)/m);
      expect(stdout).toContain('they come with eit sacct-sync');
    });

    test('eit sacct-sync ends with 0 and says what it brought', async () => {
      const { status, stdout, stderr } = await sync('--json');
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const [result] = JSON.parse(stdout) as [Record<string, unknown>];
      expect(result).toMatchObject({ cluster: 'eittest', unreadable: 0 });
      expect(result['rows']).toBeGreaterThanOrEqual(NAMES.length + 3 + 1 + 2 + 1 + 1);
      expect(existsSync(join(eit.ledgerDir, 'eittest/jobs/sync.json'))).toBe(true);
    });

    test.each(NAMES)('a job of the name %j has it in the report', async (name) => {
      const [group] = await jobsOf('-j', named.get(name)!);
      expect(group?.slurm_job).toMatchObject({ name, state: 'COMPLETED', qos: 'normal' });
      expect((await jobsOf('--name', name)).map(({ job_id }) => String(job_id))).toEqual([named.get(name)]);
    });

    test('the table shows no newline and no control character of a name', async () => {
      const { stdout } = await eit.report(['-S', 'now-1hours', '--group-by', 'name']);
      expect(stdout).toContain('new\\u{a}line');
      expect(stdout).not.toContain('\x1b');
      const csv = await eit.report(['-S', 'now-1hours', '--group-by', 'name', '--csv']);
      expect(csv.stdout).toContain('"\'=cmd()"');
    });

    test('tasks of an array are one array, whatever their ids', async () => {
      const { groups } = await eit.jsonReport(['--group-by', 'array']);
      expect(groups.find(({ array_job_id: id }) => id === Number(array))).toMatchObject({ jobs: 3, runs: 3 });
      const tasks = (await jobsOf()).filter(({ slurm_job: job }) => job?.array_job_id === Number(array));
      expect(new Set(tasks.map(({ slurm_job: job }) => job?.array_task_id))).toEqual(new Set([3, 4, 5]));
    });

    test('failed and cancelled jobs, what they took and asked for', async () => {
      const [job] = await jobsOf('-j', cancelled);
      expect(job?.slurm_job).toMatchObject({
        state: 'CANCELLED',
        req_memory_bytes: 100 * 2 ** 20,
        time_limit_seconds: 26 * 3600 + 3 * 60,
      });
      expect(job?.slurm?.cpu_efficiency).toBeGreaterThan(0.1);
      expect(job?.slurm?.memory_efficiency).toBeGreaterThan(0);
      expect((await jobsOf('-s', 'F')).map(({ job_id }) => String(job_id))).toEqual([failed]);
      const { slurm } = await eit.jsonReport([]);
      expect(slurm?.failed).toMatchObject({ runs: 1 });
      expect(slurm?.cancelled.kwh).toBeGreaterThan(0);
    });

    test('a requeued run is one by itself', async () => {
      const { slurm, groups } = await eit.jsonReport(['--group-by', 'state', '-j', requeued]);
      expect(groups.map(({ state, runs }) => [state, runs])).toEqual([['REQUEUED', 1]]);
      expect(slurm?.requeued.runs).toBe(1);
    });

    test('the parts of a heterogeneous job know each other', async () => {
      const parts = (await jobsOf()).filter(({ slurm_job: job }) => job?.het_job_id === Number(het));
      expect(parts.map(({ job_id }) => job_id)).toEqual([Number(het), Number(het) + 1]);
    });

    test('nothing is told of no run that was measured, and a job that waits is in no file', async () => {
      const { total } = await eit.jsonReport([]);
      expect(total.slurm).toMatchObject({ told_runs: total.runs, untold_runs: 0 });
      expect(await jobsOf('-j', waiting)).toEqual([]);
    });

    test('Slurm measures no energy here, and the report says so', async () => {
      const { stdout, status } = await eit.report(['-S', 'now-1hours', '--compare-slurm']);
      expect(status).toBe(0);
      expect(stdout).toContain('Slurm tells an energy of its own (AcctGatherEnergyType) of no run');
    });

    test('a second time changes nothing; what is new comes with the next', async () => {
      const again = await sync();
      expect(again.stdout).toMatch(/nothing new/);
      const job = await eit.slurm.sbatch('sleep 1', { args: ['--job-name=later'] });
      await eit.slurm.waitForState(job, FINAL_STATES);
      await eit.ended(job);
      await until('its end in the ledger', 30_000, async () => {
        expect((await sync()).status).toBe(0);
        const [group] = await jobsOf('-j', job);
        return group?.slurm_job?.state === 'COMPLETED' || undefined;
      });
      expect((await jobsOf('--name', 'later')).map(({ job_id }) => String(job_id))).toEqual([job]);
    });

    test('an appendix of these jobs: a page each with what was measured, which opens in Chromium', async () => {
      const dir = join(eit.slurm.dir, 'appendix');
      const args = ['--from', eit.ledgerDir, '--output', dir, '--allow-incomplete', '--json'];
      const made = await run(
        process.execPath,
        [join(top, 'dist/eit.js'), 'appendix', '--config', eit.configPath, ...args],
        { env: eit.slurm.env, cwd: '/' },
      );
      expect({ status: made.status, stderr: made.stderr }).toEqual({
        status: 0,
        stderr: expect.not.stringMatching(/EIT_/) as string,
      });
      const { runs, sets } = JSON.parse(made.stdout) as {
        runs: { job_id: number; page: string }[];
        sets: { n: number; figures: { figure: string; sum: number }[] }[];
      };
      const { groups, total } = await eit.jsonReport(['--group-by', 'job']);
      expect(sets[0]).toMatchObject({ n: groups.length });
      expect(sets[0]?.figures[0]?.sum).toBeCloseTo(total.energy_kwh.total, 12);
      const pageOf = (job: string | undefined) =>
        runs.find(({ job_id: id }) => String(id) === job)?.page ?? '';
      const paths = [...NAMES.map((name) => pageOf(named.get(name))), pageOf(cancelled), pageOf(requeued)];
      const { problems, pages } = await openAppendix(
        dir,
        ['index.html', 'sets/1.html', ...paths],
        'measured',
      );
      expect(problems).toEqual([]);
      expect([...pages].filter(([, { isWide }]) => isWide)).toEqual([]);
      expect(pages.get(pageOf(named.get('=cmd()')))?.title).toMatch(/^Run \d+: job \d+ \(=cmd\(\)\)$/);
      expect(pages.get(pageOf(named.get('esc\x1b[31m')))?.title).toContain('(esc\\u{1b}[31m)');
      const { pictures, text } = pages.get(pageOf(cancelled))!;
      // It burned 3 s of a CPU, and slept then; of less than a minute the agent writes no curve, but lines of 5 s.
      expect(pictures['Power by class of domains']).toMatch(/CPU: mean [\d.]+ W, most [1-9][\d.]* W/);
      expect(Object.keys(pictures)).toEqual(
        expect.arrayContaining(['Power by class of domains', 'CPUs busy', 'Memory held']),
      );
      expect(text).toMatch(/CANCELLED/);
      expect(text).not.toContain(eit.slurm.clusterName);
      expect(pages.get(pageOf(requeued))?.text).toMatch(/REQUEUED/);
    });

    test('without slurmdbd it ends with 1, and nothing is lost', async () => {
      const folder = join(eit.ledgerDir, 'eittest/jobs');
      const before = readdirSync(folder).sort();
      process.kill(eit.slurm.pids()['slurmdbd']!, 'SIGTERM');
      const { status, stderr } = await until('slurmdbd to be gone', 30_000, async () => {
        const finished = await sync();
        return finished.status === 0 ? undefined : finished;
      });
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /EIT_SACCT: sacct ended with .*(database|persist_conn|refused).*Is slurmdbd up/is,
      );
      expect(readdirSync(folder).sort()).toEqual(before);
      expect(await jobsOf('--name', 'plain')).toHaveLength(1);
    });
  },
  { accounting: true },
);
