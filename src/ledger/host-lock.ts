import { readFileSync, rmSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lock } from 'proper-lockfile';
import { EitError, isErrno } from '../errors';

/** A holder that has not shown itself for so long is dead: far longer than a busy file system holds anybody up. */
const STALE_MS = 300_000;
const SHOW_EVERY_MS = 60_000;

export interface HostLockPlace {
  readonly ledger: string;
  readonly host: string;
  /** Host-local file that says which lock this host has; only one process of it may use it at a time. */
  readonly markPath: string;
}

/**
 * Does `work` while no other machine writes this host's files in the ledger: two that were cloned with one name would
 * write into each other's lines. A folder is the lock, since making one is atomic on NFS and Lustre too.
 * @param warn told when the lock was lost in the middle (the other machine thought us dead); the lines' identities make what
 *   was then written twice count once
 * @throws EitError EIT_LEDGER_LOCKED while another machine holds it, EIT_LEDGER_UNWRITABLE where the lock cannot be made;
 *   whatever `work` throws
 */
export async function withHostLock<T>(
  { ledger, host, markPath }: HostLockPlace,
  work: () => T,
  warn: (message: string) => void,
): Promise<T> {
  const lockfilePath = join(ledger, `.${host}.lock`);
  removeOwnLeftover(lockfilePath, markPath);
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
    mark(lockfilePath, markPath);
    return work();
  } finally {
    await release().catch((error: unknown) =>
      warn(`the lock in ${ledger} was not ours any more: ${String(error)}`),
    );
  }
}

/** The lock that a killed process of this host left, known by the time it was taken at: nobody waits for that to grow old. */
function removeOwnLeftover(lockfilePath: string, markPath: string): void {
  try {
    const [path, takenAt] = readFileSync(markPath, 'utf8').split('\n');
    const stats = statSync(lockfilePath, { throwIfNoEntry: false });
    if (path === lockfilePath && stats !== undefined && takenAt === String(stats.mtimeMs))
      rmdirSync(lockfilePath);
  } catch (error) {
    // Then it grows old.
    if (
      !isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS', 'ELOOP', 'ENOTEMPTY', 'EIO', 'ESTALE')
    )
      throw error;
  }
}

/** What it is known by; where it cannot be written down, a killed process's lock has to grow old. */
function mark(lockfilePath: string, markPath: string): void {
  try {
    rmSync(markPath, { force: true });
    writeFileSync(markPath, `${lockfilePath}\n${statSync(lockfilePath).mtimeMs}\n`, {
      mode: 0o600,
      flag: 'wx',
    });
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'EIO', 'ESTALE'))
      throw error;
  }
}
