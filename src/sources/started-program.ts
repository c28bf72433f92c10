import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { readKernelFile } from './kernel-file';
import { parsePidStat } from './process-table';

/** A process by what names it for good: its number is used again, but not with the same start. */
export interface StartedProgram {
  readonly pid: number;
  /** When it began, in clock ticks (10 ms) since boot: field 22 of /proc/<pid>/stat. */
  readonly startTicks: number;
}

/**
 * A process that runs now.
 * @param proc root of /proc
 * @returns null where there is none of that number, or it may not be seen
 */
export function identifyProgram(proc: string, pid: number): StartedProgram | null {
  const text = readStat(proc, pid);
  const stat = text === null ? null : parsePidStat(text);
  return stat === null ? null : { pid, startTicks: stat.startTicks };
}

/**
 * Whether it has not ended yet. One that has, and that nobody has waited for, is at an end, unless other threads of it
 * are not: one that waits in the kernel (state D) for a GPU holds it.
 */
export function isAlive(proc: string, { pid, startTicks }: StartedProgram): boolean {
  const text = readStat(proc, pid);
  if (text === null || parsePidStat(text)?.startTicks !== startTicks) return false;
  const state = text.slice(text.lastIndexOf(')') + 2)[0];
  return state !== 'X' && (state !== 'Z' || hasOtherThreads(proc, pid));
}

/** Kills it with its process group, which it leads. One that has ended is left alone: its number may be another's. */
export function killProgram(proc: string, program: StartedProgram): void {
  if (!isAlive(proc, program)) return;
  for (const target of [-program.pid, program.pid]) {
    try {
      process.kill(target, 'SIGKILL');
      return;
    } catch {
      // It leads no group yet, so it alone; or it has ended.
    }
  }
}

function readStat(proc: string, pid: number): string | null {
  try {
    return readKernelFile(join(proc, String(pid), 'stat'));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return null;
    throw error;
  }
}

function hasOtherThreads(proc: string, pid: number): boolean {
  try {
    return readdirSync(join(proc, String(pid), 'task')).length > 1;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return false;
    throw error;
  }
}
