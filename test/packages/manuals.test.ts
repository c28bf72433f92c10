import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMANDS } from '../../src/cli/commands';
import { describePackages, packageFile, unpack } from './packages';

describePackages('texts that are made for the packages', () => {
  let home = '';
  let manuals = '';

  beforeAll(async () => {
    home = await unpack('node');
    manuals = join(home, 'share/man');
  }, 120_000);
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  const rendered = (file: string): string =>
    plain(
      execFileSync('mandoc', ['-T', 'ascii', '-O', 'width=200', join(manuals, file)], { encoding: 'utf8' }),
    );

  test('mandoc finds nothing wrong in any man page', () => {
    const files = ['man1', 'man5'].flatMap((volume) =>
      readdirSync(join(manuals, volume)).map((file) => join(manuals, volume, file)),
    );
    expect(files.length).toBe(COMMANDS.length + 2);
    const { stdout, stderr } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', ...files], {
      encoding: 'utf8',
    });
    expect(stdout + stderr).toBe('');
  });

  test('each command has a page with all its options, examples and what it can be told to do', async () => {
    const main = rendered('man1/eit.1');
    for (const command of COMMANDS) {
      expect(main).toMatch(new RegExp(`^ +${command.name}( |$)`, 'm'));
      const page = rendered(`man1/eit-${command.name}.1`);
      const { options, examples } = await command.load();
      for (const [option, { default: value }] of Object.entries(options))
        expect(page).toMatch(
          new RegExp(`^ +(-\\w, )?(--[\\w-]+, )*--${value === true ? 'no-' : ''}${option}\\b`, 'm'),
        );
      for (const [args] of examples) expect(page).toContain(`eit ${command.name} ${args}`.trim());
      for (const action of command.actions ?? []) expect(page).toContain(action);
    }
  });

  test('eit.yaml(5) has every key of the example', () => {
    const page = rendered('man5/eit.yaml.5');
    const example = readFileSync(join(home, 'slurm-examples/eit.yaml'), 'utf8');
    const keys = [...example.matchAll(/^#?([a-z_]+):/gm)].map(([, key]) => key!);
    expect(keys.length).toBeGreaterThan(20);
    for (const key of keys) expect(page).toMatch(new RegExp(`^ +${key}\\b`, 'm'));
  });

  test('text that looks like roff stays text', () => {
    const script = `
      const { page, section, prose, term } = await import('${join(__dirname, '../../scripts/man/roff.mjs')}');
      const hostile = ".so /etc/passwd \\\\fBx\\\\n 'quoted' \`a-b\` \\u00b5J";
      process.stdout.write(page({ name: 'x', volume: 1, dateS: 0, version: '1' }, [
        section('NAME', 'x \\\\- y'), section('S', prose(hostile), prose("'so /etc/passwd"), term('.so --x', hostile))]));`;
    const text = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    const shown = plain(
      execFileSync('mandoc', ['-T', 'utf8', '-O', 'width=200'], {
        input: text,
        encoding: 'utf8',
      }),
    );
    expect(shown).toContain(".so /etc/passwd \\fBx\\n 'quoted' a-b µJ");
    expect(shown).toContain("'so /etc/passwd");
    expect(shown).not.toContain('root:');
  });

  test('fish and zsh offer commands, what they can be told to do, and options', () => {
    const file = join(home, 'share/fish/eit.fish');
    const offered = (line: string): string[] =>
      execFileSync('fish', ['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', file, line], {
        encoding: 'utf8',
        env: { ...process.env, HOME: home },
      })
        .trim()
        .split('\n')
        .map((each) => each.split('\t')[0]!);
    expect(offered('eit ').sort()).toEqual(COMMANDS.map(({ name }) => name).sort());
    expect(offered('eit ledger ex')).toEqual(['export']);
    expect(offered('eit-report --group')).toEqual(['--group-by']);
    expect(offered('eit zones --countr')).toEqual(['--country']);
    const zsh = join(home, 'share/zsh/_eit');
    const parsed = spawnSync('zsh', ['-f', '-n', zsh], { encoding: 'utf8' });
    expect([parsed.status, parsed.stderr]).toEqual([0, '']);
    for (const { name } of COMMANDS)
      expect(readFileSync(zsh, 'utf8')).toContain(`_eit_${name.replaceAll('-', '_')}() {`);
  });

  test("shellcheck finds nothing wrong in the packages' scripts and launchers", () => {
    const dir = mkdtempSync(join(tmpdir(), 'eit-scripts-'));
    try {
      execFileSync('dpkg-deb', ['-e', packageFile('slurm-eit_', '.deb'), dir]);
      const scripts = ['postinst', 'prerm', 'postrm'].map((name) => join(dir, name));
      const launchers = readdirSync(join(home, 'bin'))
        .filter((name) => !name.startsWith('.'))
        .map((name) => join(home, 'bin', name));
      // SC2317: of what they share each uses a part.
      const { stdout } = spawnSync(
        'shellcheck',
        ['-s', 'sh', '-e', 'SC2317', ...scripts, ...launchers, join(home, 'bin/.cannot-run')],
        { encoding: 'utf8' },
      );
      expect(stdout).toBe('');
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

/** Bold is a letter, a backspace and the letter again. */
function plain(text: string): string {
  const parts = text.split('\b');
  return parts.map((part, i) => (i < parts.length - 1 ? part.slice(0, -1) : part)).join('');
}
