import { join } from 'node:path';
import type { CpuCounter } from './cpu-counter';
import { unreadable } from './kernel-file';
import { NS_PER_TICK } from './proc-stat';
import { type ProcessStat, type ProcessTable, readProcessTable } from './process-table';
import { keyOf, ProcessTree } from './process-tree';
import { readRealUid, readSlurmstepdJob, readSlurmstepdNode } from './slurmstepd';
import type { Roots } from './source';

/** Whose processes to look for. */
export interface JobOfProcesses {
  readonly jobId: number;
  /** The job's user. */
  readonly uid: number;
  /** Slurm node; tells two slurmd's of one host apart that run the same job. */
  readonly node?: string | undefined;
  /** The user that slurmd runs as (SlurmdUser), by default root. */
  readonly slurmdUid?: number;
  /** Whether another node of this host runs the job too now. */
  readonly isElsewhere?: () => boolean;
}

const STEPD = 'slurmstepd';

/** Whose a slurmstepd is: this job's on this node, another's, not told yet, or the job's on one of two nodes. */
type Stepd = 'own' | 'other' | 'node unknown' | 'unplaceable';

/**
 * CPU time of a job that has no cgroup (proctrack/linuxproc; cgroup v1 without jobacct_gather/cgroup), from its
 * processes: those of the job's user that descend from its slurmstepds, and stay its own when their parent ends. What an
 * environment says is not looked at: anyone can put SLURM_JOB_ID there.
 *
 * How their time is added up ProcessTree tells; slurmstepd's own is left out. Processes that begin and leave the tree between two
 * readings are missed, which is why cgroups are preferred.
 *
 * `gone` is read while no slurmstepd of the job and none of its processes are there. What comes after it, such as a next
 * step, begins at 0. Where two nodes of this host run the job, a slurmstepd whose node cannot be told makes the time
 * missing: on either node it might be counted twice.
 * @param readTable the host's processes now; readers of one tick may share one reading
 */
export function openJobProcessesCpu(
  roots: Pick<Roots, 'proc'>,
  job: JobOfProcesses,
  readTable: () => ProcessTable = () => readProcessTable(roots.proc),
): CpuCounter {
  const tree = new JobTree(roots.proc, job);
  return {
    kind: 'processes',
    read: () => {
      let table: ProcessTable;
      try {
        table = readTable();
      } catch (error) {
        return unreadable(roots.proc, error);
      }
      const ticks = tree.advance(table);
      const { unplaceable } = tree;
      if (unplaceable !== null) {
        const fds = join(roots.proc, String(unplaceable), 'fd');
        return {
          missing: `job ${job.jobId} runs on several nodes of this host, and ${fds} does not tell whose slurmstepd ${unplaceable} is; mend: give the agent CAP_SYS_PTRACE`,
        };
      }
      return ticks === null ? 'gone' : BigInt(ticks) * NS_PER_TICK;
    },
    close: () => tree.forget(),
  };
}

class JobTree {
  readonly #proc: string;
  readonly #job: JobOfProcesses;
  readonly #tree: ProcessTree;
  #seenStepds = new Map<string, Stepd>();
  #unplaceable: number | null = null;

  constructor(proc: string, job: JobOfProcesses) {
    this.#proc = proc;
    this.#job = job;
    this.#tree = new ProcessTree({
      rootsOf: (table) => this.#stepds(table),
      // Before a task is started it is still slurmd's user's.
      isOwn: ({ pid }) => readRealUid(proc, pid) === job.uid,
    });
  }

  /** Process id of a slurmstepd that may be this node's or another's, as of the last `advance`. */
  get unplaceable(): number | null {
    return this.#unplaceable;
  }

  /** CPU time (ticks) with what `table` shows, or null where nothing of the job is left. */
  advance(table: ProcessTable): number | null {
    return this.#tree.advance(table);
  }

  forget(): void {
    this.#tree.forget();
  }

  #stepds(table: ProcessTable): ProcessStat[] {
    const seen = new Map<string, Stepd>();
    const own: ProcessStat[] = [];
    this.#unplaceable = null;
    for (const process of table.all()) {
      if (process.comm !== STEPD) continue;
      const key = keyOf(process);
      const stepd = this.#look(process, this.#seenStepds.get(key));
      if (stepd === undefined) continue;
      seen.set(key, stepd);
      if (stepd === 'own') own.push(process);
      if (stepd === 'unplaceable') this.#unplaceable = process.pid;
    }
    this.#seenStepds = seen;
    // A child that slurmstepd forks bears its name and title until it becomes the task.
    const pids = new Set(own.map(({ pid }) => pid));
    return own.filter(({ parentPid }) => !pids.has(parentPid));
  }

  /** @param before what the last look said; where that was no answer, looks again */
  #look(process: ProcessStat, before: Stepd | undefined): Stepd | undefined {
    if (before === 'own' || before === 'other') return before;
    const stepd = this.#identify(process);
    // It listens on its socket a moment after it has its title; one without is the only node's that runs the job here.
    if (stepd !== 'node unknown' || before === undefined) return stepd;
    return before === 'unplaceable' || this.#job.isElsewhere?.() ? 'unplaceable' : 'own';
  }

  /** undefined: not a slurmstepd, or without its title yet. */
  #identify(process: ProcessStat): Stepd | undefined {
    const { jobId, node, slurmdUid = 0 } = this.#job;
    const stepdJob = readSlurmstepdJob(this.#proc, process.pid, slurmdUid);
    if (stepdJob === null) return undefined;
    if (stepdJob !== jobId) return 'other';
    if (node === undefined) return 'own';
    const stepdNode = readSlurmstepdNode(this.#proc, process.pid);
    if (stepdNode === null) return 'node unknown';
    return stepdNode === node ? 'own' : 'other';
  }
}
