import { closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync } from 'node:fs';
import { EitError } from '../errors';

const LARGEST_NOTICE = 1 << 20;

/** A notice, as `eit-mail` names it: seconds, process, job. */
export const NOTICE_NAME = /^\d{1,12}\.\d{1,10}\.\d{1,19}$/;

/** A letter: the notice's name, and which of its recipients it is for. */
export const LETTER_NAME = /^(\d{1,12}\.\d{1,10}\.\d{1,19})\.(\d{1,2})$/;

/**
 * A plain file of bounded size: SlurmUser's, but not more than that. No link is followed, no pipe waited for.
 * @throws EitError EIT_MAIL where it is something else; the system's error where it cannot be read
 */
export function readNotice(path: string): Buffer {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.size > LARGEST_NOTICE)
      throw new EitError('EIT_MAIL', 'is no plain file of up to 1 MB');
    const bytes = readFileSync(fd);
    // eit-mail's own sync comes too late where the notice has been taken by then.
    fsyncSync(fd);
    return bytes;
  } finally {
    closeSync(fd);
  }
}
