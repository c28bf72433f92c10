import { COMMANDS } from '../../../src/cli/commands';
import { actionNames, options, run } from '../../../src/cli/ledger';
import type { Surroundings } from '../../../src/cli/command';

test('the list of commands has the actions that there are', () => {
  const command = COMMANDS.find(({ name }) => name === 'ledger');
  expect([...(command?.actions ?? [])].sort()).toEqual([...actionNames].sort());
});

test('an option of one action says which', () => {
  expect(options['hosts']?.describe).toMatch(/^generate: /);
});

test('an action that has no file is an error, not silence', async () => {
  await expect(run({ action: 'burn' }, {} as Surroundings)).rejects.toThrow('no action burn');
});
