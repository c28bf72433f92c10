import { join } from 'node:path';
import { STEP_DIR, TASK_DIR, directoryNames } from '../slurm/cgroup-names';

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
    .filter((name) => STEP_DIR.test(name))
    .map((name) => {
      const dir = join(jobDir, name);
      const users = directoryNames(dir).filter((user) =>
        version === 2 ? user === 'user' : TASK_DIR.test(user),
      );
      return { name, dir, userDirs: users.map((user) => join(dir, user)) };
    });
}
