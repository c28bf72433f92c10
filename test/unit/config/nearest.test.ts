import { nearest } from '../../../src/config/nearest';

const known = ['agent', 'admins', 'policy', 'ledger', 'spool_dir', 'state_dir', 'site', 'DE'];

test.each([
  ['agnet', ['agent']],
  ['Agent', ['agent']],
  ['polcy', ['policy']],
  ['polizy', ['policy']],
  ['ledgers', ['ledger']],
  ['state-dir', ['state_dir']],
  ['sit', ['site']],
  ['de', ['DE']],
  ['ed', ['DE']],
  ['colour', []],
  ['', []],
  ['x'.repeat(100_000), []],
])('%j may mean %j', (word, expected) => {
  expect(nearest(word, known)).toEqual(expected);
});

test('the nearest comes first, and there are no more than wanted', () => {
  expect(nearest('abcdef', ['abcxyz', 'abcdeg', 'abcdxy', 'abcdefg'], 2)).toEqual(['abcdeg', 'abcdefg']);
});
