import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { isErrno } from '../errors';
import { JOB_DIR, SLUID, USER_DIR, directoryNames, isJobDir } from './cgroup-names';

/** A directory of cgroups in which one slurmd keeps its jobs. */
export interface SlurmScope {
  /** Of cgroups. */
  readonly version: 1 | 2;
  readonly dir: string;
  /** The Slurm node in the directory's name; null where slurmd was not built with --enable-multiple-slurmd. */
  readonly node: string | null;
}

/** The cgroup of one job on one node. */
export interface JobCgroup {
  readonly dir: string;
  readonly jobId?: number;
  /** Since Slurm 26.05 the directory has the job's SLUID for a name (unless CgroupJobIdPaths=yes). */
  readonly sluid?: string;
  /** Version 1 only. */
  readonly uid?: number;
}

interface CgroupRoots {
  readonly proc: string;
  readonly cgroup: string;
}

const SCOPE = /^(?:(.+)_)?slurmstepd\.scope$/;
const V1_SCOPE = /^slurm(?:_(.+))?$/;

/** Where a v1 hierarchy with cpuacct may be mounted; often together with cpu, with links from the single names. */
const V1_MOUNTS = ['cpu,cpuacct', 'cpuacct,cpu', 'cpuacct', 'cpu'];

/** What holds other cgroups: slices, and what systemd, Docker, LXC or Kubernetes make for a container. */
const V2_PARENT = /\.(?:slice|scope)$|^(?:docker|lxc|podman|libpod|kubepods)|^[0-9a-f]{64}$/;
const V2_DEPTH = 6;

/**
 * The directories in which slurmd's of this host keep their jobs, of both cgroup versions.
 *
 * Version 2 (https://slurm.schedmd.com/cgroup_v2.html): `<slice>/[<node>_]slurmstepd.scope`, by default in system.slice,
 * else where CgroupSlice= says; in a container below its own cgroup (since 25.05 that of process 1). A hybrid host has
 * version 2 in <cgroup>/unified. Version 1: `slurm[_<node>]` in the hierarchy of cpuacct.
 */
export function findSlurmScopes(roots: CgroupRoots): SlurmScope[] {
  const init = initCgroups(roots.proc);
  const v2 = [roots.cgroup, join(roots.cgroup, 'unified')].flatMap((root) => findV2(root, init.v2));
  return uniqueByDir([...v2, ...findV1(roots.cgroup, init.v1)]);
}

function findV2(root: string, initPath: string): SlurmScope[] {
  const found: SlurmScope[] = [];
  const visit = (parent: string, depth: number): void => {
    for (const name of directoryNames(parent)) {
      const dir = join(parent, name);
      const scope = SCOPE.exec(name);
      if (scope !== null) found.push({ version: 2, dir, node: scope[1] ?? null });
      // Logins have many cgroups, and none of Slurm's.
      else if (depth < V2_DEPTH && V2_PARENT.test(name) && name !== 'user.slice') visit(dir, depth + 1);
    }
  };
  visit(root, 0);
  if (initPath !== '/') visit(join(root, initPath), 0);
  return found;
}

function findV1(root: string, initPath: string): SlurmScope[] {
  for (const mount of V1_MOUNTS) {
    const top = join(root, mount);
    const containers = directoryNames(top).map((name) => join(top, name));
    const found = uniqueByDir([top, join(top, initPath), ...containers].flatMap(v1ScopesIn));
    if (found.length > 0) return found;
  }
  return [];
}

function v1ScopesIn(parent: string): SlurmScope[] {
  return directoryNames(parent).flatMap((name) => {
    const match = V1_SCOPE.exec(name);
    const dir = join(parent, name);
    // A hierarchy of `cpu` alone counts nothing.
    if (match === null || !existsSync(join(dir, 'cpuacct.usage'))) return [];
    return [{ version: 1, dir, node: match[1] ?? null } satisfies SlurmScope];
  });
}

