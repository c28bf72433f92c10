import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { type SlurmScope, cgroup1DirOf } from '../slurm/cgroup-path';
import { type BlockIo, type DeviceIo, parseBlkio, parseIoStat, sumBlockIo } from './block-io';
import { listCgroupPids } from './cgroup-pids';
import { readCgroup1MemoryBytes } from './cgroup-v1';
import { readCgroup2MemoryBytes } from './cgroup-v2';
import { parseCpuList } from './cpu-list';
import { readProcessesMemoryBytes } from './job-memory';
import { readKernelFile, unexpected, unreadable } from './kernel-file';
import { type Missing, type Roots, isMissing } from './source';

/** Memory held, and how it was found. */
export interface JobMemory {
  readonly bytes: number;
  readonly by: 'cgroup' | 'processes';
}

/** Readings of one job's cgroup beside CPU time. Each reads now, and keeps nothing open. */
export interface JobCgroup {
  /** The CPUs the job may run on, ascending; missing where nothing but the host constrains it. */
  cpus(): number[] | Missing;
  /** The job's memory limit in bytes; null: without limit. Limits of single steps are not looked at. */
  memoryLimitBytes(): number | null | Missing;
  /** Anonymous, shared and huge-page memory; not page cache. */
  memoryBytes(): JobMemory | Missing;
  /** Bytes and operations of block devices since the cgroup was made, as the kernel counts them. */
  io(): BlockIo | Missing;
  /** Processes of the job, slurmstepd's included; the first 4096. */
  pids(): number[];
}

/** How many there are is up to the job, and each costs a read of /proc/<pid>/status: 33 µs measured, 0.13 s in all. */
const MAX_PIDS = 4096;

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
  const dirOf = (controller: string): string | null =>
    scope.version === 2 ? jobDir : cgroup1DirOf(controller, roots.cgroup, jobDir);
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
      const devices = readDevicesIo(scope.version, dirOf('blkio'));
      return isMissing(devices) ? devices : sumOnce(devices, roots.proc);
    },
    pids: () => {
      const found = listCgroupPids(jobDir, MAX_PIDS);
      return isMissing(found) ? [] : [...found.pids];
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

function readDevicesIo(version: 1 | 2, dir: string | null): DeviceIo[] | Missing {
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

/** Which devices lie on others is asked only where there are several. */
function sumOnce(devices: readonly DeviceIo[], proc: string): BlockIo | Missing {
  if (devices.length < 2) return sumBlockIo(devices, '');
  const path = join(proc, 'devices');
  try {
    return sumBlockIo(devices, readKernelFile(path));
  } catch (error) {
    return unreadable(path, error);
  }
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

/** Where slurmd keeps its jobs: see SlurmScope in src/slurm/cgroup-path.ts. */
export interface JobScope {
  readonly version: 1 | 2;
  readonly dir: string;
}

/** Version 1 says "no limit" with the largest multiple of a page below 2^63. */
const NO_LIMIT = 2n ** 62n;

/**
 * The CPUs that a job is constrained to (Slurm: ConstrainCores), by its cpuset.
 *
 * Version 2: `cpuset.cpus` of the job, which is empty without a constraint (what is effective is then its parent's).
 * Version 1 has a value always; it constrains nothing where it is as large as that of all jobs together.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#cpuset-interface-files
 * @param cgroupRoot where cgroups are mounted (config `roots.cgroup`)
 * @returns null where it is constrained to none
 */
export function readJobCpus(
  cgroupRoot: string,
  scope: JobScope,
  jobDir: string,
): readonly number[] | null | Missing {
  if (scope.version === 2) {
    const cpus = readCpuList(join(jobDir, 'cpuset.cpus'));
    return isMissing(cpus) || cpus.length > 0 ? cpus : null;
  }
  const dir = siblingDir(cgroupRoot, jobDir, 'cpuset');
  if (dir === null) return { missing: 'Slurm makes no cpuset for its jobs' };
  const cpus = readCpuList(join(dir, 'cpuset.cpus'));
  const ofAll = readCpuList(join(siblingDir(cgroupRoot, scope.dir, 'cpuset') ?? dir, 'cpuset.cpus'));
  if (isMissing(cpus) || isMissing(ofAll)) return cpus;
  return cpus.length === 0 || cpus.length >= ofAll.length ? null : cpus;
}

/**
 * The most memory that a job may hold (Slurm: ConstrainRAMSpace), bytes: memory.max or memory.limit_in_bytes.
 * @returns null where it has no limit
 */
export function readJobMemoryLimit(
  cgroupRoot: string,
  scope: JobScope,
  jobDir: string,
): number | null | Missing {
  const dir = scope.version === 2 ? jobDir : siblingDir(cgroupRoot, jobDir, 'memory');
  if (dir === null) return { missing: 'no memory controller serves Slurm' };
  const path = join(dir, scope.version === 2 ? 'memory.max' : 'memory.limit_in_bytes');
  try {
    const text = readKernelFile(path).trim();
    if (text === 'max') return null;
    if (!/^\d+$/.test(text)) return unexpected(path, text, 'a number of bytes or max');
    return BigInt(text) >= NO_LIMIT ? null : Number(text);
  } catch (error) {
    return unreadable(path, error);
  }
}

/** Memory that a job's cgroup holds (bytes): see readCgroup2MemoryBytes, readCgroup1MemoryBytes. */
export function readJobMemoryBytes(cgroupRoot: string, scope: JobScope, jobDir: string): number | Missing {
  if (scope.version === 2) return readCgroup2MemoryBytes(jobDir);
  const dir = siblingDir(cgroupRoot, jobDir, 'memory');
  return dir === null ? { missing: 'no memory controller serves Slurm' } : readCgroup1MemoryBytes(dir);
}

/**
 * CPU time (ns) of a cgroup of version 1 and all below it, on each CPU that the kernel may have, by its number
 * (cpuacct.usage_percpu); null where the kernel does not tell.
 */
export function readPerCpuNs(cpuacctDir: string): readonly bigint[] | null {
  try {
    const text = readKernelFile(join(cpuacctDir, 'cpuacct.usage_percpu')).trim();
    return /^[\d ]+$/.test(text) ? text.split(' ').map(BigInt) : null;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV', 'EACCES', 'EOPNOTSUPP')) return null;
    throw error;
  }
}

/**
 * The same directory in another hierarchy of version 1: every controller may be mounted by itself or with others (`cpu,cpuacct`).
 * @returns null where Slurm has not made it
 */
function siblingDir(cgroupRoot: string, dir: string, controller: string): string | null {
  const [, ...below] = dir.slice(cgroupRoot.length + 1).split('/');
  const mounts = listNames(cgroupRoot).filter((name) => name.split(',').includes(controller));
  return mounts.map((mount) => join(cgroupRoot, mount, ...below)).find((path) => existsSync(path)) ?? null;
}

function readCpuList(path: string): readonly number[] | Missing {
  try {
    const text = readKernelFile(path);
    return parseCpuList(text) ?? unexpected(path, text, 'a list of CPUs such as 0-3,8');
  } catch (error) {
    return unreadable(path, error);
  }
}

function listNames(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'ENOTDIR')) return [];
    throw error;
  }
}
