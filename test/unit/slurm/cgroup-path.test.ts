import { spawn } from 'node:child_process';
import { join } from 'node:path';
import {
  type SlurmScope,
  findSlurmScopes,
  listJobCgroups,
  scopeOverheadDirs,
} from '../../../src/slurm/cgroup-path';
import { FIXTURES, Tree } from '../sources/tree';

let tree: Tree;
afterEach(() => tree?.remove());

const SLUID = 's0123456789ABC';

/** Directories with the files of a cgroup in each of them; `proc/1/cgroup` beside them. */
function cgroups(dirs: readonly string[], initCgroup = '0::/init.scope\n'): Tree {
  const files = dirs.flatMap((dir) => [
    [`cgroup/${dir}/cpu.stat`, 'usage_usec 1\n'],
    [`cgroup/${dir}/cpuacct.usage`, '1\n'],
  ]);
  return new Tree({ 'proc/1/cgroup': initCgroup, ...Object.fromEntries(files) });
}

/** `version dir node` of each scope found, dirs below the root of cgroups. */
function scopes(): string[] {
  const root = tree.path('cgroup');
  return findSlurmScopes({ proc: tree.path('proc'), cgroup: root })
    .map(({ version, dir, node }) => `v${version} ${dir.slice(root.length + 1)} ${String(node)}`)
    .toSorted();
}

describe('where a slurmd keeps its jobs', () => {
  test.each<[string, string[], string[]]>([
    ['version 2', ['system.slice/slurmstepd.scope'], ['v2 system.slice/slurmstepd.scope null']],
    [
      'version 2, two nodes on one host',
      ['system.slice/n1_slurmstepd.scope', 'system.slice/n2_slurmstepd.scope'],
      ['v2 system.slice/n1_slurmstepd.scope n1', 'v2 system.slice/n2_slurmstepd.scope n2'],
    ],
    [
      'a node whose name has an underscore, or is Slurm\u2019s word',
      ['system.slice/a_b_slurmstepd.scope', 'system.slice/slurmstepd_slurmstepd.scope'],
      ['v2 system.slice/a_b_slurmstepd.scope a_b', 'v2 system.slice/slurmstepd_slurmstepd.scope slurmstepd'],
    ],
    [
      'another slice, and slices within it',
      ['hpc.slice/slurmstepd.scope', 'a.slice/a-b.slice/a-b-c.slice/n1_slurmstepd.scope'],
      ['v2 a.slice/a-b.slice/a-b-c.slice/n1_slurmstepd.scope n1', 'v2 hpc.slice/slurmstepd.scope null'],
    ],
    [
      'the unified hierarchy of a hybrid host',
      ['unified/system.slice/n1_slurmstepd.scope', 'systemd/system.slice/slurmd.service'],
      ['v2 unified/system.slice/n1_slurmstepd.scope n1'],
    ],
    [
      'containers',
      [
        `docker/${'0a'.repeat(32)}/system.slice/c1_slurmstepd.scope`,
        'system.slice/docker-1.scope/system.slice/c2_slurmstepd.scope',
        'kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope/system.slice/c3_slurmstepd.scope',
      ],
      [
        `v2 docker/${'0a'.repeat(32)}/system.slice/c1_slurmstepd.scope c1`,
        'v2 kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope/system.slice/c3_slurmstepd.scope c3',
        'v2 system.slice/docker-1.scope/system.slice/c2_slurmstepd.scope c2',
      ],
    ],
    [
      'what only has such a name',
      ['system.slice/xslurmstepd.scope', 'system.slice/slurmstepd.scope.d', 'user.slice/slurmstepd.scope'],
      [],
    ],
    [
      'a scope within a scope is a job\u2019s own affair',
      ['system.slice/slurmstepd.scope/job_1/x.slice/slurmstepd.scope'],
      ['v2 system.slice/slurmstepd.scope null'],
    ],
    ['version 1', ['cpuacct/slurm', 'memory/slurm'], ['v1 cpuacct/slurm null']],
    [
      'version 1, two nodes on one host',
      ['cpuacct/slurm_n1', 'cpuacct/slurm_n2'],
      ['v1 cpuacct/slurm_n1 n1', 'v1 cpuacct/slurm_n2 n2'],
    ],
    ['version 1, cpu and cpuacct mounted together', ['cpu,cpuacct/slurm'], ['v1 cpu,cpuacct/slurm null']],
    ['version 1, in the other order', ['cpuacct,cpu/slurm'], ['v1 cpuacct,cpu/slurm null']],
    ['version 1 below a container', ['cpuacct/docker/slurm_n1'], ['v1 cpuacct/docker/slurm_n1 n1']],
    ['version 1, other names', ['cpuacct/slurmd', 'cpuacct/xslurm', 'cpuacct/slurm-n1'], []],
    [
      'both versions',
      ['cpuacct/slurm_n1', 'unified/system.slice/n2_slurmstepd.scope'],
      ['v1 cpuacct/slurm_n1 n1', 'v2 unified/system.slice/n2_slurmstepd.scope n2'],
    ],
    ['no Slurm', ['system.slice/sshd.service'], []],
  ])('%s', (_, dirs, expected) => {
    tree = cgroups(dirs);
    expect(scopes()).toEqual(expected);
  });

  test('links to one hierarchy count once', () => {
    tree = cgroups(['cpu,cpuacct/slurm']);
    tree.link('cgroup/cpu', 'cpu,cpuacct');
    tree.link('cgroup/cpuacct', 'cpu,cpuacct');
    expect(scopes()).toEqual(['v1 cpu,cpuacct/slurm null']);
  });

  test('a hierarchy of cpu alone counts no CPU time', () => {
    tree = new Tree({ 'cgroup/cpu/slurm/cpu.shares': '1024\n' });
    expect(scopes()).toEqual([]);
    tree.write('cgroup/cpu/slurm/cpuacct.usage', '1\n');
    expect(scopes()).toEqual(['v1 cpu/slurm null']);
  });

  test.each([
    ['version 2', '0::/any/name/init.scope\n', 'any/name/system.slice/slurmstepd.scope', 'v2'],
    ['version 1', '4:cpu,cpuacct:/any/name\n0::/\n', 'cpuacct/any/name/slurm', 'v1'],
  ])('below the cgroup of process 1 (%s)', (_, initCgroup, dir, version) => {
    tree = cgroups([dir], initCgroup);
    expect(scopes()).toEqual([`${version} ${dir} null`]);
    tree.write('proc/1/cgroup', '0::/../../any/name/init.scope\n4:cpu,cpuacct:/../any/name\ngarbage\n');
    expect(scopes()).toEqual([]);
    tree.remove('proc');
    expect(scopes()).toEqual([]);
  });

  test('no cgroups at all', () => {
    tree = new Tree();
    expect(scopes()).toEqual([]);
  });
});

