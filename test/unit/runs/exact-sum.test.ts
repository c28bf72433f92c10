import fc from 'fast-check';
import { ExactSum } from '../../../src/runs/exact-sum';

test('adds whole numbers of any size without loss, in any order', () => {
  const amounts = fc.array(
    fc.oneof(fc.maxSafeNat(), fc.nat(), fc.constantFrom(2 ** 52, 2 ** 52 - 1, 2 ** 60)),
  );
  fc.assert(
    fc.property(amounts, (numbers) => {
      const sum = new ExactSum();
      for (const n of numbers) sum.add(n);
      expect(sum.value).toBe(numbers.reduce((total, n) => total + BigInt(n), 0n));
    }),
  );
});

test('two sums add up to the sum of all', () => {
  const amounts = fc.array(fc.oneof(fc.maxSafeNat(), fc.nat(), fc.constantFrom(2 ** 52, 2 ** 52 - 1)));
  fc.assert(
    fc.property(amounts, amounts, (a, b) => {
      const [sum, other] = [new ExactSum(), new ExactSum()];
      for (const n of a) sum.add(n);
      for (const n of b) other.add(n);
      sum.addSum(other);
      expect(sum.value).toBe([...a, ...b].reduce((total, n) => total + BigInt(n), 0n));
    }),
  );
});

test('one microjoule shows in a site that used 10^12 kWh', () => {
  const sum = new ExactSum();
  for (let i = 0; i < 1000; i++) sum.add(Number.MAX_SAFE_INTEGER);
  sum.add(3.6e24);
  sum.add(1);
  expect(sum.value - BigInt(3.6e24) - BigInt(Number.MAX_SAFE_INTEGER) * 1000n).toBe(1n);
});
