import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { POLICIES } from '../../../src/attribution/policy';
import { COMMANDS } from '../../../src/cli/commands';
import { GROUP_KEYS } from '../../../src/cli/group-keys';
import { COLUMNS } from '../../../src/report/columns';

const FILE = join(__dirname, '../../../slurm-examples/eit-completion.bash');

/** What bash offers for a line whose last word is being written. */
function offered(...words: string[]): string[] {
  const script = `
    . "$1"; shift
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    _eit
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', FILE, ...words], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\n').filter((word) => word !== '');
}

const own = ['--help', '--version'];

test('the commands are those that there are', () => {
  expect(offered('eit', '')).toEqual([...COMMANDS.map(({ name }) => name), ...own]);
  expect(offered('eit', 'led')).toEqual(['ledger']);
});

test.each(COMMANDS.map((command) => [command.name, command] as const))(
  'eit %s: its options and what it can be told to do',
  async (name, command) => {
    const { options } = await command.load();
    const names = Object.entries(options).map(([option, { default: value }]) =>
      value === true ? `--no-${option}` : `--${option}`,
    );
    expect(offered('eit', name, '--').sort()).toEqual([...names, ...own].sort());
    if (command.actions !== undefined) expect(offered('eit', name, '')).toEqual(command.actions);
    if (name === 'report') expect(offered('eit-report', '--')).toEqual(offered('eit', name, '--'));
  },
);

test('values of eit-report are the ones that it takes', () => {
  const columns = COLUMNS.map(({ name }) => name);
  expect(offered('/usr/local/bin/eit-report', '--group-by', '')).toEqual([...GROUP_KEYS]);
  expect(offered('eit', 'report', '-o', '')).toEqual(columns);
  expect(offered('eit-report', '--sort', '-')).toEqual(columns.map((name) => `-${name}`));
  expect(offered('eit-report', '--policy', '=', '')).toEqual([...POLICIES]);
  expect(offered('eit-report', '--group-by', 'user,mo')).toEqual(['user,month']);
  expect(offered('eit-report', '--sort', '-Jobs,-Energ')).toEqual(['-Jobs,-Energy']);
  expect(offered('eit-report', '-u', '')).toEqual([]);
});
