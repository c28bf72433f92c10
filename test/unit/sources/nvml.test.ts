import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GpuReading, GpuSnapshot } from '../../../src/sources/gpu';
import { type Nvml, openNvml } from '../../../src/sources/nvml';
import { loadKoffi, openNvmlLibrary } from '../../../src/sources/nvml-library';
import { type Missing, isMissing } from '../../../src/sources/source';
import {
  NvmlStub,
  type StubAge,
  StubBuilds,
  energyMillijoulesAt,
  gpuLine,
  gpuUuid,
} from '../../nvml-stub/nvml-stub';

const builds = new StubBuilds();
afterAll(() => builds.remove());

let stub: NvmlStub | null;
let nvml: Nvml | null;
let warnings: string[];
beforeEach(() => {
  warnings = [];
  stub = null;
  nvml = null;
});
afterEach(() => {
  nvml?.close();
  stub?.remove();
});

const monoNow = (): bigint => process.hrtime.bigint();
const now = (): { monoNs: bigint; wallMs: number } => ({ monoNs: monoNow(), wallMs: Date.now() });

function tryOpen(lines: readonly string[], age?: StubAge): Nvml | Missing {
  stub = new NvmlStub(builds, lines, age);
  const koffi = orThrow(loadKoffi());
  const library = openNvmlLibrary(koffi, stub.library);
  return isMissing(library) ? library : openNvml(library, (text) => warnings.push(text));
}

function open(lines: readonly string[], age?: StubAge): Nvml {
  nvml = orThrow(tryOpen(lines, age));
  return nvml;
}

function whyNot(lines: readonly string[]): string {
  const opened = tryOpen(lines);
  if (!isMissing(opened)) throw new Error('it serves');
  return opened.missing;
}

function orThrow<T>(value: T | Missing): T {
  if (isMissing(value)) throw new Error(value.missing);
  return value;
}

function only({ gpus: [gpu, ...others] }: GpuSnapshot): GpuReading {
  if (gpu === undefined || others.length > 0) throw new Error('not one GPU');
  return gpu;
}

function readOne(lines: readonly string[], age?: StubAge): GpuReading {
  return only(open(lines, age).read(now));
}

const IDLE = ['state 0 0 85899345920 1048576 0 1'];
const ONE = [gpuLine(0), 'energy 0 300000', 'power 0 301000 299000 305000', ...IDLE];

