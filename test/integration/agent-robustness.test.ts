import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../cluster/until';
import { AgentHome } from './agent-home';

let home: AgentHome;

beforeEach(() => {
  home = new AgentHome(['cluster: lab']);
});
afterEach(() => home.remove());

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
const counterUj = () => sum(home.hosts().map(({ domains }) => domains['package-0']!.counter_uj));
const given = (job: number) =>
  sum(home.runs(job).map(({ measured_uj }) => measured_uj['package-0']?.[0] ?? 0));
const logged = (text: string) =>
  home
    .agentLog()
    .split('\n')
    .filter((line) => line.includes(text)).length;

async function gone(pid: number | null): Promise<void> {
  await until(
    'the agent to leave',
    20_000,
    () => !existsSync(`/proc/${String(pid)}`) || undefined,
    () => home.agentLog(),
  );
}

test('events that cannot be read are said once, and energy goes on being measured', async () => {
  await home.start();
  await home.read();
  const events = join(home.stateDir, 'events');
  rmSync(events, { recursive: true });
  writeFileSync(events, '');
  await until('the failure', 10_000, () => logged('the events cannot be read') > 0 || undefined);
  home.spend(100, 1);
  for (let stretch = 0; stretch < 3; stretch++) await home.read();
  expect(counterUj()).toBe(100_000_000);
  // A tick between the two calls above finds nothing there, which is another failure: each is said once.
  const failures = home
    .agentLog()
    .split('\n')
    .filter((line) => line.includes(' error '))
    .map((line) => line.slice(line.indexOf(' error ')));
  expect(failures.filter((line) => !line.includes('the events cannot be read'))).toEqual([]);
  expect(failures.filter((line) => line.includes('ENOTDIR'))).toHaveLength(1);
  expect(new Set(failures).size).toBe(failures.length);

  rmSync(events);
  mkdirSync(events, { mode: 0o700 });
  home.hook('prolog', 7);
  home.hook('epilog', 7);
  await home.ended(7);
});

test('without a checkpoint no record is written; with one all arrive, and none twice after a kill', async () => {
  const inTheWay = join(home.varDir, 'agent-checkpoint.json.tmp');
  const block = async () => {
    const failures = logged('EIT_CHECKPOINT');
    mkdirSync(join(inTheWay, 'x'), { recursive: true });
    await until('the failure', 10_000, () => logged('EIT_CHECKPOINT') > failures || undefined);
  };
  // Each of a second; that they fail is said once.
  const spooledAfter = async (stretches: number) => {
    await sleep(stretches * 1000 + 500);
    return home.spooled().length;
  };
  await home.start();
  home.hook('prolog', 7);
  await home.read();

  await block();
  const spooled = home.spooled().length;
  home.setCpu(7, 2);
  home.spend(50, 2);
  expect(await spooledAfter(3)).toBe(spooled);
  await home.end('SIGKILL');
  rmSync(inTheWay, { recursive: true });
  await home.start();
  await home.read();
  await home.read();
  expect([given(7), counterUj()]).toEqual([50_000_000, 50_000_000]);

  await block();
  home.setCpu(7, 3);
  home.spend(30, 1);
  await spooledAfter(2);
  expect(counterUj()).toBe(50_000_000);
  rmSync(inTheWay, { recursive: true });
  await until('what waited', 20_000, () => counterUj() > 50_000_000 || undefined);
  expect(logged('records are written again')).toBeGreaterThan(0);
  await home.end('SIGKILL');
  await home.start();
  await home.read();
  home.removeCgroup(7);
  home.hook('epilog', 7);
  await home.ended(7);
  await home.read();
  expect([given(7), counterUj()]).toEqual([80_000_000, 80_000_000]);
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s to the process that was started ends the agent',
  async (signal) => {
    const launcher = await home.start();
    const pid = home.agentPid();
    await home.read();
    home.spend(10, 1);
    launcher.kill(signal);
    await gone(pid);
    expect(existsSync(join(home.stateDir, 'agent.pid'))).toBe(false);
    await until('the last lines', 10_000, () => counterUj() === 10_000_000 || undefined);
    await until('the launcher to end', 10_000, () => launcher.exitCode === 0 || undefined);
  },
);

test('an agent whose lock file was removed leaves, and the next one counts nothing twice', async () => {
  await home.start();
  await home.read();
  const pid = home.agentPid();
  home.spend(10, 1);
  await home.read();
  home.spend(20, 1);
  // Somebody looks; and the next one, who may be here already, tells him more.
  const now = join(home.stateDir, 'now');
  writeFileSync(join(now, 'ask'), '0\n');
  await until('an answer', 10_000, () => existsSync(join(now, 'totals.json')) || undefined);
  const answer = join(now, 'of-the-next.json');
  writeFileSync(answer, '{}');
  rmSync(join(home.stateDir, 'agent.lock'));
  await gone(pid);
  expect(logged('the lock file was removed')).toBe(1);
  expect(existsSync(answer)).toBe(true);
  expect(existsSync(join(home.stateDir, 'agent.pid'))).toBe(false);
  await home.start();
  home.spend(40, 1);
  await home.read();
  await home.read();
  expect(counterUj()).toBeLessThanOrEqual(70_000_000);
  expect(counterUj()).toBeGreaterThanOrEqual(50_000_000);
});

test('a lingering agent measures what still comes, and leaves by itself with everything written', async () => {
  const config = readFileSync(home.config, 'utf8');
  writeFileSync(home.config, config.replace('linger_seconds: 60', 'linger_seconds: 3'));
  home.spawnAgent({ args: ['--linger'] });
  const pid = await until('the agent', 30_000, () => home.agentPid() ?? undefined);
  for (const job of [7, 8]) {
    // The second one's event comes while the agent waits to leave.
    home.hook('prolog', job);
    await home.read();
    home.setCpu(job, 1, job - 6);
    home.spend(10, 1);
    await home.read();
    home.removeCgroup(job);
    home.hook('epilog', job);
    await home.ended(job);
    expect([given(job), home.agentPid()]).toEqual([10_000_000, pid]);
  }
  home.spend(5, 1);
  await gone(pid);
  expect(home.agentLog()).toContain('leaving until the next job');
  expect(existsSync(join(home.stateDir, 'agent.pid'))).toBe(false);
  expect(existsSync(join(home.varDir, 'agent-checkpoint.json'))).toBe(false);
  expect(home.events()).toEqual([]);
  await until('the last lines', 10_000, () => counterUj() === 25_000_000 || undefined);
});
