import { cpuModel, modelledEnergyUj } from '../../../src/sources/cpu-model';
import { findCpuPower, parseCpuPower, parseCpuinfo, readCpuPower } from '../../../src/sources/cpu-power';
import { type EnergyMeter, isMissing } from '../../../src/sources/source';
import { Tree } from './tree';

let tree: Tree | undefined;
afterEach(() => tree?.remove());

const SECOND_NS = 1_000_000_000n;

function x86(vendor: string, family: number, model: number, stepping = 1): string {
  return `processor\t: 0\nvendor_id\t: ${vendor}\ncpu family\t: ${family}\nmodel\t\t: ${model}\nmodel name\t: Some CPU\nstepping\t: ${stepping}\nmicrocode\t: 0x1\n\n`;
}
const ARM =
  'processor\t: 0\nBogoMIPS\t: 243.75\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\nCPU revision\t: 1\n\n';

function procStat(busyTicks: number, cpus: number): string {
  const lines = Array.from({ length: cpus }, (_, i) => `cpu${i} 0 0 0 0 0 0 0 0 0 0\n`);
  return `cpu  ${busyTicks} 0 0 0 0 0 0 0 0 0\n${lines.join('')}`;
}

function open(proc: string): EnergyMeter {
  const meter = cpuModel.open({ proc, sys: '/nonexistent', cgroup: '/nonexistent' });
  if (isMissing(meter)) throw new Error(meter.missing);
  return meter;
}

describe('which CPU it is', () => {
  test.each([
    ['x86', x86('AuthenticAMD', 25, 17), 'AuthenticAMD 25 17 1'],
    ['Arm', ARM, '0x41 8 0xd0c 1'],
    ['POWER', 'processor\t: 0\ncpu\t\t: POWER9, altivec supported\nrevision\t: 2.2\n', null],
    ['nothing', '', null],
  ])('%s', (_, text, expected) => {
    const cpu = parseCpuinfo(text);
    expect(cpu && [cpu.vendor, cpu.family, cpu.model, cpu.stepping].join(' ')).toBe(expected);
  });

  test.each([
    ['GenuineIntel', 6, 45, 7, 'Intel Sandy Bridge-EP'],
    ['GenuineIntel', 6, 62, 4, 'Intel Ivy Bridge'],
    ['GenuineIntel', 6, 63, 2, 'Intel Haswell'],
    ['GenuineIntel', 6, 79, 1, 'Intel Broadwell'],
    ['GenuineIntel', 6, 85, 4, 'Intel Skylake-SP'],
    ['GenuineIntel', 6, 85, 7, 'Intel Cascade Lake'],
    ['GenuineIntel', 6, 85, 11, 'Intel Cooper Lake'],
    ['GenuineIntel', 6, 106, 6, 'Intel Ice Lake'],
    ['GenuineIntel', 6, 143, 8, 'Intel Sapphire Rapids'],
    ['GenuineIntel', 6, 207, 2, 'Intel Emerald Rapids'],
    ['AuthenticAMD', 23, 1, 2, 'AMD Zen (Naples)'],
    ['AuthenticAMD', 23, 49, 0, 'AMD Zen 2 (Rome)'],
    ['AuthenticAMD', 25, 1, 1, 'AMD Zen 3 (Milan)'],
    ['AuthenticAMD', 25, 17, 1, 'AMD Zen 4 (Genoa)'],
    ['AuthenticAMD', 25, 160, 2, 'AMD Zen 4c (Bergamo; Siena)'],
    ['AuthenticAMD', 26, 2, 1, 'AMD Zen 5 (Turin)'],
    ['AuthenticAMD', 26, 17, 0, 'AMD Zen 5c (Turin Dense)'],
    ['AuthenticAMD', 99, 1, 0, 'unknown CPU'],
    ['GenuineIntel', 19, 1, 0, 'unknown CPU'],
    ['constructor', 6, 45, 0, 'unknown CPU'],
  ])('%s family %d model %d stepping %d is %s', (vendor, family, model, stepping, expected) => {
    const cpu = parseCpuinfo(x86(vendor, family, model, stepping));
    expect(findCpuPower(readCpuPower(), cpu)?.microarchitecture).toBe(expected);
  });

  test('a CPU that names itself in no known way has the last row', () => {
    expect(findCpuPower(readCpuPower(), null)?.microarchitecture).toBe('unknown CPU');
    expect(findCpuPower(readCpuPower(), parseCpuinfo(ARM))?.microarchitecture).toMatch(/Neoverse N1/);
  });
});

