import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { openCgroup1Cpu } from '../../../src/sources/cgroup-v1';
import { openCpuacctPercpu, parseUsagePercpu } from '../../../src/sources/cpuacct-percpu';
import { isMissing } from '../../../src/sources/source';
import { FIXTURES, Tree, isRoot } from './tree';

const JOB = join(FIXTURES, 'slurm-cgroup/treydock-v1/cpuacct/slurm/uid_20821/job_11');
const CPUACCT = '/sys/fs/cgroup/cpuacct';

let tree: Tree | undefined;
afterEach(() => tree?.remove());

describe('cpuacct.usage_percpu', () => {
  test('a job of a real machine: a number for each CPU, together its CPU time', () => {
    const counter = openCpuacctPercpu(JOB);
    const values = counter.read();
    counter.close();
    if (values === 'gone' || isMissing(values)) throw new Error(JSON.stringify(values));
    expect(values).toHaveLength(40);
    expect(values.slice(0, 2)).toEqual([824_004_970_909n, 822_349_906_515n]);
    const total = openCgroup1Cpu(JOB);
    if (total === 'gone' || isMissing(total)) throw new Error(JSON.stringify(total));
    // The two files were copied one after the other.
    const differenceNs = Number(values.reduce((sum, ns) => sum + ns, 0n)) - Number(total.read());
    total.close();
    expect(Math.abs(differenceNs)).toBeLessThan(1e9);
  });

  test('any numbers come back in their order', () => {
    const numbers = fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(numbers, fc.constantFrom(' \n', '\n'), (values, end) => {
        expect(parseUsagePercpu(values.join(' ') + end)).toEqual(values);
      }),
    );
  });

  test.each(['', '\n', '1 2', '1 2 ', '1  2 \n', '1 -2 \n', '1 2.5 \n', '1 x \n', '1\n2\n', ' 1 \n'])(
    '%j is missing and not 0',
    (text) => {
      expect(parseUsagePercpu(text)).toEqual({ missing: expect.stringContaining('nanoseconds') });
    },
  );

  test('it stays open: garbage is missing, what comes after it is read', () => {
    tree = new Tree({ 'job/cpuacct.usage_percpu': '1 2 \n' });
    const counter = openCpuacctPercpu(tree.path('job'));
    expect(counter.read()).toEqual([1n, 2n]);
    tree.write('job/cpuacct.usage_percpu', '1 ');
    expect(isMissing(counter.read())).toBe(true);
    tree.write('job/cpuacct.usage_percpu', '3 4 \n');
    expect(counter.read()).toEqual([3n, 4n]);
    counter.close();
  });

  test('a cgroup that is not there is gone, one without the file is missing', () => {
    tree = new Tree({ 'job/cgroup.procs': '' });
    expect(openCpuacctPercpu(tree.path('other')).read()).toBe('gone');
    expect(openCpuacctPercpu(tree.path('job')).read()).toEqual({
      missing: expect.stringContaining('ENOENT'),
    });
  });

  const can = isRoot && existsSync(join(CPUACCT, 'cpuacct.usage_percpu'));
  (can ? test : test.skip)(
    `a real cgroup is read, and gone when it is removed${can ? '' : ' (skipped: needs root and cpuacct)'}`,
    () => {
      const dir = join(CPUACCT, `eit-percpu-${process.pid}`);
      mkdirSync(dir);
      const counter = openCpuacctPercpu(dir);
      const first = counter.read();
      rmdirSync(dir);
      expect(first).toEqual(expect.arrayContaining([0n]));
      expect(counter.read()).toBe('gone');
      expect(counter.read()).toBe('gone');
      counter.close();
    },
  );
});
