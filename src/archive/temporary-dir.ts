import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withCleaning } from './ending-signals';

/**
 * Does `work` with a host-local folder that nobody else may read and that is gone afterwards, also after a signal that ends the
 * process.
 * @throws whatever `work` throws; the system's error where the folder cannot be made
 */
export async function withTemporaryDir<T>(
  prefix: string,
  work: (dir: string) => Promise<T>,
  parent = tmpdir(),
): Promise<T> {
  const dir = mkdtempSync(join(parent, prefix));
  return withCleaning(
    () => rmSync(dir, { recursive: true, force: true }),
    () => work(dir),
  );
}
