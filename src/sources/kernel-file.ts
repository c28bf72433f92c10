import { closeSync, openSync, readSync } from 'node:fs';
import { isNativeError } from 'node:util/types';
import { isErrno } from '../errors';
import type { Missing } from './source';

/** Reads are synchronous and their text is copied out at once, so one buffer serves them all. */
const buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** A file whose first line is a whole number, not negative. */
export interface NumberForm {
  /** What stands before it on its line. */
  readonly prefix: string;
  /** Whether other lines follow. */
  readonly hasMoreLines: boolean;
}

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

  /**
   * As `read`, for a file that begins with a number: what a tick reads of each job, without making a text of it.
   * @returns the number where the file is of that form and it has at most 15 digits; else the text
   * @throws as `read`
   */
  readNumber({ prefix, hasMoreLines }: NumberForm): number | string {
    this.open();
    try {
      const fd = this.#fd ?? -1;
      const length = readSync(fd, buffer, 0, buffer.length, 0);
      const number = numberAfter(prefix, length, hasMoreLines);
      if (number !== null) return number;
      return length < buffer.length ? buffer.toString('latin1', 0, length) : readAll(fd);
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

const [ZERO, NINE, NEWLINE] = [0x30, 0x39, 0x0a];
/** A number of so many digits is a safe integer. */
const SAFE_DIGITS = 15;

/** In the buffer's first `length` bytes; null where they are of another form. */
function numberAfter(prefix: string, length: number, hasMoreLines: boolean): number | null {
  const first = prefix.length;
  for (let i = 0; i < first; i++) if (buffer[i] !== prefix.charCodeAt(i)) return null;
  let number = 0;
  let i = first;
  for (; i < length; i++) {
    const digit = buffer[i]!;
    if (digit < ZERO || digit > NINE) break;
    number = number * 10 + digit - ZERO;
  }
  if (i === first || i - first > SAFE_DIGITS || i === length || buffer[i] !== NEWLINE) return null;
  return hasMoreLines || i + 1 === length ? number : null;
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
