import { randomBytes } from 'node:crypto';
import { unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EitError } from '../errors';
import { type AccessLists, grant } from './access-list';
import { NFS4_ACL } from './nfs4-acl';
import { POSIX_ACL } from './posix-acl';

/** A user that no system gives anything to: nobody. */
const PROBE_UID = 65_534;

/**
 * Finds by trying which access lists a folder's file system keeps.
 * @throws EitError EIT_PRIVACY where it keeps none, with what to do
 */
export async function findAccessLists(dir: string): Promise<AccessLists> {
  const name = `.acl-${randomBytes(6).toString('hex')}.tmp`;
  const path = join(dir, name);
  const reasons: string[] = [];
  let first: unknown;
  try {
    await writeFile(path, '', { flag: 'wx', mode: 0o600 });
    for (const lists of [POSIX_ACL, NFS4_ACL]) {
      try {
        await grant(lists, dir, [{ path: name, isFolder: false, uids: [PROBE_UID] }]);
        return lists;
      } catch (error) {
        if (!(error instanceof EitError)) throw error;
        first ??= error;
        reasons.push(`${lists.name}: ${error.message.replaceAll(name, 'a file')}`);
      }
    }
  } finally {
    await unlink(path).catch(() => undefined);
  }
  throw new EitError(
    'EIT_PRIVACY',
    `nothing is published for users: the file system of ${dir} keeps no access lists, and without them a file cannot be one user's to read. ` +
      `${reasons.join('; ')}. Put the ledger on a file system that has them (ext4, XFS, Lustre or NFSv3 mounted with acl, NFSv4, GPFS) and ` +
      'install the package acl; or, if everybody may see everybody\'s runs, set `privacy: open` in eit.yaml. See docs/privacy.md, "File systems".',
    { cause: first },
  );
}
