import { type Dirent, readdirSync } from 'node:fs';
import { isErrno } from '../errors';

/**
 * What Slurm calls the directories of cgroups that it makes. Users can make others beside them, where a cgroup is delegated
 * to them.
 * https://slurm.schedmd.com/cgroup_v2.html, https://slurm.schedmd.com/cgroups.html
 */

/** `s` and 13 characters of Crockford's base 32. */
export const SLUID = /^s[0-9A-HJKMNP-TV-Z]{13}$/;

/** A job's; since Slurm 26.05 its SLUID (unless CgroupJobIdPaths=yes). */
export const JOB_DIR = /^job_(\d+)$/;

/** Version 1: holds the jobs of one user. */
export const USER_DIR = /^uid_(\d+)$/;

export const STEP_DIR = /^step_(?:batch|extern|interactive|\d+(?:\+\d+)?)$/;

/** In a step; version 2: in its `user`. */
export const TASK_DIR = /^task_(?:\d+|special)$/;

export function isJobDir(name: string): boolean {
  return JOB_DIR.test(name) || SLUID.test(name);
}

/** Names of the directories in a directory, links to directories left out; none where it is gone or may not be read. */
export function directoryNames(dir: string): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(dir, { withFileTypes: true });
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV', 'ENOTDIR', 'EACCES')) return [];
    throw error;
  }
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
