import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { hostName } from '../../src/config/host-name';
import type { EitRecord } from '../../src/generated/record';
import { finishNow } from '../../src/ledger/durable';
import { shipSpool } from '../../src/ledger/shipper';
import { Spool } from '../../src/ledger/spool';
import { until } from '../cluster/until';
import { scaled } from '../scale';
import { AgentHome } from './agent-home';

const LONGER_THAN_KEPT_MS = 8 * 86_400_000;

let home: AgentHome;
beforeEach(() => {
  home = new AgentHome(['cluster: lab']);
});
afterEach(() => home.remove());

const identity = ({ instance, seq }: EitRecord): string => `${instance}/${seq}`;

/** Ships what is left as the killed agent's shipper would, and prunes as after a week. */
async function pruneSpool(): Promise<void> {
  const lock = join(home.spoolDir, '.shipper/lock');
  await until(
    'the shipper to leave',
    20_000,
    () => spawnSync('flock', ['-n', lock, 'true']).status === 0 || undefined,
  );
  const paths = { spoolDir: home.spoolDir, ledger: home.ledger, varDir: home.varDir, host: hostName() };
  shipSpool(paths);
  const limits = { maxBytes: 1e9, now: () => Date.now() + LONGER_THAN_KEPT_MS };
  finishNow(new Spool(home.spoolDir, limits).tidy());
  expect(home.spooled()).toEqual([]);
}

/** µJ in all lines of the ledger, each line once: of the counter, and as given to runs, idle and system. */
function books(): { counterUj: number; runsUj: number; restUj: number } {
  const sums = { counterUj: 0, runsUj: 0, restUj: 0 };
  for (const line of new Map(home.lines().map((one) => [identity(one), one])).values()) {
    if (line.kind === 'run') sums.runsUj += line.measured_uj['package-0']?.[0] ?? 0;
    if (line.kind !== 'host') continue;
    const { counter_uj, idle_uj, system_uj } = line.domains['package-0']!;
    sums.counterUj += counter_uj;
    sums.restUj += idle_uj[0] + system_uj[0];
  }
  return sums;
}

// The naive way: the next agent looks into the spool for what has been counted, and where it is empty begins at 0 or
// at the counter as it is; or it numbers its lines from 0 on as the one before, and they count as the same lines.
test('an agent that is killed after its spool was shipped and pruned: the next one’s counters go on, no joule is lost or counted twice', async () => {
  await home.start();
  await home.read();
  const firstUj = home.energyUj;
  home.hook('prolog', 7);
  await home.read();
  const rounds = scaled(2, 30);
  for (let round = 0; round < rounds; round++) {
    home.setCpu(7, round * 4 + 1);
    home.spend(40, 2);
    await home.read();
    await home.end('SIGKILL');
    await pruneSpool();
    home.setCpu(7, round * 4 + 4);
    home.spend(60, 4);
    await home.start();
    await home.read();
  }
  home.removeCgroup(7);
  home.hook('epilog', 7);
  const records = await home.ended(7);
  await home.read();

  const grownUj = home.energyUj - firstUj;
  const { counterUj, runsUj, restUj } = books();
  expect(grownUj).toBe(rounds * 100e6);
  expect({ counterUj, givenUj: runsUj + restUj }).toEqual({ counterUj: grownUj, givenUj: grownUj });
  // Half of the first 40 J, three quarters of the 60 J while no agent ran.
  expect(runsUj).toBe(rounds * (20e6 + 45e6));
  expect(records.at(-1)!.end).toMatchObject({ by: 'epilog', agent_restarts: rounds });
  // All of it; a busy machine comes some milliseconds late to the first reading.
  expect(records.at(-1)!.end!.coverage.cpu).toBeGreaterThan(0.99);
  const byIdentity = new Map<string, string>();
  for (const line of home.lines()) {
    const text = JSON.stringify(line);
    expect(byIdentity.get(identity(line)) ?? text).toBe(text);
    byIdentity.set(identity(line), text);
  }
});
