import { EitError } from '../errors';
import type { AccessLists, Granted, Readers } from './access-list';
import { runProgram } from './acl-program';

/** Lists of NFSv4 by nfs4_setfacl and nfs4_getfacl of nfs4-acl-tools, a call a file: mounts on which there are no POSIX lists. */
export const NFS4_ACL: AccessLists = {
  name: 'NFSv4',
  set: async (dir, granted) => {
    for (const one of granted) {
      const end = await runProgram('nfs4_setfacl', ['-s', nfs4Spec(one), '--', one.path], dir, '');
      if (end.status !== 0) throw failed('nfs4_setfacl', dir, one.path, end.stderr);
    }
  },
  read: async (dir, paths) => {
    const found = new Map<string, Readers>();
    for (const path of paths) {
      const end = await runProgram('nfs4_getfacl', ['--', path], dir, '');
      if (end.status !== 0) throw failed('nfs4_getfacl', dir, path, end.stderr);
      found.set(path, parseNfs4(end.stdout));
    }
    return found;
  },
};

function failed(program: string, dir: string, path: string, stderr: string): EitError {
  return new EitError(
    'EIT_PRIVACY',
    `${program} on ${dir}/${path} failed: ${stderr.trim().split('\n')[0] ?? ''}. See docs/privacy.md, "File systems".`,
  );
}

const READ_FILE = 'rtncy';
const READ_FOLDER = 'rxtncy';
const ALL_FILE = 'rwatTnNcCoy';
const ALL_FOLDER = 'rwaDdxtTnNcCoy';

/** A list as `nfs4_setfacl -s` takes it, nfs4_acl(5): `type:flags:who:rights`, users by their number. */
export function nfs4Spec({ uids, isFolder, isInherited = false }: Granted): string {
  const flags = isInherited && isFolder ? 'fd' : '';
  return [
    `A:${flags}:OWNER@:${isFolder ? ALL_FOLDER : ALL_FILE}`,
    ...[...new Set(uids)].map((uid) => `A:${flags}:${uid}:${isFolder ? READ_FOLDER : READ_FILE}`),
    `A:${flags}:EVERYONE@:tncy`,
  ].join(',');
}

/**
 * What `nfs4_getfacl` says of a file: an entry a line, the first that speaks of a right decides. Entries that only take away are passed
 * over, which makes nobody's rights look smaller than they are; a name that is no number is told as such.
 */
export function parseNfs4(text: string): Readers {
  const users = new Map<number, string>();
  const others: string[] = [];
  for (const line of text.split('\n')) {
    const [type, flags = '', who = '', rights = ''] = line.trim().split(':');
    if (type !== 'A' || flags.includes('i') || who === 'OWNER@') continue;
    const may = ['r', 'w', 'x']
      .map((right) => (rights.includes(right) || (right === 'w' && /[aDd]/.test(rights)) ? right : '-'))
      .join('');
    if (may === '---') continue;
    const uid = /^(\d+)(?:@.*)?$/.exec(who)?.[1];
    if (uid !== undefined && !flags.includes('g')) users.set(Number(uid), may);
    else others.push(`${who} may ${may}`);
  }
  return { users, others };
}
