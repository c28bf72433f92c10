import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { parseCpuacctUsage } from './cgroup-v1';
import { parseCpuStat } from './cgroup-v2';
import { readCgroupCpu } from './cpu-counter';
import { readKernelFile } from './kernel-file';
import type { Missing } from './source';

/** One step of a job, in the job's cgroup. */
export interface StepDir {
  /** `step_batch`, `step_extern`, `step_interactive`, `step_0`, `step_0+1`, ... */
  readonly name: string;
  readonly dir: string;
  /**
   * Where the user's processes are, without slurmstepd's own: version 2 `user`, version 1 each `task_<n>`. None where
   * the step has only just begun.
   */
  readonly userDirs: readonly string[];
}

const STEP = /^step_(?:batch|extern|interactive|\d+(?:\+\d+)?)$/;
const TASK = /^task_(?:\d+|special)$/;

/**
 * The steps that a job has now; those that have ended are gone with their directories. Other directories, which users
 * can make where a cgroup is delegated to them, are none. A step's tasks appear one after the other: list anew for each
 * reading.
 * https://slurm.schedmd.com/cgroup_v2.html (`job_<id>/step_<x>/{slurm,user/task_<n>}`)
 * @param version of cgroups
 * @param jobDir the job's cgroup; version 1: below the cpuacct controller
 */
export function listSteps(version: 1 | 2, jobDir: string): StepDir[] {
  return directoryNames(jobDir)
    .filter((name) => STEP.test(name))
    .map((name) => {
      const dir = join(jobDir, name);
      const users = directoryNames(dir).filter((user) => (version === 2 ? user === 'user' : TASK.test(user)));
      return { name, dir, userDirs: users.map((user) => join(dir, user)) };
    });
}

/**
 * CPU time (ns) of a step's user: of all tasks, ended processes included. What slurmstepd needs itself is not in it.
 * @returns `gone` where the step, or one of the tasks it had when listed, is no more: what was read of it before is the
 *   last that is known
 */
export function readStepUserNs(version: 1 | 2, step: StepDir): bigint | Missing | 'gone' {
  if (step.userDirs.length === 0) return { missing: `${step.dir} holds no cgroup of the user's processes` };
  let sumNs = 0n;
  for (const dir of step.userDirs) {
    const ns =
      version === 2
        ? readCgroupCpu(join(dir, 'cpu.stat'), parseCpuStat)
        : readCgroupCpu(join(dir, 'cpuacct.usage'), parseCpuacctUsage);
    if (typeof ns !== 'bigint') return ns;
    sumNs += ns;
  }
  return sumNs;
}

/**
 * Whether a cgroup of version 2 holds processes, itself or below: a step's `user` no longer does some 20 ms before it is
 * removed. A file that cannot be understood does not say that they have ended.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#un-populated-notification
 * @throws the system's error where the file may not be read
 */
export function isPopulated(userDir: string): boolean | 'gone' {
  try {
    return !/^populated 0$/m.test(readKernelFile(join(userDir, 'cgroup.events')));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV')) return 'gone';
    throw error;
  }
}

function directoryNames(dir: string): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(dir, { withFileTypes: true });
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV', 'ENOTDIR', 'EACCES')) return [];
    throw error;
  }
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
