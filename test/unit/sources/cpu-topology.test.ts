import { countCores, cpusAt, readCpuTopology } from '../../../src/sources/cpu-topology';
import { Tree } from './tree';

let tree: Tree | undefined;
afterEach(() => tree?.remove());

function cpu(number: number, packageId: string, die?: string): Record<string, string> {
  const dir = `devices/system/cpu/cpu${number}/topology`;
  return {
    [`${dir}/physical_package_id`]: `${packageId}\n`,
    ...(die === undefined ? {} : { [`${dir}/die_id`]: `${die}\n` }),
  };
}

test('two packages, one of them with two dies', () => {
  tree = new Tree({ ...cpu(0, '0', '0'), ...cpu(1, '0', '1'), ...cpu(2, '1', '0'), ...cpu(10, '0', '1') });
  const topology = readCpuTopology({ sys: tree.dir });
  expect(topology.get(2)).toEqual({ package: 1, die: 0 });
  expect(cpusAt(topology, { package: 0 }).toSorted((a, b) => a - b)).toEqual([0, 1, 10]);
  expect(cpusAt(topology, { package: 0, die: 1 }).toSorted((a, b) => a - b)).toEqual([1, 10]);
  expect(cpusAt(topology, { package: 7 })).toEqual([]);
});

test('CPUs that are offline, and numbers that firmware does not tell, are left out', () => {
  tree = new Tree({
    ...cpu(0, '-1'),
    ...cpu(1, '0'),
    'devices/system/cpu/cpu2/online': '0\n',
    'devices/system/cpu/cpuidle/x': '',
    'devices/system/cpu/online': '0-1\n',
  });
  expect([...readCpuTopology({ sys: tree.dir })]).toEqual([[1, { package: 0 }]]);
});

test('a tree without topology is empty', () => {
  expect(readCpuTopology({ sys: '/nonexistent' }).size).toBe(0);
});

describe('cores', () => {
  const siblings = (number: number, list: string, file: string): Record<string, string> => ({
    [`devices/system/cpu/cpu${number}/topology/${file}`]: `${list}\n`,
  });

  test.each(['core_cpus_list', 'thread_siblings_list'])('threads that share one are one core: %s', (file) => {
    tree = new Tree({
      ...siblings(0, '0,2', file),
      ...siblings(1, '1,3', file),
      ...siblings(2, '0,2', file),
      ...siblings(3, '1,3', file),
      ...siblings(10, '10', file),
      ...siblings(11, '', file),
      'devices/system/cpu/cpuidle/topology/core_cpus_list': '7',
    });
    expect(countCores({ sys: tree.dir })).toBe(3);
  });

  test('a tree without topology has none that are known', () => {
    expect(countCores({ sys: '/nonexistent' })).toBe(0);
  });
});
