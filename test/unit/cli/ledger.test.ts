import { COMMANDS } from '../../../src/cli/commands';
import { ACTIONS, options, run } from '../../../src/cli/ledger';
import type { Surroundings } from '../../../src/cli/command';

test('the list of commands has the actions that there are', () => {
  expect(COMMANDS.find(({ name }) => name === 'ledger')?.actions).toEqual(Object.keys(ACTIONS));
});

test('an option of one action says which', () => {
  expect(options['hosts']?.describe).toMatch(/^generate: /);
});

test('an action that has no file is an error, not silence', async () => {
  await expect(run({ action: 'burn' }, {} as Surroundings)).rejects.toThrow('no action burn');
});
