// What other people's software the packages hold: from the lock files, as far as it is installed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { top } from '../child.mjs';
import { licenceOf } from './licences.mjs';
import { RUNTIME_PACKAGES } from './runtime.mjs';

/** Of npm's node-pty the packages have none: see copyNodePty. DuckDB is in the full one alone. */
const ABSENT = { node: /^(node-pty|@duckdb\/.*)$/, full: /^node-pty$/ };

/**
 * @param kind of package: `node` or `full`
 * @returns by name: `{ name, version, licence, integrity, path }`; the licence as SPDX has it, the path where it is installed
 */
export function componentsOf(kind) {
  const ours = Object.entries(readLock(top))
    .filter(([path, { dev }]) => path !== '' && !dev && existsSync(join(top, path, 'package.json')))
    .map(([path, entry]) => component(path, entry, top))
    .filter(({ name }) => !ABSENT[kind].test(name));
  const folder = join(top, 'packaging/runtime');
  const lock = readLock(folder);
  const added = RUNTIME_PACKAGES.map(({ name }) =>
    component(`node_modules/${name}`, lock[`node_modules/${name}`], folder),
  );
  return [...ours, ...added].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** @returns entries of a folder's package-lock.json by path */
export function readLock(folder) {
  return JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages;
}

/** The name that npm knows a package by, of its path in node_modules. */
export function nameOf(path) {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

function component(path, entry, folder) {
  const { version, integrity } = entry;
  const name = nameOf(path);
  // npm has the licence of what binds Node.js; the program itself comes with its own, of all that is in it.
  return { name, version, licence: licenceOf(name, entry), integrity, path: join(folder, path) };
}

function key({ name, version }) {
  return `${name}@${version}`;
}
