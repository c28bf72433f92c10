import type { RunRecord } from '../../src/generated/record';
import { expectConservation } from '../cluster/conservation';
import { allCpuSeconds, cpuSeconds, sumUj } from '../cluster/measured-cluster';
import { describeGuest } from './availability';
import { GuestRun, type OneJob } from './guest-run';

/** Bounds of the parts in guest-run.ts and of making the system anew, together. */
const RUN_BOUND_MS = 45 * 60_000;

/** Joules that agent and law may see differently: the law writes every 50 ms, at up to 33 W, on a slow machine. */
const INSTANT_J = 15;

const AGENT_UNIT = '/system.slice/eit-agent.service';
const JOB_CGROUP = /^\/system\.slice\/(?:eitguest_)?slurmstepd\.scope\/job_(\d+)\//;

describeGuest('EIT under systemd, slurmd.service and cgroup v2', () => {
  let guest: GuestRun;

  beforeAll(async () => {
    guest = new GuestRun();
    await guest.run();
  }, RUN_BOUND_MS);
  afterAll(() => guest?.end(), 60_000);

  test('the package enables the agent, starts nothing and leaves the config to the admin', () => {
    const facts = guest.facts('package installed');
    expect(facts).toMatchObject({ enabled: 'enabled', active: 'inactive', hooks: ['link', 'link'] });
    expect(facts.dpkgState).toMatch(/^ii /);
    expect(facts.config).not.toMatch(/^[^#\n]/m);
  });

  test('eit-agent.service is active once it was started', () => {
    expect(guest.facts('boot')).toMatchObject({
      enabled: 'enabled',
      active: 'active',
      agentCgroup: AGENT_UNIT,
      controllers: expect.stringMatching(/^cpuset cpu .*\bmemory\b/) as string,
      versions: { slurm: expect.stringContaining('24.11') as string },
    });
  });

  test('systemd starts an agent again that is killed in mid-job, and no joule is lost', () => {
    const facts = guest.facts('agent killed in mid-job');
    expect(facts.next).not.toBe(facts.killed);
    expect(facts.restarts).toBe('1');
    expectEnded(guest, facts);

    const records = guest.books.runRecords(facts.job);
    expect(new Set(records.map(({ instance }) => instance)).size).toBe(2);
    const first = records[0]!;
    const last = records.at(-1)!;
    expect(first).toMatchObject({ user: 'eitann', partition: 'batch', nodes: 1, cpus: 1 });
    expect(last.end).toMatchObject({ by: 'epilog', exit_code: '0:0' });
    expectCovered(last);
    const coveredMs = records.reduce((sum, { ms }) => sum + ms, 0);
    expect(Math.abs(coveredMs - (Date.parse(last.to) - Date.parse(first.from)))).toBeLessThan(200);
    expectCpu(guest, facts);
    expect(sumUj(records, 'package-0')).toBeGreaterThan(0);
  });

  test("the memory controller's numbers are in the records", () => {
    const records = guest.books.runRecords(guest.facts('agent killed in mid-job').job);
    const memory = Math.max(...records.map(({ memory_bytes: bytes = 0 }) => bytes));
    expect(memory).toBeGreaterThan(48_000_000);
    expect(memory).toBeLessThan(150_000_000);
  });

  test('the cpuset controller holds a job of one CPU to one', () => {
    const { during } = guest.facts('agent killed in mid-job');
    expect(during.jobCpuset).toMatch(/^[01]$/);
  });

  test('the agent is in no cgroup of slurmd or of a job', () => {
    const { during, job } = guest.facts('agent killed in mid-job');
    expect(during.slurmdCgroup).toBe('/system.slice/slurmd.service');
    expect(JOB_CGROUP.exec(during.jobCgroup)?.[1]).toBe(String(job));
    expect(during.agentCgroup).toBe(AGENT_UNIT);
    expect(during.agentOomScoreAdj).toBe(800);
  });

  test('without the unit a hook starts the agent, which outlives a restart of slurmd', () => {
    const facts = guest.facts('no unit, slurmd restarted in mid-job');
    expectOutside(facts);
    expect(facts.after.agentPid).toBe(facts.during.agentPid);
    expectEnded(guest, facts);
    expectLateCpu(guest, facts);
    expect(facts.left).toBe(true);
  });

  describe('under PrologFlags=RunInJob', () => {
    test('a hook starts the agent where there is no unit: the job ends without waiting for it', () => {
      const facts = guest.facts('RunInJob, no unit');
      expect(facts.flags).toContain('RunInJob');
      expectOutside(facts);
      expectEnded(guest, facts);
      expectLateCpu(guest, facts);
      expect(facts.left).toBe(true);
    });

    test('a hook starts the service where it is stopped', () => {
      const facts = guest.facts('RunInJob, service stopped');
      expect(facts).toMatchObject({ during: { agentCgroup: AGENT_UNIT }, active: 'active' });
      expectEnded(guest, facts);
      expectLateCpu(guest, facts);
    });

    test('with the service running all of a job is measured', () => {
      const facts = guest.facts('RunInJob, service running');
      expect(facts.during.agentCgroup).toBe(AGENT_UNIT);
      expectEnded(guest, facts);
      expectCpu(guest, facts);
      expectCovered(guest.books.runRecords(facts.job).at(-1)!);
    });
  });

  test("the report of Debian's own Node.js knows every job", () => {
    const jobs = (['agent killed in mid-job', 'RunInJob, no unit', 'RunInJob, service running'] as const).map(
      (scenario) => guest.facts(scenario).job,
    );
    const { groups, total } = guest.facts('report').report;
    expect(groups.map((group) => group.job_id)).toEqual(expect.arrayContaining(jobs));
    expect(total).toMatchObject({ jobs: 5, measured_fraction: 1 });
  });

  test('a power cut in mid-job ends its run as `reboot`, once', () => {
    const before = guest.facts('before the cut');
    const after = guest.facts('after the cut');
    expect(after).toMatchObject({ enabled: 'enabled', active: 'active', agentCgroup: AGENT_UNIT });
    expect(after.boot).not.toBe(before.boot);
    // Slurm may run the job once more, as the same job and with the same restart count: that is a run of its own.
    const records = guest.books.runRecords(before.job);
    const run = records.filter(({ started }) => started === records[0]!.started);
    expect(run.filter(({ end }) => end !== undefined).map(({ end }) => end!.by)).toEqual(['reboot']);
    expect(run.at(-1)!.end).toBeDefined();
    expect(run.length).toBeGreaterThan(2);
    expect(cpuSeconds(run)).toBeGreaterThan(3);
  });

  test('an upgrade of the package in mid-job: the next agent takes the run up, the config stays', () => {
    const facts = guest.facts('package upgraded in mid-job');
    expect(facts.dpkgState).toBe('ii 0.1.1~test');
    expect(facts).toMatchObject({ enabled: 'enabled', active: 'active', hooks: ['link', 'link'] });
    expect(facts.config).toContain('/run/eit-law/sys');
    expectEnded(guest, facts);
    const records = guest.books.runRecords(facts.job);
    expect(new Set(records.map(({ instance }) => instance)).size).toBe(2);
    expectCovered(records.at(-1)!);
    expectCpu(guest, facts);
  });

  test('removed while slurm.conf names the hooks: jobs run and end, the node is not drained', () => {
    const facts = guest.facts('package removed in mid-job');
    expect(facts.dpkgState).toMatch(/^rc /);
    expect(facts.hooks).toEqual(['script of 3 lines', 'script of 3 lines']);
    expect(facts.words).toContain('take them out of slurm.conf');
    expect(facts).toMatchObject({ agentPid: 0, isLedgerThere: true });
    expect(facts.config).toContain('/run/eit-law/sys');
    expect(facts.states).toEqual(['COMPLETED', 'COMPLETED']);
    expect(facts.node).toEqual({ state: 'IDLE', reason: null });
  });

  test('purged once nobody calls the hooks: config and hooks go, records stay', () => {
    const facts = guest.facts('package purged, hooks not called any more');
    expect(facts.dpkgState).toBe('');
    expect(facts).toMatchObject({ hooks: ['absent', 'absent'], config: null, isLedgerThere: true });
  });

  test('runs + idle + system is what the counters grew by, over all of it', async () => {
    await expectConservation(guest.books, INSTANT_J);
  });

  test('no time is in two records', () => {
    const { books } = guest;
    const jobs = [...new Set(books.runRecords().map(({ job }) => job))];
    const overlaps = [
      ...overlapping(books.hostRecords()),
      ...jobs.flatMap((job) => overlapping(books.runRecords(job))),
    ];
    expect(overlaps).toEqual([]);
  });

  test('no hook had to complain', () => {
    expect(guest.hookComplaints).toBe('');
  });
});

/** The job ran to its end, Slurm did not wait for the agent, and the node is free. */
function expectEnded(guest: GuestRun, facts: OneJob): void {
  expect(facts).toMatchObject({
    jobState: 'COMPLETED',
    node: { state: 'IDLE', reason: null },
  });
  // UnkillableStepTimeout is 60 s: a job that waited for a process of ours would have waited that long.
  expect(facts.msToQuiet).toBeLessThan(45_000);
  expect(guest.books.runRecords(facts.job).at(-1)?.end).toMatchObject({ by: 'epilog' });
}

/** The agent that a hook started, in no cgroup that slurmd or a job cares about. */
function expectOutside({ during }: OneJob): void {
  expect(during.agentCgroup).not.toMatch(/slurm|job_|step_/);
  expect(during.agentCgroup).not.toBe('');
  expect(during.agentOomScoreAdj).toBe(300);
}

/** Records that begin before the one before them has ended; of one host, or one job's. */
function overlapping<R extends { readonly from: string; readonly to: string }>(records: readonly R[]): R[][] {
  const sorted = records.toSorted((a, b) => a.from.localeCompare(b.from) || a.to.localeCompare(b.to));
  return sorted.flatMap((record, i) =>
    i > 0 && record.from < sorted[i - 1]!.to ? [[sorted[i - 1]!, record]] : [],
  );
}

/** But for the moment between the prolog and the agent's look at the event, which is long on a slow machine. */
function expectCovered({ end }: RunRecord): void {
  expect(end!.coverage.cpu).toBeGreaterThan(0.95);
  expect(end!.coverage.dram).toBeGreaterThan(0.95);
}

/**
 * The records hold the CPU time that the job's cgroup held: no more than it, and all of it but for the prolog's, which under
 * RunInJob is there before the agent looks.
 */
function expectCpu(guest: GuestRun, { job, jobCpuUs }: OneJob): void {
  const records = guest.books.runRecords(job);
  const recorded = allCpuSeconds(records);
  expect(recorded).toBeGreaterThan((jobCpuUs / 1e6) * 0.98 - 0.5);
  expect(cpuSeconds(records)).toBeLessThan((jobCpuUs / 1e6) * 1.15 + 2);
  // slurmstepd has some more to do once the script is done, on an emulated machine beside others for seconds.
  expect(recorded).toBeLessThan((jobCpuUs / 1e6) * 1.15 + 6);
}

/** What the job used since its agent was seen is in the records, and their coverage claims no more than that. */
function expectLateCpu(guest: GuestRun, { job, jobCpuUs, jobCpuUsWhenLooked }: OneJob): void {
  const records = guest.books.runRecords(job);
  const sinceLookedUs = jobCpuUs - jobCpuUsWhenLooked;
  expect(sinceLookedUs).toBeGreaterThan(1e6);
  expect(cpuSeconds(records)).toBeGreaterThan((sinceLookedUs / 1e6) * 0.9);
  expect(cpuSeconds(records)).toBeLessThan(jobCpuUs / 1e6 + 2);
  expect(records.at(-1)!.end!.coverage.cpu).toBeLessThan(cpuSeconds(records) / (jobCpuUs / 1e6) + 0.3);
}
