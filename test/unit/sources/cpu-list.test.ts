import fc from 'fast-check';
import { formatCpuList, parseCpuList } from '../../../src/sources/cpu-list';

test.each<[string, number[] | null]>([
  ['0-3,8,10-11\n', [0, 1, 2, 3, 8, 10, 11]],
  ['\n', []],
  ['5', [5]],
  ['2,1,1', [1, 2]],
  ['3-1', null],
  ['0-', null],
  ['a', null],
  ['0,,1', null],
  ['0-999999', null],
  ['-1', null],
])('%j', (text, cpus) => {
  expect(parseCpuList(text)).toEqual(cpus);
});

test('what is written is read back', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(4000)), (cpus) => {
      expect(parseCpuList(formatCpuList(cpus))).toEqual(cpus.toSorted((a, b) => a - b));
    }),
  );
  expect(formatCpuList([3, 0, 1, 2, 9])).toBe('0-3,9');
});
