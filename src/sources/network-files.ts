import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import type { IoCounters } from './io-counters';
import { unexpected, unreadable } from './kernel-file';
import { type Missing, type Roots, isMissing } from './source';

/** A mount of NFS as mountstats shows it. Its texts are somebody's, octal escapes as they are: keys, never paths. */
export interface NfsMount extends IoCounters {
  readonly device: string;
  readonly mountPoint: string;
}

/** A line of mountinfo. `superblock` is the file system's device number: mounts that share it share its counters. */
export interface Mount {
  readonly superblock: string;
  readonly device: string;
  readonly mountPoint: string;
  readonly type: string;
}

/**
 * The NFS mounts in the text of /proc/<pid>/mountstats. Of the line `bytes:` the fifth and sixth number are what came from
 * and went to the servers; the four before are what programs read and wrote, page cache included. Of the lines `READ:` and
 * `WRITE:` the first number is how many were asked of the server.
 * https://man7.org/linux/man-pages/man5/proc_pid_mountstats.5.html, include/linux/nfs_iostat.h
 */
export function parseMountstats(text: string): NfsMount[] {
  const mounts: NfsMount[] = [];
  for (const section of text.split(/^(?=device )/m)) {
    const [, device, mountPoint] =
      /^device (\S+) mounted on (\S+) with fstype nfs4?(?= |$)/m.exec(section) ?? [];
    const [, readBytes, writtenBytes] =
      /^[ \t]+bytes:[ \t]+(?:\d{1,20} ){4}(\d{1,20}) (\d{1,20})\b/m.exec(section) ?? [];
    if (device === undefined || mountPoint === undefined) continue;
    if (readBytes === undefined || writtenBytes === undefined) continue;
    const asked = (operation: string): bigint =>
      BigInt(new RegExp(`^[ \\t]+${operation}: (\\d{1,20}) `, 'm').exec(section)?.[1] ?? 0);
    mounts.push({
      device,
      mountPoint,
      readBytes: BigInt(readBytes),
      writtenBytes: BigInt(writtenBytes),
      readOps: asked('READ'),
      writtenOps: asked('WRITE'),
    });
  }
  return mounts;
}

/**
 * The text of /proc/<pid>/mountinfo.
 * https://docs.kernel.org/filesystems/proc.html#proc-pid-mountinfo-information-about-mounts
 */
export function parseMountinfo(text: string): Mount[] {
  const lines = text.matchAll(/^\d+ \d+ (\d+:\d+) \S+ (\S+) [^\n]*? - (\S+) (\S+)/gm);
  return [...lines].map(([, superblock = '', mountPoint = '', type = '', device = '']) => ({
    superblock,
    device,
    mountPoint,
    type,
  }));
}

/**
 * The text of a Lustre client's `stats`: lines `read_bytes 12 samples [bytes] 4096 1048576 9437184`, count, least, most and
 * sum. They count what programs read and wrote, page cache included. What never happened has no line.
 * https://doc.lustre.org/lustre_manual.xhtml
 */
export function parseLustreStats(text: string, path = 'stats'): IoCounters | Missing {
  if (!/^snapshot_time\s/m.test(text)) return unexpected(path, text, 'a line `snapshot_time ...`');
  const countAndSum = (name: string): [count: bigint, sum: bigint] => {
    const line = new RegExp(`^${name} +(\\d{1,20}) samples \\[bytes\\] \\d+ \\d+ (\\d{1,20})\\b`, 'm').exec(
      text,
    );
    return [BigInt(line?.[1] ?? 0), BigInt(line?.[2] ?? 0)];
  };
  const [readOps, readBytes] = countAndSum('read_bytes');
  const [writtenOps, writtenBytes] = countAndSum('write_bytes');
  return { readBytes, writtenBytes, readOps, writtenOps };
}

/**
 * The counters of each NFS and Lustre file system that is mounted, by a key that is its own while it stays so; none where
 * none is mounted. What is mounted and unmounted between two readings is not seen. Operations are, of NFS, those asked of
 * the server, of Lustre those of programs.
 */
export function readNetworkFiles(
  roots: Pick<Roots, 'proc' | 'sys'>,
): ReadonlyMap<string, IoCounters> | Missing {
  const self = join(roots.proc, 'self');
  try {
    // As the host's first process sees it: the agent may be in a mount namespace of its own.
    const [mountinfo, mountstats] =
      ifReadable(() => readMountTexts(join(roots.proc, '1'))) ?? readMountTexts(self);
    const mounts = parseMountinfo(mountinfo);
    if (mounts.length === 0) return unexpected(`${self}/mountinfo`, mountinfo, 'lines of mounts');
    const lustre = readLustre(roots);
    if (lustre.size === 0 && mounts.some(({ type }) => type === 'lustre'))
      return { missing: 'Lustre is mounted, but its client shows no llite/*/stats that can be read' };
    return new Map([...bySuperblock(mounts, parseMountstats(mountstats)), ...lustre]);
  } catch (error) {
    return unreadable(`${self}/mountstats`, error);
  }
}

/**
 * One export that is mounted twice, and two folders of one export, are one file system with one set of counters, which
 * mountstats shows at each of their mounts. A mount that came between the two files being read is seen at the next reading.
 */
function bySuperblock(mounts: readonly Mount[], nfs: readonly NfsMount[]): Map<string, IoCounters> {
  const keyOf = ({ device, mountPoint }: Pick<Mount, 'device' | 'mountPoint'>): string =>
    `${device} ${mountPoint}`;
  const superblocks = new Map(mounts.map((mount) => [keyOf(mount), mount.superblock]));
  const counters = new Map<string, IoCounters>();
  for (const mount of nfs) {
    const superblock = superblocks.get(keyOf(mount));
    if (superblock === undefined) continue;
    const { readBytes, writtenBytes, readOps, writtenOps } = mount;
    counters.set(superblock, { readBytes, writtenBytes, readOps, writtenOps });
  }
  return counters;
}

/** Lustre's client had its `stats` in /proc, then in sysfs, now in debugfs. */
function readLustre(roots: Pick<Roots, 'proc' | 'sys'>): Map<string, IoCounters> {
  const counters = new Map<string, IoCounters>();
  for (const dir of [
    join(roots.proc, 'fs/lustre/llite'),
    join(roots.sys, 'fs/lustre/llite'),
    join(roots.sys, 'kernel/debug/lustre/llite'),
  ]) {
    for (const name of ifReadable(() => readdirSync(dir)) ?? []) {
      const text = ifReadable(() => readSeqFile(join(dir, name, 'stats')));
      const bytes = text === null ? null : parseLustreStats(text);
      if (bytes !== null && !isMissing(bytes)) counters.set(`llite ${name}`, bytes);
    }
  }
  return counters;
}

function readMountTexts(dir: string): [mountinfo: string, mountstats: string] {
  return [readSeqFile(join(dir, 'mountinfo')), readSeqFile(join(dir, 'mountstats'))];
}

/** Such files come in pieces of a page: only a read that gives nothing is the end. */
function readSeqFile(path: string): string {
  return readFileSync(path, 'latin1');
}

function ifReadable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ENODEV', 'ESRCH', 'EACCES', 'EPERM', 'EINVAL', 'EIO'))
      return null;
    throw error;
  }
}
