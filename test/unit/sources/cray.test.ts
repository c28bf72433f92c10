import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { cray, parseEnergy, readOneScan } from '../../../src/sources/cray';
import { type EnergyMeter, type Missing, isMissing } from '../../../src/sources/source';
import { FIXTURES, Tree } from './tree';

const DIR = 'cray/pm_counters';
const J = 1_000_000n;
const at = (seconds: number) => ({ monoNs: BigInt(Math.round(seconds * 1e9)), wallMs: 0 });

let tree: Tree;
afterEach(() => tree?.remove());

function open(sys: string): EnergyMeter {
  const meter = cray.open({ sys, proc: '/nonexistent', cgroup: '/nonexistent' });
  if (isMissing(meter)) throw new Error(meter.missing);
  return meter;
}

function whyNot(sys: string): string {
  const meter = cray.open({ sys, proc: '/nonexistent', cgroup: '/nonexistent' });
  return isMissing(meter) ? meter.missing : `serves ${meter.domains.map(({ name }) => name).join(', ')}`;
}

function values(meter: EnergyMeter, seconds: number): Record<string, bigint | Missing> {
  const read = meter.read(at(seconds));
  return Object.fromEntries(meter.domains.map(({ name }, i) => [name, read[i] ?? { missing: 'no value' }]));
}

/** A node with a CPU; `scan` writes what the controller's next scan shows. */
function node(files: Readonly<Record<string, string>> = {}): {
  scan: (number: number, joules: number) => void;
} {
  tree = new Tree({ [`${DIR}/startup`]: '1758580757634187\n', [`${DIR}/generation`]: '1\n' });
  const scan = (number: number, joules: number): void => {
    tree.write(`${DIR}/cpu_energy`, `${joules} J ${number * 100_000} us\n`);
    tree.write(`${DIR}/energy`, `${joules * 2} J ${number * 100_000} us\n`);
    tree.write(`${DIR}/freshness`, `${number}\n`);
  };
  scan(1, 1000);
  for (const [name, text] of Object.entries(files)) tree.write(`${DIR}/${name}`, text);
  return { scan };
}

describe('nodes', () => {
  test.each([
    [
      'ex-gpu',
      {
        node: 1_822_345_678n * J,
        'package-0': 191_234_567n * J,
        'dram-0': 81_147_367n * J,
        'gpu-0': 322_345_671n * J,
        'gpu-1': 322_345_672n * J,
        'gpu-2': 322_345_673n * J,
        'gpu-3': 322_345_674n * J,
      },
    ],
    ['ex-cpu', { node: 145_023_412n * J, 'package-0': 98_012_345n * J, 'dram-0': 21_012_345n * J }],
    ['xc', { node: 45_023_412n * J, 'gpu-0': 11_023_412n * J }],
  ])('%s', (machine, expected) => {
    const meter = open(join(FIXTURES, 'cray', machine, 'sys'));
    expect(values(meter, 0)).toEqual(expected);
    expect(meter.domains.map(({ name }) => name)).toEqual(Object.keys(expected));
    meter.close();
    for (const domain of meter.domains) {
      const [kind = ''] = domain.name.split('-');
      const domainClass = { node: 'whole', package: 'cpu', dram: 'dram', gpu: 'gpu' }[kind];
      expect(domain).toMatchObject({ class: domainClass, quality: 'measured' });
      expect(domain.isNode).toBe(kind === 'node' ? true : undefined);
      expect(domain.accelerators).toBe(kind === 'gpu' ? 1 : undefined);
      expect(domain).not.toHaveProperty('place');
      expect(domain).not.toHaveProperty('isIntegrated');
    }
  });

  test('accelerators are in the order of their numbers, and other files are none', () => {
    node({
      accel10_energy: '5 J 1 us\n',
      accel2_energy: '6 J 1 us\n',
      accel2_energy_cap: '1 W\n',
      accelX_energy: '7 J\n',
    });
    const meter = open(tree.dir);
    expect(Object.keys(values(meter, 0))).toEqual(['node', 'package-0', 'gpu-2', 'gpu-10']);
    meter.close();
  });

  test.each([
    ['two GPUs of the driver a module (MI250X)', ['0', '51450', '22018', '2154', '43178'], 2],
    ['one a module', ['0', '51450', '22018'], 1],
    ['GPUs that do not go evenly into modules', ['0', '51450', '22018', '2154'], 1],
    ['no GPU that may be seen', ['0'], 1],
    ['no driver', [], 1],
  ])('an accelerator counts for as many GPUs as it is to Slurm: %s', (_, ids, accelerators) => {
    node({ accel0_energy: '5 J 1 us\n', accel1_energy: '6 J 1 us\n' });
    for (const [i, id] of ids.entries()) tree.write(`class/kfd/kfd/topology/nodes/${i}/gpu_id`, `${id}\n`);
    const meter = open(tree.dir);
    meter.close();
    expect(meter.domains.flatMap((domain) => domain.accelerators ?? [])).toEqual([
      accelerators,
      accelerators,
    ]);
  });

  test('the sum of all accelerators does not count beside each of them', () => {
    node({ accel0_energy: '5 J 1 us\n', accel_energy: '5 J 1 us\n' });
    expect(whyNot(tree.dir)).toBe('serves node, package-0, gpu-0');
  });
});

