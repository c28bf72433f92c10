import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from '../../src/cli/doctor-check';
import { AgentHome } from './agent-home';
import { until } from '../cluster/until';
import { runEit } from './eit-command';
import { noOtherUser, testUnless } from '../test-unless';
import { noMounts } from './hook-home';

const TOP = join(__dirname, '../..');
const asRoot = testUnless(noOtherUser);

let home: AgentHome;
beforeEach(() => {
  home = new AgentHome();
});
afterEach(() => home.remove());

async function doctor(
  env: Readonly<Record<string, string>> = {},
  asUser?: string,
): Promise<{ status: number | null; checks: Check[]; of: (name: string) => Check | undefined }> {
  // Whatever else runs on this machine, such as another test's slurmctld.
  const args = ['doctor', '--role=node', '--json'];
  const { status, stdout, stderr } = await runEit(args, home.config, env, asUser);
  expect(stderr).toBe('');
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  return { status, checks, of: (name) => checks.find((check) => check.name === name) };
}

test('a host on which all is well has no problem', async () => {
  writeFileSync(join(home.scope, 'cgroup.subtree_control'), 'cpuset cpu memory\n');
  mkdirSync(join(home.dir, 'eit'));
  for (const hook of ['prolog', 'epilog']) copyFileSync(join(TOP, hook), join(home.dir, 'eit', hook));
  const slurmConf = join(home.dir, 'slurm.conf');
  writeFileSync(
    slurmConf,
    `Prolog=${home.dir}/eit/prolog\nEpilog=${home.dir}/eit/epilog\nPrologFlags=Contain\n`,
  );
  await home.start();
  const timer = setInterval(() => home.spend(1, 0), 20);
  try {
    const found = await until('a first checkpoint', 30_000, async () => {
      const look = await doctor({ SLURM_CONF: slurmConf });
      return look.of('last reading')?.verdict === 'ok' ? look : undefined;
    });
    expect(found.checks.filter(({ verdict }) => verdict === 'problem')).toEqual([]);
    expect(found.status).toBe(0);
    for (const name of [
      'state_dir',
      'trust',
      'domain package-0',
      'cgroups',
      'Prolog',
      'Epilog',
      'PrologFlags',
      'agent',
    ])
      expect(found.of(name)).toMatchObject({ name, verdict: 'ok' });
    // Some 50 W, as the test spends it.
    expect(Number.parseFloat(found.of('domain package-0')?.text ?? '')).toBeGreaterThan(5);
  } finally {
    clearInterval(timer);
  }
});

test('a ledger that is not there is a problem, and so is the exit status', async () => {
  home.configure(['ledger: /nonexistent/ledger']);
  const { status, of } = await doctor();
  expect(status).toBe(1);
  expect(of('ledger')).toMatchObject({
    verdict: 'problem',
    text: '/nonexistent/ledger is not there',
    mend: expect.stringContaining('mount it') as string,
  });
});

test('a controller that is asked by a program: its power, and nothing is left of the program', async () => {
  const program = join(home.dir, 'ipmitool');
  const answer = join(TOP, 'test/fixtures/dcmi/ipmitool-activated.txt');
  writeFileSync(program, `#!/bin/sh\necho $$ >>${home.dir}/pids\nsleep 0.5\nexec cat ${answer}\n`);
  chmodSync(program, 0o755);
  home.configure([`bmc: { program: ${program}, interval_seconds: 2 }`]);
  const { of } = await doctor();
  expect(of('domain node')).toMatchObject({
    verdict: 'ok',
    text: expect.stringMatching(/^236\.0 W now, measured by bmc: ipmitool, in W, holds others/) as string,
  });
  const pids = readFileSync(join(home.dir, 'pids'), 'utf8').trim().split('\n');
  await until('the program to be gone', 20_000, () => !pids.some(isLiving) || undefined);
});

/** One that nobody has waited for is dead all the same. */
function isLiving(pid: string): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

test('a config that is wrong is one line with all its reasons', async () => {
  writeFileSync(home.config, 'legder: /x\n');
  const { status, stdout } = await runEit(['doctor'], home.config);
  expect(status).toBe(1);
  expect(stdout).toMatch(/^problem {2}config +EIT_CONFIG_INVALID: .*\n +.*legder/m);
  expect(stdout).toMatch(/^ok +Node\.js/m);
});

asRoot('an ordinary user gets no error, and is told what needs root', async () => {
  await home.start();
  await home.end();
  chmodSync(home.dir, 0o755);
  // The kernel's own mode.
  chmodSync(join(home.dir, 'sys/class/powercap/intel-rapl:0/energy_uj'), 0o400);
  const { of } = await doctor({}, 'nobody');
  expect(of('source powercap')).toMatchObject({ verdict: 'unknown' });
  expect(of('spool')).toMatchObject({ verdict: 'unknown' });
  expect(of('trust')).toMatchObject({ verdict: 'ok' });
  expect(of('events')).toMatchObject({ verdict: 'unknown' });
});

testUnless(noMounts)('a spool on a read-only file system is not called full', async () => {
  await home.start();
  await home.end();
  const spool = join(home.dir, 'spool');
  const script = `mount -t tmpfs -o ro tmpfs '${spool}' && exec "$@"`;
  const inNamespace = ['-m', '--propagation', 'private', '/bin/sh', '-c', script, 'sh'];
  const command = [process.execPath, join(TOP, 'dist/eit.js'), 'doctor', '--role=node', '--json'];
  const { stdout } = spawnSync('unshare', [...inNamespace, ...command], {
    encoding: 'utf8',
    cwd: '/',
    env: { PATH: process.env['PATH'], EIT_CONFIG: home.config, SLURM_CONF: '/nonexistent/slurm.conf' },
  });
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  expect(checks.filter(({ name, verdict }) => name === 'spool' && verdict === 'problem')).toEqual([
    {
      topic: 'ledger',
      name: 'spool',
      verdict: 'problem',
      text: `${spool} cannot be written: EROFS, its file system is read-only; records wait in the agent's memory`,
      mend: 'mount its file system read-write',
    },
  ]);
});
