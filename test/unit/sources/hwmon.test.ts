import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { type Server, createServer } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { hwmon, parsePowerW } from '../../../src/sources/hwmon';
import { parseLabel } from '../../../src/sources/hwmon-grace';
import { Remainder } from '../../../src/sources/hwmon-remainder';
import { findSensors } from '../../../src/sources/hwmon-sensors';
import { type EnergyMeter, type Missing, isMissing } from '../../../src/sources/source';
import { FIXTURES, Tree, asNobody, isRoot } from './tree';

const S = 1_000_000_000n;
const at = (seconds: number) => ({ monoNs: BigInt(Math.round(seconds * 1e9)), wallMs: 0 });
const J = 1_000_000n;

let tree: Tree;
afterEach(() => tree?.remove());

function open(sys: string): EnergyMeter {
  const meter = hwmon.open({ sys, proc: '/nonexistent', cgroup: '/nonexistent' });
  if (isMissing(meter)) throw new Error(meter.missing);
  return meter;
}

function whyNot(sys: string): string {
  const meter = hwmon.open({ sys, proc: '/nonexistent', cgroup: '/nonexistent' });
  return isMissing(meter) ? meter.missing : `serves ${meter.domains.map(({ name }) => name).join(', ')}`;
}

function values(meter: EnergyMeter, seconds: number): Record<string, bigint | Missing> {
  const read = meter.read(at(seconds));
  return Object.fromEntries(meter.domains.map(({ name }, i) => [name, read[i] ?? { missing: 'no value' }]));
}

/** Energy of the machine's domains over 10 s of what its files show. */
function over10s(machine: string): Record<string, bigint | Missing> {
  const meter = open(join(FIXTURES, 'hwmon', machine, 'sys'));
  expect(Object.values(values(meter, 100))).toEqual(meter.domains.map(() => 0n));
  const energies = values(meter, 110);
  meter.close();
  return energies;
}

const CHIP = 'class/hwmon/hwmon1';

/** A tree with Grace's power meters, each its own chip. @param powersW by `Grace 0`, `CPU 0`, ... */
function grace(powersW: Readonly<Record<string, number>>): Tree {
  return new Tree(
    Object.fromEntries(
      Object.entries(powersW).flatMap(([what, powerW], i) => {
        const [kind, socket] = what.split(' ');
        const dir = `class/hwmon/hwmon${i}`;
        return [
          [`${dir}/name`, 'power_meter\n'],
          [`${dir}/device/power1_oem_info`, `${kind} Power Socket ${socket}\n`],
          [`${dir}/device/power1_average`, `${powerW * 1e6}\n`],
        ];
      }),
    ),
  );
}

