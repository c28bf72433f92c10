import { writeFileSync } from 'node:fs';
import { isErrno } from '../errors';
import { setOwnNice } from '../nice';

/** Of ten parts of a contended CPU the agent gets nine, for the milliseconds that it wants it. */
const NICE = -10;

/**
 * Puts the agent before the jobs on CPUs that are all busy. It works for some milliseconds at a time; what a job used is gone with
 * its cgroup some 20 ms after its last process, and an agent that waits its turn among the jobs comes too late.
 *
 * The nice value alone weighs nothing across sessions where the kernel groups them (man 7 sched, "The autogroup feature"): that
 * group has a nice value of its own.
 * @returns what could not be done and why; null: nothing
 */
export function putBeforeJobs(): string | null {
  try {
    setOwnNice(NICE);
  } catch (error) {
    return `its nice value cannot be set: ${String(error)}`;
  }
  try {
    writeFileSync('/proc/self/autogroup', String(NICE));
  } catch (error) {
    // No autogroups in this kernel, or the process is in none (EINVAL): its own nice value is what counts.
    if (!isErrno(error, 'ENOENT', 'EINVAL'))
      return `the nice value of its autogroup cannot be set: ${String(error)}`;
  }
  return null;
}
