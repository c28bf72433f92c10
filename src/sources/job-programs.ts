import { join } from 'node:path';
import type { SlurmScope } from '../slurm/cgroup-path';
import { listCgroupPids } from './cgroup-pids';
import { listSteps } from './job-steps';
import { readProcessStat } from './process-table';
import { type Roots, isMissing } from './source';

/** One process of a job and the CPU time that it has used. */
export interface ProgramTime {
  /** Process id and begin: names one process for good. */
  readonly key: string;
  /** As the kernel has it, harmless to print. */
  readonly name: string;
  /** CPU time of its own threads, in clock ticks of 10 ms; not that of its children. */
  readonly ticks: number;
}

/** How many there are is up to the job, and each costs a read of /proc/<pid>/stat. */
const MOST_PROCESSES = 512;
/** The kernel keeps 15 bytes of a process's name. */
const LONGEST_NAME = 16;

/**
 * The processes of a job's steps, slurmstepd's own left out; the first 512. Names alone: a command line or an environment
 * can hold what nobody else is to see.
 * @param jobDir the job's cgroup; version 1: below the cpuacct controller
 */
export function readJobPrograms(
  roots: Pick<Roots, 'proc'>,
  { version }: Pick<SlurmScope, 'version'>,
  jobDir: string,
): ProgramTime[] {
  const pids: number[] = [];
  for (const dir of listSteps(version, jobDir).flatMap(({ userDirs }) => userDirs)) {
    const left = MOST_PROCESSES - pids.length;
    if (left <= 0) break;
    const found = listCgroupPids(dir, left);
    if (!isMissing(found)) pids.push(...found.pids);
  }
  return pids.flatMap((pid) => {
    const stat = readProcessStat(join(roots.proc, String(pid), 'stat'));
    if (stat === null) return [];
    return { key: `${pid}:${stat.startTicks}`, name: programName(stat.comm), ticks: stat.ownTicks };
  });
}

/**
 * A process gives itself its name, any bytes but 0: what is no text, or would act on a terminal or on the order of text, is
 * replaced.
 * @param comm its bytes, one a character
 */
export function programName(comm: string): string {
  const text = Buffer.from(comm, 'latin1').toString('utf8');
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?').slice(0, LONGEST_NAME);
}
