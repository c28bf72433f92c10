import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseBlkio, parseIoStat, withKinds } from '../../../src/sources/block-io';
import { listCgroupPids } from '../../../src/sources/cgroup-pids';
import { type JobCgroup, openJobCgroup } from '../../../src/sources/job-cgroup';
import { isMissing } from '../../../src/sources/source';
import { cgroup1DirOf } from '../../../src/slurm/cgroup-path';
import { FIXTURES, Tree, asNobody, isRoot } from './tree';

const V1 = join(FIXTURES, 'slurm-cgroup/treydock-v1');
const V2 = join(FIXTURES, 'slurm-cgroup/treydock-v2');
const V2_SCOPE = join(V2, 'system.slice/slurmstepd.scope');
const DEVICES =
  'Character devices:\n  9 st\n253 cec\n\nBlock devices:\n  7 loop\n  8 sd\n  9 md\n253 device-mapper\n254 mdp\n';

let tree: Tree | undefined;
afterEach(() => tree?.remove());

function job1(files: Record<string, string>, mount = 'cpuacct'): JobCgroup {
  tree = new Tree({ [`cgroup/${mount}/slurm/uid_1/job_2/cgroup.procs`]: '', ...files });
  const roots = { cgroup: tree.path('cgroup'), proc: tree.path('proc') };
  const scope = { version: 1, dir: tree.path(`cgroup/${mount}/slurm`) } as const;
  return openJobCgroup(roots, scope, tree.path(`cgroup/${mount}/slurm/uid_1/job_2`));
}

function job2(files: Record<string, string>): JobCgroup {
  tree = new Tree({ 'cgroup/s/job_2/cgroup.procs': '', ...files });
  const roots = { cgroup: tree.path('cgroup'), proc: tree.path('proc') };
  return openJobCgroup(roots, { version: 2, dir: tree.path('cgroup/s') }, tree.path('cgroup/s/job_2'));
}

function status(anonKb: number, shmemKb: number): string {
  return `Name:\tx\nState:\tS (sleeping)\nPid:\t1\nRssAnon:\t${anonKb} kB\nRssShmem:\t${shmemKb} kB\n`;
}

describe('jobs of real machines', () => {
  test('version 2', () => {
    const scope = { version: 2, dir: V2_SCOPE } as const;
    const job = openJobCgroup({ cgroup: V2, proc: '/nonexistent' }, scope, join(V2_SCOPE, 'job_4'));
    expect(job.cpus()).toEqual([0]);
    expect(job.memoryLimitBytes()).toBe(1_835_008_000);
    expect(job.memoryBytes()).toEqual({ bytes: 2_260_992, by: 'cgroup' });
    expect(job.io()).toEqual({ missing: 'no io controller serves the job' });
    expect(job.pids().toSorted((a, b) => a - b)).toEqual([49249, 49253, 49256, 49276, 49334]);
  });

  test('version 1: each controller in its own hierarchy', () => {
    const scope = { version: 1, dir: join(V1, 'cpuacct/slurm') } as const;
    const dir = join(scope.dir, 'uid_20821/job_11');
    const job = openJobCgroup({ cgroup: V1, proc: '/nonexistent' }, scope, dir);
    expect(job.cpus()).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(job.memoryLimitBytes()).toBe(191_092_490_240);
    expect(job.memoryBytes()).toEqual({ bytes: 6_051_483_648, by: 'cgroup' });
    expect(job.io()).toEqual({ missing: 'no blkio controller serves the job' });
    expect(job.pids().toSorted((a, b) => a - b)).toEqual([177773, 177788, 177819, 177820, 177837, 177838]);
  });

  test('volumes and the disk below them', () => {
    const devices = parseIoStat(readFileSync(join(V2_SCOPE, 'io.stat'), 'utf8'));
    if (isMissing(devices)) throw new Error(devices.missing);
    expect(
      withKinds(devices, DEVICES).map(({ device, kind, ...io }) => [device, kind, ...Object.values(io)]),
    ).toEqual([
      ['253:2', 'device-mapper', 0n, 24_576n, 0n, 3n],
      ['253:3', 'device-mapper', 0n, 12_288n, 0n, 3n],
      ['8:0', 'disks', 45_056n, 0n, 2n, 0n],
      ['253:0', 'device-mapper', 45_056n, 0n, 2n, 0n],
    ]);
  });
});

