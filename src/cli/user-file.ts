import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { visible } from '../config/visible';
import { EitError, isErrno } from '../errors';

/**
 * The bytes of a file that a user named. No pipe is waited for.
 * @param most bytes that it may have
 * @throws EitError EIT_IMPORT where it cannot be read
 */
export function readUserFile(path: string, most: number): Buffer {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO'))
      throw error;
    throw refused(path, error.code === 'ENOENT' ? 'there is no such file' : error.message, error);
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw refused(path, 'it is no plain file');
    if (stats.size > most) throw refused(path, `it has ${stats.size} bytes, of ${most} that are read`);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

function refused(path: string, why: string, cause?: unknown): EitError {
  return new EitError('EIT_IMPORT', `cannot read ${visible(path)}: ${visible(why, 300)}; name another`, {
    cause,
  });
}
