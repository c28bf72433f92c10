import fc from 'fast-check';
import { GpuEnergy } from '../../../src/sources/gpu-energy';
import { gpuReading, nanoseconds } from './gpu-readings';

const counted = (joules: number) => gpuReading({ energyMillijoules: joules * 1000 });
const drawing = (powerW: number, averagedMs = 0) => gpuReading({ power: { powerW, averagedMs } });

let energy: GpuEnergy;
beforeEach(() => (energy = new GpuEnergy(10_000_000_000n)));

const at = (seconds: number) => energy.energyUjAt(nanoseconds(seconds));

test('before the first reading nothing is known', () => {
  expect(at(1)).toEqual({ missing: 'the GPU was not read yet' });
  expect(energy.isIntegrated).toBeNull();
});

test('the driver’s counter is taken as it is, to the millijoule, until the next reading', () => {
  energy.add(counted(123_456.789), nanoseconds(1));
  expect(at(1)).toBe(123_456_789_000n);
  expect(at(1.9)).toBe(123_456_789_000n);
  energy.add(counted(123_556.79), nanoseconds(2));
  expect(at(2)).toBe(123_556_790_000n);
  expect(energy.isIntegrated).toBe(false);
});

test('for the moment in which a run begins or ends the counter goes on as it did, and waits where that was too much', () => {
  energy.add(counted(100), nanoseconds(1));
  energy.add(counted(400), nanoseconds(2));
  expect(at(3)).toBe(400_000_000n);
  const awaited = (seconds: number) => energy.energyUjAt(nanoseconds(seconds), true);
  expect(awaited(3)).toBe(700_000_000n);
  energy.add(counted(500), nanoseconds(3));
  expect(at(3)).toBe(700_000_000n);
  energy.add(counted(900), nanoseconds(4));
  expect(at(4)).toBe(900_000_000n);
  energy.add(counted(3), nanoseconds(5));
  expect(awaited(5)).toBe(3_000_000n);
  // Of one reading alone by its power, 100 W.
  expect(awaited(6)).toBe(103_000_000n);
});

test('a counter that begins anew is shown as it is: who takes differences tells a reset', () => {
  energy.add(counted(500), nanoseconds(1));
  energy.add(counted(3), nanoseconds(2));
  expect(at(2)).toBe(3_000_000n);
});

test('power is added up along straight lines, and held after the last reading', () => {
  for (const [seconds, watts] of [
    [0, 100],
    [1, 200],
    [2, 200],
  ] as const) {
    energy.add(drawing(watts), nanoseconds(seconds));
  }
  expect(at(2)).toBe(350_000_000n);
  expect(at(2.5)).toBe(450_000_000n);
  expect(energy.isIntegrated).toBe(true);
});

test('law: a mean over a second is the power of that second’s middle: a ramp comes out exact', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 20 }), (baseW, slope) => {
      energy = new GpuEnergy(10_000_000_000n);
      // P(t) = base + slope t has over [t - 1, t] the mean base + slope (t - 1/2).
      for (let t = 1; t <= 21; t++) {
        energy.add(drawing(baseW + slope * (t - 0.5), 1000), nanoseconds(t));
      }
      // From the middle of the first second to that of the last: ∫ P from 0.5 to 20.5 s.
      const joules = baseW * 20 + (slope * (20.5 ** 2 - 0.5 ** 2)) / 2;
      const told = at(20.5);
      expect(Number(told) / 1e6).toBeCloseTo(joules, 3);
    }),
  );
});

test('a reading without power or counter is missing, with its reason', () => {
  energy.add(drawing(100), nanoseconds(0));
  energy.add(gpuReading({ power: { missing: 'GPU is lost' } }), nanoseconds(1));
  expect(at(1)).toEqual({ missing: 'GPU is lost' });
  energy.add(drawing(100), nanoseconds(2));
  expect(at(2)).toBe(200_000_000n);
});

test('a counter that cannot be read for once is missing: its power is no substitute', () => {
  energy.add(counted(10), nanoseconds(0));
  energy.add(gpuReading({ energyMillijoules: { missing: 'not now' } }), nanoseconds(1));
  expect(at(1)).toEqual({ missing: 'not now' });
  energy.add(counted(30), nanoseconds(2));
  expect(at(2)).toBe(30_000_000n);
});

test('between a counter and power there is no difference: it is missing once', () => {
  energy.add(counted(1e6), nanoseconds(0));
  energy.add(drawing(100), nanoseconds(1));
  expect(at(1)).toEqual({ missing: 'its energy is read in another way from now on' });
  energy.add(drawing(100), nanoseconds(2));
  expect(at(2)).toBe(100_000_000n);
  energy.add(counted(1e6), nanoseconds(3));
  expect(at(3)).toEqual({ missing: 'its energy is read in another way from now on' });
  expect(at(3)).toBe(1_000_000_000_000n);
});

test.each([
  ['a counter', counted(10)],
  ['power', drawing(100)],
])('%s that was not read for long is missing', (_, reading) => {
  energy.add(reading, nanoseconds(0));
  expect(at(9)).toEqual(expect.any(BigInt));
  expect(at(11)).toMatchObject({ missing: expect.stringContaining('for more than 10 s') as string });
});
