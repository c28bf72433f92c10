import type { GpuSnapshot } from '../../../src/sources/gpu';
import { type GpuFeed, nvidiaSource } from '../../../src/sources/nvidia';
import { type EnergyMeter, type SourceSettings, isMissing } from '../../../src/sources/source';
import { gpuReading, nanoseconds, snapshot } from './gpu-readings';
import { SETTINGS } from './settings';
import { Tree } from './tree';

/** A feed that a test gives its readings by hand. */
class HandFeed implements GpuFeed {
  readonly calls: string[] = [];
  problem: string | null = null;
  onSnapshot: (snapshot: GpuSnapshot) => void = () => undefined;
  start = (): void => void this.calls.push('start');
  hasEnded = true;
  stop = (): Promise<boolean> => {
    this.calls.push('stop');
    return Promise.resolve(this.hasEnded);
  };
  readNow = (): void => void this.calls.push('now');
}

const DRIVER = { 'driver/nvidia/version': 'NVRM version: NVIDIA UNIX x86_64 Kernel Module  590.48.01\n' };
let feed: HandFeed;
let tree: Tree;
beforeEach(() => {
  feed = new HandFeed();
  tree = new Tree(DRIVER);
});
afterEach(() => tree.remove());

function open(gpu: Partial<SourceSettings['gpu']> = {}, nvidiaSmi = 'nvidia-smi') {
  const source = nvidiaSource((onSnapshot) => {
    feed.onSnapshot = onSnapshot;
    return feed;
  });
  const roots = { sys: '/sys', proc: tree.dir, cgroup: '/sys/fs/cgroup' };
  return source.open(roots, { ...SETTINGS, nvidia_smi: nvidiaSmi, gpu: { ...SETTINGS.gpu, ...gpu } });
}

function opened(gpu: Partial<SourceSettings['gpu']> = {}): EnergyMeter {
  const meter = open(gpu);
  if (isMissing(meter)) throw new Error(meter.missing);
  return meter;
}

const read = (meter: EnergyMeter, atS: number) => meter.read({ monoNs: nanoseconds(atS), wallMs: 0 });
const counted = (joules: number, of = {}) => gpuReading({ energyMillijoules: joules * 1000, ...of });

describe('on a host', () => {
  test('without NVIDIA’s driver it serves nothing, and says why', () => {
    tree.remove('driver');
    expect(open()).toEqual({
      missing: `no driver of NVIDIA is loaded: ${tree.dir}/driver/nvidia/version is not there`,
    });
  });

  test('a program that the site names by its path is asked all the same', () => {
    tree.remove('driver');
    expect(open({}, '/opt/site/nvidia-smi')).toHaveProperty('domains', []);
  });

  test('it can be switched off', () => {
    expect(open({ nvidia: 'none' })).toEqual({ missing: 'switched off (gpu.nvidia: none)' });
  });
});

describe('GPUs are read', () => {
  test('only while a run has some', () => {
    const meter = opened();
    expect(feed.calls).toEqual([]);
    meter.want!(true);
    meter.want!(true);
    expect(feed.calls).toEqual(['start']);
    meter.want!(false);
    expect(feed.calls).toEqual(['start', 'stop']);
    meter.close();
  });

  test('all the time with watch: always', () => {
    const meter = opened({ watch: 'always' });
    meter.want!(false);
    expect(feed.calls).toEqual(['start']);
    meter.close();
    expect(feed.calls).toEqual(['start', 'stop']);
  });

  test('what they drew while nobody read them is nobody’s: after a pause the counter is missing until it is read again', () => {
    const meter = opened();
    meter.want!(true);
    feed.onSnapshot(snapshot(1, [counted(100)], 'nvml'));
    expect(read(meter, 1)).toEqual([100_000_000n]);
    meter.want!(false);
    expect(read(meter, 2)).toEqual([{ missing: 'not read: no job with GPUs runs here (gpu.watch: jobs)' }]);
    meter.want!(true);
    expect(read(meter, 3)).toEqual([{ missing: 'the GPU was not read yet' }]);
    feed.onSnapshot(snapshot(4, [counted(900)], 'nvml'));
    expect(read(meter, 4)).toEqual([900_000_000n]);
  });

  test('a snapshot that comes late, after the end, is not taken', () => {
    const meter = opened();
    feed.onSnapshot(snapshot(1, [counted(100)]));
    expect(meter.domains).toEqual([]);
  });
});

