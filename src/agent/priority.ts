import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { isErrno } from '../errors';

/** Of ten parts of a contended CPU the agent gets nine, for the milliseconds that it wants it. */
const NICE = -10;

/**
 * Puts the agent before the jobs on CPUs that are all busy. It works for some milliseconds at a time; what a job used is gone with
 * its cgroup some 20 ms after its last process, and an agent that waits its turn among the jobs comes too late.
 *
 * The nice value alone weighs nothing across sessions where the kernel groups them (man 7 sched, "The autogroup feature"): that
 * group has a nice value of its own.
 * @returns why it could not be done, or null
 */
export function putBeforeJobs(proc: string): string | null {
  try {
    setPriority(NICE);
    writeFileSync(`${proc}/self/autogroup`, String(NICE));
    return null;
  } catch (error) {
    // No autogroups in this kernel.
    if (isErrno(error, 'ENOENT')) return null;
    return String(error);
  }
}
