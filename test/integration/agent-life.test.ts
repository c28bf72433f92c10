import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../cluster/until';
import { scaled } from '../scale';
import { AgentHome } from './agent-home';
import { noOtherUser, testUnless } from './hook-home';

let home: AgentHome;

beforeEach(() => {
  home = new AgentHome();
});
afterEach(() => home.remove());

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
const given = (job: number) =>
  sum(home.runs(job).map(({ measured_uj }) => measured_uj['package-0']?.[0] ?? 0));

/** What the host records hold of the counter, and of what they gave out. */
function books(): { counterUj: number; outUj: number } {
  const domains = home.hosts().map((host) => host.domains['package-0']!);
  return {
    counterUj: sum(domains.map(({ counter_uj }) => counter_uj)),
    outUj: sum(domains.map(({ runs_uj, idle_uj, system_uj }) => runs_uj[0] + idle_uj[0] + system_uj[0])),
  };
}

test('energy goes by CPU time, to the microjoule', async () => {
  await home.start();
  home.hook('prolog', 7);
  await home.read();
  home.setCpu(7, 3);
  home.spend(100, 4);
  await home.read();
  home.removeCgroup(7);
  home.hook('epilog', 7, { SLURM_JOB_EXIT_CODE2: '2:0' });
  const records = await home.ended(7);
  expect(given(7)).toBe(75_000_000);
  expect(sum(records.map(({ cpu_us = 0 }) => cpu_us))).toBe(3_000_000);
  expect(records[0]).toMatchObject({ user: 'ada', account: 'phys', cpus: 1, start: { by: 'prolog' } });
  expect(records.at(-1)!.end).toMatchObject({ by: 'epilog', exit_code: '2:0', coverage: { cpu: 1 } });
  expect(books()).toEqual({ counterUj: 100_000_000, outUj: 100_000_000 });
  await until('the events to go', 5000, () => home.events().length === 0 || undefined);
});

test('a second agent does not start', async () => {
  await home.start();
  const second = home.spawnAgent();
  const status = await new Promise((resolve) => second.once('exit', resolve));
  expect(status).toBe(0);
  expect(home.stderr).toContain('another agent measures this host');
});

test('an agent that is told to end writes everything, and the next one carries on', async () => {
  await home.start();
  home.hook('prolog', 7);
  await home.read();
  home.setCpu(7, 1);
  home.spend(10, 1);
  await home.end();
  home.setCpu(7, 3);
  home.spend(20, 2);
  await home.start();
  await home.read();
  home.removeCgroup(7);
  home.hook('epilog', 7);
  const records = await home.ended(7);
  expect(given(7)).toBe(30_000_000);
  expect(new Set(records.map(({ instance }) => instance)).size).toBe(2);
  // A reading between the hook's look at the clock and its file coming into place takes the milliseconds before it away.
  const { cpu, ...others } = records.at(-1)!.end!.coverage;
  expect(cpu).toBeGreaterThan(0.99);
  expect(cpu).toBeLessThanOrEqual(1);
  expect(others).toEqual({});
});

test('an agent that is killed loses no joule and counts none twice', async () => {
  await home.start();
  home.hook('prolog', 7);
  const kills = scaled(3, 200);
  for (let kill = 0; kill < kills; kill++) {
    await home.read();
    home.setCpu(7, (kill + 1) * 2);
    home.spend(50, 2);
    // Somewhere within a stretch: before or after the reading, before or after the write.
    await sleep(Math.random() * 1200);
    await home.end('SIGKILL');
    await home.start();
  }
  await home.read();
  home.removeCgroup(7);
  home.hook('epilog', 7);
  const records = await home.ended(7);
  await home.read();
  expect(given(7)).toBe(kills * 50_000_000);
  expect(sum(records.map(({ cpu_us = 0 }) => cpu_us))).toBe(kills * 2_000_000);
  expect(books()).toEqual({ counterUj: kills * 50_000_000, outUj: kills * 50_000_000 });
});

test('a job that began and ended while no agent was there is found from its events', async () => {
  home.configure(['cluster: lab']);
  await home.start();
  await home.read();
  await home.end('SIGKILL');
  home.hook('prolog', 8);
  home.spend(10, 1);
  home.setCpu(8, 0.6, 0.6);
  home.removeCgroup(8);
  home.hook('epilog', 8);
  await home.start();
  const [record] = await home.ended(8);
  expect(record).toMatchObject({ cpu_us: 600_000, start: { by: 'prolog' }, end: { by: 'epilog' } });
  expect(given(8)).toBe(6_000_000);
});

