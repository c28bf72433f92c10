import { join } from 'node:path';
import { lock } from 'proper-lockfile';
import { EitError, isErrno } from '../errors';
import { giveBack } from './give-back';

/** A holder that has not shown itself for so long is dead. */
const STALE_MS = 300_000;
const SHOW_EVERY_MS = 30_000;

/**
 * Does `work` while no other process compacts this cluster, on whatever machine.
 * @throws EitError EIT_LEDGER_LOCKED, EIT_LEDGER_UNWRITABLE
 */
export async function withCompactLock<T>(
  dir: string,
  work: (isStillOurs: () => boolean) => Promise<T>,
): Promise<T> {
  let isOurs = true;
  const lockfilePath = join(dir, '.compact.lock');
  await lock(dir, {
    lockfilePath,
    stale: STALE_MS,
    update: SHOW_EVERY_MS,
    onCompromised: () => {
      isOurs = false;
    },
  }).catch((cause: unknown) => {
    if (isErrno(cause, 'ELOCKED')) {
      throw new EitError(
        'EIT_LEDGER_LOCKED',
        `${lockfilePath} is held: another process compacts here, or one was killed less than ${STALE_MS / 60_000} minutes ago`,
        { cause },
      );
    }
    throw new EitError(
      'EIT_LEDGER_UNWRITABLE',
      `cannot write ${lockfilePath}: ${String(cause)}; run it as the ledger's user, on a machine that has the ledger`,
      { cause },
    );
  });
  try {
    return await work(() => isOurs);
  } finally {
    // Lost in the middle: then there is nothing to give back, and the commit has said so.
    if (isOurs) giveBack(dir, lockfilePath);
  }
}
