import { readdirSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { fitWall } from '../../../src/attribution/calibration';
import { type Burner, type Measuring, measureIdle, measureLoads } from '../../../src/cli/calibrate-measure';
import { type CalibrationReport, calibrationJson, calibrationText } from '../../../src/cli/calibrate-result';
import { run } from '../../../src/cli/calibrate';
import { CpuBurner } from '../../../src/cli/cpu-burner';
import { Output } from '../../../src/cli/output';
import { PowerIntegral } from '../../../src/sources/power-integral';
import { TerminalLine } from '../../../src/cli/terminal-line';
import type { EnergyDomain, EnergyMeter, Missing } from '../../../src/sources/source';
import { until } from '../../cluster/until';
import { Tree } from '../sources/tree';

/** A host whose power, jobs and clock the test decides: time passes only while somebody sleeps. */
class FakeHost implements Measuring {
  readonly notes: string[] = [];
  readonly shown: string[] = [];
  readonly stop = new AbortController();
  readonly signal = this.stop.signal;
  seconds = 0;
  #energyUj: bigint[];
  #busyNs = 0n;

  constructor(
    readonly domains: readonly EnergyDomain[],
    /** Power (W) of each domain in the second that begins now. */
    readonly powersW: (second: number) => readonly number[],
    readonly jobs: (second: number) => readonly string[] = () => [],
    readonly more: {
      readonly missing?: (second: number, domain: number) => string | null;
      readonly busyPart?: number;
    } = {},
  ) {
    this.#energyUj = domains.map(() => 0n);
  }

  get meters(): EnergyMeter[] {
    const read = (): (bigint | Missing)[] =>
      this.#energyUj.map((uj, i) => {
        const missing = this.more.missing?.(this.seconds, i) ?? null;
        return missing === null ? uj : { missing };
      });
    return [{ domains: this.domains, read, close: () => undefined }];
  }

  now() {
    return { monoNs: BigInt(this.seconds) * 1_000_000_000n, wallMs: this.seconds * 1000 };
  }

  sleep(ms: number): Promise<void> {
    const from = this.seconds;
    this.seconds += ms / 1000;
    for (let second = from; second < this.seconds; second++) {
      const powersW = this.powersW(second);
      this.#energyUj = this.#energyUj.map((uj, i) => uj + BigInt(Math.round((powersW[i] ?? 0) * 1e6)));
      this.#busyNs += BigInt(Math.round((this.more.busyPart ?? 0) * 4e9));
    }
    return Promise.resolve();
  }

  busy() {
    const none = { niceNs: 0n, iowaitNs: 0n, stealNs: 0n, guestNs: 0n, byCpu: null };
    return { ...none, busyNs: this.#busyNs, cpus: 4 };
  }

  runningJobs(): readonly string[] {
    return this.jobs(this.seconds);
  }

  note(text: string): void {
    this.notes.push(text);
  }

  show(text: string): void {
    this.shown.push(text);
  }
}

const domain = (name: string, more: Partial<EnergyDomain> = {}): EnergyDomain => ({
  name,
  class: 'cpu',
  quality: 'measured',
  source: 'powercap',
  maxPowerW: 2000,
  ...more,
});
const PACKAGE = domain('package-0');
const NODE = domain('node', { class: 'whole', isNode: true });

/**
 * A host whose node, the last of its domains, is asked each 10 s; the answer comes 4 s later and is of the moment when it
 * was asked. What comes of the power of each second is added up by the source's own integral.
 */
class SlowNodeHost extends FakeHost {
  readonly #integral = new PowerIntegral(40_000_000_000n);

