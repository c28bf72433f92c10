import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';

/** The script writes at most some 5 MB. */
const LONGEST_BYTES = 8 << 20;

/**
 * What slurm-examples/taskprolog-software.sh wrote down of a job, in a folder of the one who runs this.
 * @returns null where there is none
 */
export function readSoftwareFile(env: NodeJS.ProcessEnv, cluster: string, job: number): string | null {
  const { EIT_SOFTWARE_DIR: named, HOME: home } = env;
  const folder = named ?? (home === undefined ? '' : join(home, '.local/state/eit'));
  if (!folder.startsWith('/')) return null;
  // As the script has it.
  const written = cluster === '' || /[^A-Za-z0-9._-]/.test(cluster) ? 'unknown' : cluster;
  let fd: number;
  try {
    fd = openSync(
      join(folder, 'software', `${written}-${job}`),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENXIO')) return null;
    throw error;
  }
  try {
    const stats = fstatSync(fd);
    return stats.isFile() && stats.size <= LONGEST_BYTES ? readFileSync(fd, 'utf8') : null;
  } finally {
    closeSync(fd);
  }
}
