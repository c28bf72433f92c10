import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { isErrno } from '../errors';
import { KernelFile, type NumberForm, readKernelFile, unexpected, unreadable } from './kernel-file';
import { type Missing, isMissing } from './source';

/** CPU time used by one job, or by one directory of cgroups. */
export interface CpuCounter {
  readonly kind: 'cgroup2' | 'cgroup1' | 'processes';
  /** CPU time so far (ns), why it could not be read, or `gone`: what was counted has ended and left no counter. */
  read(): bigint | Missing | 'gone';
  close(): void;
}

/** What a cgroup's file of CPU time holds. */
export interface CpuFileForm extends NumberForm {
  readonly nsPerUnit: bigint;
  /** The file's text to nanoseconds, or what is wrong with it: of a file that is of another form than mostly. */
  readonly parse: (text: string, path: string) => bigint | Missing;
}

/**
 * Opens a cgroup's file of CPU time.
 * @returns `gone` where the cgroup is not there (any more)
 */
export function openCgroupCpu(
  kind: CpuCounter['kind'],
  path: string,
  form: CpuFileForm,
): CpuCounter | Missing | 'gone' {
  const file = new KernelFile(path);
  let lastUnits = 0;
  let lastNs = 0n;
  try {
    file.open();
  } catch (error) {
    return goneOrUnreadable(path, error);
  }
  return {
    kind,
    read: () => {
      try {
        const units = file.readNumber(form);
        if (typeof units === 'string') return form.parse(units, path);
        // Of a job that sleeps nothing is made anew.
        if (units === lastUnits) return lastNs;
        lastUnits = units;
        return (lastNs = BigInt(units) * form.nsPerUnit);
      } catch (error) {
        // A removed cgroup answers ENODEV on a descriptor that is still open.
        return isErrno(error, 'ENODEV', 'ENOENT') ? 'gone' : unreadable(path, error);
      }
    },
    close: () => file.close(),
  };
}

/**
 * What a failed open or read of a cgroup's file means: `gone` where the cgroup is, else why the file cannot be read.
 * @throws `error` itself where it is not one of the system's
 */
export function goneOrUnreadable(path: string, error: unknown): Missing | 'gone' {
  // A removed cgroup answers ENODEV on a descriptor that is still open; a cgroup without the controller lacks the file.
  const isGone = isErrno(error, 'ENODEV') || (isErrno(error, 'ENOENT') && !existsSync(dirname(path)));
  return isGone ? 'gone' : unreadable(path, error);
}

/** One file of one number of bytes. */
export function readBytes(path: string): number | Missing {
  const text = readKernelFile(path);
  return /^\d+\n?$/.test(text) ? Number(text) : unexpected(path, text, 'a number of bytes');
}

/** The numbers of a cgroup file with lines `key value`, such as memory.stat. */
export function parseFlatKeyed(text: string, keys: readonly string[]): Map<string, bigint> {
  const values = new Map<string, bigint>();
  // There are some forty keys, and a few are wanted.
  for (const key of keys) {
    const start = text.startsWith(`${key} `) ? 0 : text.indexOf(`\n${key} `) + 1;
    if (start === 0 && !text.startsWith(`${key} `)) continue;
    const end = text.indexOf('\n', start);
    const value = text.slice(start + key.length + 1, end < 0 ? text.length : end);
    if (/^\d+$/.test(value)) values.set(key, BigInt(value));
  }
  return values;
}

/** Adds up bytes, where one that cannot be read makes the whole unknown. */
export function sumBytes(parts: readonly (number | Missing)[]): number | Missing {
  let sum = 0;
  for (const part of parts) {
    if (isMissing(part)) return part;
    sum += part;
  }
  return sum;
}
