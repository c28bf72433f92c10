import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { unexpected, unreadable } from './kernel-file';
import { type Missing, type Roots, isMissing } from './source';

/** Bytes that went between this host and its file servers. */
export interface NetworkFileBytes {
  readonly readBytes: bigint;
  readonly writtenBytes: bigint;
}

/** A mount of NFS as mountstats shows it. Its texts are somebody's, octal escapes as they are: keys, never paths. */
export interface NfsMount extends NetworkFileBytes {
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
 * and went to the servers; the four before are what programs read and wrote, page cache included.
 * https://man7.org/linux/man-pages/man5/proc_pid_mountstats.5.html, include/linux/nfs_iostat.h
 */
export function parseMountstats(text: string): NfsMount[] {
  const mounts: NfsMount[] = [];
  let mount: { device: string; mountPoint: string } | null = null;
  for (const [, device, mountPoint, type, readBytes, writtenBytes] of text.matchAll(
    /^(?:device (\S+) mounted on (\S+) with fstype (\S+)|[ \t]+bytes:[ \t]+(?:\d{1,20} ){4}(\d{1,20}) (\d{1,20})\b)/gm,
  )) {
    if (device !== undefined && mountPoint !== undefined) {
      mount = type === 'nfs' || type === 'nfs4' ? { device, mountPoint } : null;
    } else if (mount !== null && readBytes !== undefined && writtenBytes !== undefined) {
      mounts.push({ ...mount, readBytes: BigInt(readBytes), writtenBytes: BigInt(writtenBytes) });
      mount = null;
    }
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
export function parseLustreStats(text: string, path = 'stats'): NetworkFileBytes | Missing {
  if (!/^snapshot_time\s/m.test(text)) return unexpected(path, text, 'a line `snapshot_time ...`');
  const sum = (name: string): bigint =>
    BigInt(
      new RegExp(`^${name} +\\d+ samples \\[bytes\\] \\d+ \\d+ (\\d{1,20})\\b`, 'm').exec(text)?.[1] ?? 0,
    );
  return { readBytes: sum('read_bytes'), writtenBytes: sum('write_bytes') };
}

/** What has been seen of file systems: those mounted at the last reading, and the sum of what those before them had. */
export interface NetworkFileState {
  readonly mounted: ReadonlyMap<string, NetworkFileBytes>;
  readonly ended: NetworkFileBytes;
}

export const NO_NETWORK_FILES: NetworkFileState = {
  mounted: new Map(),
  ended: { readBytes: 0n, writtenBytes: 0n },
};

/**
 * Takes up a reading: what was unmounted since, or unmounted and mounted anew, keeps what it had, so that the sum never
 * goes back where file systems come and go (automounters).
 */
export function takeUp(
  state: NetworkFileState,
  mounted: ReadonlyMap<string, NetworkFileBytes>,
): NetworkFileState {
  const gone = [...state.mounted].filter(([key, before]) => {
    const now = mounted.get(key);
    return now === undefined || now.readBytes < before.readBytes || now.writtenBytes < before.writtenBytes;
  });
  return { mounted, ended: sumOf([state.ended, ...gone.map(([, bytes]) => bytes)]) };
}

/** All bytes that a state knows of. */
export function totalBytes({ mounted, ended }: NetworkFileState): NetworkFileBytes {
  return sumOf([ended, ...mounted.values()]);
}

function sumOf(parts: readonly NetworkFileBytes[]): NetworkFileBytes {
  return {
    readBytes: parts.reduce((sum, { readBytes }) => sum + readBytes, 0n),
    writtenBytes: parts.reduce((sum, { writtenBytes }) => sum + writtenBytes, 0n),
  };
}

/**
 * Bytes read from and written to NFS and Lustre servers: 0 where none is mounted. The sum starts with what is mounted at the
 * first reading and never goes back. What is mounted and unmounted between two readings is not seen.
 */
export function openNetworkFiles(roots: Pick<Roots, 'proc' | 'sys'>): {
  read(): NetworkFileBytes | Missing;
} {
  let state = NO_NETWORK_FILES;
  return {
    read: () => {
      const mounted = readNetworkFiles(roots);
      if (isMissing(mounted)) return mounted;
      state = takeUp(state, mounted);
      return totalBytes(state);
    },
  };
}

/** The counters of each NFS and Lustre file system that is mounted, by a key that is its own while it stays so. */
export function readNetworkFiles(
  roots: Pick<Roots, 'proc' | 'sys'>,
): ReadonlyMap<string, NetworkFileBytes> | Missing {
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
function bySuperblock(mounts: readonly Mount[], nfs: readonly NfsMount[]): Map<string, NetworkFileBytes> {
  const keyOf = ({ device, mountPoint }: Pick<Mount, 'device' | 'mountPoint'>): string =>
    `${device} ${mountPoint}`;
  const superblocks = new Map(mounts.map((mount) => [keyOf(mount), mount.superblock]));
  const counters = new Map<string, NetworkFileBytes>();
  for (const mount of nfs) {
    const superblock = superblocks.get(keyOf(mount));
    if (superblock === undefined) continue;
    counters.set(superblock, { readBytes: mount.readBytes, writtenBytes: mount.writtenBytes });
  }
  return counters;
}

/** Lustre's client had its `stats` in /proc, then in sysfs, now in debugfs. */
function readLustre(roots: Pick<Roots, 'proc' | 'sys'>): Map<string, NetworkFileBytes> {
  const counters = new Map<string, NetworkFileBytes>();
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
