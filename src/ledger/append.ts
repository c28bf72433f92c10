import { dirname } from 'node:path';
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import type { DurableWork } from './durable';

const NEWLINE = 0x0a;

/**
 * Appends whole lines to a file of lines; ends when they are on disk. A half line that a crash left at the end is
 * ended first, so that it spoils no other; a write that fails half way (disk full) is taken back.
 * @param lines text that ends with a newline
 * @param mode of a file that is made
 * @throws the system's error; the file is then as it was
 */
export function* appendLines(path: string, lines: Uint8Array, mode: number): DurableWork<void> {
  const fd = openSync(path, 'a+', mode);
  try {
    const { size } = fstatSync(fd);
    try {
      if (size > 0 && !endsWithNewline(fd, size)) writeAll(fd, Buffer.from([NEWLINE]));
      writeAll(fd, lines);
      yield { fd, of: 'file' };
      if (size === 0) yield* folderOnDisk(dirname(path));
    } catch (error) {
      ftruncateSync(fd, size);
      throw error;
    }
  } finally {
    closeSync(fd);
  }
}

/** So that a name in a folder outlives a power cut. */
export function* folderOnDisk(dir: string): DurableWork<void> {
  const fd = openSync(dir, 'r');
  try {
    yield { fd, of: 'folder' };
  } finally {
    closeSync(fd);
  }
}

function endsWithNewline(fd: number, size: number): boolean {
  const last = Buffer.alloc(1);
  return readSync(fd, last, 0, 1, size - 1) === 1 && last[0] === NEWLINE;
}

function writeAll(fd: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(fd, bytes, written);
}