describe('NVIDIA Grace', () => {
  test('GH200: CPU, SysIO and the rest of Grace are counted, the module that holds the GPU is context', () => {
    expect(over10s('grace-hopper')).toEqual({
      'package-0': 453_100_000n,
      'sysio-0': 230_400_000n,
      'dram-0': 1_012_500_000n - 453_100_000n - 230_400_000n,
      'module-0': 3_124_000_000n,
    });
    const meter = open(join(FIXTURES, 'hwmon/grace-hopper/sys'));
    meter.close();
    expect(meter.domains).toMatchObject([
      {
        class: 'cpu',
        place: { package: 0 },
        isIntegrated: true,
        quality: 'measured',
        note: 'means over 50 ms',
      },
      { class: 'cpu', place: { package: 0 }, isIntegrated: true },
      {
        class: 'dram',
        isIntegrated: true,
        note: 'Grace less CPU and SysIO: memory and losses; means over 50 ms',
      },
      { class: 'whole', isIntegrated: true },
    ]);
    expect(meter.domains[3]).not.toHaveProperty('isNode');
  });

  test('two sockets, with packages that firmware numbers in its own way, and files in the chip’s own folder', () => {
    const energies = over10s('grace-superchip');
    expect(energies).toMatchObject({ 'package-0': 620n * J, 'package-1': 625n * J, 'dram-0': 380n * J });
    const meter = open(join(FIXTURES, 'hwmon/grace-superchip/sys'));
    meter.close();
    expect(meter.domains.map(({ name, place }) => [name, place?.package])).toEqual([
      ['package-0', 36],
      ['sysio-0', 36],
      ['dram-0', undefined],
      ['package-1', 72],
      ['sysio-1', 72],
      ['dram-1', undefined],
    ]);
  });

  test.each([
    [
      'Grace alone is the package, and holds the memory',
      { 'Grace 0': 100, 'SysIO 0': 20 },
      { 'package-0': 1000n * J },
    ],
    [
      'CPU and SysIO without Grace',
      { 'CPU 0': 60, 'SysIO 0': 20 },
      { 'package-0': 600n * J, 'sysio-0': 200n * J },
    ],
    [
      'Grace and CPU without SysIO',
      { 'Grace 0': 100, 'CPU 0': 60 },
      { 'package-0': 600n * J, 'dram-0': 400n * J },
    ],
    ['a module alone', { 'Module 0': 300 }, { 'module-0': 3000n * J }],
  ])('%s', (_, powersW, expected) => {
    tree = grace(powersW);
    const meter = open(tree.dir);
    values(meter, 0);
    expect(values(meter, 10)).toEqual(expected);
    const holds = meter.domains.flatMap((domain) => domain.holds ?? []);
    expect(holds).toEqual('Grace 0' in powersW && !('CPU 0' in powersW) ? ['dram'] : []);
    meter.close();
  });

  test('SysIO alone would pass for the whole package: it is not served', () => {
    tree = grace({ 'SysIO 0': 20 });
    expect(whyNot(tree.dir)).toContain('power_meter power1 "SysIO Power Socket 0"');
  });

  test('packages that cannot be told apart have no place', () => {
    tree = grace({ 'CPU 0': 60 });
    tree.write('devices/system/cpu/cpu0/topology/physical_package_id', '3\n');
    tree.write('devices/system/cpu/cpu1/topology/physical_package_id', '4\n');
    expect(open(tree.dir).domains[0]).not.toHaveProperty('place');
  });

  test.each([
    ['Module Power Socket 0', { kind: 'module', socket: 0 }],
    ['Grace Power Socket 12', { kind: 'grace', socket: 12 }],
    ['sysio power socket 1', { kind: 'sysio', socket: 1 }],
    ['CPU Power Socket', null],
    ['GPU Power Socket 0', null],
    ['CPU Power Socket 0 (limit)', null],
    ['', null],
    [null, null],
  ])('label %j', (label, expected) => {
    expect(parseLabel(label)).toEqual(expected);
  });

  test('a sensor that fails is missing, and the rest of Grace with it; the others go on', () => {
    tree = grace({ 'Grace 0': 100, 'CPU 0': 60, 'SysIO 0': 20 });
    const meter = open(tree.dir);
    values(meter, 0);
    tree.write('class/hwmon/hwmon1/device/power1_average', '\n');
    const failed = { missing: expect.stringContaining('not microwatts') };
    expect(values(meter, 10)).toEqual({ 'package-0': failed, 'sysio-0': 200n * J, 'dram-0': failed });
    tree.write('class/hwmon/hwmon1/device/power1_average', '60000000\n');
    expect(values(meter, 20)).toMatchObject({ 'package-0': 1200n * J, 'sysio-0': 400n * J });
    meter.close();
  });

  test('after a sensor failed for long, the rest of Grace goes on from where it stood', () => {
    tree = grace({ 'Grace 0': 100, 'CPU 0': 60 });
    const meter = open(tree.dir);
    values(meter, 0);
    expect(values(meter, 10)['dram-0']).toBe(400n * J);
    tree.write('class/hwmon/hwmon0/device/power1_average', 'x\n');
    for (let s = 20; s <= 1000; s += 10) expect(isMissing(values(meter, s)['dram-0'])).toBe(true);
    tree.write('class/hwmon/hwmon0/device/power1_average', '100000000\n');
    values(meter, 1010);
    expect(values(meter, 1020)['dram-0']).toBe(400n * J);
    expect(values(meter, 1030)['dram-0']).toBe(800n * J);
    meter.close();
  });
});

