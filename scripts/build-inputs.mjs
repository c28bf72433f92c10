// What dist/ is made from, as one hash: tells whether it is stale.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const INPUTS = [
  'src',
  'schemas',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'scripts/build.mjs',
  'scripts/copy-native.mjs',
];

/** Where a build leaves the hash of what it was made from, below the top folder. */
export const BUILD_STAMP = 'dist/.inputs-sha256';

/** SHA-256 (hex) over the names and contents of the build's inputs. */
export function hashBuildInputs(top) {
  const hash = createHash('sha256');
  for (const input of INPUTS) addToHash(hash, top, input);
  return hash.digest('hex');
}

/** Whether dist/ was made from what lies here now. */
export function isBuildFresh(top) {
  const stamp = join(top, BUILD_STAMP);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === hashBuildInputs(top);
}

function addToHash(hash, top, path) {
  const entries = readEntries(join(top, path));
  if (entries) {
    for (const entry of entries.sort()) addToHash(hash, top, join(path, entry));
    return;
  }
  const content = readFileSync(join(top, path));
  hash.update(`${path}\0${content.length}\0`).update(content);
}

function readEntries(folder) {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}
