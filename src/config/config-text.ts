import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { EitError, isErrno } from '../errors';
import { visible } from './visible';

const DEFAULT_PATH = '/etc/eit/eit.yaml';
/** Hundreds of clusters fit; what is longer was not meant to be a config. */
const LONGEST_BYTES = 256 * 1024;

/** Which config is meant, and how the file is called where someone named it: `path`, else EIT_CONFIG, else the default. */
export function chooseConfigPath({
  path,
  env,
  defaultPath = DEFAULT_PATH,
}: {
  path?: string | undefined;
  env: NodeJS.ProcessEnv;
  defaultPath?: string;
}): { path: string; namedBy: string | null } {
  if (path !== undefined)
    return { path: isAbsolute(path) ? path : join(process.cwd(), path), namedBy: 'on the command line' };
  const fromEnv = env['EIT_CONFIG'];
  if (fromEnv === undefined || fromEnv === '') return { path: defaultPath, namedBy: null };
  // oxlint-disable-next-line no-control-regex -- the hooks refuse them too
  if (!isAbsolute(fromEnv) || /[\u0000-\u001f\u007f]/.test(fromEnv)) {
    throw new EitError(
      'EIT_CONFIG_UNREADABLE',
      `EIT_CONFIG is "${visible(fromEnv)}"; expected an absolute path, such as ${DEFAULT_PATH}`,
    );
  }
  return { path: fromEnv, namedBy: 'by EIT_CONFIG' };
}

/**
 * The text of a config; null where it is absent and nobody named it.
 * @throws EitError EIT_CONFIG_UNREADABLE
 */
export function readConfigText(path: string, namedBy: string | null): string | null {
  const unreadable = (what: string, mend: string, cause?: unknown): EitError =>
    new EitError(
      'EIT_CONFIG_UNREADABLE',
      `cannot read ${visible(path)}${namedBy === null ? '' : `, named ${namedBy}`}: ${what}; ${mend}`,
      { cause },
    );
  let fd: number;
  try {
    // Not to wait for the writer of a named pipe.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) {
      if (namedBy === null) return null;
      throw unreadable(
        'there is no such file',
        'create it (slurm-examples/eit.yaml shows every key) or name another',
        error,
      );
    }
    if (isErrno(error, 'EACCES', 'EPERM')) {
      throw unreadable('permission denied', 'let this user read it and enter the folders above it', error);
    }
    throw unreadable(describeError(error), 'name a file that can be read', error);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw unreadable('it is not a file', 'name a file');
    if (stat.size > LONGEST_BYTES) {
      throw unreadable(`it has ${stat.size} bytes`, `a config has at most ${LONGEST_BYTES}`);
    }
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(fd));
  } catch (error) {
    if (error instanceof EitError) throw error;
    if (isErrno(error, 'ERR_ENCODING_INVALID_ENCODED_DATA'))
      throw unreadable('it is not UTF-8', 'save it as UTF-8', error);
    throw unreadable(describeError(error), 'mend the file system or name another file', error);
  } finally {
    closeSync(fd);
  }
}

function describeError(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code ?? error);
}
