import fc from 'fast-check';
import { EitError } from '../../../src/errors';
import { cpusOnNode, parseCpusPerNode } from '../../../src/slurm/cpus-per-node';

test.each([
  ['8', [8]],
  ['4(x2),8', [4, 4, 8]],
  ['72(x3)', [72, 72, 72]],
  ['1,2(x1),0(x2)', [1, 2, 0, 0]],
])('%s', (text, cpus) => {
  expect(parseCpusPerNode(text)).toEqual(cpus);
});

test.each([
  ['', '"" is no count'],
  ['4(x0)', '"4(x0)" is no count'],
  ['4(2)', '"4(2)" is no count'],
  ['4(x2', '"4(x2" is no count'],
  ['4,,8', '"" is no count'],
  ['-4', '"-4" is no count'],
  [' 4', '" 4" is no count'],
  ['4\u001b[2J', '"4\\u{1b}[2J" is no count'],
  ['4(x99999999999)', '"4(x99999999999)" is no count'],
  ['4(x999999999)', 'it has 999999999 nodes, more than 100000'],
])('%j is refused', (text, what) => {
  expect(() => parseCpusPerNode(text)).toThrow(EitError);
  expect(() => parseCpusPerNode(text)).toThrow(`: ${what}; expected such as 4(x2),8`);
});

test('a node has the number at its place in the list of nodes', () => {
  const on = (node: string) => cpusOnNode('4(x2),8,16', 'n[1-3],gpu1', node);
  expect(['n1', 'n2', 'n3', 'gpu1'].map(on)).toEqual([4, 4, 8, 16]);
});

test.each([
  ['a node of another job', '4(x2)', 'n[1-2]', 'n3'],
  ['more nodes than numbers', '4', 'n[1-2]', 'n1'],
  ['more numbers than nodes', '4(x3)', 'n[1-2]', 'n1'],
  ['a list that cannot be read', '4(x2)', 'n[1-', 'n1'],
  ['numbers that cannot be read', 'many', 'n[1-2]', 'n1'],
  ['a list that is too long', '4', 'n[1-999999999]', 'n1'],
])('%s: not known', (_, cpus, nodes, node) => {
  expect(cpusOnNode(cpus, nodes, node)).toBeUndefined();
});

test('numbers compressed as Slurm does are the same numbers', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 40 }), (cpus) => {
      const groups: Array<[number, number]> = [];
      for (const count of cpus) {
        const last = groups.at(-1);
        if (last?.[0] === count) last[1] += 1;
        else groups.push([count, 1]);
      }
      const text = groups
        .map(([count, times]) => (times === 1 ? `${count}` : `${count}(x${times})`))
        .join(',');
      expect(parseCpusPerNode(text)).toEqual(cpus);
    }),
  );
});
