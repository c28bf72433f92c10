import type { CpuCounter } from '../sources/cpu-counter';
import { openJobProcessesCpu } from '../sources/job-processes';
import { type ProcessTable, readProcessTable } from '../sources/process-table';
import type { Instant, Missing, Roots } from '../sources/source';
import type { RunState } from './host-state';
import { cgroupsByRun, isOfNode } from './owner-index';
import type { ScopeReading } from './reading';

/** Below this age a run without a cgroup is one whose cgroup has not been made yet, not one whose Slurm makes none. */
const NO_CGROUP_AFTER_NS = 5_000_000_000n;

export interface ProcessesReading {
  /** CPU time (ns) by run key. */
  readonly values: Map<string, bigint | Missing | 'gone'>;
  /** There may be a directory of slurmd's that is not known yet: with version 1 it may come with its first job. */
  readonly missesScope: boolean;
}

/** Jobs that have no cgroup (proctrack/linuxproc, or v1 without jobacct_gather/cgroup) are found by their processes. */
export class ProcessesReader {
  readonly #roots: Roots;
  readonly #counters = new Map<string, CpuCounter>();
  /** Keys of the runs that have or had a cgroup: a next step's is in one too. */
  readonly #inCgroups = new Set<string>();
  /** The host's processes as this tick found them: one reading for all runs. */
  #table: ProcessTable | null = null;
  #runs: Readonly<Record<string, RunState>> = {};

  constructor(roots: Roots) {
    this.#roots = roots;
  }

  /** @param entries those of `runs` */
  read(
    at: Instant,
    runs: Readonly<Record<string, RunState>>,
    entries: readonly (readonly [string, RunState])[],
    scopes: readonly ScopeReading[],
  ): ProcessesReading {
    const values = new Map<string, bigint | Missing | 'gone'>();
    let missesScope = false;
    let cgroupOf: ReturnType<typeof cgroupsByRun> | null = null;
    this.#table = null;
    this.#runs = runs;
    let inCgroups = 0;
    for (const [key, run] of entries) {
      if (this.#inCgroups.has(key)) {
        inCgroups += 1;
        continue;
      }
      cgroupOf ??= cgroupsByRun(runs, scopes);
      if (cgroupOf.has(key)) {
        this.#inCgroups.add(key);
        inCgroups += 1;
        continue;
      }
      const { uid } = run.identity;
      if (run.end !== null || uid === undefined) continue;
      if (run.cpuFrom !== null && run.cpuFrom !== 'processes') continue;
      if (at.monoNs - run.startedMonoNs < NO_CGROUP_AFTER_NS) {
        if (run.cpuFrom === null && scopes.some((scope) => isOfNode(scope, run))) continue;
        missesScope = true;
      }
      let counter = this.#counters.get(key);
      if (counter === undefined) this.#counters.set(key, (counter = this.#open(run.identity, uid)));
      const value = counter.read();
      if (value !== 'gone' || run.cpuFrom === 'processes') values.set(key, value);
    }
    for (const [key, counter] of this.#counters) {
      if (key in runs && !this.#inCgroups.has(key)) continue;
      counter.close();
      this.#counters.delete(key);
    }
    if (this.#inCgroups.size > inCgroups) {
      for (const key of this.#inCgroups) if (!(key in runs)) this.#inCgroups.delete(key);
    }
    return { values, missesScope };
  }

  close(): void {
    for (const counter of this.#counters.values()) counter.close();
  }

  #open({ cluster, job, node }: RunState['identity'], uid: number): CpuCounter {
    const isElsewhere = (): boolean =>
      Object.values(this.#runs).some(
        ({ identity: other }) => other.cluster === cluster && other.job === job && other.node !== node,
      );
    const wanted = { jobId: job, uid, node, isElsewhere };
    return openJobProcessesCpu(
      this.#roots,
      wanted,
      () => (this.#table ??= readProcessTable(this.#roots.proc)),
    );
  }
}