describe('the directory of another controller', () => {
  test.each([
    ['mounted alone', 'cpuacct', 'memory', 'memory'],
    ['mounted with others', 'cpu,cpuacct', 'memory', 'net_cls,memory'],
    ['mounted together with cpuacct', 'cpuacct,cpuset', 'cpuset', 'cpuacct,cpuset'],
  ])('%s', (_, mount, controller, other) => {
    tree = new Tree({
      [`${mount}/slurm_n1/uid_1/job_2/x`]: '',
      [`${other}/slurm_n1/uid_1/job_2/x`]: '',
      'memoryx/slurm_n1/uid_1/job_2/x': '',
    });
    const dir = tree.path(`${mount}/slurm_n1/uid_1/job_2`);
    expect(cgroup1DirOf(controller, tree.dir, dir)).toBe(tree.path(`${other}/slurm_n1/uid_1/job_2`));
  });

  test('none: not mounted, without the job, or outside', () => {
    tree = new Tree({ 'c/cpuacct/slurm/job_2/x': '', 'c/memory/slurm/x': '', 'memory/slurm/job_2/x': '' });
    const [root, dir] = [tree.path('c'), tree.path('c/cpuacct/slurm/job_2')];
    expect(cgroup1DirOf('cpuset', root, dir)).toBeNull();
    expect(cgroup1DirOf('memory', root, dir)).toBeNull();
    expect(cgroup1DirOf('memory', root, tree.path('cpuacct/slurm'))).toBeNull();
    expect(cgroup1DirOf('memory', root, root)).toBeNull();
    expect(cgroup1DirOf('memory', '/nonexistent', '/nonexistent/cpuacct/slurm')).toBeNull();
  });
});

describe('CPUs', () => {
  test('version 2: those set, not those that merely are the parent’s', () => {
    expect(job2({ 'cgroup/s/job_2/cpuset.cpus': '0-2,8\n' }).cpus()).toEqual([0, 1, 2, 8]);
    tree?.remove();
    const free = { 'cgroup/s/job_2/cpuset.cpus': '\n', 'cgroup/s/job_2/cpuset.cpus.effective': '0-3\n' };
    expect(job2(free).cpus()).toEqual({ missing: expect.stringMatching(/^not constrained: .* is empty$/) });
  });

  test('version 1: those set, all of the host’s too', () => {
    const scope = { 'cgroup/cpuset/slurm/cpuset.cpus': '0-3\n' };
    expect(job1({ ...scope, 'cgroup/cpuset/slurm/uid_1/job_2/cpuset.cpus': '1\n' }).cpus()).toEqual([1]);
    tree?.remove();
    expect(job1({ ...scope, 'cgroup/cpuset/slurm/uid_1/job_2/cpuset.cpus': '0-3\n' }).cpus()).toEqual([
      0, 1, 2, 3,
    ]);
    tree?.remove();
    expect(job1(scope).cpus()).toEqual({ missing: expect.stringMatching(/^not constrained: .*cpuset$/) });
  });

  test('without the controller it is not constrained, nonsense is said', () => {
    expect(job2({}).cpus()).toEqual({ missing: expect.stringMatching(/^not constrained: .*not enabled\)$/) });
    tree?.remove();
    expect(job2({ 'cgroup/s/job_2/cpuset.cpus': '3-1\n' }).cpus()).toEqual({
      missing: expect.stringContaining('not a list of CPUs'),
    });
  });

  test('of a job that has ended it is not said that it is not constrained', () => {
    const job = job2({});
    tree?.remove('cgroup/s/job_2');
    expect(job.cpus()).toEqual({ missing: expect.stringMatching(/^cannot read .*ENOENT/) });
  });
});