test('a host that was restarted ends the records of the runs before it', async () => {
  await home.start();
  home.hook('prolog', 7);
  await home.read();
  home.setCpu(7, 1);
  home.spend(10, 1);
  await home.read();
  await home.end('SIGKILL');
  const file = join(home.varDir, 'agent-checkpoint.json');
  const checkpoint = JSON.parse(readFileSync(file, 'utf8')) as { boot: string };
  writeFileSync(file, JSON.stringify({ ...checkpoint, boot: 'ffffffff' }));
  await home.start();
  const records = await home.ended(7);
  expect(records.at(-1)).toMatchObject({ boot: 'ffffffff', end: { by: 'reboot' } });
  expect(given(7)).toBe(10_000_000);
  expect(home.agentLog()).toContain('this host restarted');
});

test('directories named by SLUID (26.05) are matched by SLURM_JOB_SLUID, not by job id', async () => {
  const sluid = 's0123456789ABC';
  await home.start();
  home.hook('prolog', 7, { SLURM_JOB_SLUID: sluid });
  await home.read();
  home.setCpu(sluid, 2);
  home.spend(10, 2);
  await home.read();
  home.removeCgroup(sluid);
  home.hook('epilog', 7, { SLURM_JOB_SLUID: sluid });
  const records = await home.ended(7);
  expect(given(7)).toBe(10_000_000);
  expect(records[0]!.sluid).toBe(sluid);
});

test('the same hook twice is one run; an epilog alone is a run that was not measured', async () => {
  await home.start();
  home.hook('prolog', 7);
  home.hook('prolog', 7);
  await home.read();
  home.hook('epilog', 7);
  home.hook('epilog', 7);
  home.hook('epilog', 9);
  await home.ended(7);
  const [alone] = await home.ended(9);
  await home.read();
  expect(home.runs(7).filter(({ start }) => start !== undefined)).toHaveLength(1);
  expect(home.runs(7).filter(({ end }) => end !== undefined)).toHaveLength(1);
  expect(alone).toMatchObject({ ms: 0, measured_uj: {}, start: { by: 'epilog' }, end: { by: 'epilog' } });
  expect(home.events()).toEqual([]);
});

test('what is no event is set aside and said, and hostile values do no harm', async () => {
  await home.start();
  writeFileSync(join(home.stateDir, 'events/prolog.5.1.0'), 'nonsense');
  home.hook('prolog', 7, {
    SLURM_JOB_USER: 'x\n\u001b[2J"$(touch pwned)`',
    SLURM_JOB_ACCOUNT: 'a'.repeat(10_000),
    SLURM_JOB_NODELIST: 'n[1-',
    SLURM_JOB_CPUS_PER_NODE: '9(x99999999999)',
    SLURM_JOB_NUM_NODES: '-1',
    SLURM_CLUSTER_NAME: '../../etc',
  });
  home.hook('epilog', 7);
  await until('the refusal', 10_000, () => home.agentLog().includes('EIT_HOOK_EVENT') || undefined);
  expect(existsSync(join(home.stateDir, 'refused-events/prolog.5.1.0'))).toBe(true);
  await until('the record', 10_000, () => existsSync(join(home.spoolDir, 'unknown')) || undefined);
  const [file] = ['unknown'].map((cluster) => join(home.spoolDir, cluster));
  expect(file).toBeDefined();
  expect(home.agentLog()).not.toContain('EIT_RECORD_INVALID');
});

testUnless(noOtherUser)(
  'without the right to read energy_uj the power model serves, and the record says why',
  async () => {
    chmodSync(join(home.dir, 'sys/class/powercap/intel-rapl:0/energy_uj'), 0o400);
    writeFileSync(
      join(home.dir, 'proc/cpuinfo'),
      'processor : 0\nvendor_id : AuthenticAMD\ncpu family : 25\nmodel : 17\n',
    );
    for (const dir of [home.stateDir, home.varDir, home.spoolDir]) {
      mkdirSync(dir);
      chownSync(dir, 65534, 65534);
    }
    home.configure(['cluster: lab']);
    chmodSync(home.dir, 0o755);
    await home.start({ asUser: 'nobody' });
    await home.read();
    const [host] = home.hosts();
    expect(host!.domains['package-0']).toMatchObject({ quality: 'modelled' });
    expect(host!.absent_sources!['powercap']).toMatch(/energy_uj.*(CAP_DAC_READ_SEARCH|root)/);
  },
);
