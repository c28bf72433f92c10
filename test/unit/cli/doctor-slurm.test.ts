import { chmodSync } from 'node:fs';
import type { Check } from '../../../src/cli/doctor-check';
import { checkGpuOrder } from '../../../src/cli/doctor-gpu-order';
import { checkHookFiles } from '../../../src/cli/doctor-hook-files';
import { findRoles } from '../../../src/cli/doctor-role';
import {
  checkHookTimeout,
  checkPolicy,
  checkRunning,
  checkTracking,
  checkVersion,
  parseShownConfig,
} from '../../../src/cli/doctor-slurm-settings';
import { parseConfLines } from '../../../src/slurm/slurm-conf-tree';
import { Tree } from '../sources/tree';
import { noOtherUser, testUnless } from '../../test-unless';

const asRoot = testUnless(noOtherUser);
const conf = (text: string) => ({ lines: parseConfLines(text) });
const verdicts = (checks: readonly Check[]): string[] =>
  checks.map(({ name, verdict }) => `${name}: ${verdict}`);

let tree: Tree;
beforeEach(() => {
  tree = new Tree();
});
afterEach(() => tree.remove());

describe('how jobs are followed', () => {
  const CGROUP =
    'ProctrackType=proctrack/cgroup\nJobAcctGatherType=jobacct_gather/cgroup\nTaskPlugin=task/affinity,task/cgroup\n';
  const CONFINED = 'ConstrainCores=yes\nConstrainRAMSpace=yes\n';

  test('is well with cgroups for all', () => {
    expect(verdicts(checkTracking(conf(CGROUP), conf(CONFINED)))).toEqual([
      'ProctrackType: ok',
      'JobAcctGatherType: ok',
      'TaskPlugin: ok',
      'cgroup.conf: ok',
    ]);
  });

  test.each([
    ['linuxproc', 'ProctrackType=proctrack/linuxproc', CONFINED, 'ProctrackType: warning'],
    [
      'v1 without cpuacct',
      'JobAcctGatherType=jobacct_gather/linux',
      'CgroupPlugin=cgroup/v1',
      'JobAcctGatherType: warning',
    ],
    [
      'v2 without gathering',
      'JobAcctGatherType=jobacct_gather/none',
      'CgroupPlugin=cgroup/v2',
      'JobAcctGatherType: ok',
    ],
    ['no confinement', CGROUP, 'ConstrainCores=yes', 'TaskPlugin: warning'],
    ['no task/cgroup', 'TaskPlugin=task/affinity', CONFINED, 'TaskPlugin: warning'],
    ['a plugin that is off', CGROUP, 'CgroupPlugin=disabled', 'cgroup.conf: problem'],
  ])('%s', (_, text, cgroup, verdict) => {
    expect(verdicts(checkTracking(conf(text), conf(cgroup)))).toContain(verdict);
  });

  test('without a cgroup.conf nobody knows whether jobs are confined', () => {
    expect(verdicts(checkTracking(conf(CGROUP), null))).toContain('TaskPlugin: unknown');
  });
});

test.each([
  ['', 'warning'],
  ['PrologEpilogTimeout=60', 'ok'],
  ['PrologEpilogTimeout=65534', 'warning'],
  ['PrologEpilogTimeout=5', 'warning'],
  ['PrologTimeout=60', 'warning'],
  ['PrologTimeout=60\nEpilogTimeout=120', 'ok'],
])('a bound for hooks by %j: %s', (text, verdict) => {
  expect(checkHookTimeout(conf(text)).verdict).toBe(verdict);
});

describe('the policy', () => {
  test.each([
    ['usage', 'PartitionName=a OverSubscribe=EXCLUSIVE', 'ok', "nobody's"],
    ['hybrid', 'PartitionName=a', 'ok', 'shared by several'],
    ['allocation', 'PartitionName=a OverSubscribe=FORCE:4', 'warning', 'a (OverSubscribe=FORCE:4)'],
    ['allocation', 'PartitionName=a OverSubscribe=FORCE:1', 'ok', 'shared'],
    ['allocation', 'PartitionName=a OverSubscribe=YES', 'warning', 'same CPUs'],
    ['usage', 'SelectType=select/linear\nPartitionName=a', 'ok', 'one job at a time'],
    ['usage', '', 'unknown', 'no partition'],
  ] as const)('%s with %j: %s', (policy, text, verdict, words) => {
    expect(checkPolicy(conf(text), policy)).toMatchObject({
      verdict,
      text: expect.stringContaining(words) as string,
    });
  });
});

test.each([
  ['slurm-wlm 22.05.8', '', 'ok'],
  ['slurm-wlm 22.05.2', '', 'warning'],
  ['slurm 23.02.4', '', 'warning'],
  ['slurm 23.02.5', '', 'ok'],
  ['slurm 21.08.8-2', '', 'warning'],
  ['slurm 20.11.9', '', 'warning'],
  ['slurm 25.05.3', 'PrologFlags=RunInJob', 'warning'],
  ['slurm 25.11.6', 'PrologFlags=RunInJob', 'ok'],
  ['slurm 25.05.3', '', 'ok'],
  ['nonsense', '', 'unknown'],
])('%s with %j: %s', (version, text, verdict) => {
  expect(checkVersion(version, conf(text)).verdict).toBe(verdict);
});