describe('the remainder of a counter beside others within it', () => {
  test('stands still while the difference goes back, and loses nothing', () => {
    const remainder = new Remainder();
    expect(remainder.energyUj(1000n, [400n])).toBe(0n);
    expect(remainder.energyUj(1100n, [450n])).toBe(50n);
    expect(remainder.energyUj(1150n, [540n])).toBe(50n);
    expect(remainder.energyUj(1300n, [600n])).toBe(100n);
  });

  test('is missing where the others show more than what is said to hold them', () => {
    const remainder = new Remainder();
    remainder.energyUj(0n, [0n]);
    expect(remainder.energyUj(0n, [20_000_000_000n])).toBe(0n);
    expect(remainder.energyUj(0n, [20_000_000_001n])).toEqual({
      missing: expect.stringContaining('more than'),
    });
  });

  test('never goes back, and with what is within it is the whole, up to what is carried', () => {
    const step = fc.record({
      whole: fc.bigInt({ min: 0n, max: 1_000_000n }),
      inside: fc.bigInt({ min: 0n, max: 1_000_000n }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1 }), (steps) => {
        const remainder = new Remainder();
        remainder.energyUj(0n, [0n]);
        let [wholeUj, insideUj, last, highest] = [0n, 0n, 0n, 0n];
        for (const { whole, inside } of steps) {
          wholeUj += whole;
          insideUj += inside;
          if (wholeUj - insideUj > highest) highest = wholeUj - insideUj;
          const value = remainder.energyUj(wholeUj, [insideUj]);
          expect(value).toBe(highest);
          expect(highest >= last).toBe(true);
          last = highest;
        }
      }),
    );
  });
});

describe('AMD sockets (amd_energy)', () => {
  const dirs = ['devices/system/node', 'devices/system/cpu'];
  /** @param nodes package of each NUMA node's CPU; null: the node has no CPU */
  function amd(nodes: readonly (number | null)[]): Tree {
    const files: Record<string, string> = { [`${CHIP}/name`]: 'amd_energy\n' };
    for (const [i, packageId] of nodes.entries()) {
      files[`${CHIP}/energy${i + 1}_label`] = `Esocket${i}\n`;
      files[`${CHIP}/energy${i + 1}_input`] = `${1000 + i}\n`;
      files[`${dirs[0]}/node${i}/cpulist`] = packageId === null ? '\n' : `${i}\n`;
      if (packageId !== null) files[`${dirs[1]}/cpu${i}/topology/physical_package_id`] = `${packageId}\n`;
    }
    return new Tree(files);
  }

  test('sockets are packages; cores, which are within them, are left out', () => {
    const meter = open(join(FIXTURES, 'hwmon/amd-energy/sys'));
    expect(values(meter, 0)).toEqual({ 'package-0': 240_422_366_267n, 'package-1': 231_874_210_984n });
    meter.close();
    expect(meter.domains[1]).toMatchObject({ class: 'cpu', quality: 'measured', place: { package: 1 } });
    for (const domain of meter.domains) {
      expect(domain).not.toHaveProperty('isIntegrated');
      expect(domain).not.toHaveProperty('maxEnergyUj');
    }
  });

  test('several NUMA nodes of a socket show its counter once', () => {
    tree = amd([0, 0, 1, 1]);
    const meter = open(tree.dir);
    expect(values(meter, 0)).toEqual({ 'package-0': 1000n, 'package-1': 1002n });
    meter.close();
    expect(meter.domains.map(({ note }) => note)).toEqual([
      'Esocket1 shows the same counter: counted once',
      'Esocket3 shows the same counter: counted once',
    ]);
  });

  test('a node without CPUs is no socket', () => {
    tree = amd([0, null]);
    expect(whyNot(tree.dir)).toBe('serves package-0');
  });

  test('where nothing tells, a node is taken for a socket', () => {
    tree = amd([0, 1]);
    for (const dir of dirs) tree.remove(dir);
    expect(whyNot(tree.dir)).toBe('serves package-0, package-1');
  });

  const name = 'counters that only root may read';
  (isRoot ? test : test.skip)(isRoot ? name : `${name} (skipped: needs root)`, () => {
    tree = amd([0]);
    chmodSync(tree.path(`${CHIP}/energy1_input`), 0o400);
    const path = tree.path(`${CHIP}/energy1_input`);
    expect(asNobody(() => whyNot(tree.dir))).toBe(
      `may not read ${path} (EACCES, mode 0400): run the agent as root or give it CAP_DAC_READ_SEARCH`,
    );
    expect(whyNot(tree.dir)).toBe('serves package-0');
  });

  test('a reading that fails is missing, and the next may work', () => {
    tree = amd([0]);
    const meter = open(tree.dir);
    tree.write(`${CHIP}/energy1_input`, '-1\n');
    expect(values(meter, 0)).toEqual({ 'package-0': { missing: expect.stringContaining('not a number') } });
    tree.write(`${CHIP}/energy1_input`, '12\n');
    expect(values(meter, 1)).toEqual({ 'package-0': 12n });
    meter.close();
  });

  test('an error of the driver (EIO)', () => {
    tree = amd([0]);
    tree.remove(`${CHIP}/energy1_input`);
    symlinkSync('/proc/self/mem', tree.path(`${CHIP}/energy1_input`));
    const meter = open(tree.dir);
    expect(values(meter, 0)).toEqual({ 'package-0': { missing: expect.stringContaining('EIO') } });
    meter.close();
  });
});