describe('the jobs of a scope', () => {
  const list = (scope: Omit<SlurmScope, 'node'>) => listJobCgroups({ ...scope, node: null });

  test('of a real machine, version 1', () => {
    const cgroup = join(FIXTURES, 'slurm-cgroup/treydock-v1');
    const [scope] = findSlurmScopes({ proc: '/nonexistent', cgroup });
    const uidDir = join(cgroup, 'cpuacct/slurm/uid_20821');
    expect(scope).toEqual({ version: 1, dir: join(cgroup, 'cpuacct/slurm'), node: null });
    expect(scope && listJobCgroups(scope)).toEqual([
      { dir: join(uidDir, 'job_10'), jobId: 10, uid: 20_821 },
      { dir: join(uidDir, 'job_11'), jobId: 11, uid: 20_821 },
    ]);
    expect(scope && scopeOverheadDirs(scope)).toEqual([]);
  });

  test('of a real machine, version 2', () => {
    const cgroup = join(FIXTURES, 'slurm-cgroup/treydock-v2');
    const [scope] = findSlurmScopes({ proc: '/nonexistent', cgroup });
    const dir = join(cgroup, 'system.slice/slurmstepd.scope');
    expect(scope).toEqual({ version: 2, dir, node: null });
    expect(scope && listJobCgroups(scope)).toEqual([{ dir: join(dir, 'job_4'), jobId: 4 }]);
    expect(scope && scopeOverheadDirs(scope)).toEqual([join(dir, 'system')]);
  });

  test('by SLUID, as since Slurm 26.05', () => {
    tree = cgroups([
      `system.slice/n1_slurmstepd.scope/${SLUID}/step_0`,
      'system.slice/n1_slurmstepd.scope/job_7/step_batch',
      'system.slice/n1_slurmstepd.scope/system',
      'system.slice/n1_slurmstepd.scope/slurmd',
      `cpuacct/slurm_n1/uid_1000/${SLUID}`,
      'cpuacct/slurm_n1',
    ]);
    const [v2, v1] = findSlurmScopes({ proc: tree.path('proc'), cgroup: tree.path('cgroup') });
    const dir = tree.path('cgroup/system.slice/n1_slurmstepd.scope');
    expect(v2 && listJobCgroups(v2)).toEqual([
      { dir: join(dir, 'job_7'), jobId: 7 },
      { dir: join(dir, SLUID), sluid: SLUID },
    ]);
    expect(v2 && scopeOverheadDirs(v2)).toEqual([join(dir, 'slurmd'), join(dir, 'system')]);
    expect(v1 && listJobCgroups(v1)).toEqual([
      { dir: tree.path(`cgroup/cpuacct/slurm_n1/uid_1000/${SLUID}`), sluid: SLUID, uid: 1000 },
    ]);
  });

  test.each([
    'job_',
    'job_1x',
    'xjob_1',
    'job_-1',
    'job_1.0',
    's0123456789AB',
    's0123456789ABCD',
    's0123456789ABI',
    's0123456789ABL',
    's0123456789ABO',
    's0123456789ABU',
    's0123456789abc',
    'S0123456789ABC',
    'step_0',
  ])('%s is no job', (name) => {
    tree = cgroups([`scope/${name}`, `scope/uid_5/${name}`]);
    const dir = tree.path('cgroup/scope');
    expect(list({ version: 2, dir })).toEqual([]);
    expect(list({ version: 1, dir })).toEqual([]);
    expect(scopeOverheadDirs({ version: 2, dir, node: null })).toContain(join(dir, name));
  });

  test('a file with a job\u2019s name is none', () => {
    tree = new Tree({ 'scope/job_1': '', 'scope/uid_2': '', 'scope/system': '' });
    const dir = tree.path('scope');
    expect(list({ version: 2, dir })).toEqual([]);
    expect(list({ version: 1, dir })).toEqual([]);
    expect(scopeOverheadDirs({ version: 2, dir, node: null })).toEqual([]);
  });

  test('a scope, or a user of it, that vanishes has no jobs', () => {
    tree = cgroups(['scope/uid_5/job_1']);
    const dir = tree.path('cgroup/scope');
    expect(list({ version: 1, dir })).toHaveLength(1);
    tree.remove('cgroup/scope/uid_5');
    // What a user's directory is to a listing that still names it.
    tree.link('cgroup/scope/uid_5', 'removed');
    expect(list({ version: 1, dir })).toEqual([]);
    tree.remove('cgroup/scope');
    expect(list({ version: 1, dir })).toEqual([]);
    expect(list({ version: 2, dir })).toEqual([]);
    expect(scopeOverheadDirs({ version: 2, dir, node: null })).toEqual([]);
  });

  test('jobs that come and go while they are listed', async () => {
    tree = cgroups(['scope/uid_0/job_0']);
    const dir = tree.path('cgroup/scope');
    const churn = `
      const { mkdirSync, rmSync } = require('node:fs');
      for (let i = 0; i < 200; i++) {
        mkdirSync(\`uid_\${i % 7}/job_\${i}\`, { recursive: true });
        rmSync(\`uid_\${(i + 3) % 7}\`, { recursive: true, force: true });
      }`;
    const child = spawn(process.execPath, ['-e', churn], { cwd: dir, stdio: 'inherit' });
    const found: unknown[] = [];
    while (child.exitCode === null && child.signalCode === null) {
      found.push(...list({ version: 1, dir }));
      await new Promise(setImmediate);
    }
    expect(child.exitCode).toBe(0);
    expect(found.length).toBeGreaterThan(0);
  });
});