describe('memory limit', () => {
  test.each([
    [2, 'memory.max', 'max\n', null],
    [2, 'memory.max', '0\n', 0],
    [2, 'memory.max', '1835008000\n', 1_835_008_000],
    [1, 'memory.limit_in_bytes', '9223372036854771712\n', null],
    [1, 'memory.limit_in_bytes', '9223372036854710272\n', null],
    [1, 'memory.limit_in_bytes', '191092490240\n', 191_092_490_240],
  ])('version %i: %s %j', (version, file, text, expected) => {
    const job =
      version === 2
        ? job2({ [`cgroup/s/job_2/${file}`]: text })
        : job1({ [`cgroup/memory/slurm/uid_1/job_2/${file}`]: text });
    expect(job.memoryLimitBytes()).toBe(expected);
  });

  test('is missing without a controller, and where it cannot be understood', () => {
    const none = { missing: 'no memory controller serves the job' };
    expect(job2({}).memoryLimitBytes()).toEqual(none);
    tree?.remove();
    expect(job1({}).memoryLimitBytes()).toEqual(none);
    tree?.remove();
    for (const text of ['', '-1\n', 'many\n']) {
      const job = job2({ 'cgroup/s/job_2/memory.max': text });
      expect(job.memoryLimitBytes()).toEqual({ missing: expect.stringContaining('memory.max') });
      tree?.remove();
    }
    const job = job1({ 'cgroup/memory/slurm/uid_1/job_2/memory.limit_in_bytes': 'max\n' });
    expect(isMissing(job.memoryLimitBytes())).toBe(true);
  });
});

describe('memory', () => {
  test('version 1: huge pages are in a hierarchy of their own', () => {
    const job = job1({
      'cgroup/memory/slurm/uid_1/job_2/memory.stat': 'total_rss 100\ntotal_shmem 30\n',
      'cgroup/hugetlb/slurm/uid_1/job_2/hugetlb.2MB.usage_in_bytes': '2097152\n',
      'cgroup/hugetlb/slurm/uid_1/job_2/hugetlb.2MB.rsvd.usage_in_bytes': '4194304\n',
    });
    expect(job.memoryBytes()).toEqual({ bytes: 2_097_282, by: 'cgroup' });
  });

  test('version 2: without a controller from the processes of all steps', () => {
    const job = job2({
      'cgroup/s/job_2/step_0/slurm/cgroup.procs': '10\n',
      'cgroup/s/job_2/step_0/user/task_0/cgroup.procs': '20\n21\n',
      'cgroup/s/job_3/step_0/user/task_0/cgroup.procs': '30\n',
      'proc/10/status': status(1, 0),
      'proc/20/status': status(100, 20),
      'proc/21/status': status(1000, 0),
      'proc/30/status': status(5000, 0),
    });
    expect(job.memoryBytes()).toEqual({ bytes: 1121 * 1024, by: 'processes' });
    expect(job.pids().toSorted((a, b) => a - b)).toEqual([10, 20, 21]);
  });

  test('version 1: without a controller from the processes in the cpuacct tree', () => {
    const job = job1(
      {
        'cgroup/cpu,cpuacct/slurm/uid_1/job_2/step_0/task_0/cgroup.procs': '20\n',
        'proc/20/status': status(100, 20),
      },
      'cpu,cpuacct',
    );
    expect(job.memoryBytes()).toEqual({ bytes: 120 * 1024, by: 'processes' });
  });

  test('a controller that cannot be read is missing, not asked of the processes', () => {
    const job = job2({ 'cgroup/s/job_2/memory.stat': 'anon x\n', 'cgroup/s/job_2/cgroup.procs': '' });
    expect(job.memoryBytes()).toEqual({ missing: expect.stringContaining('memory.stat') });
  });

  test('of more processes than are looked at it is missing', () => {
    const procs = 'cgroup/s/job_2/step_0/user/task_0/cgroup.procs';
    const ids = Array.from({ length: 4097 }, (_, i) => i + 1);
    const job = job2({ [procs]: `${ids.join('\n')}\n` });
    expect(job.memoryBytes()).toEqual({ missing: expect.stringContaining('more than 4096 processes') });
    expect(job.pids()).toEqual(ids.slice(0, 4096));
  });

  test('a job that has ended has no memory known, and no processes', () => {
    const job = job2({});
    tree?.remove('cgroup/s/job_2');
    expect(isMissing(job.memoryBytes())).toBe(true);
    expect(isMissing(job.memoryLimitBytes())).toBe(true);
    expect(isMissing(job.io())).toBe(true);
    expect(job.pids()).toEqual([]);
  });
});

