import { splitShortOptions } from '../../../src/cli/short-options';

const options = {
  user: { alias: ['u', 'uid'], type: 'string' },
  jobs: { alias: 'j', type: 'string' },
  noheader: { alias: 'n', type: 'boolean' },
  parsable2: { alias: 'P', type: 'boolean' },
} as const;

test.each([
  [['-ualice'], ['-u', 'alice']],
  [
    ['-u', 'alice'],
    ['-u', 'alice'],
  ],
  [['-u=alice'], ['-u', 'alice']],
  [['-nPj12,13'], ['-n', '-P', '-j', '12,13']],
  [['-nP'], ['-n', '-P']],
  [['-un'], ['-u', 'n']],
  [
    ['--user', '-x'],
    ['--user', '-x'],
  ],
  [['-x1'], ['-x1']],
  [['-nx'], ['-nx']],
  [
    ['-', '--', '-nP'],
    ['-', '--', '-nP'],
  ],
])('%j is %j', (args, split) => {
  expect(splitShortOptions(args, options)).toEqual(split);
});
