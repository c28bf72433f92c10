import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { sizedSpool } from './spool-file';

const CHUNK_BYTES = 1 << 20;
/** In a record's line only the key itself looks like this: quotes in a text are escaped. */
const END_OF_RUN = Buffer.from('"end":{');

/** Tells of what is new in the spool since the last look whether it should be carried soon. */
export class SpoolNews {
  readonly #dir: string;
  /** Bytes of each file that have been looked at; null: it was never looked at. */
  #seen: ReadonlyMap<string, number> | null = null;

  constructor(spoolDir: string) {
    this.#dir = spoolDir;
  }

  /** @returns whether the last line of a run has come since the last look; the first look says so of all. @throws the system's error */
  hasEnd(): boolean {
    const files = sizedSpool(this.#dir);
    const seen = this.#seen;
    const found =
      seen === null ||
      files.some(({ path, bytes }) => {
        const from = seen.get(path) ?? 0;
        return bytes > from && containsEnd(join(this.#dir, path), from, bytes);
      });
    this.#seen = new Map(files.map(({ path, bytes }) => [path, bytes]));
    return found;
  }
}

function containsEnd(path: string, from: number, to: number): boolean {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
  try {
    const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, to - from));
    // Pieces overlap by what could lie across their border.
    for (let at = from; at < to; at += chunk.length - END_OF_RUN.length) {
      const length = readSync(fd, chunk, 0, chunk.length, at);
      if (chunk.subarray(0, length).includes(END_OF_RUN)) return true;
      if (length < chunk.length || chunk.length <= END_OF_RUN.length) return false;
    }
    return false;
  } finally {
    closeSync(fd);
  }
}