describe('processes', () => {
  test('each once, none of another PID namespace, nothing that is no number', () => {
    tree = new Tree({ 'job/cgroup.procs': '7\n0\n7\n', 'job/a/cgroup.procs': '7\n8\nx\n-9\n' });
    expect(listCgroupPids(tree.path('job'), 10)).toEqual({ pids: [7, 8], isComplete: true });
  });

  test('exactly as many as the limit are all', () => {
    tree = new Tree({ 'job/cgroup.procs': '1\n2\n', 'job/a/cgroup.procs': '3\n' });
    expect(listCgroupPids(tree.path('job'), 3)).toEqual({ pids: [1, 2, 3], isComplete: true });
    expect(listCgroupPids(tree.path('job'), 2)).toEqual({ pids: [1, 2], isComplete: false });
    tree.write('job/a/cgroup.procs', '2\n');
    expect(listCgroupPids(tree.path('job'), 2)).toEqual({ pids: [1, 2], isComplete: true });
  });

  test('no more directories are looked at than processes', () => {
    tree = new Tree(Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`job/${i}/cgroup.procs`, ''])));
    tree.write('job/cgroup.procs', '');
    expect(listCgroupPids(tree.path('job'), 6)).toEqual({ pids: [], isComplete: true });
    expect(listCgroupPids(tree.path('job'), 5)).toEqual({ pids: [], isComplete: false });
  });

  test('more than one read gives', () => {
    const ids = Array.from({ length: 3000 }, (_, i) => 100_000 + i);
    tree = new Tree({ 'job/cgroup.procs': `${ids.join('\n')}\n` });
    expect(listCgroupPids(tree.path('job'), 4096)).toEqual({ pids: ids, isComplete: true });
  });

  (isRoot ? test : test.skip)(
    `one directory that may not be read makes it missing${isRoot ? '' : ' (skipped: needs root)'}`,
    () => {
      tree = new Tree({ 'job/cgroup.procs': '1\n', 'job/a/cgroup.procs': '2\n' });
      chmodSync(tree.path('job/a/cgroup.procs'), 0o400);
      const dir = tree.path('job');
      expect(asNobody(() => listCgroupPids(dir, 10))).toEqual({ missing: expect.stringContaining('EACCES') });
    },
  );

  test('a link does not lead out', () => {
    tree = new Tree({ 'job/cgroup.procs': '1\n', 'other/cgroup.procs': '2\n' });
    tree.link('job/up', '../other');
    expect(listCgroupPids(tree.path('job'), 10)).toEqual({ pids: [1], isComplete: true });
  });
});

describe('io.stat', () => {
  const of = (device: string, ...[readBytes, writtenBytes, readOps, writtenOps]: bigint[]): unknown => ({
    device,
    readBytes,
    writtenBytes,
    readOps,
    writtenOps,
  });

  test.each([
    ['nothing done yet', '', []],
    [
      'other keys',
      '8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6 cost.usage=7\n',
      [of('8:0', 1n, 2n, 3n, 4n)],
    ],
    ['a device without numbers at the end', '252:0 ', []],
    [
      'devices without numbers before another',
      '7:7 7:6 8:0 rbytes=1 wbytes=0 rios=1 wios=0\n',
      [of('8:0', 1n, 0n, 1n, 0n)],
    ],
    [
      'a device that cannot be opened',
      '(unknown) rbytes=9 wbytes=9 rios=9 wios=9\n259:0 rbytes=1 wbytes=0 rios=1 wios=0\n',
      [of('259:0', 1n, 0n, 1n, 0n)],
    ],
    [
      'more than fits a double',
      '8:0 rbytes=9007199254740993 wbytes=0 rios=1 wios=0\n',
      [of('8:0', 9_007_199_254_740_993n, 0n, 1n, 0n)],
    ],
  ])('%s', (_, text, expected) => {
    expect(parseIoStat(text)).toEqual(expected);
  });

  test.each([
    '8:0 rbytes=1 wbytes=2 rios=3\n',
    '8:0 rbytes=x wbytes=2 rios=3 wios=4\n',
    '8:0 rbytes=-1 wbytes=2 rios=3 wios=4\n',
    'sda rbytes=1 wbytes=2 rios=3 wios=4\n',
  ])('%j is missing and not 0', (text) => {
    expect(parseIoStat(text)).toEqual({ missing: expect.stringContaining('rbytes=N') });
  });
});

