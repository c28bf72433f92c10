// Which versions of the C and C++ libraries compiled files want, by their own tables (gABI; LSB Core, "Symbol Versioning").
import { openSync, closeSync, readFileSync, readSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What RHEL 8 has: glibc 2.28, and the libstdc++ of GCC 8. */
export const NEWEST = { GLIBC: '2.28', GLIBCXX: '3.4.25', CXXABI: '1.3.11', GCC: '8.0.0' };

const SHT_GNU_VERNEED = 0x6ffffffe;

/** @returns the compiled files below a folder, by path */
export function findElf(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readHead(file).equals(Buffer.from('\x7fELF', 'latin1')))
    .sort();
}

/** @returns versions of other libraries' symbols that a 64-bit little-endian ELF file wants, such as `GLIBC_2.28` */
export function wantedVersions(file) {
  const elf = readFileSync(file);
  if (elf[4] !== 2 || elf[5] !== 1) throw new Error(`${file}: no 64-bit little-endian ELF file`);
  const number = (at) => Number(elf.readBigUInt64LE(at));
  const [headersAt, headerSize, headers] = [number(0x28), elf.readUInt16LE(0x3a), elf.readUInt16LE(0x3c)];
  const section = (index) => {
    const at = headersAt + index * headerSize;
    return {
      type: elf.readUInt32LE(at + 4),
      offset: number(at + 24),
      link: elf.readUInt32LE(at + 40),
      entries: elf.readUInt32LE(at + 44),
    };
  };
  const wanted = new Set();
  for (let index = 0; index < headers; index++) {
    const { type, offset, link, entries } = section(index);
    if (type !== SHT_GNU_VERNEED) continue;
    const texts = section(link).offset;
    const text = (at) => elf.toString('latin1', texts + at, elf.indexOf(0, texts + at));
    // A chain of libraries, each with a chain of its versions.
    for (let entry = 0, at = offset; entry < entries; entry++) {
      let version = at + elf.readUInt32LE(at + 8);
      for (let left = elf.readUInt16LE(at + 2); left > 0; left--) {
        wanted.add(text(elf.readUInt32LE(version + 8)));
        version += elf.readUInt32LE(version + 12);
      }
      at += elf.readUInt32LE(at + 12);
    }
  }
  return [...wanted];
}

/** @returns those of `versions` that RHEL 8 lacks */
export function tooNew(versions) {
  return versions.filter((version) => {
    const [, library, number] = /^([A-Z]+)_([\d.]+)$/.exec(version) ?? [];
    return library in NEWEST && compare(number, NEWEST[library]) > 0;
  });
}

/** @throws Error where a compiled file in the package would not load on RHEL 8 */
export function checkElf(folder) {
  const faults = findElf(folder)
    .map((file) => ({ file, versions: tooNew(wantedVersions(file)) }))
    .filter(({ versions }) => versions.length > 0);
  if (faults.length === 0) return;
  const list = faults.map(
    ({ file, versions }) => `  ${file.slice(folder.length + 1)}: ${versions.join(', ')}`,
  );
  throw new Error(`These want newer libraries than RHEL 8 has (glibc ${NEWEST.GLIBC}):\n${list.join('\n')}`);
}

function compare(a, b) {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number));
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function readHead(file) {
  const fd = openSync(file, 'r');
  try {
    const head = Buffer.alloc(4);
    readSync(fd, head);
    return head;
  } finally {
    closeSync(fd);
  }
}
