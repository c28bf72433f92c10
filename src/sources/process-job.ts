import { join } from 'node:path';
import { isErrno } from '../errors';
import { jobOfProcessCgroups } from '../slurm/cgroup-path';
import { readKernelFile } from './kernel-file';
import { readProcessStat } from './process-table';
import { readSlurmstepdJob } from './slurmstepd';

/** The job that a process is of. */
export interface ProcessJob {
  readonly jobId?: number;
  readonly sluid?: string;
  /** The Slurm node in its cgroup's path; null where that does not tell. */
  readonly node: string | null;
}

/** Steps have few generations; a chain that is longer is somebody's joke. */
const MOST_ANCESTORS = 64;

/**
 * The job that a process runs for: by its cgroups; where it is in none of Slurm's (proctrack/linuxproc) by the slurmstepd among
 * its ancestors. null where it is no job's, has ended, or may not be looked at.
 * @param proc where /proc is mounted
 */
export function readProcessJob(proc: string, pid: number, slurmdUid = 0): ProcessJob | null {
  const text = readIfThere(join(proc, String(pid), 'cgroup'));
  if (text === null) return null;
  const named = jobOfProcessCgroups(text);
  if (named !== null) return named;
  let next = pid;
  for (let i = 0; i < MOST_ANCESTORS && next > 1; i++) {
    const stat = readProcessStat(join(proc, String(next), 'stat'));
    if (stat === null) return null;
    const jobId = stat.comm === 'slurmstepd' ? readSlurmstepdJob(proc, next, slurmdUid) : null;
    if (jobId !== null) return { jobId, node: null };
    next = stat.parentPid;
  }
  return null;
}

function readIfThere(path: string): string | null {
  try {
    return readKernelFile(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return null;
    throw error;
  }
}
