import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type SlurmScope, cgroup1DirOf } from '../slurm/cgroup-path';
import { type DeviceCounters, type DeviceIo, parseBlkio, parseIoStat, withKinds } from './block-io';
import { listCgroupPids } from './cgroup-pids';
import { readCgroup1MemoryBytes } from './cgroup-v1';
import { readCgroup2MemoryBytes } from './cgroup-v2';
import { parseCpuList } from './cpu-list';
import { type GpuDevice, parseGpuDevices } from './gpu-devices';
import { readProcessesMemoryBytes } from './job-memory';
import { readKernelFile, unexpected, unreadable } from './kernel-file';
import { type Missing, type Roots, isMissing } from './source';

/** Memory held, and how it was found. */
export interface JobMemory {
  readonly bytes: number;
  readonly by: 'cgroup' | 'processes';
}

/** Block devices since the cgroup was made, as the kernel counts them: each that a request passes, above and below. */
export interface CgroupIo {
  /** Another one where the cgroup was removed and made anew under its name: its counters are others. */
  readonly cgroup: string;
  readonly devices: readonly DeviceIo[];
}

/** Readings of one job's cgroup beside CPU time. Each reads now, and keeps nothing open; where to read is looked for once. */
export interface JobCgroup {
  /** The CPUs the job may run on, ascending; missing where nothing but the host constrains it. */
  cpus(): number[] | Missing;
  /** The job's memory limit in bytes; null: without limit. Limits of single steps are not looked at. */
  memoryLimitBytes(): number | null | Missing;
  /** Anonymous, shared and huge-page memory; not page cache. */
  memoryBytes(): JobMemory | Missing;
  /** What its block devices counted; without network file systems. */
  io(): CgroupIo | Missing;
  /** Processes of the job, slurmstepd's included; the first 4096. */
  pids(): number[];
  /** What of /dev/nvidiaN and /dev/dri/renderDN it may use; missing where nothing constrains it, or nothing tells (version 2). */
  gpuDevices(): readonly GpuDevice[] | Missing;
}

/** How many there are is up to the job, and each costs a read of /proc/<pid>/status: 33 µs measured, 0.13 s in all. */
const MAX_PIDS = 4096;

/** Slurm makes a job's directories one after the other; a controller that so many looks did not find does not serve it. */
const MOST_MISSES = 3;

/** From here on a limit of version 1 is none: the kernel shows the largest multiple of a page below 2^63. */
const V1_UNLIMITED = 2n ** 62n;

/**
 * The cgroup of a job, for what is read of it now and then: at its first sight or every 30 s.
 *
 * Version 2 has it all in one directory, as far as the controllers are enabled there (Slurm enables cpuset, cpu and
 * memory as it needs them, io never). Version 1 has a hierarchy a controller, and Slurm a directory only in those that
 * it needs: cpuset with ConstrainCores, memory with ConstrainRAMSpace or jobacct_gather/cgroup, blkio never. What no
 * controller serves is missing.
 * https://slurm.schedmd.com/cgroups.html
 * @param roots where cgroups and /proc are mounted
 * @param scope the slurmd's directory that holds the job's
 * @param jobDir the job's cgroup; version 1: below the cpuacct controller
 */
export function openJobCgroup(
  roots: Pick<Roots, 'cgroup' | 'proc'>,
  scope: Pick<SlurmScope, 'version' | 'dir'>,
  jobDir: string,
): JobCgroup {
  const dirs = new Map<string, string>();
  const misses = new Map<string, number>();
  const dirOf = (controller: string): string | null => {
    if (scope.version === 2) return jobDir;
    const known = dirs.get(controller);
    if (known !== undefined) return known;
    const missed = misses.get(controller) ?? 0;
    if (missed === MOST_MISSES) return null;
    const dir = cgroup1DirOf(controller, roots.cgroup, jobDir);
    if (dir === null) misses.set(controller, missed + 1);
    else dirs.set(controller, dir);
    return dir;
  };
  return {
    cpus: () => readCpus(dirOf('cpuset')),
    memoryLimitBytes: () => readLimit(scope.version, dirOf('memory')),
    memoryBytes: () => {
      const dir = dirOf('memory');
      if (dir === null || !existsSync(join(dir, 'memory.stat'))) return memoryOfProcesses(roots.proc, jobDir);
      const bytes =
        scope.version === 2 ? readCgroup2MemoryBytes(dir) : readCgroup1MemoryBytes(dir, dirOf('hugetlb'));
      return isMissing(bytes) ? bytes : { bytes, by: 'cgroup' };
    },
    io: () => {
      const dir = dirOf('blkio');
      const before = inodeOf(dir);
      const devices = readDevicesIo(scope.version, dir);
      const found = isMissing(devices) ? devices : tellKinds(devices, roots.proc);
      if (isMissing(found)) return found;
      const cgroup = inodeOf(dir);
      return cgroup === null || cgroup !== before
        ? { missing: `${dir} was removed while it was read` }
        : { cgroup, devices: found };
    },
    pids: () => {
      const found = listCgroupPids(jobDir, MAX_PIDS);
      return isMissing(found) ? [] : [...found.pids];
    },
    gpuDevices: () => {
      if (scope.version === 2) return { missing: 'cgroup v2 does not tell which devices a job may use' };
      const dir = dirOf('devices');
      if (dir === null)
        return { missing: 'not constrained: the job has no cgroup of the controller devices' };
      const text = readIfThere(dir, 'devices.list');
      if (text === null) return { missing: `${dir} has no devices.list` };
      return isMissing(text)
        ? text
        : (parseGpuDevices(text) ?? { missing: 'not constrained: all devices are allowed' });
    },
  };
}

