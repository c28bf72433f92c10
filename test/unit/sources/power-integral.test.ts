import fc from 'fast-check';
import { PowerIntegral } from '../../../src/sources/power-integral';
import { isMissing } from '../../../src/sources/source';

const S = 1_000_000_000n;
const LONGEST = 60n * S;
const MISSING = { missing: expect.any(String) };

/** µJ at a time for which there is a value. */
function energyUj(integral: PowerIntegral, monoNs: bigint): bigint {
  const value = integral.energyUjAt(monoNs);
  if (isMissing(value)) throw new Error(value.missing);
  return value;
}

/** Area under the straight lines between the readings, in µJ, exactly rounded down. Power is whole µW. */
function areaUj(readings: readonly { powerUw: number; atNs: bigint }[]): bigint {
  let doubled = 0n;
  for (const [i, { powerUw, atNs }] of readings.entries()) {
    const before = readings[i - 1];
    if (before !== undefined) doubled += BigInt(before.powerUw + powerUw) * (atNs - before.atNs);
  }
  return doubled / (2n * S);
}

const readingsArbitrary = fc
  .array(
    fc.record({ powerUw: fc.integer({ min: 0, max: 2e9 }), gapNs: fc.bigInt({ min: 0n, max: LONGEST }) }),
    {
      minLength: 1,
      maxLength: 30,
    },
  )
  .map((steps) => {
    let atNs = 5n * S;
    return steps.map(({ powerUw, gapNs }) => ({ powerUw, atNs: (atNs += gapNs) }));
  });

describe('the counter', () => {
  test('begins at 0 with the first reading', () => {
    const integral = new PowerIntegral(LONGEST);
    expect(integral.energyUjAt(0n)).toEqual(MISSING);
    integral.add(100, 7n * S);
    expect(integral.energyUjAt(7n * S)).toBe(0n);
  });

  test('goes in straight lines between readings and holds the last power', () => {
    const integral = new PowerIntegral(LONGEST);
    integral.add(100, 0n);
    integral.add(200, 10n * S);
    expect(energyUj(integral, 10n * S)).toBe(1_500_000_000n);
    expect(energyUj(integral, 13n * S)).toBe(2_100_000_000n);
    expect(energyUj(integral, 12n * S)).toBe(2_100_000_000n);
  });

  test('stands still until the area has caught up where power was held too high', () => {
    const integral = new PowerIntegral(LONGEST);
    integral.add(100, 0n);
    expect(energyUj(integral, 10n * S)).toBe(1_000_000_000n);
    integral.add(0, 10n * S);
    expect(energyUj(integral, 10n * S)).toBe(1_000_000_000n);
    integral.add(100, 20n * S);
    // Two triangles of 500 J each: what was held too high before is taken off here.
    expect(energyUj(integral, 20n * S)).toBe(1_000_000_000n);
    integral.add(100, 30n * S);
    expect(energyUj(integral, 30n * S)).toBe(2_000_000_000n);
  });

  test.each([NaN, Infinity, -Infinity, -1, -1e-9, 1e6 + 1, 1e300])('does not take %d W', (powerW) => {
    const integral = new PowerIntegral(LONGEST);
    integral.add(100, 0n);
    integral.add(powerW, S);
    integral.add(100, 2n * S);
    expect(energyUj(integral, 2n * S)).toBe(200_000_000n);
    const none = new PowerIntegral(LONGEST);
    none.add(powerW, 0n);
    expect(none.energyUjAt(0n)).toEqual(MISSING);
  });

  test('does not take a reading older than the last', () => {
    const integral = new PowerIntegral(LONGEST);
    integral.add(100, 2n * S);
    integral.add(999, S);
    expect(energyUj(integral, 3n * S)).toBe(100_000_000n);
  });
});

describe('a gap longer than may be interpolated', () => {
  test('is missing while it lasts, adds nothing, and the counter goes on from where it stood', () => {
    const integral = new PowerIntegral(LONGEST);
    integral.add(100, 0n);
    expect(energyUj(integral, LONGEST)).toBe(6_000_000_000n);
    expect(integral.energyUjAt(LONGEST + 1n)).toEqual({ missing: 'no power was read for more than 60 s' });
    integral.add(100, 1000n * S);
    expect(energyUj(integral, 1000n * S)).toBe(6_000_000_000n);
    integral.add(100, 1001n * S);
    expect(energyUj(integral, 1001n * S)).toBe(6_100_000_000n);
  });

  test('is missing once where nobody asked while it lasted', () => {
    const integral = new PowerIntegral(LONGEST);
    integral.add(100, 0n);
    expect(energyUj(integral, 0n)).toBe(0n);
    integral.add(100, 1000n * S);
    expect(integral.energyUjAt(1000n * S)).toEqual(MISSING);
    expect(energyUj(integral, 1001n * S)).toBe(100_000_000n);
  });

  test('may be just as long as the longest', () => {
    const integral = new PowerIntegral(LONGEST);
    integral.add(100, 0n);
    expect(energyUj(integral, 0n)).toBe(0n);
    integral.add(100, LONGEST);
    expect(energyUj(integral, LONGEST)).toBe(6_000_000_000n);
  });

  test('no difference between two values that follow each other spans one', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            gapNs: fc.bigInt({ min: 0n, max: 3n * LONGEST }),
            isReading: fc.boolean(),
            isAsked: fc.boolean(),
          }),
          { maxLength: 40 },
        ),
        (steps) => {
          const integral = new PowerIntegral(LONGEST);
          let nowNs = 0n;
          let lastReadNs: bigint | null = null;
          let hasGap = false;
          let isAfterValue = false;
          for (const { gapNs, isReading, isAsked } of steps) {
            nowNs += gapNs;
            if (isReading) {
              if (lastReadNs !== null && nowNs - lastReadNs > LONGEST) hasGap = true;
              integral.add(50, nowNs);
              lastReadNs = nowNs;
            }
            if (!isAsked) continue;
            const isValue = !isMissing(integral.energyUjAt(nowNs));
            expect(isValue && isAfterValue && hasGap).toBe(false);
            isAfterValue = isValue;
            hasGap = false;
          }
        },
      ),
    );
  });
});