describe('a counter that holds 0', () => {
  test('of CPUs, memory, an accelerator or the node is none: nothing is measured there', () => {
    node({ cpu_energy: '0 J 100000 us\n', memory_energy: '0 J 100000 us\n', accel0_energy: '0 J 1 us\n' });
    expect(whyNot(tree.dir)).toBe('serves node');
    tree.write(`${DIR}/memory_energy`, '1 J 200000 us\n');
    tree.write(`${DIR}/energy`, '0 J 200000 us\n');
    expect(whyNot(tree.dir)).toBe('serves dram-0');
    tree.write(`${DIR}/memory_energy`, '0 J 200000 us\n');
    expect(whyNot(tree.dir)).toBe(
      `no counter of energy in ${tree.path(DIR)} (0 J in energy, cpu_energy, memory_energy, accel0_energy)`,
    );
  });

  test('later is missing, and the next reading may work', () => {
    const { scan } = node();
    const meter = open(tree.dir);
    values(meter, 0);
    scan(2, 0);
    const zero = { missing: expect.stringMatching(/energy holds 0 J: it does not measure$/) };
    expect(values(meter, 1)).toEqual({ node: zero, 'package-0': zero });
    scan(3, 5);
    expect(values(meter, 2)).toEqual({ node: 10n * J, 'package-0': 5n * J });
    meter.close();
  });
});

describe('a host that is not served says why', () => {
  test('no such folder', () => {
    expect(whyNot('/nonexistent')).toBe('no /nonexistent/cray/pm_counters: not a Cray node');
  });

  test('a folder without energy', () => {
    tree = new Tree({ [`${DIR}/version`]: '3\n' });
    expect(whyNot(tree.dir)).toBe(`no counter of energy in ${tree.path(DIR)}`);
  });

  test('no folder but a file', () => {
    tree = new Tree({ [DIR]: '' });
    expect(whyNot(tree.dir)).toMatch(/^cannot read .*pm_counters: ENOTDIR/);
  });
});

describe('the text of a counter', () => {
  test.each([
    ['81147367 J 1700061210920464 us\n', 81_147_367n * J],
    ['0 J 7810213855886 us\n', 0n],
    ['12 J\n', 12n * J],
    ['12\n', null],
    ['12 W 1 us\n', null],
    ['12.5 J 1 us\n', null],
    ['-12 J 1 us\n', null],
    ['12 J 1 us 13 J 2 us\n', null],
    ['12 J 1\n', null],
    ['', null],
  ])('%j', (text, expected) => {
    expect(parseEnergy(text)).toEqual(expected ?? { missing: expect.stringContaining('not joules') });
  });
});

