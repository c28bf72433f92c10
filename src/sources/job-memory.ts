import { join } from 'node:path';
import { isErrno } from '../errors';
import { readKernelFile, unexpected, unreadable } from './kernel-file';
import { type Missing, isMissing } from './source';

/**
 * Memory that processes hold (bytes), for jobs that no memory controller counts: of each RssAnon + RssShmem +
 * HugetlbPages of <proc>/<pid>/status.
 *
 * Only what is mapped is seen, and each process is counted by itself: memory that several share (a forked child's before
 * either writes to it, shared memory of MPI) counts once for each, so the sum is too high by that. Files in tmpfs that
 * nobody maps are not in it. Processes that end meanwhile hold nothing.
 * https://docs.kernel.org/filesystems/proc.html (table 1-2)
 * @returns missing as well where not one of the processes can be seen: with `hidepid` they look as if they had ended
 */
export function readProcessesMemoryBytes(proc: string, pids: readonly number[]): number | Missing {
  let sum = 0;
  let seen = 0;
  for (const pid of pids) {
    const bytes = readStatusMemoryBytes(join(proc, String(pid), 'status'));
    if (isMissing(bytes)) return bytes;
    if (bytes === null) continue;
    seen += 1;
    sum += bytes;
  }
  if (seen === 0 && pids.length > 0) {
    return { missing: `none of ${pids.length} processes is in ${proc} (ended, or mounted with hidepid)` };
  }
  return sum;
}

/** null: it has ended. */
function readStatusMemoryBytes(path: string): number | Missing | null {
  try {
    return parseStatusMemoryBytes(readKernelFile(path), path);
  } catch (error) {
    return isErrno(error, 'ENOENT', 'ESRCH') ? null : unreadable(path, error);
  }
}

/**
 * The text of /proc/<pid>/status: lines `RssAnon:\t  123 kB`. A zombie has no memory and no such lines; kernels before
 * 4.5 have VmRSS alone, which holds mapped files too and is not taken for it.
 * @returns RssAnon + RssShmem + HugetlbPages, bytes
 */
export function parseStatusMemoryBytes(text: string, path = 'status'): number | Missing {
  const [anon, shmem, huge] = ['RssAnon', 'RssShmem', 'HugetlbPages'].map((key) => kilobytes(text, key));
  if (anon !== undefined && shmem !== undefined) return (anon + shmem + (huge ?? 0)) * 1024;
  const hasEnded = /^State:\tZ/m.test(text) || (/^Pid:\t\d+$/m.test(text) && !/^VmRSS:/m.test(text));
  return hasEnded ? 0 : unexpected(path, text, 'lines `RssAnon: N kB`, `RssShmem: N kB`');
}

function kilobytes(text: string, key: string): number | undefined {
  // With the line's begin and end: the process chooses its name, which is on a line of its own.
  const value = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}