/** Parents of the cgroups of process 1: '/', or a container's own. */
function initCgroups(proc: string): { v1: string; v2: string } {
  const paths = { v1: '/', v2: '/' };
  let text: string;
  try {
    text = readFileSync(join(proc, '1/cgroup'), 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'ESRCH', 'ENOTDIR')) return paths;
    throw error;
  }
  // hierarchy-ID:controllers:path; version 2 has the ID 0 and no controllers (man 7 cgroups).
  for (const line of text.split('\n')) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    // `/../..` is what a process of another cgroup namespace is shown with.
    if (path === '' || path.split('/').includes('..')) continue;
    if (controllers === '') paths.v2 = dirname(path);
    else if (controllers.split(',').includes('cpuacct')) paths.v1 = path;
  }
  return paths;
}

/** The jobs that have a cgroup in a scope now. What is removed meanwhile is left out. */
export function listJobCgroups(scope: SlurmScope): JobCgroup[] {
  if (scope.version === 2) return jobsIn(scope.dir);
  return listUserDirs(scope).flatMap((dir) => {
    const uid = Number(USER_DIR.exec(basename(dir))?.[1]);
    return jobsIn(dir).map((job) => ({ ...job, uid }));
  });
}

/** Version 1: the directories that hold users' jobs. */
export function listUserDirs(scope: SlurmScope): string[] {
  if (scope.version === 2) return [];
  return directoryNames(scope.dir)
    .filter((name) => USER_DIR.test(name))
    .map((name) => join(scope.dir, name));
}

function jobsIn(parent: string): JobCgroup[] {
  return directoryNames(parent).flatMap((name) => jobOfCgroup(join(parent, name)) ?? []);
}

/** The job that a directory of a scope is of; null where it is no job's. */
export function jobOfCgroup(dir: string): JobCgroup | null {
  const name = basename(dir);
  const jobId = JOB_DIR.exec(name)?.[1];
  if (jobId !== undefined) return { dir, jobId: Number(jobId) };
  return SLUID.test(name) ? { dir, sluid: name } : null;
}

/**
 * The job that a process is of, by the text of its /proc/<pid>/cgroup (man 7 cgroups): lines `ID:controllers:path`, a path with
 * a job's directory below one of slurmd's. null where it is in none.
 */
export function jobOfProcessCgroups(
  text: string,
): (Omit<JobCgroup, 'dir'> & Pick<SlurmScope, 'node'>) | null {
  for (const line of text.split('\n')) {
    const names = (/^\d+:[^:]*:\/(.*)$/.exec(line)?.[1] ?? '').split('/');
    for (const [i, name] of names.entries()) {
      const [scope, jobDir] = SCOPE.test(name)
        ? [SCOPE.exec(name), names[i + 1]]
        : [V1_SCOPE.exec(name), USER_DIR.test(names[i + 1] ?? '') ? names[i + 2] : undefined];
      const job = scope === null || jobDir === undefined ? null : jobOfCgroup(jobDir);
      if (job === null) continue;
      const { dir: _, ...named } = job;
      return { ...named, node: scope?.[1] ?? null };
    }
  }
  return null;
}

/**
 * Directories of a scope that are no job's: in version 2 `system`, where slurmstepds begin and end, and `slurmd`, if it
 * was started by hand.
 */
export function scopeOverheadDirs(scope: SlurmScope): string[] {
  const isJobs = (name: string): boolean => (scope.version === 2 ? isJobDir(name) : USER_DIR.test(name));
  return directoryNames(scope.dir)
    .filter((name) => !isJobs(name))
    .map((name) => join(scope.dir, name));
}

/**
 * The same cgroup in the hierarchy of another controller of version 1: Slurm gives it the same path below each mount
 * (`cpuacct/slurm/uid_1/job_2`, `memory/slurm/uid_1/job_2`), and several controllers may share one (`cpu,cpuacct`).
 * @param dir a cgroup below `cgroupRoot/<mount>`
 * @returns null where that controller is not mounted below `cgroupRoot`, or has no such cgroup (yet)
 */
export function cgroup1DirOf(controller: string, cgroupRoot: string, dir: string): string | null {
  const [mount, ...path] = relative(cgroupRoot, dir).split(sep);
  if (mount === undefined || mount === '..' || path.length === 0) return null;
  const found = directoryNames(cgroupRoot)
    .filter((name) => name.split(',').includes(controller))
    .map((name) => join(cgroupRoot, name, ...path));
  return found.find((candidate) => existsSync(candidate)) ?? null;
}

function uniqueByDir(scopes: readonly SlurmScope[]): SlurmScope[] {
  return [...new Map(scopes.map((scope) => [scope.dir, scope])).values()];
}