describe('readings of one scan', () => {
  const scans = (...numbers: readonly (bigint | Missing)[]) => {
    const left = [...numbers];
    return () => left.shift() ?? { missing: 'read too often' };
  };

  test.each([
    ['no scan between', [5n, 5n], { scan: 5n, reading: 1 }],
    ['one between', [5n, 6n, 6n], { scan: 6n, reading: 2 }],
    ['two between', [5n, 6n, 8n, 8n], { scan: 8n, reading: 3 }],
    ['one between each', [5n, 6n, 7n, 8n], { missing: 'the counters changed during each of 3 readings' }],
    ['not readable before', [{ missing: 'EIO' }], { missing: 'EIO' }],
    ['not readable after', [5n, { missing: 'EIO' }], { missing: 'EIO' }],
    ['not readable at the end', [5n, 6n, 7n, { missing: 'EIO' }], { missing: 'EIO' }],
  ])('%s', (_, numbers, expected) => {
    let readings = 0;
    expect(readOneScan(scans(...numbers), () => ({ reading: ++readings }))).toEqual(expected);
  });
});

describe('a controller', () => {
  const HANGS = { missing: expect.stringMatching(/not changed for \d+ s .*hangs$/) };

  test('whose counters no longer change hangs: missing, not no power', () => {
    const { scan } = node();
    const meter = open(tree.dir);
    expect(values(meter, 0)['package-0']).toBe(1000n * J);
    expect(values(meter, 10)).toEqual({ node: HANGS, 'package-0': HANGS });
    expect(values(meter, 20)).toEqual({ node: HANGS, 'package-0': HANGS });
    scan(2, 1001);
    expect(values(meter, 30)['package-0']).toBe(1001n * J);
    meter.close();
  });

  test('that is read twice between its scans does not hang', () => {
    const { scan } = node();
    const meter = open(tree.dir);
    for (const seconds of [0, 0.001, 0.05, 2.9, 3])
      expect(values(meter, seconds)['package-0']).toBe(1000n * J);
    scan(2, 1300);
    expect(values(meter, 5)['package-0']).toBe(1300n * J);
    expect(values(meter, 7.9)['package-0']).toBe(1300n * J);
    expect(values(meter, 8.1)['package-0']).toEqual(HANGS);
    meter.close();
  });

  test('that began anew has other counters: missing once, then they go on', () => {
    const { scan } = node();
    const meter = open(tree.dir);
    values(meter, 0);
    tree.write(`${DIR}/startup`, '1758580999999999\n');
    scan(2, 2000);
    expect(values(meter, 10)['package-0']).toEqual({ missing: expect.stringContaining('began anew') });
    scan(3, 2001);
    expect(values(meter, 20)['package-0']).toBe(2001n * J);
    meter.close();
  });

  test('whose power cap was changed (generation) counts on', () => {
    const { scan } = node();
    const meter = open(tree.dir);
    values(meter, 0);
    tree.write(`${DIR}/generation`, '2\n');
    scan(2, 1100);
    expect(values(meter, 10)['package-0']).toBe(1100n * J);
    meter.close();
  });

  test.each(['freshness', 'startup'])(
    'whose %s cannot be read is missing, and the next reading may work',
    (name) => {
      const { scan } = node();
      const meter = open(tree.dir);
      const text = name === 'startup' ? '1758580757634187\n' : '2\n';
      values(meter, 0);
      scan(2, 1100);
      tree.write(`${DIR}/${name}`, '?\n');
      expect(values(meter, 1)).toEqual({
        node: { missing: expect.stringContaining('not a number') },
        'package-0': { missing: expect.stringContaining('not a number') },
      });
      tree.write(`${DIR}/${name}`, text);
      expect(values(meter, 2)['package-0']).toBe(1100n * J);
      meter.close();
    },
  );

  test('without startup is served', () => {
    node();
    tree.remove(`${DIR}/startup`);
    const meter = open(tree.dir);
    expect(values(meter, 0)['package-0']).toBe(1000n * J);
    meter.close();
  });

  test('one file that fails is missing alone', () => {
    node();
    tree.remove(`${DIR}/cpu_energy`);
    symlinkSync('/proc/self/mem', tree.path(`${DIR}/cpu_energy`));
    const meter = open(tree.dir);
    expect(values(meter, 0)).toEqual({
      node: 2000n * J,
      'package-0': { missing: expect.stringContaining('EIO') },
    });
    meter.close();
  });
});
