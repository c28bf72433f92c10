import type { GpuReading, GpuSnapshot } from '../../../src/sources/gpu';
import { counterOf, growthJ, samplingJ, tableOf } from '../../gpu/measurement';

function snapshot(atS: number, powerW: number, energyMillijoules: number): GpuSnapshot {
  const gpu = { power: { powerW, averagedMs: 0 }, energyMillijoules } as unknown as GpuReading;
  return { monoNs: BigInt(atS * 1e9), source: 'nvml', driver: '1', gpus: [gpu] };
}

const SNAPSHOTS = [snapshot(10, 100, 5000), snapshot(12, 300, 405_000), snapshot(13, 300, 705_000)];

test('a counter grows in straight lines between its readings; power added up is the area', () => {
  const counter = counterOf(SNAPSHOTS, 'counter');
  expect(growthJ(counter, 10_000_000_000n, 13_000_000_000n)).toBe(700);
  expect(growthJ(counter, 11_000_000_000n, 12_500_000_000n)).toBe(350);
  expect(growthJ(counterOf(SNAPSHOTS, 'power'), 10_000_000_000n, 13_000_000_000n)).toBe(700);
});

test('of a time in which it was not read nothing is said', () => {
  const counter = counterOf(SNAPSHOTS, 'counter');
  expect(() => growthJ(counter, 9_000_000_000n, 12_000_000_000n)).toThrow('not read yet');
  expect(() => growthJ(counter, 11_000_000_000n, 14_000_000_000n)).toThrow('not read for so long');
});

test('what power did between two readings is bounded by half of each change times its length', () => {
  expect(samplingJ(SNAPSHOTS)).toBe(200);
});

test('the table has a line a way, with what it is off by', () => {
  const row = { way: 'NVML', periodMs: 970, readings: 3, energyJ: 99, counterJ: 100, allowedJ: 2 };
  expect(tableOf('A GPU', [row]).split('\n').slice(-2)).toEqual([
    '| NVML | 970 | 3 | 99.0 | 100.0 | -1.00 % | 2.00 % |',
    '',
  ]);
});
