import fc from 'fast-check';
import { PowerWindow, fitWall, idlePower, nodePower } from '../../../src/attribution/calibration';
import { type EnergyDomain, isMissing } from '../../../src/sources/source';

const windows = (...powersW: number[]) => powersW.map((powerW) => ({ powerW, seconds: 10 }));

describe('idle power', () => {
  test('is a low percentile, linear between two windows, and not the lowest one', () => {
    const tens = Array.from({ length: 11 }, (_, i) => 100 - i);
    expect(idlePower(windows(...tens))).toEqual({ idleW: 91, seconds: 110, samples: 11, percentile: 10 });
    expect(idlePower(windows(40, 50))).toMatchObject({ idleW: 41 });
    expect(idlePower(windows(40, 50), 50)).toMatchObject({ idleW: 45, percentile: 50 });
  });

  test('is not moved by what the system did now and then', () => {
    const quiet = Array.from({ length: 40 }, (_, i) => 50 + (i % 4) * 0.1);
    const withBackup = [...quiet, 120, 130, 140, 150];
    expect(idlePower(windows(...withBackup))).toMatchObject({ idleW: expect.closeTo(50, 0) as number });
  });

  test('leaves windows of less than 10 s out', () => {
    const samples = [...windows(50), { powerW: 10, seconds: 9.99 }];
    expect(idlePower(samples)).toMatchObject({ idleW: 50, samples: 1, seconds: 10 });
  });

  test.each([
    ['no window', [], 'no idle time of 10 s'],
    ['short windows only', [{ powerW: 5, seconds: 5 }], 'no idle time of 10 s'],
    ['nonsense only', windows(Number.NaN, -1, Infinity), 'no idle time of 10 s'],
    ['a counter that stands still', windows(0, 0, 0), 'the counter stands still'],
  ])('%s gives a reason and no figure', (_, samples, reason) => {
    expect(idlePower(samples)).toEqual({ missing: expect.stringContaining(reason) as string });
  });

  const powers = fc.array(fc.double({ min: 0.1, max: 1000, noNaN: true }), { minLength: 1, maxLength: 60 });
  const idleW = (powersW: readonly number[], percentile?: number): number => {
    const idle = idlePower(windows(...powersW), percentile);
    if (isMissing(idle)) throw new Error(idle.missing);
    return idle.idleW;
  };

  test('lies among the windows, whatever their order, and grows with the percentile', () => {
    fc.assert(
      fc.property(powers, fc.nat(100), fc.nat(100), (powersW, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        expect(idleW(powersW, low)).toBeGreaterThanOrEqual(Math.min(...powersW) - 1e-9);
        expect(idleW(powersW, high)).toBeLessThanOrEqual(Math.max(...powersW) + 1e-9);
        expect(idleW(powersW, low)).toBeLessThanOrEqual(idleW(powersW, high) + 1e-9);
        expect(idleW(powersW.toReversed(), low)).toBe(idleW(powersW, low));
      }),
    );
  });
});

describe('the line from counted power to the wall', () => {
  test('is found again where there is one', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 3, noNaN: true }),
        fc.double({ min: 0, max: 500, noNaN: true }),
        (slope, offsetW) => {
          const points = [40, 80, 120, 160, 200].map((countedW) => ({
            countedW,
            wallW: slope * countedW + offsetW,
          }));
          const fit = fitWall(points);
          if (isMissing(fit)) throw new Error(fit.missing);
          expect(fit.slope).toBeCloseTo(slope, 6);
          expect(fit.offsetW).toBeCloseTo(offsetW, 4);
          expect(fit.r2).toBeCloseTo(1, 6);
          expect(fit.points).toBe(5);
        },
      ),
    );
  });

  test('says how much it leaves unexplained', () => {
    const points = [
      { countedW: 0, wallW: 10 },
      { countedW: 10, wallW: 40 },
      { countedW: 20, wallW: 30 },
    ];
    // By hand: slope 200/200, mean 10 and 80/3; residuals 20/3 on ssTot 1400/3.
    const fit = fitWall(points);
    expect(fit).toMatchObject({ slope: 1, offsetW: expect.closeTo(50 / 3, 9) as number });
    expect(fit).toMatchObject({ r2: expect.closeTo(3 / 7, 9) as number });
  });

  const point = (countedW: number, wallW: number) => ({ countedW, wallW });
  test.each([
    ['two points', [point(0, 0), point(9, 9)], '2 loads were measured'],
    ['one load', [point(100, 1), point(101, 2), point(102, 3)], 'hardly changed'],
    ['nothing counted', [point(0, 1), point(0, 2), point(0, 3)], 'hardly changed'],
    ['a wall that falls', [point(1, 9), point(50, 5), point(99, 1)], 'does not rise'],
    ['a flat wall', [point(1, 5), point(50, 5), point(99, 5)], 'does not rise'],
    ['no number', [point(1, 5), point(50, Number.NaN), point(99, 5)], 'no number of watts'],
  ])('%s gives a reason', (_, points, reason) => {
    expect(fitWall(points)).toEqual({ missing: expect.stringContaining(reason) as string });
  });
});

describe('a window', () => {
  const domain = (name: string, more: Partial<EnergyDomain> = {}): EnergyDomain => ({
    name,
    class: 'cpu',
    quality: 'measured',
    source: 'powercap',
    maxPowerW: 1000,
    ...more,
  });
  const s = (seconds: number): bigint => BigInt(seconds) * 1_000_000_000n;
  const uj = (joules: number): bigint => BigInt(joules) * 1_000_000n;

  test('gives the mean power of each domain, over a wrap too', () => {
    const window = new PowerWindow([domain('package-0'), domain('package-1', { maxEnergyUj: uj(100_000) })]);
    window.add(s(5), [uj(1000), uj(99_900)]);
    window.add(s(10), [uj(1200), uj(50)]);
    window.add(s(15), [uj(1500), uj(100)]);
    expect(window.seconds).toBe(10);
    expect(window.powersW()).toEqual([50, 20]);
  });

  test('has no power of a domain that could not be read all the time', () => {
    const window = new PowerWindow([domain('a'), domain('b'), domain('c'), domain('d')]);
    window.add(s(0), [uj(0), { missing: 'too early' }, uj(0), uj(500)]);
    window.add(s(5), [uj(100), uj(7), { missing: 'EIO' }, uj(100)]);
    window.add(s(10), [uj(200), uj(14), uj(100), uj(300)]);
    expect(window.powersW()).toEqual([
      20,
      { missing: 'too early' },
      { missing: 'EIO' },
      { missing: 'the counter was reset' },
    ]);
  });

  test('that was read once has none', () => {
    const window = new PowerWindow([domain('a')]);
    window.add(s(0), [1n]);
    expect(window.powersW()).toEqual([{ missing: 'read only once' }]);
    expect(window.seconds).toBe(0);
  });

  test('counts for the node what holds nothing else, each once', () => {
    const domains = [
      domain('package-0'),
      domain('dram-0', { class: 'dram' }),
      domain('psys', { class: 'whole' }),
      domain('node', { class: 'whole', isNode: true }),
    ];
    expect(nodePower(domains, [100, 20, 130, 200])).toEqual({ countedW: 120, wallW: 200 });
    expect(nodePower(domains, [100, { missing: 'EIO' }, 130, 200])).toEqual({
      countedW: { missing: 'EIO' },
      wallW: 200,
    });
    expect(nodePower(domains.slice(0, 3), [100, 20, 130]).wallW).toHaveProperty('missing');
  });
});