describe('laws', () => {
  test('it never goes back, whenever it is asked', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            gapNs: fc.bigInt({ min: 0n, max: 2n * LONGEST }),
            powerW: fc.option(fc.double({ min: -10, max: 2000, noNaN: false }), { nil: null }),
          }),
        ),
        (steps) => {
          const integral = new PowerIntegral(LONGEST);
          let nowNs = 0n;
          let last = 0n;
          for (const { gapNs, powerW } of steps) {
            nowNs += gapNs;
            if (powerW !== null) integral.add(powerW, nowNs);
            const value = integral.energyUjAt(nowNs);
            if (isMissing(value)) continue;
            expect(value).toBeGreaterThanOrEqual(last);
            last = value;
          }
        },
      ),
    );
  });

  test('constant power is exact, whatever the readings between and however often it is asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2e9 }),
        fc.array(fc.record({ gapNs: fc.bigInt({ min: 0n, max: LONGEST }), isAsked: fc.boolean() }), {
          minLength: 1,
        }),
        (powerUw, steps) => {
          const integral = new PowerIntegral(LONGEST);
          integral.add(powerUw / 1e6, 0n);
          let nowNs = 0n;
          for (const { gapNs, isAsked } of steps) {
            nowNs += gapNs;
            integral.add(powerUw / 1e6, nowNs);
            if (isAsked) energyUj(integral, nowNs);
          }
          expect(energyUj(integral, nowNs)).toBe((BigInt(powerUw) * nowNs) / S);
        },
      ),
    );
  });

  test('asked at the readings alone it is the area under them', () => {
    fc.assert(
      fc.property(readingsArbitrary, (readings) => {
        const integral = new PowerIntegral(LONGEST);
        for (const [i, { powerUw, atNs }] of readings.entries()) {
          integral.add(powerUw / 1e6, atNs);
          expect(energyUj(integral, atNs)).toBe(areaUj(readings.slice(0, i + 1)));
        }
      }),
    );
  });

  test('asked at any time it is within half the rise or fall over a gap of the area', () => {
    fc.assert(
      fc.property(
        readingsArbitrary,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }),
        (readings, parts) => {
          const integral = new PowerIntegral(LONGEST);
          let falls = 0;
          for (const [i, { powerUw, atNs }] of readings.entries()) {
            integral.add(powerUw / 1e6, atNs);
            const next = readings[i + 1];
            if (next === undefined) break;
            const gapNs = next.atNs - atNs;
            const heldNs = BigInt(Math.floor(Number(gapNs) * (parts[i % parts.length] ?? 0)));
            const now = Number(energyUj(integral, atNs + heldNs));
            const changeUw = next.powerUw - powerUw;
            const gapS = Number(gapNs) / 1e9;
            const heldS = Number(heldNs) / 1e9;
            const area =
              Number(areaUj(readings.slice(0, i + 1))) +
              (gapS === 0 ? 0 : powerUw * heldS + (changeUw * heldS * heldS) / (2 * gapS));
            falls = Math.max(falls, (-changeUw / 2) * gapS);
            const tolerance = 3 + area * 1e-12;
            expect(now).toBeLessThanOrEqual(area + falls + tolerance);
            expect(now).toBeGreaterThanOrEqual(area - Math.max(0, (changeUw / 2) * gapS) - tolerance);
          }
        },
      ),
    );
  });

  test('a curve is off by at most its curvature / 12 x gap^3 a gap', () => {
    const [amplitudeW, periodS, gapS] = [100, 600, 10];
    const integral = new PowerIntegral(LONGEST);
    const angle = (s: number): number => (2 * Math.PI * s) / periodS;
    const gaps = 37;
    for (let i = 0; i <= gaps; i++) {
      integral.add(amplitudeW * (1 + Math.sin(angle(i * gapS))), BigInt(i * gapS) * S);
    }
    const endS = gaps * gapS;
    const trueJ = amplitudeW * (endS + (periodS / (2 * Math.PI)) * (1 - Math.cos(angle(endS))));
    const curvature = amplitudeW * ((2 * Math.PI) / periodS) ** 2;
    const errorJ = Math.abs(Number(energyUj(integral, BigInt(endS) * S)) / 1e6 - trueJ);
    expect(errorJ).toBeLessThanOrEqual((gaps * curvature * gapS ** 3) / 12);
    expect(errorJ).toBeGreaterThan(0);
  });
});
