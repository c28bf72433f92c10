import { chmodSync, existsSync, mkdirSync, readdirSync, rmdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { longestReadableGapS } from '../../../src/attribution/counter';
import { maxPowerW, parseEnergyUj, powercap, readEnergyUj } from '../../../src/sources/powercap';
import { type EnergyMeter, isMissing } from '../../../src/sources/source';
import { FIXTURES, Tree, asNobody, isRoot } from './tree';

const NOW = { monoNs: 0n, wallMs: 0 };
const CPUACCT = '/sys/fs/cgroup/cpuacct';
const canMakeCgroups = isRoot && existsSync(join(CPUACCT, 'cpuacct.usage'));

let tree: Tree;
afterEach(() => tree?.remove());

function open(sys: string): EnergyMeter {
  const meter = powercap.open({ sys, proc: '/nonexistent', cgroup: '/nonexistent' });
  if (isMissing(meter)) throw new Error(meter.missing);
  return meter;
}

function whyNot(sys: string): string {
  const meter = powercap.open({ sys, proc: '/nonexistent', cgroup: '/nonexistent' });
  return isMissing(meter) ? meter.missing : `serves ${meter.domains.map(({ name }) => name).join(', ')}`;
}

/** Files of zones by their path below class/powercap: name and counter; the counter of zone i starts at 1000 + i. */
function zones(
  names: Readonly<Record<string, string>>,
  below = 'class/powercap',
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(names).flatMap(([path, name], i) => [
      [`${below}/${path}/name`, `${name}\n`],
      [`${below}/${path}/energy_uj`, `${1000 + i}\n`],
      [`${below}/${path}/max_energy_range_uj`, '65532610987\n'],
    ]),
  );
}

describe('trees of real machines', () => {
  test.each([
    [
      'kepler',
      [
        ['package-0', 240_422_366_267n],
        ['package-10', 240_422_366_267n],
      ],
      1000,
    ],
    [
      'procfs',
      [
        ['package-0', 240_422_366_267n],
        ['package-10', 240_422_366_267n],
      ],
      500,
    ],
    ['node_exporter', [['package-0', 240_422_366_267n]], 500],
  ] as const)('%s', (machine, expected, boundW) => {
    const meter = open(join(FIXTURES, 'powercap', machine, 'sys'));
    const values = meter.read(NOW);
    meter.close();
    expect(meter.domains.map(({ name }, i) => [name, values[i]])).toEqual(expected);
    for (const domain of meter.domains) {
      expect(domain).toMatchObject({
        class: 'cpu',
        quality: 'measured',
        source: 'powercap',
        maxEnergyUj: 262_143_328_850n,
        maxPowerW: boundW,
      });
    }
  });
});

