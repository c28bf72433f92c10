import fc from 'fast-check';
import { join } from 'node:path';
import { countryAverage } from '../../../src/carbon/country-average';
import { loadZones } from '../../../src/carbon/zone';
import { type EstimateHardware, estimateEnergy, type Workload } from '../../../src/science/energy-estimate';
import { errorsOf } from '../../../src/science/estimate-errors';
import { errorText } from '../../../src/science/estimate-words';
import { pairedTest } from '../../../src/science/paired-t';
import { predictNext } from '../../../src/science/prediction';

const A100: NonNullable<EstimateHardware['gpu']> = {
  name: 'A100',
  tdpW: 400,
  peakTflops: 312,
  holdsCpu: false,
};
const CPU: EstimateHardware['cpu'] = { name: 'EPYC', wattsPerCore: 4.375 };
const NOTHING: Workload = {
  ...{ hours: null, gpuHours: 0, usedGpuHours: null, coreHours: 0, usedCoreHours: null },
  ...{ memoryBytes: null, pflopsHours: null },
};

test('eight GPUs for a day, with what is on top', () => {
  const work = {
    ...{ hours: 24, gpuHours: 192, usedGpuHours: 150, coreHours: 64 * 24, usedCoreHours: null },
    ...{ memoryBytes: 512 * 2 ** 30, pflopsHours: 30 },
  };
  const found = estimateEnergy(work, { gpu: A100, cpu: CPU }, 1 / 3);
  const dram = (512 * 0.3725 * 24) / 1000;
  const cpu = (64 * 24 * 4.375) / 1000;
  expect(found['time-part'].itKwh).toBeCloseTo(76.8 / 3 + cpu / 3 + dram, 9);
  expect(found['time-full'].itKwh).toBeCloseTo(76.8 + cpu + dram, 9);
  expect(found['time-in-use'].itKwh).toBeCloseTo(60 + cpu + dram, 9);
  // 30 PFLOP/s-hours are 30000 / 312 = 96.15 hours of a GPU at its peak.
  expect(found.operations.gpuKwh).toBeCloseTo(96.1538 * 0.4, 3);
});

test('operations are TDP over peak: twice the peak is half the energy, twice the TDP is double', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 1e6, noNaN: true }),
      fc.double({ min: 1, max: 2000, noNaN: true }),
      fc.double({ min: 1, max: 5000, noNaN: true }),
      (pflopsHours, tdpW, peakTflops) => {
        const kwh = (tdp: number, peak: number): number =>
          estimateEnergy(
            { ...NOTHING, gpuHours: null, pflopsHours },
            { gpu: { ...A100, tdpW: tdp, peakTflops: peak }, cpu: null },
            1,
          ).operations.itKwh ?? NaN;
        const one = kwh(tdpW, peakTflops);
        expect(kwh(tdpW, 2 * peakTflops) / one).toBeCloseTo(0.5, 9);
        expect(kwh(2 * tdpW, peakTflops) / one).toBeCloseTo(2, 9);
        // At the peak for an hour a GPU does peak/1000 PFLOP/s-hours, and draws its TDP.
        expect((one / pflopsHours) * (peakTflops / 1000)).toBeCloseTo(tdpW / 1000, 9);
      },
    ),
  );
});

test('what is not told is not estimated, and says why', () => {
  const found = estimateEnergy(
    { ...NOTHING, hours: 2, gpuHours: 2 },
    { gpu: { ...A100, peakTflops: null }, cpu: null },
    1,
  );
  expect(found['time-full']).toMatchObject({
    gpuKwh: 0.8,
    cpuKwh: null,
    dramKwh: null,
    itKwh: 0.8,
    lacks: null,
  });
  expect(found['time-in-use'].lacks).toContain('--gpu-hours');
  expect(found.operations.lacks).toContain('--pflops-hours');
  const cpuOnly = estimateEnergy(
    { ...NOTHING, hours: 2, coreHours: 20, pflopsHours: 1 },
    { gpu: null, cpu: CPU },
    1 / 2,
  );
  expect(cpuOnly['time-part']).toMatchObject({ gpuKwh: null, cpuKwh: 0.04375, itKwh: 0.04375 });
  expect(cpuOnly.operations.lacks).toBe('a peak is known of GPUs alone');
});

