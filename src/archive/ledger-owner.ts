import { statSync } from 'node:fs';
import { EitError } from '../errors';
import { unreadable } from '../ledger/inbox-files';

/** Who a process is, and how it becomes somebody else: `process` itself. */
export interface ProcessUser {
  geteuid?(): number;
  initgroups?(user: number, group: number): void;
  setegid?(gid: number): void;
  seteuid?(uid: number): void;
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
  const { uid, gid } = mustBeOwner(ledger, what, user);
  if (user.geteuid?.() === uid) return;
  user.initgroups?.(uid, gid);
  user.setegid?.(gid);
  user.seteuid?.(uid);
}
