import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { SHIPPER_DIR } from './spool-file';

const FILE = 'shipped.json';
/** In it, when files' last pieces were carried: no file of the spool has such a name, and versions before it pass it over. */
const TIMES = 'last_ms';
/** Far more than the files of a full spool. */
const LARGEST_BYTES = 4 << 20;

/** What of a spool file was carried. */
export interface ShippedFile {
  /** From its beginning. */
  readonly bytes: number;
  /** When the last piece of it was, Unix ms; null: written down before that was told. */
  readonly lastMs: number | null;
}

/**
 * What the shipper has carried of each spool file, by `<cluster>/<name>`. Without that everything is carried
 * again, which counts once; so what is no such file is taken for none. The folder may be another user's: no link is followed, no pipe
 * waited for.
 * @throws the system's error where it cannot be read for another reason
 */
export function readShipped(spoolDir: string): Map<string, ShippedFile> {
  let fd: number;
  try {
    fd = openSync(
      join(spoolDir, SHIPPER_DIR, FILE),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO')) return new Map();
    throw error;
  }
  try {
    const stats = fstatSync(fd);
    return stats.isFile() && stats.size <= LARGEST_BYTES ? parseShipped(readFileSync(fd, 'utf8')) : new Map();
  } finally {
    closeSync(fd);
  }
}

/** The text of shipped.json: an object of file names and bytes, and one of times. Other things in it are left out. */
export function parseShipped(text: string): Map<string, ShippedFile> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return new Map();
    throw error;
  }
  const bytes = numbersOf(value);
  const times = numbersOf(typeof value === 'object' && value !== null ? Reflect.get(value, TIMES) : null);
  return new Map(
    [...bytes].map(([path, count]) => [path, { bytes: count, lastMs: times.get(path) ?? null }]),
  );
}

function numbersOf(value: unknown): Map<string, number> {
  const entries = Object.entries(typeof value === 'object' && value !== null ? value : {});
  return new Map(
    entries.filter((entry): entry is [string, number] => Number.isSafeInteger(entry[1]) && entry[1] >= 0),
  );
}

/**
 * How far a shipper has come, also where it cannot be written down now: else what is on a full disk would be carried again
 * at each try.
 */
export class Shipped {
  readonly #spoolDir: string;
  /** What is not written down yet; null: the file has it. */
  #unsaved: Map<string, ShippedFile> | null = null;

  constructor(spoolDir: string) {
    this.#spoolDir = spoolDir;
  }

  read(): Map<string, ShippedFile> {
    return new Map(this.#unsaved ?? readShipped(this.#spoolDir));
  }

  /** @returns the system's error where it could not be written down */
  keep(shipped: ReadonlyMap<string, ShippedFile>): Error | null {
    try {
      writeShipped(this.#spoolDir, shipped);
      this.#unsaved = null;
      return null;
    } catch (error) {
      this.#unsaved = new Map(shipped);
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}

/** Replaces shipped.json, atomically. @throws the system's error */
function writeShipped(spoolDir: string, shipped: ReadonlyMap<string, ShippedFile>): void {
  const path = join(spoolDir, SHIPPER_DIR, FILE);
  rmSync(`${path}.tmp`, { force: true });
  const bytes = Object.fromEntries([...shipped].map(([name, file]) => [name, file.bytes]));
  const times = Object.fromEntries(
    [...shipped].flatMap(([name, { lastMs }]) => (lastMs === null ? [] : [[name, lastMs]])),
  );
  writeFileSync(`${path}.tmp`, JSON.stringify({ ...bytes, [TIMES]: times }), { mode: 0o600, flag: 'wx' });
  renameSync(`${path}.tmp`, path);
}