/**
 * `cpuset.cpus` of the job. In version 2 it is empty where nothing was set, and cpuset.cpus.effective then merely
 * repeats what the parent may use. In version 1 it always holds CPUs; they are the job's also where they are all that the
 * scope has: Slurm makes the directory only with ConstrainCores.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#cpuset-interface-files
 */
function readCpus(dir: string | null): number[] | Missing {
  const why = 'not constrained';
  if (dir === null) return { missing: `${why}: the job has no cgroup of the controller cpuset` };
  const path = join(dir, 'cpuset.cpus');
  const text = readIfThere(dir, 'cpuset.cpus');
  if (text === null) return { missing: `${why}: ${path} is not there (controller not enabled)` };
  if (isMissing(text)) return text;
  if (text.trim() === '') return { missing: `${why}: ${path} is empty` };
  return parseCpuList(text.trim()) ?? unexpected(path, text, 'a list of CPUs');
}

/** `memory.max` or `memory.limit_in_bytes`. */
function readLimit(version: 1 | 2, dir: string | null): number | null | Missing {
  const file = version === 2 ? 'memory.max' : 'memory.limit_in_bytes';
  const text = dir === null ? null : readIfThere(dir, file);
  if (dir === null || text === null) return { missing: 'no memory controller serves the job' };
  if (isMissing(text)) return text;
  const limit = text.trim();
  if (version === 2 && limit === 'max') return null;
  if (!/^\d+$/.test(limit)) return unexpected(join(dir, file), text, 'a number of bytes');
  return version === 1 && BigInt(limit) >= V1_UNLIMITED ? null : Number(limit);
}

/** For version 1 too: where jobacct_gather/cgroup makes a cpuacct directory, each task's processes are in it. */
function memoryOfProcesses(proc: string, jobDir: string): JobMemory | Missing {
  const found = listCgroupPids(jobDir, MAX_PIDS);
  if (isMissing(found)) return found;
  if (!found.isComplete) {
    return { missing: `no memory controller serves the job, and it has more than ${MAX_PIDS} processes` };
  }
  const bytes = readProcessesMemoryBytes(proc, found.pids);
  return isMissing(bytes) ? bytes : { bytes, by: 'processes' };
}

function readDevicesIo(version: 1 | 2, dir: string | null): DeviceCounters[] | Missing {
  const none = { missing: `no ${version === 2 ? 'io' : 'blkio'} controller serves the job` };
  if (dir === null) return none;
  if (version === 2) {
    const text = readIfThere(dir, 'io.stat');
    if (text === null || isMissing(text)) return text ?? none;
    return parseIoStat(text, join(dir, 'io.stat'));
  }
  for (const suffix of ['_recursive', '']) {
    const bytes = readIfThere(dir, `blkio.throttle.io_service_bytes${suffix}`);
    const ops = readIfThere(dir, `blkio.throttle.io_serviced${suffix}`);
    if (bytes === null || ops === null) continue;
    if (isMissing(bytes)) return bytes;
    if (isMissing(ops)) return ops;
    return parseBlkio(bytes, ops, join(dir, `blkio.throttle.*${suffix}`));
  }
  return none;
}

function tellKinds(devices: readonly DeviceCounters[], proc: string): DeviceIo[] | Missing {
  if (devices.length === 0) return [];
  const path = join(proc, 'devices');
  try {
    return withKinds(devices, readKernelFile(path));
  } catch (error) {
    return unreadable(path, error);
  }
}

function inodeOf(dir: string | null): string | null {
  const stat = dir === null ? undefined : statSync(dir, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? null : String(stat.ino);
}

/** @returns null where the cgroup is there and the file is not: its controller is not enabled */
function readIfThere(dir: string, file: string): string | Missing | null {
  const path = join(dir, file);
  try {
    return readKernelFile(path);
  } catch (error) {
    const reason = unreadable(path, error);
    return existsSync(dir) && !existsSync(path) ? null : reason;
  }
}
