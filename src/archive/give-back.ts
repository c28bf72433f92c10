import { unlockSync } from 'proper-lockfile';

/**
 * Gives a lock back at once: a process that is ended while it waits for that leaves the lock behind, which keeps the next one out for minutes.
 * What was lost by then is nobody's to give back.
 */
export function giveBack(folder: string, lockfilePath: string): void {
  try {
    unlockSync(folder, { lockfilePath });
  } catch {
    // The commit has said so, or the next process will.
  }
}
