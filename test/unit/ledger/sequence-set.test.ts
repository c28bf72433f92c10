import fc from 'fast-check';
import { SequenceSet } from '../../../src/ledger/sequence-set';

test('a number is new once, in any order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(40)), (numbers) => {
      const sequence = new SequenceSet();
      const known = new Set<number>();
      for (const n of numbers) {
        expect(sequence.add(n)).toBe(!known.has(n));
        known.add(n);
      }
    }),
  );
});

test('a gapless sequence is one range, whatever its order', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...Array(30).keys()], { minLength: 30 }), (numbers) => {
      const sequence = new SequenceSet();
      for (const n of numbers) sequence.add(n);
      expect(sequence.ranges).toBe(1);
    }),
  );
});
