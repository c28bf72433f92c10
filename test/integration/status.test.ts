import { chmodSync } from 'node:fs';
import { AgentHome } from './agent-home';
import { until } from '../cluster/until';
import { runEit } from './eit-command';
import { noOtherUser, testUnless } from '../test-unless';

const asRoot = testUnless(noOtherUser);

interface Status {
  readonly hardware: { readonly threads: number };
  readonly context: { readonly looks: number } | null;
  readonly agent: { readonly pid: number; readonly version: string | null; readonly rss_bytes: number };
  readonly runs: readonly { readonly job: number; readonly user: string; readonly node: string }[];
  readonly last_reading: string;
  readonly domains: Readonly<Record<string, { source: string }>> | null;
  readonly spool: { readonly waiting_lines: number };
}

let home: AgentHome;
beforeEach(() => {
  home = new AgentHome();
});
afterEach(() => home.remove());

const status = async (): Promise<Status> => {
  const { stdout, stderr, ...rest } = await runEit(['status', '--json'], home.config);
  expect({ ...rest, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Status;
};

test('without an agent it says so, and ends with 0', async () => {
  const { stdout, ...rest } = await runEit(['status'], home.config);
  expect(rest).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^Agent +no agent runs$/m);
});

test('the agent that runs, and the job that it measures', async () => {
  await home.start();
  home.setCpu(12, 1);
  home.hook('prolog', 12, { SLURM_JOB_USER: 'ada' });
  home.spend(5, 1);
  await home.read();
  const found = await until('the job in the checkpoint', 50_000, async () => {
    const now = await status();
    return now.runs.length > 0 ? now : undefined;
  });
  expect(found.agent.pid).toBe(home.agentPid());
  expect(found.agent.rss_bytes).toBeGreaterThan(10e6);
  expect(found.agent.version).toMatch(/^\d+\.\d+\.\d+/);
  expect(found.hardware.threads).toBe(2);
  expect(found.context?.looks).toBeGreaterThan(0);
  expect(found.runs).toMatchObject([{ job: 12, user: 'ada', node: 'n1' }]);
  expect(found.domains).toMatchObject({ 'package-0': { source: 'powercap' } });
  expect(Date.now() - Date.parse(found.last_reading)).toBeLessThan(60_000);

  const { stdout } = await runEit(['status'], home.config);
  expect(stdout).toMatch(/^Agent +runs since .*, process \d+, version /m);
  expect(stdout).toMatch(/^ 12 {2}ada {3}n1 /m);
});

asRoot('an ordinary user is told what he may not see', async () => {
  await home.start();
  chmodSync(home.dir, 0o755);
  await until('a checkpoint', 40_000, async () => (await status()).last_reading || undefined);
  const { stdout, ...rest } = await runEit(['status'], home.config, {}, 'nobody');
  expect(rest).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^Agent +runs since /m);
  expect(stdout).toMatch(/^Last reading +only root and the agent's user may read the checkpoint/m);
  expect(stdout).toMatch(/^Spool +only root and the agent's user may look into/m);
});
