import fc from 'fast-check';
import { apportion } from '../../../src/attribution/apportion';

const weights = fc
  .array(
    fc.oneof(
      fc.constant(0),
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.double({ min: 1e-3, max: 1e12, noNaN: true }),
    ),
    {
      minLength: 1,
      maxLength: 20,
    },
  )
  .filter((list) => list.some((weight) => weight > 0));
const totals = fc.integer({ min: 0, max: 1e13 });

const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);

describe('apportion', () => {
  test('divides by weight', () => {
    expect(apportion(100, [1, 3], [0, 0])).toEqual([25, 75]);
    expect(apportion(0, [1, 3], [0, 0])).toEqual([0, 0]);
    expect(apportion(7, [0, 5], [0, 0])).toEqual([0, 7]);
  });

  test('gives whole, non-negative parts that sum to the total, each within one of its exact share', () => {
    fc.assert(
      fc.property(totals, weights, (total, list) => {
        const parts = apportion(
          total,
          list,
          list.map(() => 0),
        );
        expect(sum(parts)).toBe(total);
        parts.forEach((part, i) => {
          expect(Number.isInteger(part)).toBe(true);
          expect(part).toBeGreaterThanOrEqual(0);
          expect(Math.abs(part - (total / sum(list)) * list[i]!)).toBeLessThanOrEqual(
            1 + total * 1e-15 * list.length,
          );
          if (list[i] === 0) expect(part).toBe(0);
        });
      }),
    );
  });

  test('rounding has no bias: over many divisions everybody gets the exact share to within two units', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 50, maxLength: 300 }),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 2, maxLength: 9 }),
        (parts, list) => {
          const carry = list.map(() => 0);
          const got = list.map(() => 0);
          for (const total of parts) apportion(total, list, carry).forEach((part, i) => (got[i]! += part));
          got.forEach((part, i) =>
            expect(Math.abs(part - (sum(parts) * list[i]!) / sum(list))).toBeLessThan(2),
          );
        },
      ),
    );
  });

  test('stays exact where the total is larger than a double holds to the unit', () => {
    const parts = apportion(2 ** 53 - 1, [1, 1, 1], [0, 0, 0]);
    expect(parts.reduce((a, b) => a + BigInt(b), 0n)).toBe(2n ** 53n - 1n);
  });
});