  override get meters(): EnergyMeter[] {
    return super.meters.map((meter) => ({
      ...meter,
      read: (at) => [...meter.read(at).slice(0, -1), this.#integral.energyUjAt(at.monoNs)],
    }));
  }

  override async sleep(ms: number): Promise<void> {
    const askedW = this.seconds % 10 === 4 ? this.#askedW : null;
    if (this.seconds % 10 === 0) this.#askedW = this.powersW(this.seconds).at(-1) ?? 0;
    if (askedW !== null) this.#integral.add(askedW, this.now().monoNs);
    await super.sleep(ms);
  }

  #askedW = 0;
}
const SLOW_NODE: EnergyDomain = { ...NODE, isIntegrated: true, lagS: 20, maxPowerW: 1e7 };
const between = (from: number, to: number) => (second: number) => second >= from && second < to;

describe('idle measuring', () => {
  test('takes windows of 10 s until they are as long together as was asked for', async () => {
    const host = new FakeHost([PACKAGE, domain('dram-0', { class: 'dram' })], () => [40, 6]);
    const { samples, missing } = await measureIdle(host, { idleS: 60, waitS: 0 });
    expect(host.seconds).toBe(60);
    expect(samples.get('package-0')).toEqual(Array.from({ length: 6 }, () => ({ powerW: 40, seconds: 10 })));
    expect(samples.get('dram-0')).toHaveLength(6);
    expect(missing.size).toBe(0);
    expect(host.notes).toEqual([]);
    expect(host.shown.at(-1)).toBe('idle power, 0 min 0 s left  package-0 40.0 W  dram-0 6.0 W');
  });

  test('a job that comes ends its window and is waited for; nothing of its power, nor of what follows it, counts', async () => {
    const isJob = between(25, 47);
    const host = new FakeHost(
      [PACKAGE],
      // Its power comes before it is seen, and goes later.
      (second) => [between(24, 56)(second) ? 300 : 40],
      (second) => (isJob(second) ? ['job 12', 'job 13'] : []),
    );
    const { samples } = await measureIdle(host, { idleS: 60, waitS: 60 });
    expect(samples.get('package-0')).toEqual(Array.from({ length: 6 }, () => ({ powerW: 40, seconds: 10 })));
    expect(host.notes).toEqual([
      'job 12, job 13 on this host: waiting until nothing runs',
      'nothing runs any more: measuring goes on in 10 s',
    ]);
    // Two windows, the job and 10 s of rest after it was last seen at 46 s, four windows.
    expect(host.seconds).toBe(46 + 10 + 40);
  });

  test('jobs that are there at the start are waited for too', async () => {
    const host = new FakeHost(
      [PACKAGE],
      () => [40],
      (second) => (second < 30 ? ['job 1'] : []),
    );
    expect((await measureIdle(host, { idleS: 10, waitS: 60 })).samples.get('package-0')).toHaveLength(1);
    expect(host.notes).toHaveLength(2);
    expect(host.shown[0]).toBe('waiting for job 1');
  });

  test('gives up where the host does not become idle', async () => {
    const host = new FakeHost(
      [PACKAGE],
      () => [40],
      () => ['job 1'],
    );
    await expect(measureIdle(host, { idleS: 60, waitS: 120 })).rejects.toMatchObject({
      code: 'EIT_CALIBRATION',
      message: expect.stringContaining('idle for 0 s of the 60 s needed') as string,
    });
    expect(host.seconds).toBeLessThan(200);
  });

  test('ends where a counter cannot be read, and says why', async () => {
    const host = new FakeHost(
      [PACKAGE, domain('package-1')],
      () => [40, 40],
      () => [],
      {
        missing: (second, i) => (i === 1 && second > 12 ? 'cannot read energy_uj: EIO' : null),
      },
    );
    const { samples, missing } = await measureIdle(host, { idleS: 40, waitS: 0 });
    expect(samples.get('package-0')).toHaveLength(4);
    expect(samples.get('package-1')).toHaveLength(1);
    expect(missing).toEqual(new Map([['package-1', 'cannot read energy_uj: EIO']]));
  });

  test('what the node draws beside its counted domains is other', async () => {
    const domains = [PACKAGE, domain('psys', { class: 'whole' }), NODE];
    const { samples } = await measureIdle(new FakeHost(domains, () => [40, 70, 150]), {
      idleS: 10,
      waitS: 0,
    });
    expect(samples.get('other')).toEqual([{ powerW: 110, seconds: 10 }]);
  });

  test('a node that answers late is given time to come down after a job', async () => {
    const isJob = between(60, 200);
    const host = new SlowNodeHost(
      [PACKAGE, SLOW_NODE],
      (second) => (isJob(second) ? [300, 450] : [40, 100]),
      (second) => (isJob(second) ? ['job 1'] : []),
    );
    const { samples } = await measureIdle(host, { idleS: 120, waitS: 600 });
    expect(host.notes.at(-1)).toBe('nothing runs any more: measuring goes on in 70 s');
    const powersW = (samples.get('node') ?? []).map(({ powerW }) => powerW);
    // The first window began before the first answer came.
    expect(powersW).toHaveLength(11);
    for (const powerW of powersW) expect(powerW).toBeCloseTo(100, 3);
  });

  test('tells how busy others kept the CPUs in the windows', async () => {
    const isJob = between(5, 9);
    const host = new FakeHost(
      [PACKAGE],
      () => [40],
      (second) => (isJob(second) ? ['job 1'] : []),
      {
        busyPart: 0.25,
      },
    );
    expect((await measureIdle(host, { idleS: 30, waitS: 60 })).busyPart).toBeCloseTo(0.25, 9);
  });

  test('stops when it is told to', async () => {
    const host = new FakeHost(
      [PACKAGE],
      () => [40],
      (second) => {
        if (second === 13) host.stop.abort();
        return [];
      },
    );
    await expect(measureIdle(host, { idleS: 60, waitS: 0 })).rejects.toThrow('aborted');
    expect(host.seconds).toBe(14);
  });
});

describe('loads', () => {
  class FakeBurner implements Burner {
    readonly asked: number[] = [];
    busy = 0;
    stops = 0;
    burn(cpus: number): void {
      this.asked.push(cpus);
      this.busy = cpus;
    }
    stop(): Promise<void> {
      this.busy = 0;
      this.stops += 1;
      return Promise.resolve();
    }
  }
  const loaded = (burner: FakeBurner, jobs?: (second: number) => readonly string[]) => {
    let since = 0;
    let busy = 0;
    return new FakeHost(
      [PACKAGE, NODE],
      (second) => {
        if (busy !== burner.busy) [since, busy] = [second, burner.busy];
        // Power comes to rest some seconds after the load has changed.
        const counted = 40 + 10 * burner.busy + (second - since < 8 ? 500 : 0);
        return [counted, 1.5 * counted + 80];
      },
      jobs,
    );
  };

  test('are five, measured once power has come to rest, and give back the line', async () => {
    const burner = new FakeBurner();
    const points = await measureLoads(loaded(burner), burner, 16);
    expect(points).toEqual(
      [0, 4, 8, 12, 16].map((cpus) => ({ countedW: 40 + 10 * cpus, wallW: 1.5 * (40 + 10 * cpus) + 80 })),
    );
    expect(fitWall(points as { countedW: number; wallW: number }[])).toMatchObject({
      slope: expect.closeTo(1.5, 9) as number,
      offsetW: expect.closeTo(80, 6) as number,
    });
    expect(burner).toMatchObject({ asked: [0, 4, 8, 12, 16], stops: 1, busy: 0 });
  });

  test('are measured once a node that answers late has told of them', async () => {
    const burner = new FakeBurner();
    const host = new SlowNodeHost([PACKAGE, SLOW_NODE], () => {
      const counted = 40 + 10 * burner.busy;
      return [counted, 1.5 * counted + 80];
    });
    while (host.seconds < 21) await host.sleep(1000);
    const points = await measureLoads(host, burner, 16);
    expect(fitWall(points as { countedW: number; wallW: number }[])).toMatchObject({
      slope: expect.closeTo(1.5, 6) as number,
      offsetW: expect.closeTo(80, 3) as number,
    });
    // Five times 10 s of rest, the node's lag and what is measured.
    expect(host.seconds).toBe(21 + 5 * (10 + 20 + 20));
  });

  test('a host of two CPUs has three', async () => {
    const burner = new FakeBurner();
    expect(await measureLoads(loaded(burner), burner, 2)).toHaveLength(3);
  });

  test('a job that comes ends them at once', async () => {
    const burner = new FakeBurner();
    const host = loaded(burner, (second) => (second >= 40 ? ['job 9'] : []));
    expect(await measureLoads(host, burner, 4)).toEqual({ missing: 'job 9 came to this host' });
    expect({ seconds: host.seconds, stops: burner.stops, busy: burner.busy }).toEqual({
      seconds: 40,
      stops: 1,
      busy: 0,
    });
  });

  test('being stopped ends them too', async () => {
    const burner = new FakeBurner();
    const host = loaded(burner, (second) => {
      if (second === 33) host.stop.abort();
      return [];
    });
    await expect(measureLoads(host, burner, 4)).rejects.toThrow('aborted');
    expect(burner.busy).toBe(0);
    expect(burner.stops).toBe(1);
  });

  test('are made by threads that use CPU time at the lowest priority, and are gone afterwards', async () => {
    const threads = (): number => readdirSync('/proc/self/task').length;
    const before = threads();
    const burner = new CpuBurner();
    const { user } = process.cpuUsage();
    burner.burn(1);
    await until('CPU time to be used', 30_000, () => process.cpuUsage().user - user > 300_000 || undefined);
    await burner.stop();
    await until('the threads to end', 30_000, () => threads() <= before || undefined);
  });
});

describe('what is printed', () => {
  const report: CalibrationReport = {
    calibration: {
      version: 2,
      tool: '0.1.0',
      host: 'n1',
      at: '2026-05-01T10:00:00.000Z',
      domains: { 'package-0': { idle_w: 41.26, seconds: 600.2, samples: 60, percentile: 10 } },
      wall: { slope: 1.2, offset_w: 90, points: 5, r2: 0.998, at: '2026-04-01T00:00:00.000Z' },
    },
    missing: { 'dram-0\u001b[2J': 'the counter stands still' },
    busyPart: 0.01,
    previous: {
      version: 1,
      tool: '0.1.0',
      host: 'n1',
      at: '2026-01-01T00:00:00.000Z',
      domains: {
        'package-0': { idle_w: 44, seconds: 600, samples: 60, percentile: 10 },
        'package-1': { idle_w: 43, seconds: 600, samples: 60, percentile: 10 },
      },
    },
    written: '/var/lib/eit/calibration.json',
    isShort: false,
  };

  test('a table with the old values, and why a domain has none', () => {
    expect([...calibrationText(report)].join('')).toBe(
      [
        'Domain     Idle W  Windows  Old W',
        'package-0    41.3       60   44.0',
        'package-1       -        -   43.0',
        '',
        'Node power = 1.2 x counted power + 90 W (5 loads on 2026-04-01, r2 0.998).',
        'dram-0\\u{1b}[2J: the counter stands still',
        'Written to /var/lib/eit/calibration.json as version 2; the agent takes it up at its next reading.',
        '',
      ].join('\n'),
    );
  });

  test('a busy host, a short time and a dry run are said so', () => {
    const text = [...calibrationText({ ...report, busyPart: 0.4, isShort: true, written: null })].join('');
    expect(text).toContain('used 40 % of the CPUs');
    expect(text).toContain('too short to rely on');
    expect(text).toContain('Nothing is written');
  });

  test('for programs the file itself, and the rest beside it', () => {
    expect(calibrationJson(report)).toMatchObject({
      ...report.calibration,
      previous: { version: 1 },
      written: '/var/lib/eit/calibration.json',
      too_short_to_rely_on: false,
    });
  });
});

describe('the line on a terminal', () => {
  const screen = (isTTY: boolean) => {
    let text = '';
    const stderr = new PassThrough();
    stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    Object.assign(stderr, { isTTY, columns: 20 });
    const output = new Output('eit', new PassThrough() as never, stderr as never as WriteStream);
    return { line: new TerminalLine(output), text: () => text };
  };

  test('is written over, cut to the width, and taken away for what stays', () => {
    const { line, text } = screen(true);
    line.show('a line that is far too long for this');
    line.note('something happened');
    line.clear();
    expect(text()).toBe('\r\x1b[Ka line that is far+\r\x1b[Keit: something happened\n');
  });

  test('is not there where there is no terminal', () => {
    const { line, text } = screen(false);
    line.show('progress');
    line.note('something happened');
    line.clear();
    expect(text()).toBe('eit: something happened\n');
  });
});

describe('options', () => {
  let tree: Tree;
  beforeEach(() => {
    tree = new Tree();
    const paths = { sys: tree.path('sys'), proc: tree.path('proc'), cgroup: tree.path('cgroup') };
    tree.write('eit.yaml', JSON.stringify({ roots: paths, var_dir: tree.path('var') }));
  });
  afterEach(() => tree.remove());
  const calibrate = (argv: Record<string, unknown>): Promise<number> => {
    const stream = new PassThrough() as never as WriteStream;
    const output = new Output('eit', stream, stream);
    return run({ config: tree.path('eit.yaml'), ...argv }, { env: {}, output, uid: 0, userName: 'root' });
  };

  test.each([
    [{ minutes: '0.5' }, 'less than 1 minute says nothing about a host'],
    [{ minutes: '0', 'force-short': true }, '--minutes: "0" is no number'],
    [{ minutes: '-1' }, '--minutes: "-1" is no number'],
    [{ minutes: '1e3' }, '--minutes: "1e3" is no number'],
    [{ minutes: 'ten' }, '--minutes: "ten" is no number'],
    [{ minutes: '100000' }, '--minutes: "100000" is no number'],
    [{ wait: 'x' }, '--wait: "x" is no number'],
  ])('%j is refused', async (argv, message) => {
    await expect(calibrate(argv)).rejects.toMatchObject({
      code: 'EIT_USAGE',
      message: expect.stringContaining(message) as string,
    });
  });

  test('a host that nothing measures has nothing to calibrate, with the reasons', async () => {
    await expect(calibrate({})).rejects.toMatchObject({
      code: 'EIT_CALIBRATION',
      message: expect.stringMatching(
        /no counter of this host measures energy.*\n {2}powercap: no powercap/s,
      ) as string,
    });
  });
});