describe('which zones are counted', () => {
  test.each<[string, Record<string, string>, Record<string, bigint>]>([
    [
      'packages and DRAM, neither core nor uncore',
      {
        'intel-rapl:0': 'package-0',
        'intel-rapl:0:0': 'core',
        'intel-rapl:0:1': 'uncore',
        'intel-rapl:0:2': 'dram',
      },
      { 'package-0': 1000n, 'dram-0': 1003n },
    ],
    [
      'psys, which contains the packages, as context',
      { 'intel-rapl:0': 'psys', 'intel-rapl:1': 'package-0', 'intel-rapl:1:0': 'dram' },
      { 'package-0': 1001n, 'dram-0': 1002n, psys: 1000n },
    ],
    [
      'psys through a second interface, once',
      { 'intel-rapl-mmio:1': 'psys', 'intel-rapl:0': 'package-0', 'intel-rapl:1': 'psys' },
      { 'package-0': 1001n, psys: 1002n },
    ],
    [
      'psys of several packages, each',
      { 'intel-rapl:0': 'package-0', 'intel-rapl:1': 'psys', 'intel-rapl:2': 'psys-1' },
      { 'package-0': 1000n, psys: 1001n, 'psys-1': 1002n },
    ],
    [
      'several DRAM zones of one name, nested, flat and through a second interface',
      {
        'intel-rapl:0': 'package-0',
        'intel-rapl:0/intel-rapl:0:0': 'dram',
        'intel-rapl:0:0': 'dram',
        'intel-rapl:a': 'package-1',
        'intel-rapl:a/intel-rapl:a:0': 'dram',
        'intel-rapl-mmio:0': 'package-0',
        'intel-rapl-mmio:0:0': 'dram',
      },
      { 'package-0': 1000n, 'package-1': 1003n, 'dram-0': 1002n, 'dram-1': 1004n },
    ],
    [
      'each DRAM zone with the number of its package',
      {
        'intel-rapl:0': 'package-1',
        'intel-rapl:0:0': 'dram',
        'intel-rapl:1': 'package-0',
        'intel-rapl:1:0': 'dram',
      },
      { 'package-0': 1002n, 'package-1': 1000n, 'dram-0': 1003n, 'dram-1': 1001n },
    ],
    [
      'a zone that lies nested and flat, once',
      {
        'intel-rapl:0': 'package-0',
        'intel-rapl:0:0': 'dram',
        'intel-rapl:0/intel-rapl:0:0': 'dram',
        'intel-rapl/intel-rapl:0': 'package-0',
      },
      { 'package-0': 1000n, 'dram-0': 1001n },
    ],
    [
      'a zone that lies nested alone',
      { 'intel-rapl:0': 'package-0', 'intel-rapl:0/intel-rapl:0:0': 'dram' },
      { 'package-0': 1000n, 'dram-0': 1001n },
    ],
    [
      'the same package through a second interface, once',
      {
        'intel-rapl-mmio:0': 'package-0',
        'intel-rapl-mmio:0:0': 'dram',
        'intel-rapl:0': 'package-0',
        'intel-rapl:0:0': 'dram',
      },
      { 'package-0': 1002n, 'dram-0': 1003n },
    ],
    [
      'the second interface where the first shows less',
      { 'intel-rapl-mmio:0': 'package-0', 'intel-rapl-mmio:0:0': 'dram', 'intel-rapl:0': 'package-0' },
      { 'package-0': 1002n, 'dram-0': 1001n },
    ],
    ['the second interface alone', { 'intel-rapl-mmio:0': 'package-0' }, { 'package-0': 1000n }],
    [
      'dies of one package',
      {
        'intel-rapl:0': 'package-0-die-0',
        'intel-rapl:1': 'package-0-die-1',
        'intel-rapl:1:0': 'dram',
      },
      { 'package-0-die-0': 1000n, 'package-0-die-1': 1001n, 'dram-0-die-1': 1002n },
    ],
    [
      'numbers in the order of numbers',
      { 'intel-rapl:a': 'package-10', 'intel-rapl:2': 'package-2' },
      { 'package-2': 1001n, 'package-10': 1000n },
    ],
    [
      'two zones of one interface and one name, both',
      { 'intel-rapl:0': 'package-0', 'intel-rapl:1': 'package-0' },
      { 'package-0': 1000n, 'package-0:intel-rapl:1': 1001n },
    ],
    [
      'DRAM outside any package, by its path',
      { 'intel-rapl:0': 'package-0', 'intel-rapl:3': 'dram' },
      { 'package-0': 1000n, 'dram-intel-rapl:3': 1001n },
    ],
    [
      'not what only looks like a package',
      { 'intel-rapl:0': 'package-0', 'intel-rapl:1': 'package-0\n; rm', 'intel-rapl:2': 'Package-1' },
      { 'package-0': 1000n },
    ],
  ])('%s', (_, names, expected) => {
    tree = new Tree(zones(names));
    const meter = open(tree.dir);
    const values = meter.read(NOW);
    meter.close();
    expect(Object.fromEntries(meter.domains.map(({ name }, i) => [name, values[i]]))).toEqual(expected);
    expect(meter.domains.map(({ name }) => name)).toEqual(Object.keys(expected));
    for (const domain of meter.domains) {
      expect(domain.name).toMatch(/^[a-z][a-z0-9_.:-]{0,63}$/);
      const [kind] = domain.name.split('-');
      expect(domain.class).toBe({ package: 'cpu', dram: 'dram', psys: 'whole' }[kind ?? '']);
      expect(domain).toMatchObject({ quality: 'measured', source: 'powercap' });
      expect(domain).not.toHaveProperty('note');
      expect(domain).not.toHaveProperty('isNode');
    }
  });

  test('packages, dies and their memory say where they are', () => {
    tree = new Tree(
      zones({
        'intel-rapl:0': 'package-0-die-0',
        'intel-rapl:0:0': 'dram',
        'intel-rapl:1': 'package-0-die-1',
        'intel-rapl:a': 'package-12',
        'intel-rapl:a:0': 'dram',
        'intel-rapl:b': 'dram',
        'intel-rapl:c': 'psys',
        'intel-rapl:d': 'package-12',
      }),
    );
    const meter = open(tree.dir);
    meter.close();
    expect(Object.fromEntries(meter.domains.map(({ name, place }) => [name, place]))).toEqual({
      'package-0-die-0': { package: 0, die: 0 },
      'package-0-die-1': { package: 0, die: 1 },
      'package-12': { package: 12 },
      'package-12:intel-rapl:d': { package: 12 },
      'dram-0-die-0': { package: 0, die: 0 },
      'dram-12': { package: 12 },
      'dram-intel-rapl:b': undefined,
      psys: undefined,
    });
  });

  test('below devices/virtual/powercap where the class folder shows none', () => {
    const names = {
      'intel-rapl/intel-rapl:0': 'package-0',
      'intel-rapl/intel-rapl:0/intel-rapl:0:0': 'dram',
    };
    tree = new Tree(zones(names, 'devices/virtual/powercap'));
    mkdirSync(tree.path('class/powercap'), { recursive: true });
    expect(whyNot(tree.dir)).toBe('serves package-0, dram-0');
  });

  test('through the links of a real class folder', () => {
    const names = {
      'intel-rapl/intel-rapl:0': 'package-0',
      'intel-rapl/intel-rapl:0/intel-rapl:0:0': 'dram',
    };
    tree = new Tree(zones(names, 'devices/virtual/powercap'));
    const target = '../../devices/virtual/powercap/intel-rapl';
    tree.link('class/powercap/intel-rapl', target);
    tree.link('class/powercap/intel-rapl:0', `${target}/intel-rapl:0`);
    tree.link('class/powercap/intel-rapl:0:0', `${target}/intel-rapl:0/intel-rapl:0:0`);
    tree.link('devices/virtual/powercap/intel-rapl/intel-rapl:0/subsystem', '../../../../../class/powercap');
    tree.link('class/powercap/intel-rapl:9', `${target}/removed`);
    expect(whyNot(tree.dir)).toBe('serves package-0, dram-0');
  });
});

