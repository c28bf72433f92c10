import { type Dirent, closeSync, openSync, readSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { unreadable } from './kernel-file';
import { type Missing, isMissing } from './source';

export interface CgroupPids {
  readonly pids: readonly number[];
  /** False where there are more than were asked for. */
  readonly isComplete: boolean;
}

/** A page of text: what the kernel gives of cgroup.procs in one read. */
const CHUNK_BYTES = 4096;

/**
 * The processes of a cgroup and of those below it, from each `cgroup.procs`. How many there are is up to the job, so at
 * most `limit` processes and as many directories are looked at. What ends meanwhile is left out.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#processes
 */
export function listCgroupPids(dir: string, limit: number): CgroupPids | Missing {
  const pids = new Set<number>();
  const waiting = [dir];
  let looked = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (looked++ === limit) return { pids: [...pids], isComplete: false };
    const found = readPids(next, limit + 1, next === dir);
    if (isMissing(found)) return found;
    for (const pid of found) {
      if (pids.size === limit && !pids.has(pid)) return { pids: [...pids], isComplete: false };
      pids.add(pid);
    }
    waiting.push(...directoriesIn(next));
  }
  return { pids: [...pids], isComplete: true };
}

/**
 * The first processes of one cgroup: at least `atLeast` where there are as many.
 * @param isTop it is asked for itself: that it is not there is to be said
 */
function readPids(dir: string, atLeast: number, isTop: boolean): number[] | Missing {
  const path = join(dir, 'cgroup.procs');
  try {
    const lines = readLines(path, atLeast);
    // 0 stands for a process outside our PID namespace.
    return lines.map(Number).filter((pid) => Number.isSafeInteger(pid) && pid > 0);
  } catch (error) {
    // In a threaded cgroup (version 2) nothing is listed: the processes are in the one above.
    if (isErrno(error, 'EOPNOTSUPP', 'ENOTSUP')) return [];
    if (!isTop && isErrno(error, 'ENOENT', 'ENODEV')) return [];
    return unreadable(path, error);
  }
}

/** Whole lines of a long file of the kernel: unlike the short ones it comes in pieces, and ends with an empty one. */
function readLines(path: string, atLeast: number): string[] {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  const lines: string[] = [];
  let rest = '';
  const fd = openSync(path, 'r');
  try {
    while (lines.length < atLeast) {
      const length = readSync(fd, buffer, 0, buffer.length, null);
      if (length === 0) break;
      const pieces = (rest + buffer.toString('latin1', 0, length)).split('\n');
      rest = pieces.pop() ?? '';
      lines.push(...pieces);
    }
  } finally {
    closeSync(fd);
  }
  return lines;
}

function directoriesIn(dir: string): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(dir, { withFileTypes: true });
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV', 'EACCES')) return [];
    throw error;
  }
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(dir, name));
}