describe('what a GPU shows', () => {
  test('all of it, as the library tells it', () => {
    const snapshot = open([
      gpuLine(0),
      gpuLine(1),
      'energy 0 300000',
      'energy 1 70000',
      'power 0 301000 299000 305000',
      'power 1 70000',
      'state 0 87 85899345920 42949672960 2 44',
      'state 1 0 85899345920 1048576 8 1',
      'process 0 c 4242 1073741824 30 50',
    ]).read(now);
    expect(snapshot).toMatchObject({ source: 'nvml', driver: '550.54.15' });
    expect(snapshot.gpus).toEqual([
      {
        uuid: gpuUuid(0),
        pciBusId: '0000:1b:00.0',
        index: 0,
        minor: 7,
        model: 'NVIDIA H100 80GB HBM3',
        power: { powerW: 299, averagedMs: 1000 },
        energyMillijoules: expect.any(Number),
        utilization: 0.87,
        memory: { usedBytes: 42949672960, totalBytes: 85899345920 },
        performanceState: 2,
        throttling: ['sw_power_cap', 'hw_thermal_slowdown'],
        processes: [{ pid: 4242, smPart: expect.closeTo(0.4), memoryBytes: 1073741824, instance: null }],
        instances: null,
      },
      expect.objectContaining({
        uuid: gpuUuid(1),
        pciBusId: '0000:1c:00.0',
        index: 1,
        minor: 6,
        power: { powerW: 70, averagedMs: 1000 },
        utilization: 0,
        performanceState: 8,
        throttling: [],
        processes: [],
      }),
    ]);
  });

  test('the energy counter to the millijoule, as it was right after the time of the snapshot', () => {
    const opened = open([gpuLine(0), 'energy 0 300000', ...IDLE]);
    for (let times = 0; times < 100; times += 1) {
      const snapshot = opened.read(now);
      const after = monoNow();
      const { energyMillijoules } = only(snapshot);
      expect(energyMillijoules).toBeGreaterThanOrEqual(energyMillijoulesAt(snapshot.monoNs, 300_000));
      expect(energyMillijoules).toBeLessThanOrEqual(energyMillijoulesAt(after, 300_000));
    }
  });

  test('a counter that stands still in between shows its last step', () => {
    const stepNs = 50_000_000n;
    const opened = open([gpuLine(0), 'energy 0 700000', `energy_step ${stepNs}`, ...IDLE]);
    const step = (monoNs: bigint): number => energyMillijoulesAt(monoNs - (monoNs % stepNs), 700_000);
    const seen = Array.from({ length: 200 }, () => {
      const snapshot = opened.read(now);
      return { value: only(snapshot).energyMillijoules, steps: [step(snapshot.monoNs), step(monoNow())] };
    });
    for (const { value, steps } of seen) expect(steps).toContain(value);
  });

  test('a counter that begins again, as after the driver was loaded anew', () => {
    const opened = open(ONE);
    const before = only(opened.read(now)).energyMillijoules;
    stub?.show([gpuLine(0), `energy 0 300000 ${monoNow()}`, ...IDLE]);
    const after = only(opened.read(now)).energyMillijoules;
    expect(Number(after)).toBeLessThan(Number(before));
  });

  test.each([
    ['7.5', 'Tesla T4', 0],
    ['8.0', 'NVIDIA A100-SXM4-80GB', 0],
    ['8.6', 'NVIDIA A40', 1000],
    ['8.9', 'NVIDIA L40S', 1000],
    ['9.0', 'NVIDIA H100 80GB HBM3', 1000],
    ['10.0', 'NVIDIA B200', 1000],
  ])(
    'power without fields of its own: capability %s (%s) is a mean over %d ms',
    (capability, model, averagedMs) => {
      const reading = readOne([gpuLine(0, capability, model), 'power 0 123456', ...IDLE]);
      expect(reading.model).toBe(model);
      expect(reading.power).toEqual({ powerW: 123.456, averagedMs });
    },
  );

  test('power of the moment, where the driver has no mean', () => {
    const reading = readOne([gpuLine(0, '8.0'), 'power 0 90000 0 95000', ...IDLE]);
    expect(reading.power).toEqual({ powerW: 95, averagedMs: 0 });
  });

  test('power that no GPU draws is none', () => {
    const reading = readOne([gpuLine(0), 'power 0 4294967 4294967000 0', ...IDLE]);
    expect(reading.power).toEqual({ missing: 'the driver says 4294967 W, which no GPU draws' });
  });

  test.each([
    ['3000000', { powerW: 3000, averagedMs: 1000 }],
    ['3000001', { missing: 'the driver says 3000.001 W, which no GPU draws' }],
  ])('%s mW', (milliwatts, power) => {
    expect(readOne([gpuLine(0), `power 0 ${milliwatts}`, ...IDLE]).power).toEqual(power);
  });

  test.each([
    ['new', '9.0'],
    ['old', '7.0'],
  ] as const)('power of 0 W is none, of a library that is %s', (age, capability) => {
    const reading = readOne([gpuLine(0, capability), 'zero 0', ...IDLE], age);
    expect(reading.power).toEqual({ missing: 'the driver says 0 W: it does not measure' });
  });

  test('where the mean is 0 W, the power of the moment is taken', () => {
    const reading = readOne([gpuLine(0), 'zero 0', 'power 0 90000 0 95000', ...IDLE]);
    expect(reading.power).toEqual({ powerW: 95, averagedMs: 0 });
  });

  test('an energy counter that stands at 0 while power is drawn is none', () => {
    const opened = open([gpuLine(0), 'energy 0 0', 'power 0 90000', ...IDLE]);
    expect(only(opened.read(now))).not.toHaveProperty('energyMillijoules');
    stub?.show(ONE);
    expect(only(opened.read(now)).energyMillijoules).toBeGreaterThan(0);
  });

  test('where no power is told either, nobody knows whether a counter at 0 counts', () => {
    const reading = readOne([gpuLine(0), 'energy 0 0', ...IDLE]);
    expect(reading.energyMillijoules).toEqual({ missing: 'the energy counter says 0' });
  });
});

