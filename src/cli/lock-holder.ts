import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { parsePidStat } from '../sources/process-table';

/** Whether flock(2) is held on a file, by /proc/locks: `1: FLOCK  ADVISORY  WRITE PID MAJOR:MINOR:INODE 0 EOF`. */
export function lockHolder(path: string, proc: string): 'somebody' | 'nobody' | 'unknown' {
  try {
    const inode = statSync(path, { throwIfNoEntry: false })?.ino;
    if (inode === undefined) return 'nobody';
    const locks = readFileSync(join(proc, 'locks'), 'latin1').split('\n');
    return locks.some((line) => line.includes(' FLOCK ') && line.includes(`:${inode} `))
      ? 'somebody'
      : 'nobody';
  } catch (error) {
    if (isErrno(error, 'EACCES', 'ENOENT')) return 'unknown';
    throw error;
  }
}

/**
 * The process that has a lock file open: of several, such as flock(1) and what it started, the youngest. The kernel names only who took
 * the lock, which may have handed it on and ended.
 * @returns its pid and start time (ticks since boot); null where none is to be seen, as for whoever may not look into others'
 */
export function processWithOpen(path: string, proc: string): { pid: number; startTicks: number } | null {
  const wanted = statSync(path, { throwIfNoEntry: false });
  if (wanted === undefined) return null;
  const found = readdirSync(proc)
    .filter((name) => /^\d+$/.test(name) && hasOpen(join(proc, name, 'fd'), wanted))
    .flatMap((name) => {
      const stat = parsePidStat(textOf(join(proc, name, 'stat')));
      return stat === null ? [] : [{ pid: Number(name), startTicks: stat.startTicks }];
    });
  return found.sort((a, b) => b.startTicks - a.startTicks || b.pid - a.pid)[0] ?? null;
}

function hasOpen(dir: string, wanted: { readonly ino: number; readonly dev: number }): boolean {
  try {
    return readdirSync(dir).some((fd) => {
      // Without a look at what is no file: a pipe's or a socket's link names no path.
      if (!readlinkSync(join(dir, fd)).startsWith('/')) return false;
      const stats = statSync(join(dir, fd), { throwIfNoEntry: false });
      return stats?.ino === wanted.ino && stats.dev === wanted.dev;
    });
  } catch (error) {
    // Gone meanwhile, or another user's.
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return false;
    throw error;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return '';
    throw error;
  }
}
