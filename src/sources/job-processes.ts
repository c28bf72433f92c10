import type { CpuCounter } from './cpu-counter';
import { unreadable } from './kernel-file';
import { NS_PER_TICK } from './proc-stat';
import { type ProcessStat, type ProcessTable, readProcessTable } from './process-table';
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
}

const STEPD = 'slurmstepd';

/** Whose a slurmstepd is: this job's on this node, or another's. */
type Stepd = 'own' | 'other' | 'node unknown';

/** A process of the job as it was at the last reading. */
interface Member {
  readonly parent: string | null;
  /** What it adds to the sum (ticks). */
  readonly countedTicks: number;
  readonly waitedTicks: number;
}

/**
 * CPU time of a job that has no cgroup (proctrack/linuxproc; cgroup v1 without jobacct_gather/cgroup), from its
 * processes: those of the job's user that descend from its slurmstepds, and stay its own when their parent ends. What an
 * environment says is not looked at: anyone can put SLURM_JOB_ID there.
 *
 * The sum takes the time of each such process and, of every process between it and slurmstepd, slurmstepd included, the
 * time of ended children that it waited for. So a child's time moves to its parent when it ends and the sum stays as it
 * is; slurmstepd's own time is left out. Where a child's time moves nowhere (its parent ignores SIGCHLD, or is gone) the
 * last time seen is kept: the sum never goes back. Processes that begin and leave the tree between two readings are
 * missed, which is why cgroups are preferred.
 *
 * `gone` is read while no slurmstepd of the job and none of its processes are there. What comes after it, such as a next
 * step, begins at 0.
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
      return ticks === null ? 'gone' : BigInt(ticks) * NS_PER_TICK;
    },
    close: () => tree.forget(),
  };
}

class JobTree {
  readonly #proc: string;
  readonly #job: JobOfProcesses;
  /** By `pid:start`, as all maps here. */
  #members = new Map<string, Member>();
  /** Processes that have been the job's user's. */
  #users = new Set<string>();
  #seenStepds = new Map<string, Stepd>();
  #lostTicks = 0;

  constructor(proc: string, job: JobOfProcesses) {
    this.#proc = proc;
    this.#job = job;
  }

  /** CPU time (ticks) with what `table` shows, or null where nothing of the job is left. */
  advance(table: ProcessTable): number | null {
    const members = this.#collect(table);
    if (members.size === 0) {
      this.forget();
      return null;
    }
    this.#lostTicks += this.#ticksNobodyWaitedFor(members);
    this.#members = members;
    this.#users = new Set([...this.#users].filter((key) => members.has(key)));
    let ticks = this.#lostTicks;
    for (const { countedTicks } of members.values()) ticks += countedTicks;
    return ticks;
  }

  forget(): void {
    this.#members = new Map();
    this.#users = new Set();
    this.#lostTicks = 0;
  }

  /** The job's processes: slurmstepds and all below them, and the user's ones known from before with all below them. */
  #collect(table: ProcessTable): Map<string, Member> {
    const members = new Map<string, Member>();
    const roots = [...this.#stepds(table), ...this.#known(table)];
    const stepds = new Set(
      roots.filter((process) => process.comm === STEPD && !this.#users.has(keyOf(process))),
    );
    // A list and no recursion: how deep the tree is, is up to the job.
    const waiting = roots.toReversed().map((process) => ({ process, parent: null as string | null }));
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { process, parent } = next;
      const key = keyOf(process);
      if (members.has(key)) continue;
      const isCounted = !stepds.has(process) && this.#isUsers(key, process.pid);
      members.set(key, {
        parent,
        countedTicks: process.waitedTicks + (isCounted ? process.ownTicks : 0),
        waitedTicks: process.waitedTicks,
      });
      for (const child of table.childrenOf(process.pid)) waiting.push({ process: child, parent: key });
    }
    return members;
  }

  #known(table: ProcessTable): ProcessStat[] {
    return [...this.#users].flatMap((key) => {
      const process = table.get(Number(key.slice(0, key.indexOf(':'))));
      return process !== undefined && keyOf(process) === key ? [process] : [];
    });
  }

  #isUsers(key: string, pid: number): boolean {
    // Before a task is started it is still slurmd's user's, so only a yes is for good.
    if (!this.#users.has(key) && readRealUid(this.#proc, pid) === this.#job.uid) this.#users.add(key);
    return this.#users.has(key);
  }

  #stepds(table: ProcessTable): ProcessStat[] {
    const seen = new Map<string, Stepd>();
    const own: ProcessStat[] = [];
    for (const process of table.all()) {
      if (process.comm !== STEPD) continue;
      const key = keyOf(process);
      const before = this.#seenStepds.get(key);
      const stepd = before === undefined || before === 'node unknown' ? this.#identify(process) : before;
      if (stepd === undefined) continue;
      seen.set(key, stepd);
      // It listens on its socket a moment after it has its title; where no socket is found even then, nobody else claims it.
      if (stepd === 'own' || (stepd === 'node unknown' && before === stepd)) own.push(process);
    }
    this.#seenStepds = seen;
    // A child that slurmstepd forks bears its name and title until it becomes the task.
    const pids = new Set(own.map(({ pid }) => pid));
    return own.filter(({ parentPid }) => !pids.has(parentPid));
  }

  /** undefined: not a slurmstepd, or without its title yet. */
  #identify(process: ProcessStat): Stepd | undefined {
    const { jobId, node, slurmdUid = 0 } = this.#job;
    const stepdJob = readSlurmstepdJob(this.#proc, process, slurmdUid);
    if (stepdJob === null) return undefined;
    if (stepdJob !== jobId) return 'other';
    if (node === undefined) return 'own';
    const stepdNode = readSlurmstepdNode(this.#proc, process.pid);
    if (stepdNode === null) return 'node unknown';
    return stepdNode === node ? 'own' : 'other';
  }

  /**
   * Of the processes that are gone, the time that their next living ancestor's `waited` did not grow by. Grew it by more,
   * then by children too that were never seen.
   */
  #ticksNobodyWaitedFor(members: ReadonlyMap<string, Member>): number {
    const goneTicks = new Map<string | null, number>();
    for (const [key, { parent, countedTicks }] of this.#members) {
      if (members.has(key)) continue;
      const ancestor = this.#livingAncestor(parent, members);
      goneTicks.set(ancestor, (goneTicks.get(ancestor) ?? 0) + countedTicks);
    }
    let lostTicks = 0;
    for (const [ancestor, ticks] of goneTicks) {
      const waited = ancestor === null ? 0 : this.#waitedSince(ancestor, members);
      lostTicks += Math.max(0, ticks - waited);
    }
    return lostTicks;
  }

  #livingAncestor(from: string | null, members: ReadonlyMap<string, Member>): string | null {
    let key = from;
    while (key !== null && !members.has(key)) key = this.#members.get(key)?.parent ?? null;
    return key;
  }

  #waitedSince(key: string, members: ReadonlyMap<string, Member>): number {
    return (members.get(key)?.waitedTicks ?? 0) - (this.#members.get(key)?.waitedTicks ?? 0);
  }
}

function keyOf({ pid, startTicks }: ProcessStat): string {
  return `${pid}:${startTicks}`;
}