describe('what is not told is not made up', () => {
  test('a GPU that supports next to nothing', () => {
    const names = ['UtilizationRates', 'MemoryInfo', 'PerformanceState', 'MinorNumber', 'MigMode'];
    const reading = readOne([
      gpuLine(0, '7.0'),
      ...names.map((name) => `fail nvmlDeviceGet${name} 3`),
      'fail nvmlDeviceGetCurrentClocksThrottleReasons 3',
      'fail nvmlDeviceGetComputeRunningProcesses_v3 4',
    ]);
    expect(reading).toEqual({
      uuid: gpuUuid(0),
      pciBusId: '0000:1b:00.0',
      index: 0,
      minor: null,
      model: 'NVIDIA H100 80GB HBM3',
      power: { missing: 'this GPU does not tell it (NVML status 3, "Some Error")' },
      utilization: null,
      memory: null,
      performanceState: null,
      throttling: null,
      processes: null,
      instances: null,
    });
  });

  test('an unknown performance state (32), and more than all of the time', () => {
    const reading = readOne([gpuLine(0), 'state 0 101 85899345920 0 32 0']);
    expect(reading).toMatchObject({ performanceState: null, utilization: null });
  });

  test('an energy counter that fails now is missing, not absent', () => {
    const reading = readOne([...ONE, 'fail nvmlDeviceGetTotalEnergyConsumption 999']);
    expect(reading.energyMillijoules).toEqual({ missing: 'NVML status 999, "Some Error"' });
  });

  test('an energy counter beyond what is exact', () => {
    const reading = readOne([gpuLine(0), `energy 0 18000000000000000000 ${monoNow()}`, ...IDLE]);
    expect(reading.energyMillijoules).toEqual({ missing: 'the energy counter has no value' });
  });

  test('an old library: no counter, no fields, no MIG, processes without their use', () => {
    const reading = readOne(
      [gpuLine(0, '7.0', 'Tesla V100-SXM2-32GB'), 'power 0 250000', ...IDLE, 'process 0 c 77 1024 10 20'],
      'old',
    );
    expect(reading).not.toHaveProperty('energyMillijoules');
    expect(reading).toMatchObject({
      pciBusId: '0000:1b:00.0',
      model: 'Tesla V100-SXM2-32GB',
      power: { powerW: 250, averagedMs: 0 },
      processes: [{ pid: 77, smPart: null, memoryBytes: 1024, instance: null }],
      throttling: [],
      instances: null,
    });
  });
});

