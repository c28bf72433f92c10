import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pairDies } from '../../../src/sources/amd-dies';
import { type AmdGpuUse, openAmdGpuUse } from '../../../src/sources/amd-gpu-use';
import { parseLocation } from '../../../src/sources/amd-partitions';
import { openAmdgpu } from '../../../src/sources/amdgpu';
import { type EnergyMeter, type Missing, isMissing } from '../../../src/sources/source';
import { amdGpuTable, unitsOf } from './amd-gpu-table';
import { FIXTURES, Tree } from './tree';

const J = 1_000_000n;
const at = (seconds: number) => ({ monoNs: BigInt(Math.round(seconds * 1e9)), wallMs: 0 });
const fixture = (machine: string): string => join(FIXTURES, 'gpu-hwmon', machine, 'sys');

let tree: Tree;
let meter: EnergyMeter | null = null;
afterEach(() => {
  tree?.remove();
  meter?.close();
  meter = null;
});

function open(sys: string): EnergyMeter {
  const opened = openAmdgpu({ sys }, { now: () => 0n });
  if (isMissing(opened)) throw new Error(opened.missing);
  meter = opened;
  return opened;
}

function whyNot(sys: string): string {
  const opened = openAmdgpu({ sys }, { now: () => 0n });
  if (isMissing(opened)) return opened.missing;
  opened.close();
  return `serves ${opened.domains.map(({ name }) => name).join(', ')}`;
}

function values(from: EnergyMeter, seconds: number): Record<string, bigint | Missing> {
  const read = from.read(at(seconds));
  return Object.fromEntries(from.domains.map(({ name }, i) => [name, read[i] ?? { missing: 'no value' }]));
}

