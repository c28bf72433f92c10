import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { EitError } from '../errors';
import { unreadable } from '../ledger/inbox-files';

/** Who a process is, and how it becomes somebody else: `process` itself. */
export interface ProcessUser {
  geteuid?(): number;
  initgroups?(user: number, group: number): void;
  setgroups?(groups: readonly number[]): void;
  setgid?(gid: number): void;
  setuid?(uid: number): void;
}

/**
 * Sees to it that only the ledger's owner and root go on.
 * @param what is being done, for the message
 * @throws EitError EIT_LEDGER_UNREADABLE where the ledger is not there, EIT_LEDGER_UNWRITABLE for anybody else
 */
export function mustBeOwner(ledger: string, what: string, user: ProcessUser): { uid: number; gid: number } {
  let owner: { uid: number; gid: number };
  try {
    owner = statSync(ledger);
  } catch (cause) {
    throw unreadable(ledger, cause);
  }
  const uid = user.geteuid?.();
  if (uid !== 0 && uid !== owner.uid) {
    throw new EitError(
      'EIT_LEDGER_UNWRITABLE',
      `${what} is for the owner of ${ledger} (uid ${owner.uid}) and root, not for uid ${uid ?? '?'}`,
    );
  }
  return owner;
}

/**
 * As {@link mustBeOwner}; root becomes the owner, for all that follows: what is written into the ledger is to be the owner's, and on NFS with
 * root_squash root is nobody.
 */
export function becomeOwner(ledger: string, what: string, user: ProcessUser): void {
  become(mustBeOwner(ledger, what, user), user);
}

/**
 * Makes root the owner of a folder, or of the one above it that is there; anybody else stays who they are. Files of root would be in the
 * owner's way.
 * @throws EitError EIT_LEDGER_UNREADABLE where nothing can be seen of the path
 */
export function rootBecomesOwner(folder: string, user: ProcessUser): void {
  if (user.geteuid?.() === 0) become(ownerAbove(folder), user);
}

function ownerAbove(folder: string): { readonly uid: number; readonly gid: number } {
  let at = folder;
  try {
    while (statSync(at, { throwIfNoEntry: false }) === undefined && dirname(at) !== at) at = dirname(at);
    return statSync(at);
  } catch (cause) {
    throw unreadable(at, cause);
  }
}

/**
 * For good, and not only as far as files are concerned: children are that user too, access(2) asks for the real uid, and Slurm takes no
 * job of a process whose real uid is another than its effective one.
 */
function become({ uid, gid }: { readonly uid: number; readonly gid: number }, user: ProcessUser): void {
  if (user.geteuid?.() === uid) return;
  try {
    user.initgroups?.(uid, gid);
  } catch (error) {
    // One whom this machine does not know by name has no groups here.
    if ((error as { code?: unknown }).code !== 'ERR_UNKNOWN_CREDENTIAL') throw error;
    user.setgroups?.([gid]);
  }
  user.setgid?.(gid);
  user.setuid?.(uid);
}