describe('processes', () => {
  const PROCESSES = ['process 0 c 100 1000 20 40', 'process 0 c 200 18446744073709551615 0 0'];

  test.each([16, 24, 32])('entries of %d bytes are read, whatever the version of the function', (bytes) => {
    const reading = readOne([...ONE, `process_bytes ${bytes}`, ...PROCESSES]);
    expect(reading.processes).toEqual([
      { pid: 100, smPart: expect.closeTo(0.3), memoryBytes: 1000, instance: null },
      { pid: 200, smPart: 0, memoryBytes: null, instance: null },
    ]);
  });

  test('one that computes and draws is one; clients of MPS are there', () => {
    const reading = readOne([
      ...ONE,
      'process 0 c 100 1000 20 20',
      'process 0 g 100 1000 20 20',
      'process 0 m 300 2000 5 5',
    ]);
    expect(reading.processes?.map(({ pid }) => pid)).toEqual([100, 300]);
  });

  test('more than there was room for', () => {
    const many = Array.from({ length: 300 }, (_, index) => `process 0 c ${1000 + index} 4096 1 1`);
    const reading = readOne([...ONE, ...many]);
    expect(reading.processes).toHaveLength(300);
    expect(reading.processes?.at(-1)).toEqual({ pid: 1299, smPart: 0.01, memoryBytes: 4096, instance: null });
  });

  test('asked again at once, the driver has no new samples: what they said before holds', () => {
    const opened = open([...ONE, ...PROCESSES]);
    const first = now();
    opened.read(() => first);
    stub?.show([...ONE, ...PROCESSES, 'process 0 c 300 1000 90 90']);
    expect(only(opened.read(() => first)).processes).toMatchObject([
      { pid: 100, smPart: expect.closeTo(0.3) },
      { pid: 200, smPart: 0 },
      { pid: 300, smPart: null },
    ]);
  });

  test('each sample counts once', () => {
    const opened = open([...ONE, ...PROCESSES]);
    const first = now();
    opened.read(() => first);
    stub?.show([...ONE, 'process 0 c 100 1000 80 60']);
    const [process] = only(opened.read(() => ({ ...first, wallMs: first.wallMs + 1000 }))).processes ?? [];
    // The later of the two is new for sure; the earlier is, where the test itself was held up.
    expect([60, 70]).toContain(Math.round((process?.smPart ?? 0) * 100));
  });
});

describe('MIG', () => {
  const GIB = 2 ** 30;
  const PARTITIONED = [
    ...ONE,
    `mig 0 MIG-11111111-aaaa-bbbb-cccc-0123456789ab 1 0 60 ${40 * GIB} ${GIB}`,
    `mig 0 MIG-22222222-aaaa-bbbb-cccc-0123456789ab 5 0 32 ${20 * GIB} ${2 * GIB}`,
    'process 0 c 100 1000 20 40 5 0',
  ];

  test('the instances, and in which one a process runs', () => {
    expect(readOne(PARTITIONED)).toMatchObject({
      power: { powerW: 299 },
      utilization: null,
      processes: [{ pid: 100, smPart: null, instance: { gpu: 5, compute: 0 } }],
      instances: [
        {
          uuid: 'MIG-11111111-aaaa-bbbb-cccc-0123456789ab',
          index: 1,
          gpu: 1,
          compute: 0,
          multiprocessors: 60,
          memory: { usedBytes: GIB, totalBytes: 40 * GIB },
        },
        {
          uuid: 'MIG-22222222-aaaa-bbbb-cccc-0123456789ab',
          index: 2,
          gpu: 5,
          compute: 0,
          multiprocessors: 32,
          memory: { usedBytes: 2 * GIB, totalBytes: 20 * GIB },
        },
      ],
    });
  });

  test('a GPU that is partitioned anew', () => {
    const opened = open(PARTITIONED);
    opened.read(now);
    stub?.show([...ONE, `mig 0 MIG-33333333-aaaa-bbbb-cccc-0123456789ab 9 0 14 ${10 * GIB} 0`]);
    expect(only(opened.read(now)).instances).toMatchObject([{ gpu: 9, multiprocessors: 14 }]);
    stub?.show(ONE);
    expect(only(opened.read(now)).instances).toBeNull();
  });
});

