// Makes a checkout ready to run: right Node.js, packages installed, dist/ built. Runs on a bare checkout, so it
// needs nothing but Node.js itself, and does nothing (no network either) where all is there already.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isBuildFresh } from './build-inputs.mjs';
import { run, top } from './child.mjs';

const INSTALL_STAMP = 'node_modules/.eit-stamp';

/** Prepares the checkout; throws an Error whose message says what is wrong and how to mend it. */
export async function prepare() {
  requireNode();
  await install();
  await build();
}

function requireNode() {
  const { engines } = readJson('package.json');
  const wanted = /\d+\.\d+/.exec(engines.node)[0];
  const [major, minor] = wanted.split('.').map(Number);
  const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number);
  if (ownMajor > major || (ownMajor === major && ownMinor >= minor)) return;
  throw new Error(
    `Node.js ${wanted} or newer is needed, this is ${process.version} (${process.execPath}).\n` +
      'Install a newer one (https://nodejs.org/en/download) and put it first in PATH.',
  );
}

async function install() {
  const lock = readFileSync(join(top, 'package-lock.json'));
  const hash = createHash('sha256').update(lock).digest('hex');
  const stamp = join(top, INSTALL_STAMP);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  if (!isInstalled(JSON.parse(lock.toString()))) {
    console.log('Installing packages (npm ci).');
    // --include=dev: under NODE_ENV=production npm would leave out what builds and tests.
    const { status } = await run('npm', ['ci', '--include=dev', '--no-fund', '--no-audit']);
    if (status !== 0) {
      throw new Error(
        `npm ci ended with status ${status}: its own words are above. ` +
          "The packages come from the npm registry: check the network, the proxy and npm's `registry` setting, then try again.",
      );
    }
  }
  writeFileSync(stamp, hash);
}

/** Whether someone has installed exactly the locked packages already: npm lists what it put into node_modules. */
function isInstalled(lock) {
  if (!existsSync(join(top, 'node_modules/.package-lock.json'))) return false;
  const installed = readJson('node_modules/.package-lock.json').packages;
  return Object.entries(lock.packages).every(([path, wanted]) => {
    const found = installed[path];
    if (path === '' || (!found && wanted.optional)) return true; // binaries of other platforms
    return found?.version === wanted.version && found.integrity === wanted.integrity;
  });
}

async function build() {
  if (isBuildFresh(top)) return;
  console.log('Building dist/.');
  const { status } = await run(process.execPath, ['scripts/build.mjs']);
  if (status !== 0) throw new Error(`The build failed with status ${status}: see above.`);
}

function readJson(path) {
  return JSON.parse(readFileSync(join(top, path), 'utf8'));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await prepare();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
