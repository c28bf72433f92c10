import { closeSync, openSync, readSync } from 'node:fs';
import { isNativeError } from 'node:util/types';
import { isErrno } from '../errors';
import type { Missing } from './source';

/** Reads are synchronous and their text is copied out at once, so one buffer serves them all. */
const buffer = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * A file of /proc or /sys that is read again and again. It stays open and is read at offset 0: such files say anew at
 * each read from the start what is so now, and opening costs several times what reading does.
 */
export class KernelFile {
  readonly path: string;
  #fd: number | null = null;

  constructor(path: string) {
    this.path = path;
  }

  /** @throws the system's error, such as ENOENT or EACCES */
  open(): void {
    this.#fd ??= openSync(this.path, 'r');
  }

  /**
   * Opens the file if it isn't, and reads all of it.
   * @throws the system's error. After ENODEV (what was behind the descriptor is gone: driver unloaded, cgroup removed) the
   *   next read opens the path anew.
   */
  read(): string {
    this.open();
    try {
      return readAll(this.#fd ?? -1);
    } catch (error) {
      if (isErrno(error, 'ENODEV', 'ENOENT')) this.close();
      throw error;
    }
  }

  close(): void {
    if (this.#fd === null) return;
    closeSync(this.#fd);
    this.#fd = null;
  }
}

/** Opens, reads and closes a file of /proc or /sys, whose size the system does not know. @throws the system's error */
export function readKernelFile(path: string): string {
  const fd = openSync(path, 'r');
  try {
    return readAll(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Why a file could not be read, as a value.
 * @throws `error` itself where it is not one of the system's
 */
export function unreadable(path: string, error: unknown): Missing {
  if (!isNativeError(error) || !('code' in error)) throw error;
  return { missing: `cannot read ${path}: ${error.message.replace(/, (?:open|read|scandir).*$/, '')}` };
}

/** What a file holds that is not of the form it should be, as a value. */
export function unexpected(path: string, text: string, expected: string): Missing {
  return { missing: `${path} holds ${JSON.stringify(text.slice(0, 40))}, not ${expected}` };
}

/**
 * A read shorter than the buffer is taken for the end: the files read here (single_open, kernfs) are made in one piece,
 * and a read more to make sure would make the kernel put them together a second time.
 */
function readAll(fd: number): string {
  let text = '';
  for (;;) {
    const length = readSync(fd, buffer, 0, buffer.length, text.length);
    text += buffer.toString('latin1', 0, length);
    if (length < buffer.length) return text;
  }
}
