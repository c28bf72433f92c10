import { faultOf, type Readers } from '../../../src/archive/access-list';
import { nfs4Spec, parseNfs4 } from '../../../src/archive/nfs4-acl';
import { parseGetfacl, restoreText } from '../../../src/archive/posix-acl';

const file = { path: '1001/2026-01.parquet', isFolder: false, uids: [1001] };
const folder = { path: '1001', isFolder: true, uids: [1001] };

const getfacl = (...entries: string[]) =>
  `# file: x\n# owner: 0\n# group: 0\n${['user::rw-', ...entries].join('\n')}\n\n`;
const posix = (...entries: string[]) => parseGetfacl(getfacl(...entries)).get('x')!;
const nfs4 = (...entries: string[]) => parseNfs4(`# file: x\n${entries.join('\n')}\n`);

test('a POSIX list is what setfacl --restore takes, with what is made below it where that is asked for', () => {
  expect(restoreText(file)).toBe(
    '# file: 1001/2026-01.parquet\nuser::rw-\nuser:1001:r--\ngroup::---\nmask::r--\nother::---\n',
  );
  expect(restoreText({ path: 'p', isFolder: true, uids: [], isInherited: true })).toBe(
    '# file: p\nuser::rwx\ngroup::---\nmask::---\nother::---\n' +
      'default:user::rwx\ndefault:group::---\ndefault:mask::---\ndefault:other::---\n',
  );
});

const lists: [string, Readers, string | null][] = [
  ['the reader and nobody else', posix('user:1001:r--', 'group::---', 'mask::r--', 'other::---'), null],
  [
    'a mask that takes more than is asked for',
    posix('user:1001:r-x', 'group::r--', 'mask::---', 'other::---'),
    'uid 1001 may ---, not r--',
  ],
  ['no reader', posix('group::---', 'other::---'), 'uid 1001 may ---, not r--'],
  [
    'one reader more',
    posix('user:1001:r--', 'user:1002:r--', 'group::---', 'mask::r--', 'other::---'),
    'uid 1002 may r--',
  ],
  [
    'a reader behind the mask',
    posix('user:1001:r--', 'user:1002:-w-', 'group::---', 'mask::r--', 'other::---'),
    null,
  ],
  ['everybody', posix('user:1001:r--', 'group::---', 'mask::r--', 'other::r--'), 'everybody may r--'],
  ['the group', posix('user:1001:r--', 'group::r--', 'mask::r--', 'other::---'), 'the group may r--'],
  [
    'another group',
    posix('user:1001:r--', 'group::---', 'group:7:r-x', 'mask::r-x', 'other::---'),
    'group 7 may r-x',
  ],
  [
    'a reader who may write',
    posix('user:1001:rw-', 'group::---', 'mask::rw-', 'other::---'),
    'uid 1001 may write (rw-)',
  ],
  [
    'an effective comment',
    posix('user:1001:r-x\t#effective:r--', 'group::---', 'mask::r--', 'other::---'),
    null,
  ],
  [
    'what is inherited only',
    posix('user:1001:r--', 'group::---', 'mask::r--', 'other::---', 'default:other::r-x'),
    null,
  ],
  [
    'NFSv4: the reader',
    nfs4('A::OWNER@:rwatTnNcCoy', 'A::1001:rtncy', 'A::GROUP@:tncy', 'A::EVERYONE@:tncy'),
    null,
  ],
  ['NFSv4: a reader with a domain', nfs4('A::1001@example.org:rtncy', 'A::EVERYONE@:tncy'), null],
  ['NFSv4: everybody', nfs4('A::1001:rtncy', 'A::EVERYONE@:rtncy'), 'EVERYONE@ may r--'],
  ['NFSv4: the group', nfs4('A::1001:rtncy', 'A:g:GROUP@:rtncy'), 'GROUP@ may r--'],
  [
    'NFSv4: a name that nobody can number',
    nfs4('A::bob@example.org:rtncy', 'A::1001:rtncy'),
    'bob@example.org may r--',
  ],
  ['NFSv4: who may append', nfs4('A::1001:ratncy'), 'uid 1001 may write (rw-)'],
  ['NFSv4: a denial alone lets nobody in', nfs4('D::1002:r', 'A::1001:rtncy'), null],
  ['NFSv4: what is inherited only', nfs4('A:fdi:EVERYONE@:rxtncy', 'A::1001:rtncy'), null],
];
test.each(lists)('a list with %s', (_, readers, fault) => {
  expect(faultOf(readers, file)).toBe(fault);
});

test('a folder has to be entered too', () => {
  expect(faultOf(posix('user:1001:r--', 'group::---', 'mask::r--', 'other::---'), folder)).toBe(
    'uid 1001 may r--, not r-x',
  );
  expect(faultOf(posix('user:1001:r-x', 'group::---', 'mask::r-x', 'other::---'), folder)).toBeNull();
});

test('an NFSv4 list names readers by number and gives everybody else no reading', () => {
  expect(nfs4Spec(file)).toBe('A::OWNER@:rwatTnNcCoy,A::1001:rtncy,A::EVERYONE@:tncy');
  expect(faultOf(parseNfs4(nfs4Spec(folder).replaceAll(',', '\n')), folder)).toBeNull();
});