describe('bytes and operations', () => {
  const line = (device: string, bytes: number): string =>
    `${device} rbytes=${bytes} wbytes=0 rios=${bytes / 10} wios=0 dbytes=0 dios=0\n`;

  test('of each device, with its kind', () => {
    const lines = ['8:0', '253:0', '9:0', '254:1', '7:0'].map((device) => line(device, 100));
    const job = job2({ 'cgroup/s/job_2/io.stat': lines.join(''), 'proc/devices': DEVICES });
    const told = { readBytes: 100n, writtenBytes: 0n, readOps: 10n, writtenOps: 0n };
    expect(job.io()).toEqual({
      cgroup: String(statSync(tree?.path('cgroup/s/job_2') ?? '').ino),
      devices: [
        { device: '8:0', kind: 'disks', ...told },
        { device: '253:0', kind: 'device-mapper', ...told },
        { device: '9:0', kind: 'md', ...told },
        { device: '254:1', kind: 'md', ...told },
        { device: '7:0', kind: 'loop', ...told },
      ],
    });
  });

  test('character devices have numbers of their own', () => {
    const devices = parseIoStat(line('8:0', 100) + line('253:0', 100) + line('9:0', 40));
    if (isMissing(devices)) throw new Error(devices.missing);
    const kinds = (text: string) => withKinds(devices, text).map(({ kind }) => kind);
    const text = 'Character devices:\n  8 md\n\nBlock devices:\n  8 sd\n253 device-mapper\n  9 md\n';
    expect(kinds(text)).toEqual(['disks', 'device-mapper', 'md']);
    const swapped = 'Character devices:\n  8 device-mapper\n\nBlock devices:\n  8 sd\n';
    expect(kinds(swapped)).toEqual(['disks', 'disks', 'disks']);
  });

  test('which device lies on which is not guessed', () => {
    const job = job2({ 'cgroup/s/job_2/io.stat': line('253:0', 100) });
    expect(job.io()).toEqual({ missing: expect.stringContaining('devices: ENOENT') });
    tree?.write('cgroup/s/job_2/io.stat', '');
    expect(job.io()).toMatchObject({ devices: [] });
  });

  test('a cgroup that was made anew is another one', () => {
    const job = job2({ 'cgroup/s/job_2/io.stat': '' });
    const cgroup = (): unknown => (job.io() as { cgroup?: string }).cgroup;
    const first = cgroup();
    tree?.write('cgroup/s/job_2/io.stat', '\n');
    expect(cgroup()).toBe(first);
    // The old one stays under another name: its inode's number is not free.
    renameSync(tree?.path('cgroup/s/job_2') ?? '', tree?.path('cgroup/old') ?? '');
    tree?.write('cgroup/s/job_2/io.stat', '');
    expect(cgroup()).toMatch(/^\d+$/);
    expect(cgroup()).not.toBe(first);
  });

  const BYTES = '8:0 Read 100\n8:0 Write 50\n8:0 Sync 150\n8:0 Async 0\n8:0 Total 150\nTotal 150\n';
  const OPS = '8:0 Read 10\n8:0 Write 5\n8:0 Sync 15\n8:0 Async 0\n8:0 Total 15\nTotal 15\n';

  test('version 1: with the steps below where the kernel adds them up, else the job alone', () => {
    const dir = 'cgroup/blkio/slurm/uid_1/job_2';
    const job = job1({
      [`${dir}/blkio.throttle.io_service_bytes`]: 'Total 0\n',
      [`${dir}/blkio.throttle.io_serviced`]: 'Total 0\n',
      [`${dir}/blkio.throttle.io_service_bytes_recursive`]: BYTES,
      [`${dir}/blkio.throttle.io_serviced_recursive`]: OPS,
      'proc/devices': DEVICES,
    });
    expect(job.io()).toMatchObject({
      cgroup: String(statSync(tree?.path(dir) ?? '').ino),
      devices: [{ device: '8:0', readBytes: 100n, writtenBytes: 50n, readOps: 10n, writtenOps: 5n }],
    });
    tree?.remove(`${dir}/blkio.throttle.io_serviced_recursive`);
    expect(job.io()).toMatchObject({ devices: [] });
  });

  test('version 1: a device that cannot be opened is left out', () => {
    const unknown = '(unknown) Read 7\n(unknown) Total 7\n';
    expect(parseBlkio(unknown + BYTES, unknown + OPS)).toEqual(parseBlkio(BYTES, OPS));
  });

  test.each(['', '8:0 Read 100\n', '8:0 Read x\nTotal 0\n', '8:0 Read 1\nTotal 1', 'sda Read 1\nTotal 1\n'])(
    'version 1: %j is missing and not 0',
    (text) => {
      expect(parseBlkio(text, OPS)).toEqual({ missing: expect.stringContaining('Total N') });
      expect(parseBlkio(BYTES, text)).toEqual({ missing: expect.stringContaining('Total N') });
    },
  );
});

