import { readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { TOP, read } from './documents';

const FOLDER = 'slurm-examples';
const examples = (readdirSync(join(TOP, FOLDER), { recursive: true }) as string[])
  .filter((path) => statSync(join(TOP, FOLDER, path)).isFile())
  .sort();

/** Kinds of files that one test takes as it finds them in the folder. */
const KINDS: readonly [RegExp, string][] = [
  [/\.(?:service|timer|path|socket)$/, 'test/integration/systemd-units.test.ts'],
  [/\.md$/, 'test/unit/docs/links.test.ts'],
];

const tests = (readdirSync(join(TOP, 'test'), { recursive: true }) as string[])
  .filter((path) => path.endsWith('.ts') && basename(path) !== basename(__filename))
  .map((path) => ({ path: join('test', path), text: readFileSync(join(TOP, 'test', path), 'utf8') }));

/** Tests that use a file: those that name it, or take all of its kind. */
function usersOf(example: string): string[] {
  const name = basename(example);
  const ofKind = KINDS.filter(([kind]) => kind.test(name)).map(([, path]) => path);
  const naming = tests.filter(({ text }) => new RegExp(`(?<![\\w.-])${escaped(name)}(?![\\w-])`).test(text));
  return [...ofKind, ...naming.map(({ path }) => path)];
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

test.each(examples)('%s is used by a test', (example) => {
  expect(usersOf(example)).not.toEqual([]);
});

test('a file that no test uses would be seen', () => {
  expect(usersOf(['nobody', 'names', 'this.conf'].join('-'))).toEqual([]);
});

test('the tests that take all of a kind are there', () => {
  for (const [, path] of KINDS) expect(tests.map((one) => one.path)).toContain(path);
});

test.each(examples.filter((name) => name !== 'README.md'))(
  '%s is in the list of slurm-examples/README.md',
  (name) => {
    expect(read('slurm-examples/README.md').text).toContain(`](${name})`);
  },
);

test.each(examples.filter((name) => name.endsWith('.sh')))('%s can be run', (name) => {
  expect(statSync(join(TOP, FOLDER, name)).mode & 0o111).toBe(0o111);
});