describe('a host without counters says why', () => {
  test('no powercap', () => {
    tree = new Tree();
    expect(whyNot(tree.dir)).toBe(
      `no powercap zones below ${tree.path('class/powercap')} (no RAPL: virtual machine, or module intel_rapl_common not loaded)`,
    );
  });

  test('psys alone, which would count what no class does', () => {
    tree = new Tree(zones({ 'intel-rapl:0': 'psys', 'intel-rapl:0:0': 'core' }));
    expect(whyNot(tree.dir)).toBe(
      `only psys below ${tree.path('class/powercap')}: the whole platform, and no package of it`,
    );
  });

  const name = 'counters that only root may read';
  (isRoot ? test : test.skip)(isRoot ? name : `${name} (skipped: needs root)`, () => {
    tree = new Tree(zones({ 'intel-rapl:0': 'package-0' }));
    const path = tree.path('class/powercap/intel-rapl:0/energy_uj');
    chmodSync(path, 0o400);
    expect(asNobody(() => whyNot(tree.dir))).toBe(
      `may not read ${path} (EACCES, mode 0400): run the agent as root or give it CAP_DAC_READ_SEARCH`,
    );
    expect(whyNot(tree.dir)).toBe('serves package-0');
  });

  const psysName = 'psys that may be read does not stand for packages that may not';
  (isRoot ? test : test.skip)(isRoot ? psysName : `${psysName} (skipped: needs root)`, () => {
    tree = new Tree(zones({ 'intel-rapl:0': 'package-0', 'intel-rapl:1': 'psys' }));
    chmodSync(tree.path('class/powercap/intel-rapl:0/energy_uj'), 0o400);
    expect(asNobody(() => whyNot(tree.dir))).toMatch(/^may not read .*intel-rapl:0\/energy_uj \(EACCES/);
  });

  (isRoot ? test : test.skip)(
    `one readable counter is served, the other says why${isRoot ? '' : ' (skipped: needs root)'}`,
    () => {
      tree = new Tree(zones({ 'intel-rapl:0': 'package-0', 'intel-rapl:0:0': 'dram' }));
      const path = tree.path('class/powercap/intel-rapl:0/energy_uj');
      chmodSync(path, 0o400);
      const values = asNobody(() => {
        const meter = open(tree.dir);
        const read = meter.read(NOW);
        meter.close();
        return read;
      });
      expect(values).toEqual([{ missing: expect.stringContaining(`may not read ${path} (EACCES`) }, 1001n]);
    },
  );
});

describe('a reading that fails is missing, and the next may work', () => {
  test.each([
    ['nothing', ''],
    ['an empty line', '\n'],
    ['words', 'not a number\n'],
    ['a negative number', '-5\n'],
    ['a fraction', '1.5\n'],
    ['two numbers', '1 2\n'],
    ['hexadecimal', '0x10\n'],
    ['a NUL byte', '\0\n'],
  ])('%s', (_, text) => {
    expect(parseEnergyUj(text)).toEqual({ missing: expect.stringContaining('not a number of microjoules') });
    tree = new Tree(zones({ 'intel-rapl:0': 'package-0' }));
    const meter = open(tree.dir);
    const read = (value: string) => {
      tree.write('class/powercap/intel-rapl:0/energy_uj', value);
      return meter.read(NOW)[0];
    };
    expect(read(text)).toEqual({ missing: expect.stringMatching(/intel-rapl:0\/energy_uj holds .*, not/) });
    expect(read('18446744073709551615\n')).toBe(18_446_744_073_709_551_615n);
    expect(read('000000000042\n')).toBe(42n);
    meter.close();
  });

  test.each([
    ['EACCES', /^may not read \/sys\/x\/energy_uj \(EACCES\): run the agent as root/],
    ['EPERM', /^may not read \/sys\/x\/energy_uj \(EPERM\): run the agent as root/],
    ['EINVAL', /^cannot read \/sys\/x\/energy_uj: EINVAL: it failed$/],
    ['EIO', /^cannot read \/sys\/x\/energy_uj: EIO: it failed$/],
    ['ENODATA', /^cannot read \/sys\/x\/energy_uj: ENODATA: it failed$/],
    ['ENXIO', /^cannot read \/sys\/x\/energy_uj: ENXIO: it failed$/],
  ])('the error %s, with path and reason', (code, expected) => {
    const read = () => {
      throw Object.assign(new Error(`${code}: it failed, read`), { code });
    };
    expect(readEnergyUj({ path: '/sys/x/energy_uj', read })).toEqual({
      missing: expect.stringMatching(expected),
    });
  });

  test('a fault of the program is not taken for a missing reading', () => {
    const read = () => {
      throw new TypeError('fault');
    };
    expect(() => readEnergyUj({ path: '/sys/x/energy_uj', read })).toThrow('fault');
  });

  test('what is no file (EISDIR)', () => {
    tree = new Tree(zones({ 'intel-rapl:0': 'package-0' }));
    const path = tree.path('class/powercap/intel-rapl:0/energy_uj');
    tree.remove('class/powercap/intel-rapl:0/energy_uj');
    mkdirSync(path);
    const meter = open(tree.dir);
    expect(meter.read(NOW)).toEqual([{ missing: expect.stringMatching(`^cannot read ${path}: EISDIR`) }]);
    meter.close();
  });

  test('an error of the driver (EIO)', () => {
    tree = new Tree(zones({ 'intel-rapl:0': 'package-0', 'intel-rapl:1': 'package-1' }));
    tree.remove('class/powercap/intel-rapl:1/energy_uj');
    symlinkSync('/proc/self/mem', tree.path('class/powercap/intel-rapl:1/energy_uj'));
    const meter = open(tree.dir);
    const path = tree.path('class/powercap/intel-rapl:1/energy_uj');
    expect(meter.read(NOW)).toEqual([1000n, { missing: `cannot read ${path}: EIO: i/o error` }]);
    meter.close();
  });

  test('a counter that is not there yet', () => {
    tree = new Tree(zones({ 'intel-rapl:0': 'package-0' }));
    tree.remove('class/powercap/intel-rapl:0/energy_uj');
    const meter = open(tree.dir);
    expect(meter.read(NOW)).toEqual([{ missing: expect.stringContaining('ENOENT') }]);
    tree.write('class/powercap/intel-rapl:0/energy_uj', '7\n');
    expect(meter.read(NOW)).toEqual([7n]);
    meter.close();
  });

  const name = 'a driver that is unloaded and loaded again (ENODEV)';
  (canMakeCgroups ? test : test.skip)(
    canMakeCgroups ? name : `${name} (skipped: needs root and cpuacct)`,
    () => {
      // A removed cgroup answers as an unloaded driver does.
      const cgroup = join(CPUACCT, `eit-unit-${process.pid}`);
      tree = new Tree(zones({ 'intel-rapl:0': 'package-0' }));
      tree.remove('class/powercap/intel-rapl:0/energy_uj');
      tree.link('class/powercap/intel-rapl:0/energy_uj', join(cgroup, 'cpuacct.usage'));
      mkdirSync(cgroup);
      const meter = open(tree.dir);
      expect(meter.read(NOW)).toEqual([0n]);
      rmdirSync(cgroup);
      expect(meter.read(NOW)).toEqual([{ missing: expect.stringContaining('ENODEV') }]);
      expect(meter.read(NOW)).toEqual([{ missing: expect.stringContaining('ENOENT') }]);
      mkdirSync(cgroup);
      expect(meter.read(NOW)).toEqual([0n]);
      rmdirSync(cgroup);
      meter.close();
    },
  );

  test.each([
    ['absent', null],
    ['0', '0\n'],
    ['no number', 'x\n'],
  ])('a range that is %s: the counter is taken never to wrap', (_, text) => {
    tree = new Tree(zones({ 'intel-rapl:0': 'package-0' }));
    if (text === null) tree.remove('class/powercap/intel-rapl:0/max_energy_range_uj');
    else tree.write('class/powercap/intel-rapl:0/max_energy_range_uj', text);
    const meter = open(tree.dir);
    expect(meter.domains[0]).not.toHaveProperty('maxEnergyUj');
    meter.close();
  });
});

describe('zones that show one counter are counted once', () => {
  /** Zones by their path below class/powercap, whose counters are links to `target`. */
  function mirrored(names: Readonly<Record<string, string>>, target: string): void {
    tree = new Tree(zones(names));
    for (const path of Object.keys(names)) {
      tree.remove(`class/powercap/${path}/energy_uj`);
      tree.link(`class/powercap/${path}/energy_uj`, target);
    }
  }
  const dies = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`intel-rapl:${i.toString(16)}`, `package-0-die-${i}`]),
    );

  test.each([
    [2, 'package-0-die-1 shows the same counter and is left out'],
    [3, 'package-0-die-1, package-0-die-2 show the same counter and are left out'],
    [
      12,
      `${[1, 2, 3, 4, 5, 6, 7, 8].map((i) => `package-0-die-${i}`).join(', ')} and 3 more show the same counter and are left out`,
    ],
  ])('%d dies: the first stays, for the package, and says so', (count, note) => {
    mirrored(dies(count), '../../../counter');
    tree.write('counter', '5000\n');
    const meter = open(tree.dir);
    expect(meter.domains).toEqual([
      expect.objectContaining({ name: 'package-0-die-0', class: 'cpu', place: { package: 0 }, note }),
    ]);
    tree.write('counter', '6000\n');
    expect(meter.read(NOW)).toEqual([6000n]);
    meter.close();
  });

  test('no file stays open, of those left out neither while the others are read', () => {
    const openFiles = () =>
      readdirSync('/proc/self/fd')
        .map((fd) => statSync(`/proc/self/fd/${fd}`, { throwIfNoEntry: false })?.ino)
        .filter((inode) => inode === statSync(tree.path('counter')).ino);
    mirrored(dies(3), '../../../counter');
    tree.write('counter', '5000\n');
    const meter = open(tree.dir);
    expect(openFiles()).toHaveLength(1);
    meter.close();
    expect(openFiles()).toHaveLength(0);
  });

  test('each package for itself, and dies with counters of their own stay', () => {
    tree = new Tree(
      zones({
        'intel-rapl:0': 'package-0-die-0',
        'intel-rapl:1': 'package-0-die-1',
        'intel-rapl:2': 'package-1-die-0',
        'intel-rapl:3': 'package-1-die-1',
      }),
    );
    tree.write('class/powercap/intel-rapl:1/energy_uj', '1000\n');
    const meter = open(tree.dir);
    expect(meter.domains.map(({ name, place, note }) => [name, place, note])).toEqual([
      ['package-0-die-0', { package: 0 }, 'package-0-die-1 shows the same counter and is left out'],
      ['package-1-die-0', { package: 1, die: 0 }, undefined],
      ['package-1-die-1', { package: 1, die: 1 }, undefined],
    ]);
    expect(meter.read(NOW)).toEqual([1000n, 1002n, 1003n]);
    meter.close();
  });

  test('two packages that stand at 0 or at one value both stay', () => {
    for (const value of ['0\n', '5000\n']) {
      mirrored({ 'intel-rapl:0': 'package-0', 'intel-rapl:1': 'package-1' }, '../../../counter');
      tree.write('counter', value);
      expect(whyNot(tree.dir)).toBe('serves package-0, package-1');
      tree.remove();
    }
  });

  const name = 'two packages that show one moving counter, which is of no package then';
  (canMakeCgroups ? test : test.skip)(canMakeCgroups ? name : `${name} (skipped: needs cpuacct)`, () => {
    // CPU time of the whole host, ns: moves between any two readings.
    mirrored({ 'intel-rapl:0': 'package-0', 'intel-rapl:1': 'package-1' }, join(CPUACCT, 'cpuacct.usage'));
    const meter = open(tree.dir);
    meter.close();
    expect(meter.domains).toHaveLength(1);
    expect(meter.domains[0]).toMatchObject({
      name: 'package-0',
      note: 'package-1 shows the same counter and is left out',
    });
    expect(meter.domains[0]).not.toHaveProperty('place');
  });
});

