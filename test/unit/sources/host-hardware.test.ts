import { release, totalmem } from 'node:os';
import { readCpuTopology } from '../../../src/sources/cpu-topology';
import { parseCpuModel, readHostHardware } from '../../../src/sources/host-hardware';
import { Tree } from './tree';

let tree: Tree;
afterEach(() => tree?.remove());

const X86 = `processor	: 0
vendor_id	: GenuineIntel
cpu family	: 6
model		: 207
model name	: Intel(R) Xeon(R)   Platinum 8592+
stepping	: 2
cpu MHz		: 2300.000
cpu cores	: 64
flags		: fpu vme
`;

const ARM = `processor	: 0
BogoMIPS	: 2000.00
Features	: fp asimd evtstrm aes
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: 0x0
CPU part	: 0xd4f
CPU revision	: 0
`;

describe('the model in /proc/cpuinfo', () => {
  test.each([
    ['x86', X86, 'Intel(R) Xeon(R) Platinum 8592+'],
    ['Arm', ARM, 'Arm 0x41, part 0xd4f, variant 0x0'],
    [
      'POWER',
      'processor\t: 0\ncpu\t\t: POWER9, altivec supported\nclock\t\t: 2500MHz\n',
      'POWER9, altivec supported',
    ],
    ['one without a name', 'processor\t: 0\nhart\t\t: 1\nmodel name\t:\ncpu cores\t: 2\n', ''],
    ['nothing', '', ''],
  ])('%s', (_, text, model) => {
    expect(parseCpuModel(text)).toBe(model);
  });

  test('a virtual machine’s own text is cut and has no control characters', () => {
    const model = parseCpuModel(
      `model name\t: \u001b[31mA\u0000B\u009bC\u00ad${'x'.repeat(10_000)}\nmodel\t: 1\n`,
    );
    expect(model).toMatch(/^\[31mA B C x+$/);
    expect(model).toHaveLength(256);
  });
});

function cpu(number: number, packageId: number, siblings: string): Record<string, string> {
  const dir = `sys/devices/system/cpu/cpu${number}/topology`;
  return {
    [`${dir}/physical_package_id`]: `${packageId}\n`,
    [`${dir}/core_id`]: '0\n',
    [`${dir}/core_cpus_list`]: `${siblings}\n`,
  };
}

test('packages, cores and threads: a core’s threads are one core, core numbers may repeat', () => {
  tree = new Tree({
    ...cpu(0, 0, '0,4'),
    ...cpu(1, 0, '1,5'),
    ...cpu(2, 1, '2'),
    ...cpu(4, 0, '0,4'),
    ...cpu(5, 0, '1,5'),
    'sys/devices/system/cpu/cpu3/online': '0\n',
    'proc/stat': `cpu  9 0 0 0 0 0 0 0 0 0\n${[0, 1, 2, 4, 5].map((n) => `cpu${n} 1 0 0 0 0 0 0 0 0 0\n`).join('')}`,
    'proc/cpuinfo': X86,
    'proc/meminfo': 'MemTotal: 16000 kB\nAnonPages: 1 kB\nShmem: 1 kB\n',
    'proc/sys/kernel/osrelease': '6.18.44\u0007-x\n',
  });
  const roots = { proc: tree.path('proc'), sys: tree.path('sys') };
  expect(readHostHardware(roots, readCpuTopology(roots))).toEqual({
    cpu: 'Intel(R) Xeon(R) Platinum 8592+',
    packages: 2,
    cores: 3,
    threads: 5,
    memory_bytes: 16_000 * 1024,
    kernel: '6.18.44 -x',
  });
});

test('what nothing tells is left out', () => {
  tree = new Tree({ stat: 'cpu  9 0 0 0 0 0 0 0 0 0\ncpu0 1 0 0 0 0 0 0 0 0 0\n' });
  expect(readHostHardware({ proc: tree.dir, sys: '/nonexistent' }, new Map())).toEqual({ threads: 1 });
});

test('without /proc/stat the threads are those of the topology', () => {
  const topology = new Map([0, 1, 2].map((number) => [number, { package: 0 }]));
  expect(readHostHardware({ proc: '/nonexistent', sys: '/nonexistent' }, topology)).toEqual({
    packages: 1,
    threads: 3,
  });
});

test('this machine', () => {
  const roots = { proc: '/proc', sys: '/sys' };
  const hardware = readHostHardware(roots, readCpuTopology(roots));
  expect(hardware.kernel).toBe(release());
  expect(hardware.memory_bytes).toBeGreaterThanOrEqual(totalmem());
});
