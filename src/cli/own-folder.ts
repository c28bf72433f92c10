import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { visible } from '../config/visible';
import { EitError, type EitErrorCode } from '../errors';
import { IMPORT_CLUSTERS } from '../imports/imported-run';
import { OWN_CLUSTER } from '../own-run/run-lines';
import { FACTS_NAME } from './facts-file';

/**
 * Refuses a folder that runs of a user's own may not come into: a site's ledger, what is in one, and a folder of one cluster. Nothing is made.
 * @param folder need not be there
 * @param ledger the site's
 * @param told code of the error, and the option that names another folder
 * @throws EitError with that code
 */
export function checkOwnFolder(
  folder: string,
  ledger: string,
  { code, option }: { readonly code: EitErrorCode; readonly option: string },
): void {
  const real = realPath(resolve(folder));
  const site = realPath(resolve(ledger));
  const own: readonly string[] = [OWN_CLUSTER, ...IMPORT_CLUSTERS];
  const others = namesIn(real).filter(
    (name) => !own.includes(name) && ['inbox', 'parts'].some((part) => existsSync(join(real, name, part))),
  );
  // Who works with runs of his own alone may have named their folder as his ledger.
  const isSite = real === site && !existsSync(join(real, FACTS_NAME));
  if (!isSite && !real.startsWith(`${site}/`) && others.length === 0 && !isOfCluster(real)) return;
  throw new EitError(
    code,
    `${visible(folder, 200)} is a site's ledger${others.length > 0 ? ` (of ${visible(others.join(', '), 200)})` : ', or in one'}: ` +
      `runs of your own never come into it; give another folder (${option} DIR)`,
  );
}

/** Links resolved as far as there is something. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(realPath(above), basename(path));
  }
}

/** LEDGER/CLUSTER, by what is in it. */
function isOfCluster(dir: string): boolean {
  const isArchive = existsSync(join(dir, 'parts')) && existsSync(join(dir, 'manifest.json'));
  return isArchive || namesIn(join(dir, 'inbox')).some((name) => /^\d{4}-\d\d-\d\d$/.test(name));
}

/** None where it is no folder; one that may not be listed is refused when it is written. */
function namesIn(dir: string): string[] {
  try {
    return statSync(dir).isDirectory() ? readdirSync(dir) : [];
  } catch {
    return [];
  }
}
