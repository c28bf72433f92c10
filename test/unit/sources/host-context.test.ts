import { loadavg } from 'node:os';
import fc from 'fast-check';
import {
  openHostContext,
  parseFrequencyMhz,
  parseLoad1,
  parseMajorFaults,
  parsePressureSomeUs,
  spread,
} from '../../../src/sources/host-context';
import { Tree } from './tree';

let tree: Tree;
afterEach(() => tree?.remove());

const PRESSURE = `some avg10=5.41 avg60=1.42 avg300=0.52 total=8625487
full avg10=0.00 avg60=0.00 avg300=0.00 total=17
`;

function roots(): { proc: string; sys: string } {
  return { proc: tree.path('proc'), sys: tree.path('sys') };
}

function frequencies(khz: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    khz.map((text, cpu) => [`sys/devices/system/cpu/cpu${cpu}/cpufreq/scaling_cur_freq`, `${text}\n`]),
  );
}

describe('texts', () => {
  test.each([
    ['0.20 0.18 0.12 1/80 11206\n', 0.2],
    ['128.05 0.18 0.12 1/80 11206\n', 128.05],
    ['0,20 0,18\n', null],
    ['', null],
  ])('loadavg %j', (text, load1) => {
    expect(parseLoad1(text)).toBe(load1);
  });

  test.each([
    ['pgfault 5\npgmajfault 42\npgrefill 1\n', 42n],
    ['pgmajfault 18446744073709551615\n', 18_446_744_073_709_551_615n],
    ['xpgmajfault 42\n', null],
    ['pgmajfault 4', 4n],
    ['pgmajfault\n', null],
    ['', null],
  ])('vmstat %j', (text, faults) => {
    expect(parseMajorFaults(text)).toBe(faults);
  });

  test.each([
    [PRESSURE, 8_625_487n],
    ['full avg10=0.00 avg60=0.00 avg300=0.00 total=17\n', null],
    ['some avg10=0.00 total=\n', null],
    ['', null],
  ])('pressure %j', (text, us) => {
    expect(parsePressureSomeUs(text)).toBe(us);
  });

  test.each([
    ['2300000\n', 2300],
    ['799500\n', 799.5],
    ['0\n', null],
    ['<unknown>\n', null],
    ['-1\n', null],
    ['', null],
  ])('scaling_cur_freq %j', (text, mhz) => {
    expect(parseFrequencyMhz(text)).toBe(mhz);
  });
});

test('a spread is in order, has the first, no more than it may, and gaps that differ by at most one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 1, max: 40 }), (length, most) => {
      const all = Array.from({ length }, (_, i) => i);
      const some = spread(all, most);
      expect(some).toHaveLength(Math.min(length, most));
      expect(some.slice(0, 1)).toEqual(all.slice(0, 1));
      const gaps = [...some, length].slice(1).map((i, n) => i - (some[n] ?? 0));
      expect(Math.max(0, ...gaps) - Math.min(...(gaps.length === 0 ? [0] : gaps))).toBeLessThanOrEqual(1);
    }),
  );
});

describe('a host', () => {
  test('all of it, read anew each time', () => {
    tree = new Tree({
      'proc/loadavg': '0.50 0.18 0.12 1/80 11206\n',
      'proc/vmstat': `${'nr_something_long 123456\n'.repeat(4000)}pgmajfault 42\n`,
      'proc/pressure/cpu': PRESSURE,
      'proc/pressure/memory': PRESSURE.replace('8625487', '2'),
      'proc/pressure/io': PRESSURE.replace('8625487', '3'),
      ...frequencies(['1000000', '2000000']),
    });
    const context = openHostContext(roots());
    expect(context.read()).toEqual({
      load1: 0.5,
      frequencyMhz: 1500,
      majorFaults: 42n,
      pressureCpuUs: 8_625_487n,
      pressureMemoryUs: 2n,
      pressureIoUs: 3n,
    });
    tree.write('proc/loadavg', '0.75 0.18 0.12 1/80 11206\n');
    tree.write('proc/vmstat', 'pgmajfault 43\n');
    tree.write('sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq', '4000000\n');
    expect(context.read()).toMatchObject({ load1: 0.75, majorFaults: 43n, frequencyMhz: 2500 });
    context.close();
  });

  test('what cannot be read, or is of another form, is left out and not 0', () => {
    tree = new Tree({
      'proc/loadavg': 'hello',
      'proc/vmstat': 'pgmajfault 0\n',
      ...frequencies(['<unknown>']),
    });
    const context = openHostContext(roots());
    expect(context.read()).toEqual({ majorFaults: 0n });
    context.close();
    const nowhere = openHostContext({ proc: '/nonexistent', sys: '/nonexistent' });
    expect(nowhere.read()).toEqual({});
    nowhere.close();
  });

  test('the mean is that of the CPUs that tell theirs; of many CPUs some are asked, all along', () => {
    tree = new Tree(frequencies(['1000000', '<unknown>', '3000000']));
    const few = openHostContext(roots());
    expect(few.read()).toEqual({ frequencyMhz: 2000 });
    few.close();
    tree.remove();
    // CPU number n runs at n + 1 MHz: of 64, each fourth.
    tree = new Tree(frequencies(Array.from({ length: 64 }, (_, cpu) => `${(cpu + 1) * 1000}`)));
    const many = openHostContext(roots());
    expect(many.read()).toEqual({ frequencyMhz: 31 });
    many.close();
  });

  test('this machine’s load is what the system says', () => {
    const context = openHostContext({ proc: '/proc', sys: '/sys' });
    const { load1, majorFaults } = context.read();
    context.close();
    expect(Math.abs((load1 ?? -1) - (loadavg()[0] ?? -2))).toBeLessThan(0.5);
    expect(majorFaults).toBeGreaterThan(0n);
  });
});
