import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { visible } from '../config/visible';
import { EitError, type EitErrorCode, isErrno } from '../errors';

/**
 * The bytes of a file that a user named. No pipe is waited for.
 * @param most bytes that it may have
 * @param code of the error
 * @throws EitError with that code where it cannot be read
 */
export function readUserFile(path: string, most: number, code: EitErrorCode = 'EIT_IMPORT'): Buffer {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO'))
      throw error;
    throw refused(code, path, error.code === 'ENOENT' ? 'there is no such file' : error.message, error);
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw refused(code, path, 'it is no plain file');
    if (stats.size > most) throw refused(code, path, `it has ${stats.size} bytes, of ${most} that are read`);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

function refused(code: EitErrorCode, path: string, why: string, cause?: unknown): EitError {
  return new EitError(code, `cannot read ${visible(path)}: ${visible(why, 300)}; name another`, {
    cause,
  });
}
