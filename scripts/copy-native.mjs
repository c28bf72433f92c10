// The optional packages with compiled parts, as far as they are needed: a node has dist/ and no node_modules.
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Package to what of it the program needs. */
const PARTS = {
  koffi: ['package.json', 'LICENSE.txt', 'index.cjs', 'src/koffi/index.cjs', 'src/koffi/src/static.cjs'],
  'node-pty': ['package.json', 'LICENSE', 'lib', 'build/Release/pty.node'],
};
const SKIPPED = /\.map$|\.test\.js$|\/lib\/(windows|conpty|worker|shared)/;

/**
 * Copies them from node_modules to dist/native. koffi looks for its binary beside itself, in @koromix.
 * @returns names of those that are not installed
 */
export function copyNative(top) {
  const from = join(top, 'node_modules');
  const to = join(top, 'dist/native');
  const copy = (part) =>
    cpSync(join(from, part), join(to, part), { recursive: true, filter: (source) => !SKIPPED.test(source) });
  const absent = [];
  for (const [name, parts] of Object.entries(PARTS)) {
    if (parts.every((part) => existsSync(join(from, name, part))))
      parts.forEach((part) => copy(join(name, part)));
    else absent.push(name);
  }
  const binaries = join(from, '@koromix');
  if (!absent.includes('koffi') && existsSync(binaries)) {
    for (const name of readdirSync(binaries)) copy(join('@koromix', name));
  }
  return absent;
}