test('what slurmctld runs with otherwise than the file says is told', () => {
  const shown = parseShownConfig(
    'Configuration data as of 2026\nProlog                  = /old/prolog\nEpilog[0]               = /opt/eit/epilog\nPrologEpilogTimeout     = 60 sec\nMailProg                = /bin/mail\n',
  );
  const file = 'Epilog=/opt/eit/epilog\nPrologEpilogTimeout=60\n';
  expect(checkRunning(conf(file), shown).verdict).toBe('ok');
  expect(checkRunning(conf(`Prolog=/opt/eit/prolog\n${file}`), shown)).toMatchObject({
    verdict: 'warning',
    text: expect.stringContaining('Prolog=/old/prolog (file: /opt/eit/prolog)') as string,
    mend: expect.stringContaining('scontrol reconfigure') as string,
  });
});

describe('the order of GPUs', () => {
  const gpu = (order: 'nvml' | 'minor' | 'map') => ({
    nvidia: 'auto' as const,
    interval_ms: 970,
    order,
    map: [],
    watch: 'jobs' as const,
  });
  const minors = (...values: number[]): void =>
    values.forEach((minor, i) =>
      tree.write(
        `proc/driver/nvidia/gpus/0000:${i}0:00.0/information`,
        `Model: \t\t X\nDevice Minor: \t ${minor}\n`,
      ),
    );
  const order = (text: string | null, how: 'nvml' | 'minor' | 'map' = 'nvml'): Check[] =>
    checkGpuOrder(text === null ? null : conf(text), gpu(how), {
      proc: tree.path('proc'),
      isOfNode: (nodes) => nodes === '' || nodes === 'n1',
    });

  test("is nobody's business without GPUs", () => {
    expect(order(null)).toEqual([]);
    expect(order('NodeName=n2 Name=gpu File=/dev/nvidia0')).toEqual([]);
  });

  test.each([
    ['AutoDetect=nvml', 'nvml', 'ok'],
    ['AutoDetect=nvml', 'minor', 'problem'],
    ['NodeName=n1 Name=gpu AutoDetect=nvml', 'minor', 'problem'],
    ['Name=gpu File=/dev/nvidia[0-1]', 'nvml', 'problem'],
    ['Name=gpu File=/dev/nvidia[0-1]', 'minor', 'ok'],
    ['Name=gpu File=/dev/nvidia[0-1]', 'map', 'ok'],
    ['AutoDetect=off\nName=gpu File=/dev/nvidia[0-1]', 'nvml', 'problem'],
    ['Name=gpu File=/dev/nvidia1', 'nvml', 'warning'],
  ] as const)('%j with %s: %s', (text, how, verdict) => {
    minors(1, 0);
    expect(verdicts(order(text, how))).toEqual([`GPU order: ${verdict}`]);
  });

  test('is the same both ways on most boards', () => {
    minors(0, 1);
    expect(order('Name=gpu File=/dev/nvidia[0-1]')[0]?.text).toContain('are the same here');
  });

  test('is unknown where the driver shows no GPU', () => {
    expect(verdicts(order('Name=gpu File=/dev/nvidia0'))).toEqual(['GPU order: unknown']);
  });
});

describe('the files of hooks', () => {
  const look = (text: string): Check[] =>
    checkHookFiles(conf(text.replaceAll('DIR', tree.dir)), { proc: tree.path('kernel'), uids: [0] });

  test('on a shared file system are a warning, and are not touched', () => {
    tree.write('kernel/self/mounts', `/dev/vda / ext4 rw 0 0\nfs:/ ${tree.path('shared')} nfs4 rw 0 0\n`);
    expect(look('Prolog=DIR/shared/prolog.d/*')).toMatchObject([
      { verdict: 'warning', text: expect.stringContaining('nfs4') as string },
    ]);
  });

  asRoot('that others may write are a problem', () => {
    tree.write('prolog', '');
    chmodSync(tree.path('prolog'), 0o755);
    expect(verdicts(look('Prolog=DIR/prolog'))).toEqual(['hook files: ok']);
    chmodSync(tree.path('prolog'), 0o777);
    expect(look('Prolog=DIR/prolog')).toMatchObject([
      { verdict: 'problem', text: expect.stringContaining('chmod go-w') as string },
    ]);
  });
});

describe('what a machine is', () => {
  const roles = (path = tree.path('bin')) =>
    findRoles({ proc: tree.path('proc'), stateDir: tree.path('state'), units: tree.path('units'), path })
      .roles;
  const running = (comm: string, pid: number): void =>
    tree.write(`proc/${pid}/stat`, `${pid} (${comm}) S 1 ${'0 '.repeat(17)}9 0 0\n`);

  test.each([
    [['slurmd'], ['node']],
    [['slurmctld', 'slurmdbd'], ['head']],
    [
      ['slurmctld', 'slurmd'],
      ['node', 'head'],
    ],
  ])('that runs %j: %j', (daemons, expected) => {
    daemons.forEach((comm, i) => running(comm, 10 + i));
    expect(roles()).toEqual(expected);
  });

  test('tells its units, and where there are none its programs', () => {
    tree.write('proc/uptime', '1 1\n');
    expect(roles()).toEqual(['node']);
    tree.write('bin/sbatch', '');
    expect(roles()).toEqual(['login']);
    tree.write('units/eit-compact.timer', '');
    expect(roles()).toEqual(['head']);
    tree.write('state/agent.lock', '');
    expect(roles()).toEqual(['node', 'head']);
  });
});
