import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkTrusted, trustedUids } from '../../../src/config/trust';
import { EitError } from '../../../src/errors';

const me = process.geteuid?.() ?? 0;
const group = process.getegid?.() ?? 0;
const testAsRoot = me === 0 ? test : test.skip;
const needsRoot = me === 0 ? '' : ' (skipped: needs root)';

/** Other users of the tests: their names stand in `etc`, not on the machine. */
const MALLORY = 54321;
const EIT = 54322;

let dir: string;
let etc: string;
let file: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'eit-trust-')));
  chmodSync(dir, 0o755);
  etc = join(dir, 'etc');
  mkdirSync(etc);
  writeFileSync(
    join(etc, 'passwd'),
    `me:x:${me}:${group}::/:/bin/sh\nmallory:x:${MALLORY}:1::/:/bin/sh\neit:x:${EIT}:1::/:/bin/sh\n`,
  );
  writeFileSync(join(etc, 'group'), `staff:x:${group}:\nme:x:${MALLORY}:\n`);
  mkdirSync(join(dir, 'a'));
  chmodSync(join(dir, 'a'), 0o755);
  file = join(dir, 'a', 'eit.yaml');
  writeFileSync(file, '');
  chmodSync(file, 0o644);
});
afterEach(() => rmSync(dir, { recursive: true }));

/** '' where the paths are trusted, else the message, the folder's name left out. */
function verdict(...paths: string[]): string {
  try {
    checkTrusted(paths, { trustedUids: [0, me, EIT], etc });
    return '';
  } catch (error) {
    if (error instanceof EitError) return `${error.code}: ${error.message.replaceAll(dir, '')}`;
    throw error;
  }
}

test('own files in own folders are trusted, below a sticky /tmp too', () => {
  expect(verdict(file, join(dir, 'a'), '/', process.execPath)).toBe('');
});

test('what is not there yet is trusted as far as the way to it is', () => {
  expect(verdict(join(dir, 'a', 'absent', 'b'), join(file, 'below-a-file'))).toBe('');
  chmodSync(join(dir, 'a'), 0o777);
  expect(verdict(join(dir, 'a', 'absent', 'b'))).toContain('could replace /a ');
});

test.each([
  ['a file that the group writes', 'a/eit.yaml', 0o664],
  ['a file that all write', 'a/eit.yaml', 0o646],
  ['a folder that the group writes', 'a', 0o775],
  ['a folder that all write', 'a', 0o757],
  ['a file with the sticky bit', 'a/eit.yaml', 0o1666],
])('%s is refused, with how to mend it', (_, part, mode) => {
  chmodSync(join(dir, part), mode);
  const octal = mode.toString(8).padStart(4, '0');
  expect(verdict(file)).toBe(
    `EIT_PATH_UNTRUSTED: /a/eit.yaml is refused: someone else could replace /${part} ` +
      `(owner me, uid ${me}; mode ${octal}); mend: chmod go-w /${part}`,
  );
});

test('a sticky folder that all write is trusted, what is in it is looked at', () => {
  chmodSync(join(dir, 'a'), 0o1777);
  expect(verdict(file)).toBe('');
  chmodSync(file, 0o666);
  expect(verdict(file)).toContain('could replace /a/eit.yaml ');
});

test("a group that is named as the owner is the owner's own", () => {
  writeFileSync(join(etc, 'group'), `me:x:${group}:\n`);
  chmodSync(join(dir, 'a'), 0o775);
  expect(verdict(file)).toBe('');
  chmodSync(join(dir, 'a'), 0o777);
  expect(verdict(file)).toContain('could replace /a ');
});

test('without names in /etc a group is nobody', () => {
  rmSync(join(etc, 'group'));
  rmSync(join(etc, 'passwd'));
  chmodSync(join(dir, 'a'), 0o775);
  expect(verdict(file)).toContain(`(owner uid ${me}; mode 0775)`);
});