describe('real cgroups of version 1', () => {
  const ROOT = '/sys/fs/cgroup';
  const CONTROLLERS = ['cpuacct', 'cpuset', 'memory', 'blkio'];
  const can = isRoot && CONTROLLERS.every((name) => existsSync(join(ROOT, name, 'cgroup.procs')));
  const PATH = `eit-job-${process.pid}`;
  const DIRS = CONTROLLERS.map((name) => join(ROOT, name, PATH));
  afterEach(() => {
    if (can) for (const dir of DIRS) if (existsSync(dir)) rmdirSync(dir);
  });

  const name = 'CPUs, limit, memory and I/O come from the directory of the same path below each controller';
  (can ? test : test.skip)(
    can ? name : `${name} (skipped: needs root and cpuacct, cpuset, memory, blkio)`,
    () => {
      for (const dir of DIRS) mkdirSync(dir);
      const scope = { version: 1, dir: join(ROOT, 'cpuacct') } as const;
      const job = openJobCgroup({ cgroup: ROOT, proc: '/proc' }, scope, join(ROOT, 'cpuacct', PATH));
      expect(job.cpus()).toEqual({ missing: expect.stringMatching(/^not constrained: .* is empty$/) });
      expect(job.memoryLimitBytes()).toBeNull();
      expect(job.memoryBytes()).toEqual({ bytes: 0, by: 'cgroup' });
      expect(job.io()).toEqual({ cgroup: expect.stringMatching(/^\d+$/), devices: [] });
      expect(job.pids()).toEqual([]);

      writeFileSync(join(ROOT, 'cpuset', PATH, 'cpuset.cpus'), '0');
      writeFileSync(join(ROOT, 'memory', PATH, 'memory.limit_in_bytes'), String(64 * 1024 * 1024));
      expect(job.cpus()).toEqual([0]);
      expect(job.memoryLimitBytes()).toBe(64 * 1024 * 1024);
    },
  );
});

test('a controller whose directory Slurm makes later than others is found by the next looks', () => {
  const job = job1({});
  expect(isMissing(job.memoryLimitBytes())).toBe(true);
  expect(isMissing(job.memoryLimitBytes())).toBe(true);
  tree?.write('cgroup/memory/slurm/uid_1/job_2/memory.limit_in_bytes', '4096\n');
  expect(job.memoryLimitBytes()).toBe(4096);
});

test('one that three looks did not find is not looked for any more', () => {
  const job = job1({});
  for (let look = 0; look < 3; look++) expect(isMissing(job.memoryLimitBytes())).toBe(true);
  tree?.write('cgroup/memory/slurm/uid_1/job_2/memory.limit_in_bytes', '4096\n');
  expect(isMissing(job.memoryLimitBytes())).toBe(true);
});
