import { join } from 'node:path';
import { differenceCounter } from '../../../src/attribution/counter';
import { openIntelGpu } from '../../../src/sources/intel-gpu';
import { type EnergyMeter, type Missing, isMissing } from '../../../src/sources/source';
import { FIXTURES, Tree } from './tree';

const J = 1_000_000n;
const fixture = (machine: string): string => join(FIXTURES, 'gpu-hwmon', machine, 'sys');
const CARD = 'bus/pci/devices/0000:3b:00.0';

let tree: Tree;
let meter: EnergyMeter | null = null;
afterEach(() => {
  tree?.remove();
  meter?.close();
  meter = null;
});

function open(sys: string): EnergyMeter {
  const opened = openIntelGpu({ sys }, { now: () => 0n });
  if (isMissing(opened)) throw new Error(opened.missing);
  meter = opened;
  return opened;
}

function whyNot(sys: string): string {
  const opened = openIntelGpu({ sys }, { now: () => 0n });
  if (isMissing(opened)) return opened.missing;
  opened.close();
  return `serves ${opened.domains.map(({ name }) => name).join(', ')}`;
}

function values(): Record<string, bigint | Missing> {
  const read = meter!.read({ monoNs: 0n, wallMs: 0 });
  return Object.fromEntries(meter!.domains.map(({ name }, i) => [name, read[i] ?? { missing: 'no value' }]));
}

/** A card of xe, and what its sensors hold. */
function card(sensors: Readonly<Record<string, string>> | null, driver: string | null = 'xe'): Tree {
  const made = new Tree();
  made.write(
    `${CARD}/uevent`,
    `${driver === null ? '' : `DRIVER=${driver}\n`}PCI_CLASS=38000\nPCI_ID=8086:0BDA\n`,
  );
  for (const [name, text] of Object.entries(sensors === null ? {} : { name: `${driver}\n`, ...sensors })) {
    made.write(`${CARD}/hwmon/hwmon2/${name}`, text);
  }
  return made;
}

describe('machines', () => {
  test('Max (xe): the card, which holds its package; where only that is told the package', () => {
    const { domains } = open(fixture('intel-max'));
    expect(values()).toEqual({ 'gpu-3b:00.0': 905_000n * J, 'gpu-9a:00.0': 712_000n * J });
    expect(domains).toEqual([
      {
        name: 'gpu-3b:00.0',
        class: 'gpu',
        quality: 'measured',
        source: 'intel_gpu: xe energy1',
        maxPowerW: 1000,
        maxEnergyUj: 262_144n * J,
        accelerators: 1,
        gpu: { uuid: null, pciBusId: '0000:3b:00.0', index: 0, minor: 128, model: 'Intel GPU 8086:0bda' },
      },
      expect.objectContaining({
        source: 'intel_gpu: xe energy2',
        note: 'of the GPU’s package: the driver tells nothing of the rest of the card',
      }),
    ]);
  });

  test('Arc (i915): the device; its tiles are within it, and the GPU in the processor is in the package', () => {
    const { domains } = open(fixture('intel-arc'));
    expect(values()).toEqual({ 'gpu-03:00.0': 48_123_456_789n });
    expect(domains).toMatchObject([{ source: 'intel_gpu: i915 energy1', gpu: { index: 1, minor: 129 } }]);
    expect(domains[0]).not.toHaveProperty('note');
  });
});

describe('which counter', () => {
  test.each([
    [
      'card at 0, package that counts',
      { energy1_input: '0\n', energy1_label: 'card\n', energy2_input: '7\n', energy2_label: 'pkg\n' },
      7n,
    ],
    [
      'labels the other way round',
      { energy1_input: '7\n', energy1_label: 'pkg\n', energy2_input: '9\n', energy2_label: 'card\n' },
      9n,
    ],
    ['without a label, as at first', { energy1_input: '5\n' }, 5n],
    [
      'beside one of memory alone',
      { energy1_input: '3\n', energy1_label: 'vram\n', energy2_input: '4\n', energy2_label: 'pkg\n' },
      4n,
    ],
  ])('%s', (_, sensors, expected) => {
    tree = card(sensors);
    open(tree.dir);
    expect(values()).toEqual({ 'gpu-3b:00.0': expected });
  });

  test('a reading that fails or is nonsense is missing, and the next may work', () => {
    tree = card({ energy1_input: '5\n' });
    open(tree.dir);
    const input = `${CARD}/hwmon/hwmon2/energy1_input`;
    for (const [text, reason] of [
      ['-1\n', 'not a number'],
      ['0\n', 'holds 0 J'],
      ['\x1b[2J', 'not a number'],
    ]) {
      tree.write(input, text!);
      expect(values()).toEqual({ 'gpu-3b:00.0': { missing: expect.stringContaining(reason!) } });
    }
    tree.write(input, '6\n');
    expect(values()).toEqual({ 'gpu-3b:00.0': 6n });
  });

  test('a card that sleeps is not read, neither to choose', () => {
    tree = card({
      energy1_input: '0\n',
      energy1_label: 'card\n',
      energy2_input: '7\n',
      energy2_label: 'pkg\n',
    });
    tree.write(`${CARD}/power/runtime_status`, 'suspended\n');
    expect(open(tree.dir).domains[0]?.source).toBe('intel_gpu: xe energy1');
    expect(values()).toEqual({ 'gpu-3b:00.0': { missing: expect.stringContaining('the GPU sleeps') } });
  });
});

test('a gap in which the hardware may have counted past its 32 bits is nobody’s; a shorter one is growth', () => {
  tree = card({ energy1_input: '5\n' });
  const [domain] = open(tree.dir).domains;
  const after = (seconds: number, joules: number) =>
    differenceCounter(
      domain!,
      { energyUj: 1_000_000n * J, monoNs: 0n },
      { energyUj: (1_000_000n + BigInt(joules)) * J, monoNs: BigInt(seconds) * 1_000_000_000n },
    );
  expect(after(60, 36_000)).toEqual({ kind: 'growth', energyUj: 36_000_000_000, wrapped: false });
  expect(after(3600, 36_000)).toEqual({ kind: 'ambiguous' });
  expect(after(10, -900_000)).toEqual({ kind: 'reset' });
});

describe('a host that is not served says why', () => {
  test('no GPU of Intel', () => {
    expect(whyNot('/nonexistent')).toBe('no GPU of Intel below /nonexistent/bus/pci/devices');
    expect(whyNot(fixture('mi250x'))).toMatch(/^no GPU of Intel below /);
  });

  const none =
    'it has no counter of its own: one inside a processor is in the package’s, an older driver (before Linux 6.2) shows none';
  test.each<[string, Readonly<Record<string, string>> | null, string | null, string]>([
    ['no sensors', null, 'i915', none],
    ['those of a tile alone', { name: 'i915_gt0\n', energy1_input: '1\n' }, 'i915', none],
    ['no energy', { power1_max: '1\n' }, 'xe', 'xe shows no energy of it'],
    ['no driver', null, null, 'no driver is loaded for it (i915 or xe)'],
    ['given to a virtual machine', null, 'vfio-pci', 'the driver vfio-pci has it, not i915 or xe'],
  ])('%s', (_, sensors, driver, reason) => {
    tree = card(sensors, driver);
    expect(whyNot(tree.dir)).toBe(`0000:3b:00.0: ${reason}`);
  });
});
