import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isErrno } from '../../src/errors';
import type { CgroupMounts } from './slurm-conf';

export interface Hierarchies {
  /** Mount points of the v1 controllers, by controller (`cpuacct`: `/sys/fs/cgroup/cpu,cpuacct`). */
  readonly v1: Readonly<Record<string, string>>;
  /** Mount point of the unified hierarchy. */
  readonly v2?: string;
}

/**
 * Which cgroup hierarchies are mounted, from /proc/mounts.
 * https://docs.kernel.org/admin-guide/cgroup-v1/cgroups.html, https://docs.kernel.org/admin-guide/cgroup-v2.html
 */
export function readHierarchies(): Hierarchies {
  return parseHierarchies(readFileSync('/proc/mounts', 'utf8'));
}

export function parseHierarchies(mounts: string): Hierarchies {
  const v1: Record<string, string> = {};
  let v2: string | undefined;
  for (const line of mounts.split('\n')) {
    const [, mountPoint = '', type, options = ''] = line.split(' ');
    if (type === 'cgroup2') v2 ??= mountPoint;
    if (type === 'cgroup') for (const option of options.split(',')) v1[option] ??= mountPoint;
  }
  return v2 === undefined ? { v1 } : { v1, v2 };
}

/** What cgroup.conf is to be told. */
export function cgroupMounts(hierarchies: Hierarchies): CgroupMounts {
  return {
    v1: dirname(hierarchies.v1.cpuacct ?? '/sys/fs/cgroup/cpuacct'),
    v2: hierarchies.v2 ?? '/sys/fs/cgroup',
  };
}

/** A host with v1 controllers beside v2: slurmd has to be made to see v2 alone (hide-v1.c). */
export function isHybrid(hierarchies: Hierarchies): boolean {
  return Object.keys(hierarchies.v1).length > 0 && hierarchies.v2 !== undefined;
}

/** Every directory that slurmd and slurmstepd make for these nodes, whether it is there or not. */
export function slurmDirectories(hierarchies: Hierarchies, nodes: readonly string[]): string[] {
  const mounts = [...new Set(Object.values(hierarchies.v1))];
  return nodes.flatMap((node) => [
    ...mounts.map((mount) => join(mount, `slurm_${node}`)),
    ...(hierarchies.v2 === undefined
      ? []
      : [join(hierarchies.v2, 'system.slice', `${node}_slurmstepd.scope`)]),
  ]);
}

/**
 * Makes room for a cluster: removes what one that was cut off left behind.
 * @throws Error where a node of such a name runs on this host, or processes are in such a directory: that is not ours
 */
export function claimNodes(hierarchies: Hierarchies, nodes: readonly string[]): void {
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const [command = '', ...args] = readCommandLine(pid);
    const node = args[args.indexOf('-N') + 1] ?? '';
    if (basename(command) === 'slurmd' && args.includes('-N') && nodes.includes(node)) {
      throw new Error(
        `slurmd (pid ${pid}) already runs node ${node} here: give this cluster another nodePrefix`,
      );
    }
  }
  for (const directory of slurmDirectories(hierarchies, nodes)) removeCgroup(directory);
}

function readCommandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return [];
    throw error;
  }
}

/** Where there is no systemd nobody has made the slice that slurmd puts its scope into. */
export function makeSystemSlice(hierarchies: Hierarchies): void {
  if (hierarchies.v2 !== undefined) mkdirSync(join(hierarchies.v2, 'system.slice'), { recursive: true });
}

function removeCgroup(directory: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory)) {
    const path = join(directory, entry);
    if (statSync(path).isDirectory()) removeCgroup(path);
  }
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!isErrno(error, 'EBUSY')) throw error;
    throw new Error(`${directory} has processes in it: give this cluster another nodePrefix`, {
      cause: error,
    });
  }
}
