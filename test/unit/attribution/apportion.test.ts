import fc from 'fast-check';
import { apportion } from '../../../src/attribution/apportion';
import { NOTHING, distance, partOf, plus } from './fraction';

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

interface OneDivision {
  readonly total: number;
  readonly list: readonly number[];
}

const weight = fc.integer({ min: 1, max: 1e10 });
const amount = fc.oneof(fc.nat(20), fc.nat(1e10));

/** Divisions in succession among the same parties, not all of which weigh nothing. */
const divisions =
  (each: fc.Arbitrary<number>) =>
  (parties: number): fc.Arbitrary<OneDivision[]> =>
    fc.array(
      fc.record({
        total: amount,
        list: fc
          .array(each, { minLength: parties, maxLength: parties })
          .filter((list) => list.some((w) => w > 0)),
      }),
      { minLength: 20, maxLength: 60 },
    );

/** How far each party's sum is from its exact one. */
function offBy(list: readonly OneDivision[]): number[] {
  const parties = list[0]!.list.map(() => 0);
  const carry = [...parties];
  const got = [...parties];
  for (const one of list) apportion(one.total, one.list, carry).forEach((part, i) => (got[i]! += part));
  return got.map((part, i) =>
    distance(part, list.map((one) => partOf(one.total, one.list, i)).reduce(plus, NOTHING)),
  );
}

const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);

describe('apportion', () => {
  test('divides by weight', () => {
    expect(apportion(100, [1, 3], [0, 0])).toEqual([25, 75]);
    expect(apportion(0, [1, 3], [0, 0])).toEqual([0, 0]);
    expect(apportion(7, [0, 5], [0, 0])).toEqual([0, 7]);
  });

  test('where there is nothing to divide, what is owed stays owed', () => {
    const carry = [1, 0.25, -1, 0];
    expect(apportion(0, [3, 1, 1, 2], carry)).toEqual([0, 0, 0, 0]);
    expect(carry).toEqual([1, 0.25, -1, 0]);
  });

  test('a division among more parties than any before it, and then among few, is like one alone', () => {
    const many = Array.from({ length: 1000 }, (_, i) => i + 1);
    const carry = many.map(() => 0);
    expect(sum(apportion(123_456_789, many, carry))).toBe(123_456_789);
    expect(apportion(100, [1, 3], [0, 0])).toEqual([25, 75]);
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

  test('rounding has no bias: over many divisions by changing weights everybody is within one unit of the exact sum', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 9 }).chain(divisions(weight)), (list) => {
        for (const off of offBy(list)) expect(off).toBeLessThan(1);
      }),
    );
  });

  test('rounding has no bias where parties sleep in some divisions: within a few units of the exact sum', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 9 }).chain(divisions(fc.oneof(fc.constant(0), weight))),
        (list) => {
          for (const off of offBy(list)) expect(off).toBeLessThan(4);
        },
      ),
    );
  });

  test('rounding has no bias over a day of ticks that are too small for anybody to get a unit each time', () => {
    const list = Array.from({ length: 8640 }, (_, i) => ({ total: i % 3, list: [1, 2 + (i % 5), 7] }));
    for (const off of offBy(list)) expect(off).toBeLessThan(1);
  });

  test('stays exact where the total is larger than a double holds to the unit', () => {
    const parts = apportion(2 ** 53 - 1, [1, 1, 1], [0, 0, 0]);
    expect(parts.reduce((a, b) => a + BigInt(b), 0n)).toBe(2n ** 53n - 1n);
  });
});
