import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readSync,
  readdirSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isErrno } from '../errors';

/** What a value of Prolog= or Epilog= leads to. */
export interface HookScript {
  readonly kind: 'ours' | 'other' | 'absent' | 'not executable' | 'unreadable' | 'relative';
  readonly path: string;
  /** It is ours, and yet cannot be run. */
  readonly isOurs?: true;
}

/** Our hooks are shorter, and so is what is looked at of others'. */
const LONGEST_SCRIPT_BYTES = 64 * 1024;
/** Scripts of one folder that are looked into. */
const MOST_SCRIPTS = 100;

/**
 * Follows a value of slurm.conf to our hook: the script itself, one in the folder of a pattern `folder/*`, or one that such a
 * script calls by its absolute path.
 */
export function findHook(value: string, hook: 'prolog' | 'epilog'): HookScript {
  if (!value.startsWith('/')) return { kind: 'relative', path: value };
  const isPattern = /[*?]/.test(basename(value));
  const scripts = isPattern ? expand(value).slice(0, MOST_SCRIPTS) : [value];
  // Of a folder's scripts one that is switched off is nobody's fault, unless it is ours.
  const found = scripts
    .map((path) => look(path, hook, true))
    .filter((script) => !isPattern || script.kind !== 'not executable' || script.isOurs === true);
  const order = ['ours', 'not executable', 'absent', 'unreadable', 'other'] as const;
  for (const kind of order) {
    const first = found.find((script) => script.kind === kind);
    if (first !== undefined) return first;
  }
  return { kind: 'absent', path: value };
}

/** slurmd takes a value for a pattern (glob(7)); here as far as the last part has one. */
function expand(value: string): string[] {
  const pattern = new RegExp(
    `^(?!\\.)${basename(value)
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    's',
  );
  try {
    return readdirSync(dirname(value))
      .filter((name) => pattern.test(name))
      .map((name) => join(dirname(value), name));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return [value];
    throw error;
  }
}

function look(path: string, hook: 'prolog' | 'epilog', mayCall: boolean): HookScript {
  let text: string;
  try {
    const real = realpathSync(path);
    if (!statSync(real).isFile()) return { kind: 'absent', path };
    text = head(real);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return { kind: 'absent', path };
    if (isErrno(error, 'EACCES', 'EPERM')) return { kind: 'unreadable', path };
    throw error;
  }
  if (!isExecutable(path)) {
    return { kind: 'not executable', path, ...(isOurs(text, hook) ? { isOurs: true } : {}) };
  }
  if (isOurs(text, hook)) return { kind: 'ours', path };
  if (!mayCall) return { kind: 'other', path };
  // Absolute paths in it that could be ours; each is opened as a file and no more.
  const called = [...text.matchAll(/(?<![\w./-])\/[\w./+@-]+/g)]
    .map(([one]) => one)
    .filter((one) => basename(one).includes(hook));
  const isCalled = [...new Set(called)]
    .slice(0, MOST_SCRIPTS)
    .some((one) => look(one, hook, false).kind === 'ours');
  return { kind: isCalled ? 'ours' : 'other', path };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if (isErrno(error, 'EACCES', 'ENOENT')) return false;
    throw error;
  }
}

/** By two of its own lines. */
function isOurs(text: string, hook: string): boolean {
  return new RegExp(`^hook=${hook}$`, 'm').test(text) && text.includes("'eit-event 1'");
}

function head(path: string): string {
  // Not to wait for the writer of a named pipe.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const bytes = Buffer.alloc(LONGEST_SCRIPT_BYTES);
    return bytes.toString('latin1', 0, readSync(fd, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(fd);
  }
}
