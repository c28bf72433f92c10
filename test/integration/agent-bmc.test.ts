import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostRecord } from '../../src/generated/record';
import { until } from '../cluster/until';
import { AgentHome } from './agent-home';

/**
 * The agent with a program that stands in for ipmitool: nothing here has a management controller, and the simulator of
 * OpenIPMI (ipmi_sim) knows no DCMI. It prints a text of ipmitool's, 236 W, or hangs when the test wants it to.
 */
const POWER_W = 236;
const TEXT = join(__dirname, '../fixtures/dcmi/ipmitool-activated.txt');

let home: AgentHome;
let spending: NodeJS.Timeout;
beforeEach(() => {
  home = new AgentHome();
  const program = join(home.dir, 'ipmitool');
  writeFileSync(
    program,
    `#!/bin/sh
echo "$*" >>${home.dir}/asked
echo $$ >>${home.dir}/pids
test -e ${home.dir}/hang || exec cat ${TEXT}
trap '' TERM INT HUP
sleep 1000 & echo $! >>${home.dir}/pids
wait
`,
  );
  chmodSync(program, 0o755);
  home.configure(['cluster: lab', `bmc: { program: ${program}, interval_seconds: 2, timeout_seconds: 1 }`]);
  // The package draws some 20 W, the job uses half of the CPU time.
  let seconds = 0;
  home.setCpu(7, 0);
  spending = setInterval(() => {
    home.spend(2, 0.1);
    home.setCpu(7, (seconds += 0.05));
  }, 100);
});
afterEach(async () => {
  clearInterval(spending);
  for (const pid of livingPids()) process.kill(pid, 'SIGKILL');
  await home.remove();
});

function linesOf(name: string): string[] {
  const path = join(home.dir, name);
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
}

/** Of the program and what it has started; one that nobody has waited for is dead all the same. */
function livingPids(): number[] {
  return linesOf('pids')
    .map(Number)
    .filter((pid) => {
      try {
        return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
      } catch {
        return false;
      }
    });
}

function hostRecord(what: string, isIt: (host: HostRecord) => boolean): Promise<HostRecord> {
  return until(
    what,
    40_000,
    () => home.hosts().findLast(isIt),
    () => `${home.agentLog()}\n${JSON.stringify(home.hosts().at(-1))}`,
  );
}

const isWhole = ({ whole, domains }: HostRecord): boolean =>
  whole?.['node']?.missing_ms === 0 && domains['other']?.missing_ms === 0;

test('the node’s power is in the host’s record, and what is left of it is the jobs’, estimated', async () => {
  home.hook('prolog', 7);
  await home.start();
  const host = await hostRecord('a record with all of the node', isWhole);
  const { source, counter_uj: nodeUj, note } = host.whole!['node']!;
  expect({ source, note }).toEqual({
    source: 'bmc: ipmitool',
    note: expect.stringContaining('averages') as string,
  });
  // The readings are up to some milliseconds from the ends of the record.
  expect(Math.abs(nodeUj / (POWER_W * host.ms * 1000) - 1)).toBeLessThan(0.01);
  const other = host.domains['other']!;
  expect(other).toMatchObject({ class: 'other', source: 'bmc: ipmitool less cpu', quality: 'measured' });
  expect(other.counter_uj).toBe(nodeUj - host.domains['package-0']!.counter_uj);
  expect(host.absent_sources).toMatchObject({
    cray: expect.stringContaining('not a Cray node') as string,
    hwmon: expect.stringContaining('no sensor') as string,
  });

  home.hook('epilog', 7);
  const runs = await home.ended(7);
  const [measured, estimated] = (['measured_uj', 'estimated_uj'] as const).map((of) =>
    runs.reduce((sum, run) => sum + (run[of]?.['other']?.[0] ?? 0), 0),
  );
  expect(measured).toBeGreaterThan(0);
  expect(estimated).toBe(measured);
  expect(new Set(linesOf('asked'))).toEqual(new Set(['dcmi power reading']));
});

test('a program that hangs is missing energy with its reason, and is gone when the agent has ended', async () => {
  await home.start();
  const whole = await hostRecord('a record with all of the node', isWhole);
  writeFileSync(join(home.dir, 'hang'), '');
  const host = await hostRecord(
    'a record without the node',
    // The agent's first record lacks the node too: it was not asked yet.
    ({ from, ms, whole: domains }) => from >= whole.to && domains?.['node']?.missing_ms === ms,
  );
  const reason = `no power was read for more than 7 s: ${home.dir}/ipmitool did not answer in 1 s and was killed`;
  expect(host.whole!['node']).toMatchObject({ counter_uj: 0, missing_reason: reason });
  expect(host.domains['other']).toMatchObject({ counter_uj: 0, missing_ms: host.ms, missing_reason: reason });
  expect(host.domains['package-0']).toMatchObject({ missing_ms: 0 });

  // While it is asked: the program and its child live.
  await until('the program to hang', 20_000, () => livingPids().length >= 2 || undefined);
  await home.end();
  await until('the program to be gone', 20_000, () => livingPids().length === 0 || undefined);
});

test('an agent that is killed leaves the node’s energy to the next one, which begins anew', async () => {
  await home.start();
  const before = await hostRecord('a record with all of the node', isWhole);
  await home.end('SIGKILL');
  await home.start();
  const first = await until(
    'the next agent’s first record',
    20_000,
    () => home.hosts().find(({ instance }) => instance !== before.instance),
    () => home.agentLog(),
  );
  // From the last checkpoint on: for the package the time between is told, for the node it is missing.
  expect(first.domains['package-0']).toMatchObject({ missing_ms: 0 });
  const node = first.whole!['node']!;
  expect(node.missing_ms).toBeGreaterThan(0);
  expect(node.counter_uj).toBeLessThanOrEqual(POWER_W * (first.ms - node.missing_ms + 5) * 1000);
  const next = await hostRecord(
    'a record with all of the node',
    (host) => host.instance === first.instance && isWhole(host),
  );
  expect(Math.abs(next.whole!['node']!.counter_uj / (POWER_W * next.ms * 1000) - 1)).toBeLessThan(0.01);
});
