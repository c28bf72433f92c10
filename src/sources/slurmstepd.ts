import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isErrno } from '../errors';
import { readKernelFile } from './kernel-file';

/** `slurmstepd: [12.batch]`, `[12.0]`, `[12+1.0]`: setproctitle() of slurmstepd, in all versions since 21.08. */
const TITLE = /^slurmstepd: \[(\d+)(?:\+\d+)?\.[^\]]+\]/;

/** <SlurmdSpoolDir>/<node>_<job id or SLUID>.<step>[.<het component>]: where a slurmstepd listens. */
const SOCKET = /^(.+)_(?:\d+|s[0-9A-HJKMNP-TV-Z]{13})\.\d+(?:\.\d+)?$/;

/**
 * The job that a process with the name `slurmstepd` works for, or null. Anybody can give a process this name and title;
 * only one whose real user is slurmd's is believed.
 */
export function readSlurmstepdJob(proc: string, pid: number, slurmdUid: number): number | null {
  if (readRealUid(proc, pid) !== slurmdUid) return null;
  const title = ifReadable(() => readKernelFile(join(proc, String(pid), 'cmdline')));
  const jobId = TITLE.exec(title ?? '')?.[1];
  return jobId === undefined ? null : Number(jobId);
}

/** The real user of a process (/proc/<pid>/status, `Uid:`), which running a setuid program does not change. */
export function readRealUid(proc: string, pid: number): number | null {
  const status = ifReadable(() => readKernelFile(join(proc, String(pid), 'status')));
  const uid = /^Uid:\t(\d+)\t/m.exec(status ?? '')?.[1];
  return uid === undefined ? null : Number(uid);
}

/**
 * The Slurm node that a slurmstepd works for, from the name of the socket it listens on, or null where that cannot be
 * read. Its environment does not tell (tried on 22.05: slurmd does not put SLURMD_NODENAME there, and the title is
 * written over it), and that of a task is the user's to change.
 */
export function readSlurmstepdNode(proc: string, pid: number): string | null {
  const dir = join(proc, String(pid));
  const links = ifReadable(() => readdirSync(join(dir, 'fd')).map((fd) => linkOf(join(dir, 'fd', fd))));
  const inodes = new Set(links?.map((link) => /^socket:\[(\d+)\]$/.exec(link ?? '')?.[1]));
  inodes.delete(undefined);
  if (inodes.size === 0) return null;
  const sockets = ifReadable(() => readFileSync(join(dir, 'net/unix'), 'latin1')) ?? '';
  for (const line of sockets.split('\n')) {
    // Num RefCount Protocol Flags Type St Inode Path (man 5 proc)
    const [, inode, path = ''] = /^\S+ \S+ \S+ \S+ \S+ \S+ +(\d+) (\/.*)$/.exec(line) ?? [];
    const node = SOCKET.exec(basename(path))?.[1];
    if (node !== undefined && inodes.has(inode)) return node;
  }
  return null;
}

function linkOf(path: string): string | null {
  return ifReadable(() => readlinkSync(path));
}

/** What `read` gives, or null where the process has ended or is not ours to look into. */
function ifReadable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'EINVAL')) return null;
    throw error;
  }
}
