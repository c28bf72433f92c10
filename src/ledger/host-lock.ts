import { lstatSync, lutimesSync, readlinkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { EitError, isErrno } from '../errors';

/** A holder that has not shown itself for so long is dead: far longer than a busy file system holds anybody up. */
const STALE_MS = 300_000;
const SHOW_EVERY_MS = 60_000;

export interface HostLockPlace {
  readonly ledger: string;
  readonly host: string;
  /**
   * Who takes the lock, the same after a restart and nobody else's: a process that was killed while it had the lock, or while it waited
   * for it, does not keep the next one out. Only one process at a time may say that it is this one.
   */
  readonly holder: string;
}

/**
 * Does `work` while no other machine writes this host's files in the ledger: two that were cloned with one name would
 * write into each other's lines. A symbolic link is the lock: making one is atomic on NFS and Lustre too, and it says whose it
 * is from the first moment.
 * @param work is given what to call before each of its writes: it shows the holder alive, and throws where the lock was lost
 * @param warn told when the lock was lost in the middle (the other machine thought us dead); the lines' identities make what
 *   was then written twice count once
 * @throws EitError EIT_LEDGER_LOCKED while another machine holds it, EIT_LEDGER_UNWRITABLE where the lock cannot be made;
 *   whatever `work` throws
 */
export function withHostLock<T>(
  { ledger, host, holder }: HostLockPlace,
  work: (showAlive: () => void) => T,
  warn: (message: string) => void,
): T {
  const path = join(ledger, `.${host}.lock`);
  try {
    take(path, holder);
  } catch (cause) {
    if (cause instanceof EitError) throw cause;
    const text = `cannot write ${path}: ${String(cause)}; records wait in the spool and are carried over when it can be written`;
    throw new EitError('EIT_LEDGER_UNWRITABLE', text, { cause });
  }
  let shownAtMs = performance.now();
  try {
    return work(() => {
      if (holderOf(path) !== holder) throw held(path);
      if (performance.now() - shownAtMs < SHOW_EVERY_MS) return;
      shownAtMs = performance.now();
      show(path);
    });
  } finally {
    release(path, holder, (reason) => warn(`the lock on this host's files in ${ledger} was lost: ${reason}`));
  }
}

function take(path: string, holder: string): void {
  if (!makeLink(path, holder)) {
    const other = holderOf(path);
    // Of a process of ours that was killed.
    if (other !== holder) {
      const stats = lstatSync(path, { throwIfNoEntry: false });
      const isStale = stats !== undefined && Math.abs(Date.now() - stats.mtimeMs) > STALE_MS;
      if (stats !== undefined && !isStale) throw held(path);
      if (isStale) removeStale(path, other, holder);
      if (!makeLink(path, holder)) throw held(path);
    }
  }
  show(path);
}

/** @returns false where there is one already */
function makeLink(path: string, holder: string): boolean {
  try {
    symlinkSync(holder, path);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Of two that find the same stale lock, the later one could take away what the earlier one has just made: then it puts it back. */
function removeStale(path: string, stale: string | null, holder: string): void {
  const aside = `${path}.${holder}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  const taken = holderOf(aside);
  if (taken !== stale && taken !== null) makeLink(path, taken);
  unlinkSync(aside);
  if (taken !== stale) throw held(path);
}

/** null where there is no lock, or something else in its place. */
function holderOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EINVAL')) return null;
    throw error;
  }
}

/** By this machine's clock, as the others judge it by theirs; a file system that cannot leaves its own time. */
function show(path: string): void {
  const now = Date.now() / 1000;
  try {
    lutimesSync(path, now, now);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP')) throw error;
  }
}

/** What stays, since it cannot be removed now, is known as one's own the next time. */
function release(path: string, holder: string, warn: (reason: string) => void): void {
  try {
    if (holderOf(path) === holder) unlinkSync(path);
    else warn('another machine has it');
  } catch (error) {
    warn(String(error));
  }
}

function held(path: string): EitError {
  return new EitError(
    'EIT_LEDGER_LOCKED',
    `${path} is held: another machine of this name writes here, or one was ended less than ` +
      `${STALE_MS / 60_000} minutes ago; tried again`,
  );
}