test('a superchip has CPU and memory in its TDP', () => {
  const work = { ...NOTHING, hours: 1, gpuHours: 1, coreHours: 72, memoryBytes: 2 ** 38 };
  const found = estimateEnergy(work, { gpu: { ...A100, tdpW: 1000, holdsCpu: true }, cpu: CPU }, 1);
  expect(found['time-full']).toMatchObject({ gpuKwh: 1, cpuKwh: 0, dramKwh: 0, itKwh: 1 });
});

describe('a prediction', () => {
  test.each<[number, number, number, number]>([
    // n, the smallest and the largest by rank that bound it, chance
    [2, 1, 2, 1 / 3],
    [10, 1, 10, 9 / 11],
    [19, 1, 19, 0.9],
    [39, 2, 38, 0.9],
    [100, 5, 96, 91 / 101],
  ])('of %d values is from the %dth to the %dth', (n, low, high, chance) => {
    const sample = Array.from({ length: n }, (_, i) => n - i);
    const found = predictNext(sample, 0.9);
    expect(found.interval).toEqual({ low, high, chance: expect.closeTo(chance, 12) as number });
    expect(found.median).toBe((n + 1) / 2);
  });

  test('of one value is that value alone', () => {
    expect(predictNext([3], 0.9)).toEqual({ n: 1, median: 3, interval: null });
  });

  test('holds as often as it says: each of n + 1 values left out in turn', () => {
    // By symmetry exactly: of n + 1 different values, those that lie between the bounds of the others.
    const all = Array.from({ length: 40 }, (_, i) => (i * 17) % 41);
    const held = all.filter((value, i) => {
      const { interval } = predictNext(all.toSpliced(i, 1), 0.9);
      return value >= interval!.low && value <= interval!.high;
    });
    expect(held.length / all.length).toBeCloseTo(0.9, 12);
  });
});

test('pairs: t and p of a textbook (Student 1908, hours of sleep by two drugs)', () => {
  const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2];
  const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
  const found = pairedTest(first, second);
  expect(found?.t).toBeCloseTo(4.0621, 4);
  expect(found?.p).toBeCloseTo(0.002833, 6);
  expect(pairedTest([1], [2])).toBeNull();
  expect(pairedTest([1, 2], [2, 3])).toBeNull();
});

test('errors of methods over repeats, with stars after Holm', () => {
  const runs = [1, 1.1, 0.9, 1.05, 0.95].map((measuredKwh, i) => ({
    ...{ measuredKwh, pue: 1 },
    estimates: estimateEnergy(
      { ...NOTHING, hours: 5, gpuHours: 5, usedGpuHours: i === 0 ? null : 2.5 },
      { gpu: A100, cpu: null },
      1 / 2,
    ),
  }));
  const found = errorsOf(runs);
  // Of the first run it is not told in how much of the time GPUs were in use: no mean over all.
  expect(found.map(({ method }) => method)).toEqual(['time-part', 'time-full']);
  expect(found[0]).toMatchObject({ error: expect.closeTo(0, 9) as number, stars: 'ns' });
  expect(found[1]).toMatchObject({ error: expect.closeTo(1, 9) as number, stars: '****' });
});

test.each<[number, string]>([
  [0, '0 %'],
  [0.456, '+45.6 %'],
  [-0.9, '-90 %'],
  [1, '+100 %'],
  [2.1, '×3.1'],
  [-0.0123, '-1.2 %'],
])('an error of %d is %s', (error, text) => {
  expect(errorText(error)).toBe(text);
});

test('the average of a country: of the zone that is all of it, else of its zones', () => {
  const zones = loadZones(join(__dirname, '../../../data'));
  const basis = 'average-lifecycle';
  expect(countryAverage(zones, 'US-CAL-CISO', basis)).toMatchObject({
    ...{ country: 'USA', wholeZone: 'US', gPerKwh: zones.intensity('US').gPerKwh },
  });
  expect(countryAverage(zones, 'WORLD', basis)).toMatchObject({ country: 'WLD', wholeZone: 'WORLD' });
  const parts = zones.keys.filter((key) => key.startsWith('RU-'));
  const mean = parts.reduce((sum, key) => sum + zones.intensity(key).gPerKwh, 0) / parts.length;
  expect(parts.length).toBeGreaterThan(1);
  expect(countryAverage(zones, parts[0]!, basis)).toMatchObject({
    ...{ country: 'RUS', wholeZone: null, gPerKwh: mean, source: `plain mean of ${parts.length} zones` },
  });
});
