import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  openCgroup1Cpu,
  parseCgroup1MemoryStat,
  parseCpuacctUsage,
  readCgroup1MemoryBytes,
} from '../../../src/sources/cgroup-v1';
import {
  openCgroup2Cpu,
  parseCgroup2MemoryStat,
  parseCpuStat,
  readCgroup2MemoryBytes,
} from '../../../src/sources/cgroup-v2';
import type { CpuCounter } from '../../../src/sources/cpu-counter';
import { type Missing, isMissing } from '../../../src/sources/source';
import { FIXTURES, Tree, isRoot } from './tree';

const V1 = join(FIXTURES, 'slurm-cgroup/treydock-v1');
const V2 = join(FIXTURES, 'slurm-cgroup/treydock-v2/system.slice/slurmstepd.scope');

let tree: Tree | undefined;
afterEach(() => tree?.remove());

function opened(counter: CpuCounter | Missing | 'gone'): CpuCounter {
  if (counter === 'gone' || isMissing(counter)) throw new Error(JSON.stringify(counter));
  return counter;
}

describe('cpu.stat (version 2)', () => {
  test.each([
    ['as the kernel writes it', 'usage_usec 42677\nuser_usec 40000\nsystem_usec 2677\n', 42_677_000n],
    ['with other lines before', 'nr_periods 0\nusage_usec 1\n', 1000n],
    ['more than fits a double', 'usage_usec 9007199254740993\n', 9_007_199_254_740_993_000n],
  ])('%s', (_, text, expected) => {
    expect(parseCpuStat(text)).toBe(expected);
  });

  test.each([
    ['nothing', ''],
    ['half a line', 'usage_usec 426'],
    ['a negative number', 'usage_usec -1\n'],
    ['a line of another name', 'core_sched.usage_usec 1\n'],
    ['words', 'usage_usec many\n'],
  ])('%s is missing and not 0', (_, text) => {
    expect(parseCpuStat(text)).toEqual({ missing: expect.stringContaining('not a line `usage_usec N`') });
  });
});

describe('cpuacct.usage (version 1)', () => {
  test.each([
    ['33146523011972\n', 33_146_523_011_972n],
    ['0\n', 0n],
    ['18446744073709551615\n', 18_446_744_073_709_551_615n],
  ])('%j', (text, expected) => {
    expect(parseCpuacctUsage(text)).toBe(expected);
  });

  test.each(['', '\n', ' ', '-1\n', '1.5\n', '1 2\n', 'x\n'])('%j is missing and not 0', (text) => {
    expect(parseCpuacctUsage(text)).toEqual({ missing: expect.stringContaining('nanoseconds') });
  });
});

describe('counters of real machines', () => {
  test.each([
    ['a job of version 2', () => openCgroup2Cpu(join(V2, 'job_4')), 'cgroup2', 126_686_000n],
    ['the scope of version 2', () => openCgroup2Cpu(V2), 'cgroup2', 503_701_000n],
    [
      'a job of version 1',
      () => openCgroup1Cpu(join(V1, 'cpuacct/slurm/uid_20821/job_11')),
      'cgroup1',
      33_146_523_011_972n,
    ],
  ] as const)('%s', (_, open, kind, expected) => {
    const counter = opened(open());
    expect(counter.kind).toBe(kind);
    expect(counter.read()).toBe(expected);
    counter.close();
  });

  test('memory: anonymous and shared, not page cache', () => {
    expect(readCgroup2MemoryBytes(join(V2, 'job_4'))).toBe(2_260_992);
    expect(readCgroup1MemoryBytes(join(V1, 'memory/slurm/uid_20821/job_11'))).toBe(6_051_483_648);
  });
});

