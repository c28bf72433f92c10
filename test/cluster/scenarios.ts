import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isErrno } from '../../src/errors';
import { scaled } from '../scale';
import { describeCluster } from './availability';
import { expectAllWell } from './conservation';
import { type MeasuredCluster, cpuSeconds, startMeasuredCluster, sumUj } from './measured-cluster';
import type { CgroupKind } from './slurm-conf';
import { until } from './until';
import { BUSY, burn } from './workload';

/** Jobs of no length, all at once. */
const JOBS = scaled(80, 1000);

/** Everything that a job can go through, on a real Slurm; after each the books must balance. */
export function measuredScenarios(kind: CgroupKind): void {
  describeCluster('EIT measures', kind, () => {
    let eit: MeasuredCluster;

    beforeAll(async () => {
      eit = await startMeasuredCluster({ cgroup: kind, accounting: true });
    });
    afterAll(() => eit?.stop());
    afterEach(() => expectAllWell(eit));

    test('one job', async () => {
      const job = await eit.slurm.sbatch(burn(3), { args: ['-w', 'n1', '-p', 'batch', '-n', '1'] });
      await eit.slurm.waitForState(job, 'COMPLETED');
      const records = await eit.ended(job);
      expect(records[0]).toMatchObject({
        node: 'n1',
        user: 'eitann',
        account: 'phys',
        partition: 'batch',
        nodes: 1,
      });
      expect(records.at(-1)!.end).toMatchObject({ by: 'epilog', exit_code: '0:0' });
      // The hook had to start the agent: what went before its first reading is not covered, and the record says so.
      expect(records.at(-1)!.end!.coverage.cpu).toBeGreaterThan(0.7);

      // Slurm's own step costs some tens of milliseconds on top of what the burner read of itself.
      const used = Number(/used ([\d.]+)/.exec(eit.slurm.output(job))?.[1]);
      expect(cpuSeconds(records)).toBeGreaterThan(0.7 * used);
      expect(cpuSeconds(records)).toBeLessThan(used + 0.5);

      const energyUj = sumUj(records, 'package-0');
      const [from, to] = [records[0]!.from, records.at(-1)!.to].map((time) => Date.parse(time));
      const hostUj = await eit.law.energyBetweenWall('package-0', from!, to!);
      expect(energyUj).toBeGreaterThan(0.1 * hostUj);
      expect(energyUj).toBeLessThanOrEqual(hostUj + 1e6);
    });

    test('two jobs sharing a node pay by what they use', async () => {
      const half = `timeout 8 sh -c 'while :; do timeout 0.1 sh -c "${BUSY}"; sleep 0.1; done'; true`;
      const [full, part] = await Promise.all([
        eit.slurm.sbatch(`timeout 8 sh -c '${BUSY}'; true`, { args: ['-w', 'n1'] }),
        eit.slurm.sbatch(half, { args: ['-w', 'n1'] }),
      ]);
      for (const job of [full, part]) await eit.slurm.waitForState(job, 'COMPLETED');
      const [a, b] = [await eit.ended(full), await eit.ended(part)];
      const cpuRatio = cpuSeconds(a) / cpuSeconds(b);
      expect(cpuRatio).toBeGreaterThan(1.2);
      // They began and ended at nearly the same time, so their shares are as their CPU times.
      const energyRatio = sumUj(a, 'package-0') / sumUj(b, 'package-0');
      expect(Math.abs(energyRatio / cpuRatio - 1)).toBeLessThan(0.35);
    });

    test('two nodes of one host together get the counter once', async () => {
      const jobs = await Promise.all(
        ['n1', 'n2'].map((node) =>
          eit.slurm.sbatch(`timeout 6 sh -c '${BUSY}'; true`, { args: ['-w', node] }),
        ),
      );
      for (const job of jobs) await eit.slurm.waitForState(job, 'COMPLETED');
      const records = (await Promise.all(jobs.map((job) => eit.ended(job)))).flat();
      expect(new Set(records.map(({ node }) => node))).toEqual(new Set(['n1', 'n2']));
      const from = Math.min(...records.map((record) => Date.parse(record.from)));
      const to = Math.max(...records.map((record) => Date.parse(record.to)));
      const hostUj = await eit.law.energyBetweenWall('package-0', from, to);
      for (const policy of [0, 1, 2] as const) {
        expect(sumUj(records, 'package-0', policy)).toBeLessThanOrEqual(hostUj + 1e6);
      }
      // Their part of what the host did; other work on it is the system's.
      expect(sumUj(records, 'package-0')).toBeGreaterThan(0.1 * hostUj);
    });

    test('a two-node job is one run with two fragments', async () => {
      const job = await eit.slurm.sbatch(`srun -N2 -n2 timeout 3 sh -c '${BUSY}'; true`, {
        args: ['-N', '2'],
      });
      await eit.slurm.waitForState(job, 'COMPLETED');
      const records = await eit.ended(job, 2);
      expect(new Set(records.map(({ node }) => node))).toEqual(new Set(['n1', 'n2']));
      const report = await eit.jsonReport(['-j', job, '--group-by', 'job']);
      expect(report.groups).toHaveLength(1);
      expect(report.groups[0]).toMatchObject({
        job_id: Number(job),
        runs: 1,
        nodes_expected: 2,
        nodes_reported: 2,
      });
      // Each for 3 s, with what CPU the host has left.
      expect(report.groups[0]!.cpu_seconds).toBeGreaterThan(1);
    });

    test('each task of an array is a job of its own', async () => {
      const array = await eit.slurm.sbatch(burn(0.5), { args: ['--array=1-3'] });
      await eit.slurm.waitForState(array, 'COMPLETED');
      const ids = (await eit.slurm.jobRecords(array)).map(({ JobId = '' }) => JobId);
      expect(ids).toHaveLength(3);
      for (const id of ids) expect(cpuSeconds(await eit.ended(id))).toBeGreaterThan(0.45);
    });

    test('a job of 0.2 s', async () => {
      expect(eit.agentPid()).not.toBeNull();
      const job = await eit.slurm.sbatch(burn(0.15));
      await eit.slurm.waitForState(job, 'COMPLETED');
      const [record] = await eit.ended(job);
      expect(record!.cpu_us! / 1e6).toBeGreaterThan(0.14);
      expect(record!.cpu_us! / 1e6).toBeLessThan(0.6);
      expect(sumUj([record!], 'package-0')).toBeGreaterThan(0);
      expect(record).toMatchObject({ start: { by: 'prolog' }, end: { by: 'epilog', coverage: { cpu: 1 } } });
    });

    test('a cancelled and a failed job', async () => {
      const cancelled = await eit.slurm.sbatch(BUSY);
      const failed = await eit.slurm.sbatch('exit 3');
      await eit.slurm.waitForState(cancelled, 'RUNNING');
      await eit.slurm.waitForState(failed, 'FAILED');
      await sleep(1500);
      await eit.slurm.scancel(cancelled);
      await eit.slurm.waitForState(cancelled, 'CANCELLED');
      expect((await eit.ended(failed)).at(-1)!.end).toMatchObject({ by: 'epilog', exit_code: '3:0' });
      expect(sumUj(await eit.ended(cancelled), 'package-0')).toBeGreaterThan(0);
    });

    test('a requeued job is two runs of one job', async () => {
      const job = await eit.slurm.sbatch(`timeout 4 sh -c '${BUSY}'; true`, { args: ['--requeue'] });
      await eit.slurm.waitForState(job, 'RUNNING');
      await sleep(1500);
      await eit.slurm.scontrol('requeue', job);
      await eit.slurm.waitForState(job, 'PENDING');
      // slurmd tells a requeued run from the one before by whole seconds; too early, it runs no hook at all.
      await sleep(3000);
      await eit.slurm.scontrol('update', `JobId=${job}`, 'StartTime=now');
      await eit.slurm.waitForState(job, 'COMPLETED', 120_000);
      const records = await eit.ended(job, 2);
      expect([...new Set(records.map(({ restart = 0 }) => restart))].toSorted((a, b) => a - b)).toEqual([
        0, 1,
      ]);
      const report = await eit.jsonReport(['-j', job]);
      expect(report.total).toMatchObject({ jobs: 1, runs: 2 });
    });

    test('an agent that is killed in mid-job is taken up by the next hook, and no joule is lost', async () => {
      const job = await eit.slurm.sbatch(`timeout 9 sh -c '${BUSY}'; true`);
      await eit.slurm.waitForState(job, 'RUNNING');
      const pid = await until('the agent', 10_000, () => eit.agentPid() ?? undefined);
      await sleep(3000);
      process.kill(pid, 'SIGKILL');
      await sleep(2000);
      expect(eit.agentPid()).toBeNull();
      const next = await eit.slurm.sbatch('true');
      await until('another agent', 20_000, () => eit.agentPid() ?? undefined);
      await eit.slurm.waitForState(job, 'COMPLETED');
      await eit.slurm.waitForState(next, 'COMPLETED');
      const records = await eit.ended(job);
      const coveredMs = records.reduce((sum, { ms }) => sum + ms, 0);
      const [from, to] = [records[0]!.from, records.at(-1)!.to].map((time) => Date.parse(time));
      expect(Math.abs(coveredMs - (to! - from!))).toBeLessThan(50);
      // Of 9 s, with what CPU the host has left.
      expect(cpuSeconds(records)).toBeGreaterThan(2);
    });

    test('slurmd is restarted in mid-job', async () => {
      const job = await eit.slurm.sbatch(burn(5), { args: ['-w', 'n1'] });
      await eit.slurm.waitForState(job, 'RUNNING');
      await sleep(1000);
      await eit.slurm.restartSlurmd('n1');
      await eit.slurm.waitForState(job, 'COMPLETED');
      const records = await eit.ended(job);
      expect(cpuSeconds(records)).toBeGreaterThan(4.9);
    });

    test(`${JOBS} jobs of \`true\` on both nodes: no hook fails, no node drains, nothing is left behind`, async () => {
      const array = await eit.slurm.sbatch('true', { args: [`--array=1-${JOBS}`, '--output=/dev/null'] });
      await eit.slurm.waitForState(array, 'COMPLETED', 240_000);
      const ids = (await eit.slurm.jobRecords(array)).map(({ JobId }) => Number(JobId));
      expect(ids).toHaveLength(JOBS);
      await eit.slurm.waitUntilQuiet();
      await eit.agentLeft();
      const records = eit.runRecords().filter(({ job }) => ids.includes(job));
      expect(new Set(records.map(({ job }) => job)).size).toBe(JOBS);
      expect(records.filter(({ start }) => start?.by === 'prolog')).toHaveLength(JOBS);
      expect(records.filter(({ end }) => end?.by === 'epilog')).toHaveLength(JOBS);
      const logs = ['slurmd-n1', 'slurmd-n2'].map((name) =>
        readFileSync(join(eit.slurm.dir, `log/${name}.log`), 'utf8'),
      );
      expect(
        logs.join('\n').match(/(?:prolog|epilog) (?:failed|error)|error:.*(?:prolog|epilog).*status/gi),
      ).toBeNull();
      await until('agent and shipper to end', 10_000, () => {
        return processesNaming(eit.slurm.dir, 'eit-agent', 'eit-shipper').length === 0 || undefined;
      });
    }, 400_000);

    test('the report adds the same jobs up by job, user, account and partition', async () => {
      const byJob = await eit.jsonReport(['-a', '--group-by', 'job']);
      for (const key of ['user', 'account', 'partition', 'node', 'day']) {
        const report = await eit.jsonReport(['-a', '--group-by', key]);
        expect(report.total.energy_kwh.it).toBeCloseTo(byJob.total.energy_kwh.it, 12);
        expect(report.groups.reduce((sum, group) => sum + group.energy_kwh.it, 0)).toBeCloseTo(
          report.total.energy_kwh.it,
          12,
        );
      }
      const hostKwh =
        eit.hostRecords().reduce((sum, host) => sum + total(host.domains, 'counter_uj'), 0) / 3.6e12;
      const { idle_kwh, system_kwh } = byJob.unattributed;
      expect(byJob.total.energy_kwh.it + idle_kwh! + system_kwh!).toBeCloseTo(hostKwh, 12);
      expect(byJob.total.energy_kwh.total).toBeCloseTo(byJob.total.energy_kwh.it * 1.2, 12);
      expect(byJob.total.co2e_kg).toBeCloseTo((byJob.total.energy_kwh.total * 333.77) / 1000, 9);
      expect(byJob.total.measured_fraction).toBe(1);
    });

    test('the audit of it all finds no difference', async () => {
      const { status, stdout } = await eit.report(['-S', 'now-1hours', '--audit', '--json']);
      const { hosts } = JSON.parse(stdout) as {
        hosts: { all: { counter_uj: number; runs_uj: number; difference_uj: number } }[];
      };
      expect(hosts.length).toBeGreaterThan(0);
      for (const { all } of hosts) {
        expect(all.difference_uj).toBe(0);
        expect(all.runs_uj).toBeGreaterThan(0);
        expect(all.counter_uj).toBeGreaterThan(all.runs_uj);
      }
      expect(status).toBe(0);
    });
  });
}

function total(
  domains: Readonly<Record<string, { readonly counter_uj: number }>>,
  key: 'counter_uj',
): number {
  return Object.values(domains).reduce((sum, domain) => sum + domain[key], 0);
}

/** Command lines of living processes that name the folder's config in their environment, or any of the programs in it. */
function processesNaming(dir: string, ...programs: string[]): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
        const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
        return programs.some((program) => command.includes(program)) && environment.includes(dir)
          ? [command]
          : [];
      } catch (error) {
        if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES')) return [];
        throw error;
      }
    });
}
