import type { GpuSnapshot } from '../../../src/sources/gpu';
import { NvmlReader } from '../../../src/sources/nvml-reader';
import type { Instant } from '../../../src/sources/source';

const NS_PER_MS = 1_000_000n;

/** Reads by a clock of the test's own: each reading takes as long as `readingMs` says by its number. */
class Readings {
  readonly timesMs: number[] = [];
  readonly reader: NvmlReader;
  isClosed = false;
  /** It is stopped by who takes this reading. */
  stopAt = Infinity;
  #nowNs = 123_456_789n;

  constructor(intervalMs: number, readingMs: (index: number) => number) {
    const startNs = this.#nowNs;
    const read = (now: () => Instant): GpuSnapshot => {
      const { monoNs } = now();
      this.timesMs.push(Number(monoNs - startNs) / 1e6);
      this.#nowNs += BigInt(Math.round(readingMs(this.timesMs.length - 1) * 1e6));
      return { monoNs, source: 'nvml', driver: '1', gpus: [] };
    };
    const close = (): void => {
      this.isClosed = true;
    };
    const onSnapshot = (): void => {
      if (this.timesMs.length === this.stopAt) this.reader.stop();
    };
    const events = { onSnapshot, onProblem: () => undefined, onWarning: () => undefined };
    this.reader = new NvmlReader({ read, close }, intervalMs, events, () => ({
      monoNs: this.#nowNs,
      wallMs: 0,
    }));
  }

  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 1) {
      this.#nowNs += NS_PER_MS;
      jest.advanceTimersByTime(1);
    }
  }
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('reads at the multiples of the interval, however long a reading takes', () => {
  const readings = new Readings(970, () => 7.3);
  readings.reader.start();
  readings.pass(970 * 100);
  expect(readings.timesMs.length).toBeGreaterThanOrEqual(100);
  readings.timesMs.forEach((timeMs, index) => {
    expect(timeMs - index * 970).toBeGreaterThanOrEqual(0);
    expect(timeMs - index * 970).toBeLessThanOrEqual(2);
  });
});

test('leaves out the times that a slow reading has missed, and makes up for none', () => {
  const readings = new Readings(100, (index) => (index === 2 ? 350 : 0));
  readings.reader.start();
  readings.pass(1000);
  expect(readings.timesMs.map((timeMs) => Math.floor(timeMs / 100))).toEqual([
    0, 1, 2, 6, 7, 8, 9, 10, 11, 12, 13,
  ]);
});

test('a reading in between does not shift the others', () => {
  const readings = new Readings(100, () => 0);
  readings.reader.start();
  readings.pass(150);
  readings.reader.readNow();
  readings.pass(100);
  expect(readings.timesMs.map(Math.floor)).toEqual([0, 101, 150, 201]);
});

test('stopped, it reads no more and gives the GPUs back', () => {
  const readings = new Readings(100, () => 0);
  readings.reader.start();
  readings.reader.stop();
  readings.pass(500);
  expect(readings.timesMs).toEqual([0]);
  expect(readings.isClosed).toBe(true);
});

test.each([1, 3])('stopped by who takes reading %d, it reads no more', (number) => {
  const readings = new Readings(100, () => 0);
  readings.stopAt = number;
  readings.reader.start();
  readings.pass(1000);
  expect(readings.timesMs).toHaveLength(number);
});
