import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { visible } from '../config/visible';
import { EitError } from '../errors';

/**
 * The text of a file that the package brings along.
 * @param dataDir the folder `data` of the package
 * @throws EitError EIT_DATA_FILE where it cannot be read
 */
export function readDataFile(dataDir: string, name: string): string {
  try {
    return readFileSync(join(dataDir, name), 'utf8');
  } catch (error) {
    throw new EitError('EIT_DATA_FILE', `cannot read ${visible(join(dataDir, name))}; install EIT again`, {
      cause: error,
    });
  }
}