test.each([
  ['no limit: its 65.5 kJ last 65 s at 1,000 W', {}, 65],
  ['a limit of 350 W: 93 s at 700 W', { constraint_0_max_power_uw: '350000000\n' }, 93],
])('the longest readable gap of a zone with %s', (_, files, expectedS) => {
  tree = new Tree(zones({ 'intel-rapl:0': 'package-0' }));
  for (const [file, text] of Object.entries(files)) tree.write(`class/powercap/intel-rapl:0/${file}`, text);
  const meter = open(tree.dir);
  meter.close();
  expect(meter.domains.map(longestReadableGapS).map(Math.floor)).toEqual([expectedS]);
});

describe('the highest plausible power', () => {
  test.each([
    ['no limits', 'cpu', [], 1000],
    ['no limits', 'dram', [], 250],
    ['limits not set', 'cpu', [0, 0], 1000],
    ['limits that mean none', 'cpu', [4090, 4095.875], 1000],
    ['a limit', 'cpu', [350], 700],
    ['the highest of several', 'cpu', [270, 350, 500, 4090], 1000],
    ['a low limit, which may be raised', 'cpu', [95, 0, 4090], 500],
    ['a limit', 'dram', [100], 200],
    ['a low limit', 'dram', [10], 125],
    ['no limits', 'whole', [], 5000],
    ['a limit', 'whole', [2000], 4000],
  ] as const)('%s (%s %j)', (_, domainClass, limitsW, expected) => {
    expect(maxPowerW(domainClass, limitsW)).toBe(expected);
  });
});
