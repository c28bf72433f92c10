// The optional packages with compiled parts, as far as they are needed: a node has dist/ and no node_modules.
import { cpSync, existsSync, linkSync, mkdirSync, readdirSync } from 'node:fs';
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

/** The library is large and never changed: a second name for it where that can be. */
function linkOrCopy(from, to) {
  try {
    linkSync(from, to);
  } catch {
    cpSync(from, to);
  }
}

/**
 * Copies DuckDB's library and its binding for Node.js to dist/native/duckdb, where dist/eit-duckdb.js looks for them.
 * @returns whether it is installed
 */
export function copyDuckDb(top) {
  const from = join(top, `node_modules/@duckdb/node-bindings-linux-${process.arch}`);
  const to = join(top, 'dist/native/duckdb');
  if (!existsSync(from)) return false;
  mkdirSync(to, { recursive: true });
  for (const name of ['LICENSE', 'duckdb.node', 'libduckdb.so']) linkOrCopy(join(from, name), join(to, name));
  return true;
}