describe('the table', () => {
  test('every row fits the records, ends in one for any CPU and can be reached', () => {
    const table = readCpuPower();
    expect(Object.values(table.at(-1)?.pattern ?? {})).toEqual(['*', '*', '*', '*']);
    for (const row of table) {
      expect(`cpu-model: ${row.microarchitecture}, 12288 CPUs`.length).toBeLessThanOrEqual(64);
      expect(row.fullWPerThread).toBeLessThan(10);
      const [vendor, family, model, stepping] = Object.values(row.pattern).map(
        (pattern: string) => pattern.split(' ')[0]?.split('-').at(-1)?.replace('*', '200') ?? '',
      );
      const example = {
        vendor: vendor ?? '',
        family: family ?? '',
        model: model ?? '',
        stepping: stepping ?? '',
      };
      expect(findCpuPower(table, example)?.microarchitecture).toBe(row.microarchitecture);
    }
  });

  test.each([
    ['too few fields', 'AuthenticAMD,25,1,*,Zen,1,2,measured'],
    ['too many fields', 'AuthenticAMD,25,1,*,Zen, 3,1,2,measured,ccf'],
    ['idle above full', 'AuthenticAMD,25,1,*,Zen,3,2,measured,ccf'],
    ['no number', 'AuthenticAMD,25,1,*,Zen,x,2,measured,ccf'],
    ['no power at all', 'AuthenticAMD,25,1,*,Zen,0,2,measured,ccf'],
  ])('%s: the error names the line', (_, line) => {
    const text = `heading\nA,1,1,*,Zen,1,2,measured,ccf\n${line}\n`;
    expect(() => parseCpuPower(text, 'table.csv')).toThrow(/^table\.csv, line 3: expected nine fields/);
  });

  test('a table that is not there is an error of this installation', () => {
    expect(() => readCpuPower('/nonexistent/cpu-power.csv')).toThrow(
      expect.objectContaining({ code: 'EIT_DATA_FILE' }),
    );
  });
});

describe('energy', () => {
  test.each([
    ['an idle host', 100n, 0n, 200_000_000n],
    ['a busy host', 100n, 400n, 1_000_000_000n],
    ['one of four CPUs busy', 100n, 100n, 400_000_000n],
    ['at boot', 0n, 0n, 0n],
    ['after ten years', 315_360_000n, 630_720_000n, 1_892_160_000_000_000n],
  ])('%s', (_, seconds, busySeconds, expectedUj) => {
    const model = { idleW: 2, fullW: 10, cpus: 4 };
    expect(modelledEnergyUj(model, seconds * SECOND_NS, busySeconds * SECOND_NS)).toBe(expectedUj);
  });

  test('the domain says that it is modelled, and how', () => {
    tree = new Tree({ cpuinfo: x86('AuthenticAMD', 25, 17).repeat(2), stat: procStat(0, 2) });
    const meter = open(tree.dir);
    expect(meter.domains).toEqual([
      {
        name: 'package-0',
        class: 'cpu',
        holds: ['dram'],
        quality: 'modelled',
        source: 'cpu-model: AMD Zen 4 (Genoa), 2 CPUs',
        idlePowerW: 1.48,
        maxPowerW: expect.closeTo(4.56 * 1.1),
      },
    ]);
    meter.close();
  });

  test('an agent that starts anew finds the same counter', () => {
    tree = new Tree({ cpuinfo: x86('AuthenticAMD', 25, 17), stat: procStat(0, 4) });
    const at = (seconds: bigint) => ({ monoNs: seconds * SECOND_NS, wallMs: 0 });
    const first = open(tree.dir);
    expect(first.read(at(10n))).toEqual([29_600_000n]);
    tree.write('stat', procStat(500, 4));
    const second = open(tree.dir);
    const expected = [29_600_000n * 2n + 7_700_000n];
    expect([first.read(at(20n)), second.read(at(20n))]).toEqual([expected, expected]);
    first.close();
    second.close();
  });

  test('a CPU that goes offline changes nothing of what was counted', () => {
    tree = new Tree({ cpuinfo: x86('AuthenticAMD', 25, 17), stat: procStat(0, 4) });
    const meter = open(tree.dir);
    const before = meter.read({ monoNs: 10n * SECOND_NS, wallMs: 0 });
    tree.write('stat', procStat(0, 3));
    expect(meter.read({ monoNs: 10n * SECOND_NS, wallMs: 0 })).toEqual(before);
    meter.close();
  });

  test('what cannot be read is missing and not 0', () => {
    tree = new Tree({ cpuinfo: x86('AuthenticAMD', 25, 17), stat: procStat(0, 4) });
    const meter = open(tree.dir);
    tree.write('stat', 'garbage');
    expect(meter.read({ monoNs: SECOND_NS, wallMs: 0 })).toEqual([{ missing: expect.any(String) }]);
    meter.close();
    const roots = { proc: tree.dir, sys: '/', cgroup: '/' };
    expect(cpuModel.open(roots)).toEqual({
      missing: expect.stringContaining('stat holds "garbage"'),
    });
    tree.remove('cpuinfo');
    expect(cpuModel.open(roots)).toEqual({ missing: expect.stringContaining('cpuinfo: ENOENT') });
  });

  test('this machine has a model', () => {
    const meter = open('/proc');
    const [before] = meter.read({ monoNs: process.hrtime.bigint(), wallMs: 0 });
    const [after] = meter.read({ monoNs: process.hrtime.bigint() + SECOND_NS, wallMs: 0 });
    meter.close();
    const growthJ = Number((after as bigint) - (before as bigint)) / 1e6;
    expect(growthJ).toBeGreaterThanOrEqual(meter.domains[0]?.idlePowerW ?? Infinity);
  });
});
