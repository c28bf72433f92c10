import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { visible } from '../config/visible';
import { EitError } from '../errors';

const READ_BY_OTHERS = 0o027;
const LONGEST_BYTES = 8192;

/**
 * Reads a provider's token: never from the command line or the environment, which others can see.
 * @param lines how many the file has: one, or a name and a password
 * @throws EitError EIT_TOKEN where it cannot be read, others could read it, or it holds something else
 */
export function readToken(path: string, lines: 1 | 2): string[] {
  const place = visible(path);
  let text: string;
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile() || stats.size > LONGEST_BYTES)
        throw new EitError('EIT_TOKEN', `${place} is no file with a token (a plain file of up to 8 kB)`);
      if ((stats.mode & READ_BY_OTHERS) !== 0) {
        const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
        throw new EitError(
          'EIT_TOKEN',
          `${place} can be read or changed by others (mode ${mode}); mend: chmod 600`,
        );
      }
      text = readFileSync(fd, 'utf8');
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    if (cause instanceof EitError) throw cause;
    throw new EitError('EIT_TOKEN', `cannot read the token in ${place}: ${String(cause)}`, { cause });
  }
  const found = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (found.length === lines && found.every((line) => /^[\x20-\x7e]{1,2000}$/.test(line))) return found;
  const expected = lines === 1 ? 'one line, the token' : "two lines, the user's name and the password";
  throw new EitError('EIT_TOKEN', `${place} has not what was expected: ${expected}`);
}
