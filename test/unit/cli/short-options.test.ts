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

test.each([
  [
    ['--sort', '-Energy', '-nP'],
    ['--sort=-Energy', '-n', '-P'],
  ],
  [
    ['--sort', '--json'],
    ['--sort', '--json'],
  ],
  [
    ['--sort', 'User', '-n'],
    ['--sort', 'User', '-n'],
  ],
  [
    ['--', '--sort', '-Energy'],
    ['--', '--sort', '-Energy'],
  ],
  [['--sort'], ['--sort']],
])('%j is %j, where the value of --sort may begin with a minus', (args, split) => {
  expect(splitShortOptions(args, options, ['sort'])).toEqual(split);
});