testAsRoot(`another user's file or folder is refused${needsRoot}`, () => {
  chownSync(join(dir, 'a'), MALLORY, group);
  expect(verdict(file)).toBe(
    `EIT_PATH_UNTRUSTED: /a/eit.yaml is refused: someone else could replace /a (owner mallory, uid ${MALLORY}; mode 0755); mend: chown root /a`,
  );
  // A sticky folder protects from all but its owner.
  chmodSync(join(dir, 'a'), 0o1777);
  expect(verdict(file)).toContain('chown root /a');
  chownSync(join(dir, 'a'), 0, group);
  expect(verdict(file)).toBe('');
  chownSync(file, MALLORY, group);
  expect(verdict(file)).toContain('chown root /a/eit.yaml');
});

testAsRoot(`files of the user eit are trusted${needsRoot}`, () => {
  chownSync(file, EIT, group);
  expect(verdict(file)).toBe('');
});

describe('a link', () => {
  test('is followed, and the way to it is looked at too', () => {
    mkdirSync(join(dir, 'links'));
    symlinkSync('../a/eit.yaml', join(dir, 'links', 'relative'));
    symlinkSync(file, join(dir, 'links', 'absolute'));
    for (const link of ['relative', 'absolute']) expect(verdict(join(dir, 'links', link))).toBe('');
    chmodSync(join(dir, 'a'), 0o777);
    for (const link of ['relative', 'absolute'])
      expect(verdict(join(dir, 'links', link))).toContain('could replace /a ');
    chmodSync(join(dir, 'a'), 0o755);
    chmodSync(join(dir, 'links'), 0o777);
    for (const link of ['relative', 'absolute']) {
      expect(verdict(join(dir, 'links', link))).toContain('could replace /links ');
    }
  });

  test('to a folder is left by .. at its target', () => {
    mkdirSync(join(dir, 'deep/er'), { recursive: true });
    symlinkSync(join(dir, 'deep/er'), join(dir, 'link'));
    chmodSync(join(dir, 'deep'), 0o777);
    expect(verdict(`${dir}/link/../x`)).toContain('could replace /deep ');
  });

  testAsRoot(`of another user in a sticky folder is refused${needsRoot}`, () => {
    mkdirSync(join(dir, 'tmp'));
    chmodSync(join(dir, 'tmp'), 0o1777);
    symlinkSync(file, join(dir, 'tmp', 'link'));
    expect(verdict(join(dir, 'tmp', 'link'))).toBe('');
    lchownSync(join(dir, 'tmp', 'link'), MALLORY, group);
    expect(verdict(join(dir, 'tmp', 'link'))).toMatch(
      /owner mallory, uid \d+; mode 0777\); mend: chown -h root \/tmp\/link$/,
    );
  });

  test('in a circle is refused', () => {
    symlinkSync('two', join(dir, 'one'));
    symlinkSync('one', join(dir, 'two'));
    expect(verdict(join(dir, 'one'))).toMatch(
      /^EIT_PATH_UNTRUSTED: \/one is refused: its links lead in a circle, at \/(one|two)$/,
    );
  });
});

test.each([
  ["it's", `'/it'\\''s'`, "/it's"],
  ['a b;$(x)', `'/a b;$(x)'`, '/a b;$(x)'],
  ['\u001b[2J', '(a path with unusual characters)', '/\\u{1b}[2J'],
])('the mending command is safe to paste: %j', (name, word, shown) => {
  mkdirSync(join(dir, name));
  chmodSync(join(dir, name), 0o777);
  const message = verdict(join(dir, name));
  expect(message).toContain(`could replace ${shown} (`);
  expect(message.endsWith(`mend: chmod go-w ${word}`)).toBe(true);
});

test('the trusted are root, who runs this, and the user eit', () => {
  expect(trustedUids(etc)).toEqual([...new Set([0, me, EIT])]);
  writeFileSync(join(etc, 'passwd'), 'xeit:x:7:7\n# eit:x:8:8\n+eit::::::\neit\n');
  expect(trustedUids(etc)).toEqual([...new Set([0, me])]);
  rmSync(join(etc, 'passwd'));
  expect(trustedUids(etc)).toEqual([...new Set([0, me])]);
});
