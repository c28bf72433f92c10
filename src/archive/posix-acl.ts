import { EitError } from '../errors';
import { type AccessLists, type Granted, type Readers, rightsOf } from './access-list';
import { type ProgramEnd, runProgram } from './acl-program';

/** Paths that one getfacl is given: they are its arguments. */
const PATHS_AT_ONCE = 2000;

/** POSIX access lists, by setfacl and getfacl of the package acl: ext4, XFS, Lustre, GPFS, NFSv3. */
export const POSIX_ACL: AccessLists = {
  name: 'POSIX',
  set: async (dir, granted) => {
    const end = await runProgram('setfacl', ['--restore=-'], dir, granted.map(restoreText).join('\n'));
    mustHaveWorked(end, 'setfacl', dir);
  },
  read: async (dir, paths) => {
    const found = new Map<string, Readers>();
    for (let i = 0; i < paths.length; i += PATHS_AT_ONCE) {
      const some = paths.slice(i, i + PATHS_AT_ONCE);
      const end = await runProgram('getfacl', ['-n', '-p', '--', ...some], dir, '');
      mustHaveWorked(end, 'getfacl', dir);
      for (const [path, readers] of parseGetfacl(end.stdout)) found.set(path, readers);
    }
    return found;
  },
};

/**
 * Takes away all that lists say beside owner, group and others. Where there are no lists, or nothing that knows them, there is nothing to take.
 * @param dir folder that the paths are below
 */
export async function clearPosixLists(dir: string, paths: readonly string[]): Promise<void> {
  for (let i = 0; i < paths.length; i += PATHS_AT_ONCE) {
    await runProgram('setfacl', ['-P', '-b', '--', ...paths.slice(i, i + PATHS_AT_ONCE)], dir, '').catch(
      () => null,
    );
  }
}

function mustHaveWorked({ status, stderr }: ProgramEnd, program: string, dir: string): void {
  if (status === 0) return;
  throw new EitError(
    'EIT_PRIVACY',
    `${program} in ${dir} failed: ${stderr.trim().split('\n')[0] ?? ''}. See docs/privacy.md, "File systems".`,
  );
}

/** A list as `setfacl --restore` takes it, acl(5): the owner all, the users to read, nobody else anything. */
export function restoreText({ path, uids, isFolder, isInherited = false }: Granted): string {
  const own = isFolder ? 'rwx' : 'rw-';
  const rights = rightsOf(isFolder);
  const entries = [
    `user::${own}`,
    ...[...new Set(uids)].map((uid) => `user:${uid}:${rights}`),
    'group::---',
    `mask::${uids.length === 0 ? '---' : rights}`,
    'other::---',
  ];
  const inherited = isInherited ? entries.map((entry) => `default:${entry}`) : [];
  return `# file: ${path}\n${[...entries, ...inherited].join('\n')}\n`;
}

/**
 * What `getfacl -n` says of files, by path: blocks with a blank line between, `# file: path` first, then an entry a line, `user:1001:r-x`,
 * with a comment where the mask takes something away. What only what is made later inherits (`default:`) is passed over.
 */
export function parseGetfacl(text: string): Map<string, Readers> {
  const found = new Map<string, Readers>();
  for (const block of text.split('\n\n')) {
    const path = /^# file: (.*)$/m.exec(block)?.[1];
    if (path === undefined) continue;
    const entries = block
      .split('\n')
      .map((line) => /^(user|group|mask|other):([^:]*):([r-][w-][x-])/.exec(line))
      .filter((match) => match !== null)
      .map(([, kind = '', who = '', rights = '']) => ({ kind, who, rights }));
    const mask = entries.find(({ kind }) => kind === 'mask')?.rights ?? 'rwx';
    const users = new Map<number, string>();
    const others: string[] = [];
    for (const { kind, who, rights } of entries) {
      const isMasked = kind === 'group' || (kind === 'user' && who !== '');
      const may = isMasked ? common(rights, mask) : rights;
      if (may === '---' || kind === 'mask' || (kind === 'user' && who === '')) continue;
      if (kind === 'user') users.set(Number(who), may);
      else if (kind === 'other') others.push(`everybody may ${may}`);
      else others.push(who === '' ? `the group may ${may}` : `group ${who} may ${may}`);
    }
    found.set(path, { users, others });
  }
  return found;
}

function common(a: string, b: string): string {
  return [...a].map((right, i) => (right === b[i] ? right : '-')).join('');
}
