import { join } from 'node:path';
import { lock } from 'proper-lockfile';
import { EitError, isErrno } from '../errors';

/** A holder that has not shown itself for so long is dead: far longer than a busy file system holds anybody up. */
const STALE_MS = 300_000;
const SHOW_EVERY_MS = 60_000;

/**
 * Does `work` while no other machine writes this host's files in the ledger: two that were cloned with one name would
 * write into each other's lines. A folder is the lock, since making one is atomic on NFS and Lustre too.
 * @param warn told when the lock was lost in the middle (the other machine thought us dead); the lines' identities make what
 *   was then written twice count once
 * @throws EitError EIT_LEDGER_LOCKED while another machine holds it, EIT_LEDGER_UNWRITABLE where the lock cannot be made;
 *   whatever `work` throws
 */
export async function withHostLock<T>(
  ledger: string,
  host: string,
  work: () => T,
  warn: (message: string) => void,
): Promise<T> {
  const lockfilePath = join(ledger, `.${host}.lock`);
  const release = await lock(ledger, {
    lockfilePath,
    stale: STALE_MS,
    update: SHOW_EVERY_MS,
    onCompromised: (error) => warn(`the lock on this host's files in ${ledger} was lost: ${error.message}`),
  }).catch((cause: unknown) => {
    if (!isErrno(cause, 'ELOCKED')) {
      throw new EitError(
        'EIT_LEDGER_UNWRITABLE',
        `cannot write ${lockfilePath}: ${String(cause)}; records wait in the spool and are carried over when it can be written`,
        { cause },
      );
    }
    throw new EitError(
      'EIT_LEDGER_LOCKED',
      `${lockfilePath} is held: another machine named ${host} writes here, or one was ended less than ` +
        `${STALE_MS / 60_000} minutes ago; tried again`,
      { cause },
    );
  });
  try {
    return work();
  } finally {
    await release().catch((error: unknown) =>
      warn(`the lock in ${ledger} was not ours any more: ${String(error)}`),
    );
  }
}
