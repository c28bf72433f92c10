import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunRecord } from '../../src/generated/record';
import { until } from '../cluster/until';
import { NvmlStub, StubBuilds, gpuLine, gpuUuid } from '../nvml-stub/nvml-stub';
import { AgentHome } from './agent-home';
import { startEit } from './eit-command';

/** The agent with eit-gpu and a library that stands in for NVIDIA's: counters of 300 W and 70 W. */
const GPUS = [gpuLine(0), gpuLine(1), 'energy 0 300000', 'energy 1 70000', 'power 0 300000', 'power 1 70000'];
const [FIRST, SECOND] = ['gpu-1b:00.0', 'gpu-1c:00.0'];

const builds = new StubBuilds();
afterAll(() => builds.remove());

let stub: NvmlStub;
let home: AgentHome;
beforeEach(() => {
  stub = new NvmlStub(builds, GPUS);
  home = new AgentHome([`gpu: { nvml_library: ${stub.library}, interval_ms: 100 }`]);
});
afterEach(async () => {
  await home.remove();
  stub.remove();
});

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}/stat`) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
}

/** Programs that have the library open. */
const readers = (): number[] => stub.inits.filter(isAlive);

async function ended(jobId: number): Promise<RunRecord[]> {
  return until(
    'the last record',
    20_000,
    () => {
      const own = home.runs().filter(({ job }) => job === jobId);
      return own.at(-1)?.end === undefined ? undefined : own;
    },
    () => home.agentLog(),
  );
}

/** Joules of a run's records in a domain. */
function joules(records: readonly RunRecord[], name: string): number {
  return records.reduce((sum, record) => sum + (record.measured_uj[name]?.[0] ?? 0), 0) / 1e6;
}

test('a job with a GPU has the growth of that GPU’s counter, and the library is open only as long', async () => {
  await home.start();
  await sleep(500);
  expect(stub.inits).toEqual([]);

  home.hook('prolog', 7, { SLURM_JOB_GPUS: '1' });
  home.setCpu(7, 0.1);
  home.hook('prolog', 8);
  home.setCpu(8, 0.1);
  await until(
    'a reader',
    20_000,
    () => readers().length === 1 || undefined,
    () => home.agentLog(),
  );
  await sleep(3000);
  home.hook('epilog', 7);
  const records = await ended(7);

  const observedS = records.reduce((sum, { gpu }) => sum + (gpu?.ms ?? 0), 0) / 1000;
  expect(observedS).toBeGreaterThan(2);
  // Each joule is in a record, as the counter has it.
  expect(joules(records, SECOND)).toBeGreaterThan(70 * 2);
  expect(Math.abs(joules(records, SECOND) / (70 * observedS) - 1)).toBeLessThan(0.15);
  expect(joules(records, FIRST)).toBe(0);
  expect(records.at(-1)?.gpu).toMatchObject({ by: 'index' });
  expect(records.at(-1)?.end?.coverage.gpu).toBeGreaterThan(0.5);
  await until('the reader to end', 20_000, () => readers().length === 0 || undefined);

  home.hook('epilog', 8);
  const other = await ended(8);
  expect(other.some(({ gpu }) => gpu !== undefined)).toBe(false);
  expect(Object.keys(other.at(-1)!.end!.coverage)).not.toContain('gpu');

  // What the runs got, and idle, is what the counters grew by.
  for (const { domains } of home.hosts()) {
    for (const name of [FIRST, SECOND]) {
      const domain = domains[name];
      if (domain === undefined) continue;
      expect(domain.runs_uj[0] + domain.idle_uj[0] + domain.system_uj[0]).toBe(domain.counter_uj);
    }
  }
  const hardware = home.hosts().findLast((host) => host.hardware?.gpus !== undefined)?.hardware;
  expect(hardware?.gpus?.[SECOND]).toEqual({
    model: 'NVIDIA H100 80GB HBM3',
    uuid: gpuUuid(1),
    driver: '550.54.15',
  });
});

test('the library that crashes is loaded anew, and the agent does not notice', async () => {
  await home.start();
  home.hook('prolog', 7, { SLURM_JOB_GPUS: '0' });
  home.setCpu(7, 0.1);
  const [first = 0] = await until('a reader', 20_000, () => (readers().length === 1 ? readers() : undefined));
  const agent = home.agentPid();
  process.kill(first, 'SIGSEGV');
  await until(
    'another reader',
    20_000,
    () => readers().some((pid) => pid !== first) || undefined,
    () => home.agentLog(),
  );
  await sleep(1500);
  home.hook('epilog', 7);
  const records = await ended(7);
  expect(joules(records, FIRST)).toBeGreaterThan(100);
  expect(home.agentPid()).toBe(agent);
});

test('eit gpu release closes the library while the job runs, eit gpu take opens it again', async () => {
  await home.start();
  home.hook('prolog', 7, { SLURM_JOB_GPUS: '0' });
  home.setCpu(7, 0.1);
  await until(
    'a reader',
    20_000,
    () => readers().length === 1 || undefined,
    () => home.agentLog(),
  );

  const release = startEit(['gpu', 'release', '--seconds', '60'], home.config);
  expect([await release.ended, release.output.stderr]).toEqual([0, '']);
  expect(release.output.stdout).toMatch(/^The GPUs are let go until 20\d\d-/);
  expect(readers()).toEqual([]);
  await sleep(1000);
  expect(readers()).toEqual([]);

  const take = startEit(['gpu', 'take', '--json'], home.config);
  expect([await take.ended, take.output.stderr]).toEqual([0, '']);
  expect(JSON.parse(take.output.stdout)).toEqual({ released_until: null });
  await until(
    'a reader again',
    20_000,
    () => readers().length === 1 || undefined,
    () => home.agentLog(),
  );
  home.hook('epilog', 7);
  const records = await ended(7);
  // The counter has gone on meanwhile, and the job had the GPU all the time.
  const first = records.find(({ gpu }) => gpu !== undefined)!;
  const seconds = (from: string): number => (Date.parse(records.at(-1)!.to) - Date.parse(from)) / 1000;
  expect(seconds(first.to)).toBeGreaterThan(0.5);
  // Its first reading was within its first line.
  expect(joules(records, FIRST)).toBeGreaterThan(300 * (seconds(first.to) - 0.3));
  expect(joules(records, FIRST)).toBeLessThan(300 * (seconds(first.from) + 0.3));
});

test('of two releases the longer one holds, and both come back', async () => {
  await home.start();
  home.hook('prolog', 7, { SLURM_JOB_GPUS: '0' });
  home.setCpu(7, 0.1);
  await until(
    'a reader',
    20_000,
    () => readers().length === 1 || undefined,
    () => home.agentLog(),
  );
  const both = [50, 3].map((seconds) =>
    startEit(['gpu', 'release', '--seconds', String(seconds)], home.config),
  );
  expect(await Promise.all(both.map(({ ended: end }) => end))).toEqual([0, 0]);
  const until50 = Number(readFileSync(`${home.stateDir}/gpu-release`, 'utf8'));
  expect(until50 - Date.now()).toBeGreaterThan(30_000);
  expect(readers()).toEqual([]);
});

test('a release ends by itself', async () => {
  await home.start();
  home.hook('prolog', 7, { SLURM_JOB_GPUS: '0' });
  home.setCpu(7, 0.1);
  const release = startEit(['gpu', 'release', '--seconds', '2'], home.config);
  expect(await release.ended).toBe(0);
  await until(
    'a reader',
    20_000,
    () => readers().length === 1 || undefined,
    () => home.agentLog(),
  );
  expect(readdirSync(home.stateDir).filter((name) => name.startsWith('gpu-release'))).toEqual([]);
});

test('without an agent there is nothing to let go', async () => {
  const release = startEit(['gpu', 'release'], home.config);
  expect(await release.ended).toBe(0);
  expect(release.output.stdout).toContain('No agent runs here.');
});

test('a job that is shorter than the interval has what its GPU drew from its prolog to its epilog', async () => {
  home.configure([`gpu: { nvml_library: ${stub.library}, interval_ms: 5000 }`]);
  await home.start();
  // So that the library is open.
  home.hook('prolog', 7, { SLURM_JOB_GPUS: '1' });
  home.setCpu(7, 0.1);
  await until(
    'a first reading',
    20_000,
    () => home.runs().some(({ gpu }) => gpu !== undefined) || undefined,
    () => home.agentLog(),
  );

  home.hook('prolog', 8, { SLURM_JOB_GPUS: '0' });
  await sleep(700);
  home.hook('epilog', 8);
  const records = await ended(8);
  const [{ started }, { to }] = [records[0]!, records.at(-1)!];
  const lengthS = (Date.parse(to) - Date.parse(started)) / 1000;
  // A reading is taken some milliseconds after its event; of a machine that is busy some tens.
  expect(Math.abs(joules(records, FIRST) - 300 * lengthS)).toBeLessThan(300 * 0.1);
  home.hook('epilog', 7);
  await ended(7);
});

test('an agent that is killed takes no joule with it: the next one goes on with the GPU’s counter', async () => {
  await home.start();
  home.hook('prolog', 7, { SLURM_JOB_GPUS: '0' });
  home.setCpu(7, 0.1);
  const first = await until(
    'a first reading',
    20_000,
    () => home.runs().find(({ gpu }) => gpu !== undefined),
    () => home.agentLog(),
  );
  const agent = home.agentPid() ?? 0;
  process.kill(agent, 'SIGKILL');
  await until('the agent and its reader to be gone', 20_000, () =>
    !isAlive(agent) && readers().length === 0 ? true : undefined,
  );
  await sleep(1500);
  await home.start();
  await until(
    'a reader',
    20_000,
    () => readers().length === 1 || undefined,
    () => home.agentLog(),
  );
  await sleep(1000);
  home.hook('epilog', 7);
  const records = await ended(7);
  const observedS = (Date.parse(records.at(-1)!.to) - Date.parse(first.from)) / 1000;
  expect(joules(records, FIRST)).toBeGreaterThan(300 * (observedS - 1.2));
  expect(joules(records, FIRST)).toBeLessThan(300 * (observedS + 0.2));
});

test('a reader that never tells of a GPU is in the log, with its reason', async () => {
  home.configure([`gpu: { nvidia: nvml, nvml_library: ${home.dir}/no-such-library.so.1, interval_ms: 100 }`]);
  await home.start();
  home.hook('prolog', 7, { SLURM_JOB_GPUS: '0' });
  home.setCpu(7, 0.1);
  await until(
    'the trouble in the log',
    20_000,
    () => /warn.*GPUs: .*no-such-library/.test(home.agentLog()) || undefined,
    () => home.agentLog(),
  );
  home.hook('epilog', 7);
  const records = await ended(7);
  expect(records.at(-1)!.end!.coverage).toMatchObject({ gpu: 0 });
});
