import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { visible } from '../config/visible';
import { EitError, isErrno } from '../errors';

const PACKAGE = 'slurm-eit';

/**
 * The folder `data` of the package that a module belongs to, bundled in dist/ or not.
 * @param from the module's folder (`__dirname`)
 * @throws EitError EIT_DATA_FILE where no folder above it is the package's
 */
export function dataDirectory(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (packageName(join(folder, 'package.json')) === PACKAGE) return join(folder, 'data');
    if (folder === dirname(folder)) break;
  }
  throw new EitError(
    'EIT_DATA_FILE',
    `no folder above ${visible(from)} has the package.json of ${PACKAGE}; install dist/, data/ and package.json together`,
  );
}

function packageName(manifest: string): unknown {
  let text: string;
  try {
    text = readFileSync(manifest, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw new EitError('EIT_DATA_FILE', `cannot read ${visible(manifest)}`, { cause: error });
  }
  try {
    return (JSON.parse(text) as { name?: unknown } | null)?.name;
  } catch (error) {
    throw new EitError('EIT_DATA_FILE', `${visible(manifest)} is no JSON`, { cause: error });
  }
}