describe('a host that is not served says why', () => {
  test('no sensors', () => {
    tree = new Tree({ 'class/hwmon/hwmon0/name': 'nvme\n', 'class/hwmon/hwmon0/temp1_input': '38850\n' });
    expect(whyNot(tree.dir)).toBe(`no sensor of energy or power below ${tree.path('class/hwmon')}`);
    expect(whyNot('/nonexistent')).toBe('no sensor of energy or power below /nonexistent/class/hwmon');
  });

  test('sensors of other chips, by name', () => {
    const where = join(FIXTURES, 'hwmon/kepler/sys/class/hwmon');
    expect(whyNot(join(FIXTURES, 'hwmon/kepler/sys'))).toBe(
      `no sensor of an AMD socket or NVIDIA Grace below ${where}; what these measure is not known: ` +
        'unnamed power1 "device_path_test", test_power_chip power1 "PSU_Rail_A", test_power_chip power2 "PSU_Rail_B", ' +
        'test_power_chip power3 "PSU_Rail_C" (switched off) and 8 more',
    );
  });

  test('a sensor that is switched off', () => {
    tree = grace({ 'CPU 0': 60 });
    tree.write('class/hwmon/hwmon0/device/power1_enable', '0\n');
    expect(whyNot(tree.dir)).toContain('power_meter power1 "CPU Power Socket 0" (switched off)');
    tree.write('class/hwmon/hwmon0/device/power1_enable', '1\n');
    expect(whyNot(tree.dir)).toBe('serves package-0');
  });

  test.each([
    ['another chip with the label', 'acpi_meter', 'CPU Power Socket 0'],
    ['no label', 'power_meter', null],
    ['a label with control characters', 'power_meter', '\u001b[31m"CPU\u0007'],
  ])('%s', (_, chip, label) => {
    tree = grace({ 'CPU 0': 60 });
    tree.write('class/hwmon/hwmon0/name', `${chip}\n`);
    if (label === null) tree.remove('class/hwmon/hwmon0/device/power1_oem_info');
    else tree.write('class/hwmon/hwmon0/device/power1_oem_info', `${label}\n`);
    const reason = whyNot(tree.dir);
    expect(reason).toMatch(/^no sensor of an AMD socket/);
    expect(reason).toMatch(/^[ -~]*$/);
  });
});

