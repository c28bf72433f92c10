import { BASIS_NAMES, basisNamed, basisOfSite } from '../../../src/carbon/basis';

test('each basis goes by its short name and by that of series', () => {
  expect(BASIS_NAMES.map(basisNamed)).toEqual([
    ...['average-lifecycle', 'average-direct'],
    ...['average-lifecycle', 'average-direct'],
  ]);
  for (const other of ['marginal', '', 'toString']) expect(basisNamed(other)).toBeUndefined();
});

test('a site that says nothing counts by life cycle', () => {
  expect([undefined, 'lifecycle', 'direct'].map(basisOfSite)).toEqual([
    ...['average-lifecycle', 'average-lifecycle', 'average-direct'],
  ]);
});