describe('trouble', () => {
  const TWO = [gpuLine(0), gpuLine(1), 'energy 0 1000', 'energy 1 2000', 'power 0 100000', 'power 1 200000'];

  test('a GPU that falls off the bus has no power, and the others are read', () => {
    const opened = open(TWO);
    stub?.show([...TWO, 'lost 0']);
    const [lost, other] = opened.read(now).gpus;
    expect(lost).toMatchObject({
      uuid: gpuUuid(0),
      power: { missing: expect.stringContaining('the GPU has fallen off the bus') },
      energyMillijoules: { missing: expect.stringContaining('NVML status 15, "GPU is lost"') },
      processes: null,
      memory: null,
    });
    expect(other).toMatchObject({ uuid: gpuUuid(1), power: { powerW: 200, averagedMs: 1000 } });
    stub?.show(TWO);
    expect(opened.read(now).gpus[0]).toMatchObject({ power: { powerW: 100 } });
  });

  test('one that was lost before is told of, and the others are read', () => {
    const opened = open([...TWO, 'lost 0']);
    expect(warnings).toEqual([
      expect.stringMatching(/^the GPU at position 0 of NVML's list cannot be read: .*fallen off the bus/),
    ]);
    expect(opened.read(now).gpus).toMatchObject([{ uuid: gpuUuid(1), index: 1 }]);
  });

  describe('is looked for again each minute', () => {
    let minute: number;
    beforeEach(() => {
      minute = 0;
    });
    const at = (): { monoNs: bigint; wallMs: number } => ({
      monoNs: BigInt(Math.round(minute * 60e9)),
      wallMs: minute * 60_000,
    });
    const readAt = (opened: Nvml, toMinute: number): readonly GpuReading[] => {
      minute = toMinute;
      return opened.read(at).gpus;
    };
    const powers = (gpus: readonly GpuReading[]): unknown[] =>
      gpus.map(({ index, power }) => [index, 'powerW' in power ? power.powerW : null]);

    test('one that was lost at the start, and not sooner; the others are read all the time', () => {
      const opened = open([...TWO, 'lost 0']);
      expect(powers(readAt(opened, 0))).toEqual([[1, 200]]);
      stub?.show(TWO);
      expect(powers(readAt(opened, 0.99))).toEqual([[1, 200]]);
      expect(powers(readAt(opened, 1))).toEqual([
        [0, 100],
        [1, 200],
      ]);
      expect(stub?.inits).toHaveLength(1);
    });

    test('one that is lost until the library is initialised anew', () => {
      const opened = open([...TWO, 'sticky']);
      readAt(opened, 0);
      stub?.show([...TWO, 'sticky', 'lost 0']);
      expect(powers(readAt(opened, 0.5))).toEqual([
        [0, null],
        [1, 200],
      ]);
      stub?.show([...TWO, 'sticky']);
      expect(powers(readAt(opened, 0.9))[0]).toEqual([0, null]);
      expect(powers(readAt(opened, 1))).toEqual([
        [0, 100],
        [1, 200],
      ]);
      expect([stub?.inits.length, stub?.shutdowns.length]).toEqual([2, 1]);
    });

    test('one that stays lost is told of with its reason, and disturbs the others less and less', () => {
      const opened = open(TWO);
      readAt(opened, 0);
      stub?.show([...TWO, 'lost 0']);
      readAt(opened, 0.5);
      for (let each = 1; each <= 32; each += 1) {
        const gpus = readAt(opened, each);
        expect(new Set(gpus.map(({ uuid }) => uuid))).toEqual(new Set([gpuUuid(0), gpuUuid(1)]));
        expect(gpus.find(({ index }) => index === 0)).toMatchObject({
          pciBusId: '0000:1b:00.0',
          power: { missing: expect.stringContaining('fallen off the bus') },
          processes: null,
        });
        expect(gpus.find(({ index }) => index === 1)?.power).toEqual({ powerW: 200, averagedMs: 1000 });
      }
      // After 1, 3, 7, 15 and 31 minutes.
      expect(stub?.inits).toHaveLength(6);
      stub?.show(TWO);
      readAt(opened, 32.5);
      expect(powers(readAt(opened, 33))).toEqual([
        [0, 100],
        [1, 200],
      ]);
    });

    test('another GPU where there are more now, and one that was taken out is gone', () => {
      const opened = open([...TWO]);
      readAt(opened, 0);
      const three = [...TWO, gpuLine(2), 'power 2 300000'];
      stub?.show(three);
      readAt(opened, 0.5);
      expect(readAt(opened, 1).map(({ index }) => index)).toEqual([0, 1, 2]);
      stub?.show(TWO);
      readAt(opened, 1.5);
      expect(readAt(opened, 2).map(({ index }) => index)).toEqual([0, 1]);
    });

    test('the library itself, where it could not be initialised', () => {
      const opened = open(TWO);
      readAt(opened, 0);
      stub?.show([...TWO, 'lost 0', 'fail nvmlInit_v2 9']);
      readAt(opened, 0.5);
      expect(powers(readAt(opened, 1))).toEqual([
        [0, null],
        [1, null],
      ]);
      expect(warnings.at(-1)).toMatch(/^NVIDIA's driver is not loaded/);
      stub?.show(TWO);
      readAt(opened, 2);
      expect(powers(readAt(opened, 3))).toEqual([
        [0, 100],
        [1, 200],
      ]);
    });
  });

  test.each<[string, string[], RegExp]>([
    ['no driver', ['fail nvmlInit_v2 9'], /^NVIDIA's driver is not loaded: modprobe nvidia, or install it/],
    [
      'an update of the driver without reboot',
      ['fail nvmlInit_v2 18'],
      /of another version than the driver in the kernel, as after an update: reboot, or unload .*status 18, "Driver\/library version mismatch"/,
    ],
    ['a cgroup that denies devices', ['fail nvmlInit_v2 17'], /keeps the agent from the GPU/],
    ['an error nobody knows', ['fail nvmlInit_v2 4711'], /^NVML status 4711, "Some Error"$/],
    ['no GPU', [], /^NVIDIA's driver shows no GPU$/],
    ['only a lost one', [gpuLine(0), 'lost 0'], /^the GPU at position 0 .*fallen off the bus/],
  ])('why it serves nothing: %s', (_name, lines, words) => {
    expect(whyNot(lines)).toMatch(words);
  });

  test('what was opened is shut down, also where it serves nothing', () => {
    whyNot([]);
    expect(stub?.shutdowns).toHaveLength(1);
    stub?.remove();
    open(ONE).close();
    nvml = null;
    expect(stub?.shutdowns).toHaveLength(1);
  });
});

describe('the library', () => {
  const koffi = loadKoffi();

  test('is not there', () => {
    stub = new NvmlStub(builds, []);
    const missing = openNvmlLibrary(orThrow(koffi), join(stub.dir, 'other.so'));
    expect(missing).toEqual({
      missing: expect.stringMatching(
        /^the library of NVIDIA's driver cannot be loaded \(.*other\.so: .*No such file.*\): install the driver/,
      ),
    });
  });

  test('is no library', () => {
    stub = new NvmlStub(builds, []);
    writeFileSync(stub.library, 'hello');
    expect(openNvmlLibrary(orThrow(koffi), stub.library)).toEqual({
      missing: expect.stringContaining('cannot be loaded'),
    });
  });

  test('could be replaced by someone else', () => {
    stub = new NvmlStub(builds, []);
    chmodSync(stub.library, 0o777);
    expect(openNvmlLibrary(orThrow(koffi), stub.library)).toEqual({
      missing: expect.stringContaining('someone else could replace'),
    });
  });

  test('is named by a relative path', () => {
    expect(openNvmlLibrary(orThrow(koffi), 'libnvidia-ml.so.1')).toEqual({
      missing: 'libnvidia-ml.so.1 is not an absolute path',
    });
  });

  test('koffi is not installed', () => {
    const missing = loadKoffi(() => {
      throw new Error("Cannot find module 'koffi'\nRequire stack:\n- /opt/eit/dist/eit-gpu.js");
    });
    expect(missing).toEqual({
      missing:
        "NVML is called through the package koffi, which cannot be loaded: Cannot find module 'koffi'; install it in the folder of EIT (npm install koffi)",
    });
  });
});
