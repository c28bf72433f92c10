import { type Stats, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { EitError, isErrno } from '../errors';
import { visible } from './visible';

/** As the kernel's: more links than these in one path are a loop. */
const MOST_LINKS = 40;

const STICKY = 0o1000;
const GROUP_WRITE = 0o020;
const OTHERS_WRITE = 0o002;

/**
 * Whose files the hooks and the agent trust: root's, the effective user's, and those of the user `eit` if there is one.
 * @param etc the folder with `passwd`
 */
export function trustedUids(etc = '/etc'): number[] {
  const eit = [...parseNames(readOrEmpty(join(etc, 'passwd')))].find(([, name]) => name === 'eit');
  return [...new Set([0, process.geteuid?.() ?? 0, ...(eit ? [eit[0]] : [])])];
}

/**
 * Makes sure that nobody but the trusted could replace what stands at the paths: every folder, link and file that
 * opening a path passes through, from / on, belongs to one of them and is not writable by others. A sticky folder may be
 * (nobody can replace there what others own), and so may one whose group is named as its owner (a user's private
 * group). A link counts by its owner only. A path ends where nothing is there yet. The hooks follow the same rule.
 * @param options.etc the folder with `passwd` and `group`
 * @throws EitError EIT_PATH_UNTRUSTED with the part, its owner and mode, and how to mend it
 */
export function checkTrusted(
  paths: readonly string[],
  options: { trustedUids: readonly number[]; etc?: string },
): void {
  const { etc = '/etc' } = options;
  const users = parseNames(readOrEmpty(join(etc, 'passwd')));
  const groups = parseNames(readOrEmpty(join(etc, 'group')));

  for (const path of paths) {
    for (const { part, stats } of partsOf(path)) {
      const user = users.get(stats.uid);
      const owner = `owner ${user === undefined ? '' : `${visible(user)}, `}uid ${stats.uid}`;
      const refuse = (mend: string): never => {
        throw new EitError(
          'EIT_PATH_UNTRUSTED',
          `${visible(path)} is refused: someone else could replace ${visible(part)} ` +
            `(${owner}; mode ${(stats.mode & 0o7777).toString(8).padStart(4, '0')}); mend: ${mend} ${shellWord(part)}`,
        );
      };
      if (!options.trustedUids.includes(stats.uid)) {
        refuse(stats.isSymbolicLink() ? 'chown -h root' : 'chown root');
      }
      if (stats.isSymbolicLink() || (stats.isDirectory() && (stats.mode & STICKY) !== 0)) continue;
      const privateGroup = user !== undefined && groups.get(stats.gid) === user;
      const byGroup = (stats.mode & GROUP_WRITE) !== 0 && !privateGroup;
      if (byGroup || (stats.mode & OTHERS_WRITE) !== 0) refuse('chmod go-w');
    }
  }
}

/** Each folder, link and file that opening a path passes through, from / on, as far as there is something. */
function* partsOf(path: string): Generator<{ part: string; stats: Stats }> {
  // Not path.resolve: what `..` leads to is known only once the links before it are followed.
  const rest = (isAbsolute(path) ? path : `${process.cwd()}/${path}`).split('/');
  let at = '';
  let links = 0;
  yield { part: '/', stats: lstatSync('/') };
  while (rest.length > 0) {
    const name = rest.shift() ?? '';
    if (name === '' || name === '.') continue;
    if (name === '..') {
      at = at.slice(0, Math.max(0, at.lastIndexOf('/')));
      continue;
    }
    const part = `${at}/${name}`;
    const stats = statPart(path, part);
    if (stats === null) return;
    yield { part, stats };
    if (!stats.isSymbolicLink()) {
      at = part;
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) {
      throw new EitError(
        'EIT_PATH_UNTRUSTED',
        `${visible(path)} is refused: its links lead in a circle, at ${visible(part)}`,
      );
    }
    const target = readlinkSync(part);
    if (isAbsolute(target)) at = '';
    rest.unshift(...target.split('/'));
  }
}

/** null where there is nothing. */
function statPart(path: string, part: string): Stats | null {
  try {
    return lstatSync(part);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null;
    throw new EitError(
      'EIT_PATH_UNTRUSTED',
      `${visible(path)} is refused: cannot see who owns ${visible(part)}; mend: let this user enter the folders above it`,
      { cause: error },
    );
  }
}

/** The first name of each id in /etc/passwd or /etc/group (passwd(5), group(5)): name, password, id, ... */
function parseNames(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name = '', , id = ''] = line.split(':');
    if (name !== '' && /^\d+$/.test(id) && !names.has(Number(id))) names.set(Number(id), name);
  }
  return names;
}

/** A machine without the file (a container) has no names, only numbers. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return '';
    throw error;
  }
}

/** A path as one word of a command that someone may paste into a shell. */
function shellWord(path: string): string {
  if (/^[\w./+-]+$/.test(path)) return path;
  const shown = visible(path);
  return shown === path ? `'${path.replaceAll("'", `'\\''`)}'` : `(a path with unusual characters)`;
}
