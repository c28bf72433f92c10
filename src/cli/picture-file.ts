import { writeFileSync } from 'node:fs';
import { visible } from '../config/visible';
import { EitError, isErrno } from '../errors';

/**
 * Writes what an option named a file for.
 * @throws EitError EIT_USAGE where the file cannot be written
 */
export function writePicture(option: string, path: string, svg: string): void {
  try {
    writeFileSync(path, svg);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR', 'EROFS', 'EPERM')) throw error;
    throw new EitError(
      'EIT_USAGE',
      `--${option} cannot write ${visible(path)}: ${error.message}; name another file`,
      {
        cause: error,
      },
    );
  }
}