interface Card {
  readonly device?: string;
  readonly driver?: string | null;
  readonly class?: string;
  readonly sensors?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

/** Cards on the buses 01, 02, ... */
function host(...cards: readonly Card[]): Tree {
  const made = new Tree();
  cards.forEach(({ device = '744C', driver = 'amdgpu', class: code = '30000', sensors, files = {} }, i) => {
    const dir = `bus/pci/devices/0000:0${i + 1}:00.0`;
    const lines = [
      driver === null ? '' : `DRIVER=${driver}\n`,
      `PCI_CLASS=${code}\n`,
      `PCI_ID=1002:${device}\n`,
    ];
    made.write(`${dir}/uevent`, lines.join(''));
    const inHwmon: Record<string, string> = sensors === undefined ? {} : { name: 'amdgpu\n', ...sensors };
    for (const [name, text] of Object.entries(inHwmon)) made.write(`${dir}/hwmon/hwmon${i}/${name}`, text);
    for (const [name, text] of Object.entries(files)) made.write(`${dir}/${name}`, text);
  });
  return made;
}

const card = (i: number): string => `bus/pci/devices/0000:0${i + 1}:00.0`;
const POWER = { power1_average: '30000000\n', power1_cap: '300000000\n' };

/** Writes a table as it is: its bytes are no text. */
function writeTable(i: number, joules: number, content = 4): void {
  writeFileSync(
    tree.path(`${card(i)}/gpu_metrics`),
    amdGpuTable({ content, bytes: 288, count: unitsOf(joules) }),
  );
}

describe('what a GPU does', () => {
  const USE = { gpu_busy_percent: '25\n', mem_info_vram_used: '1000\n', mem_info_vram_total: '4000\n' };

  test('is the share of its time and its memory, as the driver tells them', () => {
    tree = host({ sensors: POWER, files: USE }, { sensors: POWER });
    open(tree.dir);
    expect(meter?.looks?.().get('gpu-01:00.0')).toMatchObject({
      busyPart: 0.25,
      idlePart: 0,
      memoryBytes: 1000,
    });
    expect(meter?.looks?.().get('gpu-02:00.0')).toMatchObject({
      busyPart: null,
      idlePart: null,
      memoryBytes: null,
    });
    tree.write(`${card(0)}/gpu_busy_percent`, '0\n');
    expect(meter?.looks?.().get('gpu-01:00.0')).toMatchObject({ busyPart: 0, idlePart: 1 });
  });

  test('is not asked for at each look where its firmware hangs: it is left alone as for its energy', () => {
    tree = host({ sensors: POWER, files: USE });
    let nowMs = 0;
    /** How long each look at the clock takes: before a read and after it. */
    let tookMs = 0;
    const opened = openAmdgpu({ sys: tree.dir }, { now: () => BigInt((nowMs += tookMs)) * 1_000_000n });
    if (isMissing(opened)) throw new Error(opened.missing);
    meter = opened;
    const busyPart = (): unknown => meter?.looks?.().get('gpu-01:00.0')?.busyPart;
    tookMs = 300;
    expect(busyPart()).toBe(0.25);
    tookMs = 0;
    tree.write(`${card(0)}/gpu_busy_percent`, '75\n');
    expect(busyPart()).toBeNull();
    nowMs += 28_000;
    expect(busyPart()).toBeNull();
    nowMs += 2_000;
    expect(busyPart()).toBe(0.75);
  });
});

describe('machines', () => {
  test('MI250X: a module is counted once, by its first die, for the two GPUs that it is', () => {
    const { domains } = open(fixture('mi250x'));
    expect(values(meter!, 0)).toEqual({ 'gpu-c1:00.0': 1_234_567n * J, 'gpu-c9:00.0': 1_345_678n * J });
    expect(domains.map(({ accelerators }) => accelerators)).toEqual([2, 2]);
    expect(domains[0]).toEqual({
      name: 'gpu-c1:00.0',
      class: 'gpu',
      quality: 'measured',
      source: 'amdgpu: energy_accumulator',
      maxPowerW: 3000,
      accelerators: 2,
      further: [
        {
          uuid: 'GPU-a1b2c3d4e5f60719',
          pciBusId: '0000:c6:00.0',
          index: 1,
          minor: 129,
          model: 'AMD Instinct MI250X',
        },
      ],
      gpu: {
        uuid: 'GPU-a1b2c3d4e5f60718',
        pciBusId: '0000:c1:00.0',
        index: 0,
        minor: 128,
        model: 'AMD Instinct MI250X',
      },
      note: 'energy of the module: its second die, 0000:c6:00.0, shows none of its own',
    });
    expect(domains[1]?.gpu).toMatchObject({ index: 2, minor: 130 });
  });

  test('MI300X: each by its counter; one in partitions counts for as many GPUs, another is in a PCI domain of its own', () => {
    const { domains } = open(fixture('mi300x'));
    expect(values(meter!, 0)).toEqual({ 'gpu-05:00.0': 9_000_000n * J, 'gpu-0002:00:00.0': 8_000_000n * J });
    expect(domains.map(({ accelerators }) => accelerators)).toEqual([4, 1]);
    for (const domain of domains) expect(domain).not.toHaveProperty('note');
  });

  test('MI300A: the figure is of the whole socket, and says so', () => {
    const { domains } = open(fixture('mi300a'));
    expect(values(meter!, 0)).toEqual({ 'gpu-01:00.0': 1_000_000n * J, 'gpu-0001:01:00.0': 2_000_000n * J });
    for (const domain of domains) {
      expect(domain).toMatchObject({
        holds: ['cpu', 'dram'],
        note: 'the whole socket: CPU cores, GPU and memory',
      });
    }
  });

  test('a Radeon, whose counter’s unit nobody tells: its power, added up; the GPU in the processor is the processor’s', () => {
    const { domains } = open(fixture('radeon'));
    expect(values(meter!, 100)).toEqual({ 'gpu-03:00.0': 0n });
    expect(values(meter!, 110)).toEqual({ 'gpu-03:00.0': 310n * J });
    expect(domains).toMatchObject([
      {
        source: 'amdgpu: power1_average',
        isIntegrated: true,
        accelerators: 1,
        gpu: { uuid: null, model: 'AMD GPU 1002:744c' },
        note: 'the driver’s means of power, added up; not served: 0000:0f:00.0: it is inside a processor, whose own counter holds it',
      },
    ]);
  });
});

describe('which counter', () => {
  test('power of the moment, where no mean is told', () => {
    tree = host({ sensors: { power1_input: '50000000\n', power1_cap: '1\n' } });
    open(tree.dir);
    values(meter!, 0);
    expect(values(meter!, 10)).toEqual({ 'gpu-01:00.0': 500n * J });
    expect(meter!.domains[0]).toMatchObject({
      source: 'amdgpu: power1_input',
      note: 'power of the moment, added up',
    });
  });

  test('power, where the counter of a GPU that should have one holds 0', () => {
    tree = host({ device: '74A1', sensors: POWER });
    writeTable(0, 0);
    open(tree.dir);
    expect(meter!.domains[0]?.source).toBe('amdgpu: power1_average');
  });

  test('that of a GPU that sleeps is told by its kind, and it is not woken', () => {
    tree = host({ device: '74A1', sensors: POWER, files: { 'power/runtime_status': 'suspended\n' } });
    writeTable(0, 5);
    open(tree.dir);
    const asleep = { missing: expect.stringMatching(/^the GPU sleeps .*reading would wake it$/) };
    expect(values(meter!, 0)).toEqual({ 'gpu-01:00.0': asleep });
    tree.write(`${card(0)}/power/runtime_status`, 'active\n');
    expect(values(meter!, 10)).toEqual({ 'gpu-01:00.0': 5n * J });
    tree.write(`${card(0)}/power/runtime_status`, 'suspended\n');
    expect(values(meter!, 20)).toEqual({ 'gpu-01:00.0': asleep });
  });

  test('a reading that fails is missing, and the next may work', () => {
    tree = host({ device: '74A1', sensors: POWER }, { sensors: POWER });
    writeTable(0, 5);
    open(tree.dir);
    values(meter!, 0);
    writeTable(0, 0);
    tree.write(`${card(1)}/hwmon/hwmon1/power1_average`, '\x1b[31m\n');
    expect(values(meter!, 10)).toEqual({
      'gpu-01:00.0': { missing: expect.stringContaining('holds 0 J') },
      'gpu-02:00.0': { missing: expect.stringContaining('holds "\\u001b[31m\\n", not microwatts') },
    });
    writeTable(0, 7);
    tree.write(`${card(1)}/hwmon/hwmon1/power1_average`, '30000000\n');
    expect(values(meter!, 20)).toEqual({ 'gpu-01:00.0': 7n * J, 'gpu-02:00.0': 600n * J });
  });
});

describe('dies', () => {
  test.each([
    ['in turns', [1, 0, 1, 0], 'two each'],
    ['second first', [0, 1, 0, 1], 'two each'],
    ['with a second one hidden', [1, 0, 1], 'one each'],
    ['with a first one hidden', [0, 1, 0], 'one each'],
  ])('%s', (_, joules, expected) => {
    tree = host(...joules.map(() => ({ device: '7408', class: '38000' })));
    joules.forEach((each, i) => writeTable(i, each, 3));
    const { domains } = open(tree.dir);
    expect(domains).toHaveLength(joules.filter((each) => each > 0).length);
    const accelerators = new Set(domains.map((domain) => domain.accelerators));
    expect([...accelerators]).toEqual([expected === 'two each' ? 2 : 1]);
    if (expected === 'one each') {
      expect(domains[0]?.note).toBe('energy of the module: which its second die is is not known');
    }
  });

  test('by power, where there is no counter', () => {
    tree = host(
      { device: '740C', sensors: POWER },
      { device: '740C', sensors: { ...POWER, power1_average: '0\n' } },
    );
    expect(open(tree.dir).domains).toMatchObject([{ name: 'gpu-01:00.0', accelerators: 2 }]);
  });

  test('second ones alone are no GPU to measure', () => {
    tree = host({ device: '7408' });
    writeTable(0, 0, 3);
    expect(whyNot(tree.dir)).toMatch(/only second dies/);
  });

  test('pairs are there only where all are', () => {
    expect(pairDies(['a', 'b'], ['c', 'd'])).toEqual(['c', 'd']);
    expect(pairDies(['a', 'b'], ['c'])).toEqual([null, null]);
  });
});

describe('a host that is not served says why', () => {
  test('no PCI, no GPU, another maker’s', () => {
    expect(whyNot('/nonexistent')).toBe('no GPU of AMD below /nonexistent/bus/pci/devices');
    expect(whyNot(fixture('intel-max'))).toMatch(/^no GPU of AMD below /);
  });

  test.each<[string, Card, string]>([
    ['no driver', { driver: null }, 'no driver is loaded for it (amdgpu)'],
    ['given to a virtual machine', { driver: 'vfio-pci' }, 'the driver vfio-pci has it, not amdgpu'],
    ['no figures', {}, 'amdgpu shows neither its energy nor its power, as of a virtual function'],
    [
      'maybe inside a processor',
      { sensors: { power1_input: '1\n' } },
      'nothing tells it from one inside a processor, whose own counter holds it (no gpu_metrics, no power1_cap)',
    ],
  ])('%s', (_, one, reason) => {
    tree = host(one, one);
    expect(whyNot(tree.dir)).toBe(`0000:01:00.0, 0000:02:00.0: ${reason}`);
  });

  test('of many the first few', () => {
    tree = host(...Array.from({ length: 7 }, () => ({ driver: null })));
    expect(whyNot(tree.dir)).toBe(
      '0000:01:00.0, 0000:02:00.0, 0000:03:00.0, 0000:04:00.0 and 3 more: no driver is loaded for it (amdgpu)',
    );
  });

  test('devices of AMD that are no GPU, and files that are nonsense', () => {
    tree = host({ class: '40300' }, { class: 'X' }, { device: '\x1b]0;x\x07' });
    expect(whyNot(tree.dir)).toMatch(/^no GPU of AMD/);
  });

  test('hostile text of firmware is fit for a record', () => {
    tree = host({
      sensors: POWER,
      files: { product_name: `\x1b[2J${'x'.repeat(500)}\n`, unique_id: '../..\n' },
    });
    const [domain] = open(tree.dir).domains;
    expect(domain?.gpu).toEqual({
      uuid: null,
      pciBusId: '0000:01:00.0',
      index: 0,
      minor: null,
      model: `?[2J${'x'.repeat(60)}`,
    });
  });
});

describe('use', () => {
  const readUse = (sys: string, pciBusId: string): AmdGpuUse => {
    const files = openAmdGpuUse(sys, pciBusId, () => 0n);
    try {
      return files.read();
    } finally {
      files.close();
    }
  };

  test('part of the time and memory', () => {
    expect(readUse(fixture('mi250x'), '0000:c1:00.0')).toEqual({
      utilization: 0.87,
      memory: { usedBytes: 17_179_869_184, totalBytes: 68_702_699_520 },
    });
  });

  test('what is not told or nonsense is missing', () => {
    tree = host({
      files: { gpu_busy_percent: '101\n', mem_info_vram_used: '-5\n', mem_info_vram_total: '9\n' },
    });
    expect(readUse(tree.dir, '0000:01:00.0')).toEqual({
      utilization: { missing: expect.stringContaining('not a percentage') },
      memory: { missing: expect.stringContaining('not a number') },
    });
    tree.remove(`${card(0)}/gpu_busy_percent`);
    expect(readUse(tree.dir, '0000:01:00.0').utilization).toEqual({
      missing: expect.stringContaining('ENOENT'),
    });
  });

  test('a GPU that sleeps is not woken', () => {
    tree = host({ files: { gpu_busy_percent: '5\n', 'power/runtime_status': 'suspended\n' } });
    const asleep = { missing: expect.stringContaining('the GPU sleeps') };
    expect(readUse(tree.dir, '0000:01:00.0')).toEqual({ utilization: asleep, memory: asleep });
  });
});

test.each([
  ['simd_count 440\nlocation_id 49408\ndomain 0\n', '0000:c1:00.0'],
  ['simd_count 440\nlocation_id 1283\ndomain 2\n', '0002:05:00.0'],
  ['simd_count 440\nlocation_id 3\ndomain 65536\n', '10000:00:00.0'],
  ['simd_count 440\nlocation_id 805355776\ndomain 0\n', '0000:c1:00.0'],
  ['cpu_cores_count 64\nsimd_count 0\nlocation_id 0\ndomain 0\n', null],
  ['', null],
])('location in %j', (text, expected) => {
  expect(parseLocation(text)).toBe(expected);
});