describe('a domain a GPU', () => {
  test('named by its PCI bus id, with what it may be known by', () => {
    const meter = opened();
    meter.want!(true);
    feed.onSnapshot(snapshot(1, [counted(5), gpuReading({ pciBusId: '0001:c1:00.0', index: 1 })], 'nvml'));
    expect(meter.domains).toMatchObject([
      {
        name: 'gpu-01:00.0',
        class: 'gpu',
        quality: 'measured',
        source: 'nvml',
        gpu: { uuid: 'GPU-513536b6-7d19-9063-b049-1e69664bb298', index: 0, minor: 0, driver: '590.48.01' },
      },
      { name: 'gpu-0001:c1:00.0', isIntegrated: true },
    ]);
  });

  test('stays when the GPU drops out, and is missing', () => {
    const meter = opened();
    const other = { pciBusId: '0000:02:00.0', uuid: 'GPU-2', index: 1 };
    meter.want!(true);
    feed.onSnapshot(snapshot(1, [counted(5), counted(7, other)], 'nvml'));
    feed.onSnapshot(snapshot(2, [counted(8, { ...other, index: 0 })], 'nvml'));
    expect(meter.domains.map(({ name }) => name)).toEqual(['gpu-01:00.0', 'gpu-02:00.0']);
    expect(read(meter, 2)).toEqual([{ missing: 'the driver does not list the GPU any more' }, 8_000_000n]);
    expect(meter.domains[1]!.gpu).toMatchObject({ uuid: 'GPU-2', index: 0 });
    feed.onSnapshot(snapshot(3, [counted(6), counted(9, other)], 'nvml'));
    expect(read(meter, 3)).toEqual([6_000_000n, 9_000_000n]);
  });

  test('is missing with the feed’s reason where nothing comes', () => {
    const meter = opened();
    meter.want!(true);
    feed.onSnapshot(snapshot(1, [counted(5)]));
    feed.problem = 'nvidia-smi does not answer';
    expect(read(meter, 30)).toEqual([{ missing: 'nvidia-smi does not answer' }]);
  });

  test('more GPUs than a host can have are not taken: names that keep changing fill no memory', () => {
    const meter = opened();
    meter.want!(true);
    for (let i = 0; i < 300; i++) {
      const bus = i.toString(16).padStart(4, '0');
      feed.onSnapshot(snapshot(1 + i / 100, [counted(5, { pciBusId: `${bus}:01:00.0` })]));
    }
    expect(meter.domains).toHaveLength(128);
  });
});

test('let go, they are not read whoever wants them, until they are taken again', async () => {
  const meter = opened();
  meter.want!(true);
  feed.onSnapshot(snapshot(1, [counted(5)]));
  await meter.release!(true);
  meter.want!(true);
  expect(read(meter, 2)).toEqual([{ missing: 'let go (eit gpu release)' }]);
  await meter.release!(false);
  expect(feed.calls).toEqual(['start', 'stop', 'start']);
  expect(read(meter, 3)).toEqual([{ missing: 'the GPU was not read yet' }]);
});

test('what does not end is told, also to who asks again', async () => {
  const meter = opened();
  meter.want!(true);
  feed.hasEnded = false;
  expect(await meter.release!(true)).toBe(false);
  expect(await meter.release!(true)).toBe(false);
});

test('a reading at once is waited for, and given up when the feed is stopped', async () => {
  const meter = opened();
  await meter.refresh!();
  expect(feed.calls).toEqual([]);
  meter.want!(true);
  feed.onSnapshot(snapshot(1, [counted(5)], 'nvml'));
  let isDone = false;
  const first = meter.refresh!().then(() => (isDone = true));
  await Promise.resolve();
  expect(isDone).toBe(false);
  feed.onSnapshot(snapshot(2, [counted(5)], 'nvml'));
  await first;
  const second = meter.refresh!();
  meter.want!(false);
  await second;
  expect(feed.calls).toEqual(['start', 'now', 'now', 'stop']);
});

test('nvidia-smi, which goes by a clock of its own, is not waited for', async () => {
  const meter = opened();
  meter.want!(true);
  feed.onSnapshot(snapshot(1, [gpuReading()]));
  await meter.refresh!();
  expect(feed.calls).toEqual(['start']);
});

test('looks tell what the GPUs did since the last one', () => {
  const meter = opened();
  meter.want!(true);
  feed.onSnapshot(snapshot(1, [gpuReading({ utilization: 0 })]));
  feed.onSnapshot(snapshot(2, [gpuReading({ utilization: 0 })]));
  feed.onSnapshot(snapshot(3, [gpuReading({ utilization: 1 })]));
  expect(meter.looks!().get('gpu-01:00.0')).toMatchObject({ busyPart: 0.5, idlePart: 0.5 });
});
