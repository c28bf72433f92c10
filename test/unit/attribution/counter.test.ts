import fc from 'fast-check';
import { differenceCounter, longestReadableGapS } from '../../../src/attribution/counter';

const SECOND_NS = 1_000_000_000n;
const rapl = { maxEnergyUj: 262_143_328_850n, maxPowerW: 500 };

function difference(
  domain: { maxEnergyUj?: bigint; maxPowerW: number },
  from: bigint,
  to: bigint,
  seconds: bigint,
) {
  return differenceCounter(
    domain,
    { energyUj: from, monoNs: 0n },
    { energyUj: to, monoNs: seconds * SECOND_NS },
  );
}

describe('differenceCounter', () => {
  test.each([
    [
      'grows',
      rapl,
      1_000_000n,
      3_000_000_000n,
      10n,
      { kind: 'growth', energyUj: 2_999_000_000, wrapped: false },
    ],
    ['stands still', rapl, 5n, 5n, 10n, { kind: 'growth', energyUj: 0, wrapped: false }],
    ['wraps', rapl, 262_143_000_000n, 671_150n, 10n, { kind: 'growth', energyUj: 1_000_000, wrapped: true }],
    ['goes back by more than a wrap could', rapl, 100_000_000_000n, 0n, 10n, { kind: 'reset' }],
    ['jumps ahead impossibly', rapl, 0n, 100_000_000_000n, 10n, { kind: 'reset' }],
    ['could have wrapped once more', rapl, 0n, 1_000_000n, 600n, { kind: 'ambiguous' }],
    ['goes back where it never wraps', { maxPowerW: 500 }, 10n, 9n, 1n, { kind: 'reset' }],
    [
      'grows for a week where it never wraps',
      { maxPowerW: 500 },
      0n,
      10n ** 14n,
      604_800n,
      { kind: 'growth', energyUj: 1e14, wrapped: false },
    ],
  ] as const)('a counter that %s', (_name, domain, from, to, seconds, expected) => {
    expect(difference(domain, from, to, seconds)).toEqual(expected);
  });

  test('within the readable gap every growth that the hardware can make is found, wrapped or not', () => {
    const gapNs = BigInt(Math.floor(longestReadableGapS(rapl) * 1e9)) - 1n;
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: rapl.maxEnergyUj - 1n }),
        fc.bigInt({ min: 1_000_000n, max: gapNs }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (start, elapsedNs, load) => {
          const growth = (BigInt(Math.floor(load * rapl.maxPowerW * 1e3)) * elapsedNs) / 1_000_000n;
          const end = (start + growth) % rapl.maxEnergyUj;
          const got = differenceCounter(
            rapl,
            { energyUj: start, monoNs: 7n },
            { energyUj: end, monoNs: 7n + elapsedNs },
          );
          expect(got).toEqual({ kind: 'growth', energyUj: Number(growth), wrapped: end < start });
        },
      ),
    );
  });

  test('splitting a stretch of time at any reading changes nothing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 4_000_000_000 }), { minLength: 2, maxLength: 12 }),
        (steps) => {
          let trueUj = rapl.maxEnergyUj - 5_000_000_000n;
          let sum = 0;
          let before = { energyUj: trueUj, monoNs: 0n };
          for (const step of steps) {
            trueUj += BigInt(step);
            const after = { energyUj: trueUj % rapl.maxEnergyUj, monoNs: before.monoNs + 10n * SECOND_NS };
            const part = differenceCounter(rapl, before, after);
            if (part.kind === 'growth') sum += part.energyUj;
            before = after;
          }
          expect(sum).toBe(steps.reduce((a, b) => a + b, 0));
        },
      ),
    );
  });
});
