import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { isNativeError } from 'node:util/types';
import { checkTrusted, trustedUids } from '../config/trust';
import { EitError, isErrno } from '../errors';
import type { Missing } from './source';

/** Where programs of the system are. Slurm's hooks, from which the agent may come, have no PATH. */
export const PROGRAM_FOLDERS: readonly string[] = [
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/usr/local/sbin',
  '/usr/local/bin',
];

/**
 * The first path at which a program of this name can be run.
 * @returns null where there is none of that name; why not, where there is one that cannot be run
 */
export function findProgram(name: string, folders = PROGRAM_FOLDERS): string | Missing | null {
  let refusal: Missing | null = null;
  for (const path of folders.map((folder) => join(folder, name))) {
    if (!existsSync(path)) continue;
    const reason = whyNotRun(path);
    if (reason === null) return path;
    refusal ??= reason;
  }
  return refusal;
}

/**
 * Why a program should not or cannot be run, or null. An agent that is root runs none that another user could replace
 * (the rule of {@link checkTrusted}).
 * @param path absolute
 */
export function whyNotRun(path: string): Missing | null {
  if (!isAbsolute(path)) return { missing: `${path} is not an absolute path` };
  try {
    if (!statSync(path).isFile()) return { missing: `${path} is not a program` };
    accessSync(path, constants.X_OK);
    checkTrusted([path], { trustedUids: trustedUids() });
    return null;
  } catch (error) {
    if (error instanceof EitError) return { missing: error.message };
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return { missing: `there is no ${path}` };
    if (isErrno(error, 'EACCES', 'EPERM')) return { missing: `may not run ${path} (${error.code})` };
    if (!isNativeError(error) || !('code' in error)) throw error;
    return { missing: `cannot run ${path}: ${String(error.code)}` };
  }
}