describe('sensors', () => {
  test('an average is preferred to the value of the moment', () => {
    const [gpu] = findSensors(join(FIXTURES, 'hwmon/kepler/sys')).filter(({ chip }) => chip === 'amdgpu');
    expect(gpu?.path).toMatch(/power1_average$/);
  });

  test('a value of the moment is served where there is no average', () => {
    tree = new Tree({
      [`${CHIP}/name`]: 'power_meter\n',
      [`${CHIP}/power1_label`]: 'CPU Power Socket 0\n',
      [`${CHIP}/power1_input`]: '50000000\n',
    });
    const meter = open(tree.dir);
    values(meter, 0);
    expect(values(meter, 2)).toEqual({ 'package-0': 100n * J });
    expect(meter.domains[0]).not.toHaveProperty('note');
    meter.close();
  });

  test('which are switched off, by the files of a test of another project', () => {
    const sensors = findSensors(join(FIXTURES, 'hwmon/kepler/sys'));
    expect(sensors.filter(({ isEnabled }) => !isEnabled).map(({ chip, id }) => `${chip} ${id}`)).toEqual([
      'test_power_chip power3',
      'energy_with_enable energy3',
    ]);
    expect(sensors.find(({ chip }) => chip === 'power_chip')).toMatchObject({ kind: 'energy', label: null });
  });

  test.each([
    ['45310000\n', 45.31],
    ['10000000000\n', 10_000],
    ['4294967295000\n', null],
    ['-1\n', null],
    ['1.5\n', null],
    ['', null],
    ['1 2', null],
    ['NaN', null],
  ])('power %j', (text, expected) => {
    expect(parsePowerW(text)).toEqual(expected ?? { missing: expect.stringContaining('not microwatts') });
  });

  /** Each makes a file that cannot be read, in the way that is its name. */
  const ODD: Readonly<Record<string, (path: string) => unknown>> = {
    ELOOP: (path) => symlinkSync(path, path),
    // Of root; of others EACCES.
    EINVAL: (path) => symlinkSync('/proc/self/clear_refs', path),
    EISDIR: (path) => mkdirSync(path),
    ENXIO: (path) =>
      new Promise<void>((resolve) => {
        socket = createServer().listen(path, resolve);
      }),
  };
  let socket: Server | undefined;
  afterEach(() => void socket?.close());

  test.each(
    Object.keys(ODD).flatMap((code) =>
      ['name', 'power1_label', 'power1_enable', 'power1_average_interval'].map(
        (file) => [code, file] as const,
      ),
    ),
  )('%s of another driver’s %s takes nothing from the rest', async (code, file) => {
    tree = grace({ 'CPU 0': 60 });
    tree.write('class/hwmon/hwmon1/power1_average', '1\n');
    await ODD[code]?.(tree.path(`class/hwmon/hwmon1/${file}`));
    expect(whyNot(tree.dir)).toBe('serves package-0');
    expect(findSensors(tree.dir)[1]).toMatchObject({ chip: '', label: null, isEnabled: true });
  });

  test('0 W is no measurement: missing, and nothing is added up over it', () => {
    expect(parsePowerW('0\n', 'p')).toEqual({ missing: 'p says 0 W: it does not measure' });
    tree = grace({ 'CPU 0': 60, 'SysIO 0': 0 });
    const meter = open(tree.dir);
    values(meter, 0);
    const zero = { missing: expect.stringContaining('0 W') };
    expect(values(meter, 10)).toEqual({ 'package-0': 600n * J, 'sysio-0': zero });
    tree.write('class/hwmon/hwmon1/device/power1_average', '20000000\n');
    values(meter, 20);
    expect(values(meter, 30)).toEqual({ 'package-0': 1800n * J, 'sysio-0': 200n * J });
    meter.close();
  });

  test('nothing is added over a time in which nobody read', () => {
    tree = grace({ 'CPU 0': 60 });
    const meter = open(tree.dir);
    values(meter, 0);
    expect(values(meter, 120)).toEqual({ 'package-0': 7200n * J });
    expect(isMissing(meter.read({ monoNs: 1000n * S, wallMs: 0 })[0])).toBe(true);
    expect(values(meter, 1010)).toEqual({ 'package-0': 7800n * J });
    meter.close();
  });
});
