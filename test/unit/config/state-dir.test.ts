import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { loadConfig } from '../../../src/config/config';
import { stateDirOfHooks } from '../../../src/config/state-dir';
import { EitError } from '../../../src/errors';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-state-dir-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

/** What the config says of state_dir: the value, or why it is refused. */
function load(text: string): string {
  const path = join(dir, 'eit.yaml');
  writeFileSync(path, text);
  try {
    return loadConfig({ path, env: {} }).config.state_dir;
  } catch (error) {
    if (error instanceof EitError) return error.message.replaceAll(path, '');
    throw error;
  }
}

test.each([
  ['state_dir: /srv/run\n', '/srv/run'],
  ['state_dir:   /srv/run   # where\n', '/srv/run'],
  ['state_dir: "/srv/run" # where\n', '/srv/run'],
  ["state_dir: '/srv/run'\n", '/srv/run'],
  ['state_dir: "/srv/a b#c"\r\ncluster: a\r\n', '/srv/a b#c'],
  ["---\nsite:\n  pue: 1.2\nstate_dir: '/srv/$(x)\"y'\n", '/srv/$(x)"y'],
  ['state_dir: /srv/a#b', '/srv/a#b'],
  ['state_dir: /srv/é\n', '/srv/é'],
  ['cluster: a\n#state_dir: /x\n', '/run/eit'],
])('%j is state_dir %s', (text, value) => {
  expect(load(text)).toBe(value);
});

test.each([
  ['state_dir: >-\n  /srv\n', '1:12', '/srv', 'it is a block (| or >)'],
  ['state_dir: |\n  /srv\n', '1:12', undefined, undefined],
  ["state_dir: '/srv/it''s'\n", '1:12', "/srv/it's", 'it has a quote in quotes'],
  ['state_dir: "/srv/\\x41"\n', '1:12', '/srv/A', 'it has a backslash in it'],
  ['state_dir: /srv\\run\n', '1:12', '/srv\\run', 'it has a backslash in it'],
  ['state_dir: "/srv/\\\n  run"\n', '1:12', '/srv/run', 'it is not on one line with its key'],
  ['state_dir: /srv\n  run\n', '1:12', '/srv run', 'it is not on one line with its key'],
  ['state_dir:\n  /srv\n', '2:3', '/srv', 'it is not on one line with its key'],
  ['state_dir : /srv\n', '1:13', '/srv', 'they would take "/run/eit"'],
  [
    '"state_dir": /srv\n',
    '1:14',
    '/srv',
    'its line must begin with state_dir: (no quotes, braces or blanks before it)',
  ],
  [
    '{state_dir: /srv}\n',
    '1:13',
    '/srv',
    'its line must begin with state_dir: (no quotes, braces or blanks before it)',
  ],
  [
    '  cluster: a\n  state_dir: /srv\n',
    '2:14',
    '/srv',
    'its line must begin with state_dir: (no quotes, braces or blanks before it)',
  ],
  [
    '? state_dir\n: /srv\n',
    '2:3',
    '/srv',
    'its line must begin with state_dir: (no quotes, braces or blanks before it)',
  ],
])('%j is refused: the hooks could not read it', (text, place, value, why) => {
  const expected =
    why === undefined
      ? 'state_dir is "/srv\\u{a}"; expected an absolute path, such as /srv/eit'
      : `state_dir is ${JSON.stringify(value).replaceAll('\\\\', '\\')}, but the hooks' shell reads it too, and ${why}; ` +
        'expected one line such as state_dir: /run/eit';
  expect(load(text)).toBe(` has a problem:\n  :${place}: ${expected}`);
});

test('an anchor and a tag are refused', () => {
  expect(load('state_dir: &a /srv\n')).toContain(':1:15: an anchor (&) is not for this file');
  expect(load('state_dir: !!str /srv\n')).toContain(':1:18: a tag (!) is not for this file');
});

/** The function of the hooks themselves, run by this machine's sh for many files in one process. */
function readByHooks(texts: readonly string[]): Array<string | null> {
  const hook = readFileSync(join(__dirname, '../../../prolog'), 'utf8');
  const [readState] = /^find_state_dir\(\) \{\n[^]*?\n\}\n/m.exec(hook) ?? [];
  if (readState === undefined) throw new Error('prolog has no find_state_dir any more');
  texts.forEach((text, i) => writeFileSync(join(dir, `config.${i}`), text));
  const script = `export LC_ALL=C
    say() { :; }
    ${readState}
    i=0
    while [ $i -lt ${texts.length} ]; do
      config=$1/config.$i
      if find_state_dir; then printf '=%s\\n' "$state_dir"; else echo refused; fi
      i=$((i + 1))
    done`;
  const { stdout, stderr } = spawnSync('/bin/sh', ['-f', '-c', script, 'sh', dir], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => (line.startsWith('=') ? line.slice(1) : null));
}

const pieces = fc.constantFrom(
  ...[
    'state_dir:',
    'state_dir',
    'cluster: a',
    '/srv',
    '/run',
    '/a b',
    '"',
    "'",
    '"/q"',
    "'/q'",
    '#',
    ' # c',
    ':',
    '\\',
    '$(x)',
    '*',
  ],
  ...[
    '|',
    '>-',
    '&a ',
    '*a',
    '!!str ',
    '{',
    '}',
    '[',
    ']',
    ',',
    '- ',
    '? ',
    '~',
    '---',
    '%',
    'é',
    ' ',
    '  ',
    '\t',
    '\n',
    '\n',
    '\r\n',
  ],
);
const anyText = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(''));
const nearlyRight = fc
  .tuple(fc.constantFrom('', 'cluster: a\n', '\n', '# c\n'), fc.array(pieces, { maxLength: 5 }))
  .map(([before, parts]) => `${before}state_dir: ${parts.join('')}\nsite:\n  pue: 1.2\n`);
const configs = fc.oneof(anyText, nearlyRight);

test('a file is read by the hooks as the config thinks they read it', () => {
  const texts = fc.sample(configs, 1000);
  expect(texts.map(stateDirOfHooks)).toEqual(readByHooks(texts));
});

test('a state_dir that the config takes is the one that the hooks take', () => {
  const texts = fc.sample(configs, 1000);
  const hooks = readByHooks(texts);
  let taken = 0;
  texts.forEach((text, i) => {
    const value = load(text);
    if (value.includes('problem')) return;
    taken += value === '/run/eit' ? 0 : 1;
    expect({ text, stateDir: hooks[i] }).toEqual({ text, stateDir: value });
  });
  expect(taken).toBeGreaterThan(10);
});
