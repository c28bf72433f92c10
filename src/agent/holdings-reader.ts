import { type JobCgroup, openJobCgroup } from '../sources/job-cgroup';
import { readJobPrograms } from '../sources/job-programs';
import { type Roots, isMissing } from '../sources/source';
import type { SlurmScope } from '../slurm/cgroup-path';
import type { RunState } from './host-state';
import { cgroupsByRun } from './owner-index';
import type { HoldingLook, LivingScope } from './reading';

interface Looked {
  /** The job's cgroup. */
  readonly dir: string;
  readonly cgroup: JobCgroup;
  readonly limits: Limits;
}

type Limits = Pick<HoldingLook, 'cpus' | 'memoryLimitBytes' | 'gpuDevices'>;

/** What runs hold and may use. memory.stat costs several times what cpu.stat does, and limits and cpusets rarely change. */
export class HoldingsReader {
  readonly #roots: Roots;
  readonly #withPrograms: boolean;
  /** By key of the runs that have been looked at. */
  readonly #looked = new Map<string, Looked>();

  constructor(roots: Roots, withPrograms: boolean) {
    this.#roots = roots;
    this.#withPrograms = withPrograms;
  }

  /**
   * Of all runs, or only of those seen for the first time: a short job is to say what it held too. Of one that has ended a last
   * time, where its cgroup is still there and no other run's.
   * @param entries those of `runs`
   * @param depth `memory`: of all runs what changes all the time; `all`: of all runs everything; `new`: of new and ended runs only
   * @returns by run key
   */
  read(
    runs: Readonly<Record<string, RunState>>,
    entries: readonly (readonly [string, RunState])[],
    {
      scopes,
      living,
      depth,
    }: {
      readonly scopes: readonly SlurmScope[];
      readonly living: readonly LivingScope[];
      readonly depth: 'new' | 'memory' | 'all';
    },
  ): Map<string, HoldingLook> {
    const holdings = new Map<string, HoldingLook>();
    const waiting: string[] = [];
    for (const [key, { end }] of entries) {
      if (depth !== 'new' || end !== null || !this.#looked.has(key)) waiting.push(key);
    }
    if (waiting.length === 0) return holdings;
    for (const key of this.#looked.keys()) if (!(key in runs)) this.#looked.delete(key);
    const cgroupOf = cgroupsByRun(runs, living);
    for (const key of waiting) {
      const found = cgroupOf.get(key);
      const scope = scopes.find(({ dir }) => dir === found?.scope.dir);
      if (found === undefined || scope === undefined) continue;
      const { dir } = found.job;
      const isOver = runs[key]?.end !== null;
      if (isOver && [...cgroupOf].some(([other, { job }]) => other !== key && job.dir === dir)) continue;
      const known = this.#looked.get(key);
      const isSame = known?.dir === dir && !found.job.renewed;
      const cgroup = isSame ? known.cgroup : openJobCgroup(this.#roots, scope, dir);
      const isDeep = !isSame || isOver || depth === 'all';
      const hasGpus = (runs[key]?.identity.gpus ?? 0) > 0;
      const limits = isDeep ? readLimits(cgroup, hasGpus) : known.limits;
      this.#looked.set(key, { dir, cgroup, limits });
      const memory = cgroup.memoryBytes();
      const io = isDeep ? cgroup.io() : undefined;
      holdings.set(key, {
        memory: isMissing(memory) ? null : memory,
        ...limits,
        ...(io === undefined || isMissing(io) ? {} : { io }),
        ...(this.#withPrograms ? { programs: readJobPrograms(this.#roots, scope, dir) } : {}),
      });
    }
    return holdings;
  }
}

function readLimits(cgroup: JobCgroup, hasGpus: boolean): Limits {
  const cpus = cgroup.cpus();
  const limit = cgroup.memoryLimitBytes();
  const gpus = hasGpus ? cgroup.gpuDevices() : null;
  return {
    cpus: isMissing(cpus) ? null : cpus,
    memoryLimitBytes: isMissing(limit) ? null : limit,
    ...(gpus === null || isMissing(gpus) ? {} : { gpuDevices: gpus }),
  };
}