describe('a counter stays open', () => {
  test('garbage is missing, what comes after it is read', () => {
    tree = new Tree({ 'job_1/cpu.stat': 'usage_usec 1\n' });
    const counter = opened(openCgroup2Cpu(tree.path('job_1')));
    expect(counter.read()).toBe(1000n);
    tree.write('job_1/cpu.stat', '');
    expect(counter.read()).toEqual({ missing: expect.stringContaining(tree.path('job_1/cpu.stat')) });
    tree.write('job_1/cpu.stat', 'usage_usec 2\n');
    expect(counter.read()).toBe(2000n);
    counter.close();
  });

  test('a cgroup that is not there is gone, one without the file is missing', () => {
    tree = new Tree({ 'job_1/cgroup.procs': '' });
    expect(openCgroup2Cpu(tree.path('job_2'))).toBe('gone');
    expect(openCgroup1Cpu(tree.path('job_2'))).toBe('gone');
    const missing = { missing: expect.stringContaining('ENOENT') };
    expect(openCgroup2Cpu(tree.path('job_1'))).toEqual(missing);
    expect(openCgroup1Cpu(tree.path('job_1'))).toEqual(missing);
  });

  const unified = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((at) =>
    existsSync(join(at, 'cgroup.procs')),
  );
  const mounts = {
    'version 1': { at: '/sys/fs/cgroup/cpuacct', open: openCgroup1Cpu },
    'version 2': { at: unified ?? '/nonexistent', open: openCgroup2Cpu },
  };
  for (const [version, { at, open }] of Object.entries(mounts)) {
    const can = isRoot && existsSync(join(at, 'cgroup.procs'));
    (can ? test : test.skip)(
      `a removed cgroup is gone (${version})${can ? '' : ' (skipped: needs root and the hierarchy)'}`,
      () => {
        const dir = join(at, `eit-unit-${process.pid}`);
        mkdirSync(dir);
        const counter = opened(open(dir));
        const first = counter.read();
        rmdirSync(dir);
        expect(first).toBe(0n);
        expect(counter.read()).toBe('gone');
        expect(counter.read()).toBe('gone');
        counter.close();
        expect(open(dir)).toBe('gone');
      },
    );
  }
});

describe('memory', () => {
  test('version 2: unevictable is in anon or shmem already, file is not held', () => {
    const text = 'anon 100\nfile 5000\nkernel 7\nshmem 30\nunevictable 60\nanon_thp 9\n';
    expect(parseCgroup2MemoryStat(text)).toBe(130);
  });

  test('version 2: huge pages of every size are added, reservations are not', () => {
    tree = new Tree({
      'job/memory.stat': 'anon 100\nshmem 30\n',
      'job/hugetlb.2MB.current': '2097152\n',
      'job/hugetlb.1GB.current': '1073741824\n',
      'job/hugetlb.2MB.rsvd.current': '4194304\n',
      'job/hugetlb.2MB.max': 'max\n',
    });
    expect(readCgroup2MemoryBytes(tree.path('job'))).toBe(130 + 2_097_152 + 1_073_741_824);
    tree.write('job/hugetlb.2MB.current', '\n');
    expect(readCgroup2MemoryBytes(tree.path('job'))).toEqual({
      missing: expect.stringContaining('hugetlb.2MB.current'),
    });
  });

  test('version 1: huge pages of a hierarchy of their own, where it is given', () => {
    tree = new Tree({
      'memory/job/memory.stat': 'total_rss 100\ntotal_shmem 30\n',
      'hugetlb/job/hugetlb.2MB.usage_in_bytes': '2097152\n',
      'hugetlb/job/hugetlb.1GB.usage_in_bytes': '1073741824\n',
      'hugetlb/job/hugetlb.2MB.rsvd.usage_in_bytes': '4194304\n',
      'hugetlb/job/hugetlb.2MB.max_usage_in_bytes': '8388608\n',
    });
    const [memory, hugetlb] = [tree.path('memory/job'), tree.path('hugetlb/job')];
    expect(readCgroup1MemoryBytes(memory)).toBe(130);
    expect(readCgroup1MemoryBytes(memory, hugetlb)).toBe(130 + 2_097_152 + 1_073_741_824);
    tree.write('hugetlb/job/hugetlb.1GB.usage_in_bytes', 'x\n');
    expect(isMissing(readCgroup1MemoryBytes(memory, hugetlb))).toBe(true);
    expect(readCgroup1MemoryBytes(memory, tree.path('none'))).toEqual({
      missing: expect.stringContaining('ENOENT'),
    });
  });

  test('version 1: the totals, which hold the steps below', () => {
    const text = 'cache 9\nrss 1\nshmem 2\ntotal_cache 900\ntotal_rss 100\ntotal_shmem 30\n';
    expect(parseCgroup1MemoryStat(text)).toBe(130);
    expect(parseCgroup1MemoryStat('rss 1\ntotal_rss 100\n')).toBe(100);
  });

  test('without a memory controller it is missing', () => {
    tree = new Tree({ 'job/cpu.stat': 'usage_usec 1\n' });
    const missing = { missing: expect.stringContaining('memory.stat: ENOENT') };
    expect(readCgroup2MemoryBytes(tree.path('job'))).toEqual(missing);
    expect(readCgroup1MemoryBytes(tree.path('job'))).toEqual(missing);
  });

  test.each(['', 'anon 1\n', 'shmem 1\n', 'anon x\nshmem 1\n', 'anon -1\nshmem 1\n'])(
    '%j is missing and not 0',
    (text) => {
      expect(isMissing(parseCgroup2MemoryStat(text))).toBe(true);
      expect(isMissing(parseCgroup1MemoryStat(text))).toBe(true);
    },
  );
});
