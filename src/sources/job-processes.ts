import { join } from 'node:path';
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
  /** Whether another node of this host runs the job too now. */
  readonly isElsewhere?: () => boolean;
}

const STEPD = 'slurmstepd';

/** Whose a slurmstepd is: this job's on this node, another's, not told yet, or the job's on one of two nodes. */
type Stepd = 'own' | 'other' | 'node unknown' | 'unplaceable';

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
  /** By `pid:start`, as all maps here. */
  #members = new Map<string, Member>();
  /** Processes that have been the job's user's. */
  #users = new Set<string>();
  #seenStepds = new Map<string, Stepd>();
  /** What `waited` of a process grew by beyond the time of children gone (less: negative) at the last reading. */
  #balances = new Map<string, number>();
  #lostTicks = 0;
  #highestTicks = 0;
  #unplaceable: number | null = null;

  constructor(proc: string, job: JobOfProcesses) {
    this.#proc = proc;
    this.#job = job;
  }

  /** Process id of a slurmstepd that may be this node's or another's, as of the last `advance`. */
  get unplaceable(): number | null {
    return this.#unplaceable;
  }

  /** CPU time (ticks) with what `table` shows, or null where nothing of the job is left. */
  advance(table: ProcessTable): number | null {
    const members = this.#collect(table);
    if (members.size === 0) {
      this.forget();
      return null;
    }
    this.#keepLostTime(members);
    this.#members = members;
    this.#users = new Set([...this.#users].filter((key) => members.has(key)));
    let ticks = this.#lostTicks;
    for (const { countedTicks } of members.values()) ticks += countedTicks;
    this.#highestTicks = Math.max(this.#highestTicks, ticks);
    return this.#highestTicks;
  }

  forget(): void {
    this.#members = new Map();
    this.#users = new Set();
    this.#balances = new Map();
    this.#lostTicks = 0;
    this.#highestTicks = 0;
  }

  /** The job's processes: slurmstepds and all below them, and the user's ones known from before with all below them. */
  #collect(table: ProcessTable): Map<string, Member> {
    const members = new Map<string, Member>();
    const stepds = new Set(this.#stepds(table));
    // The first is taken first, with all below it: a process is met below its parent where that is one of the job's.
    const waiting: { process: ProcessStat; parent: string | null }[] = [...stepds, ...this.#known(table)]
      .map((process) => ({ process, parent: null }))
      .toReversed();
    // A list and no recursion: how deep the tree is, is up to the job.
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

  /** The user's processes known from before, the oldest first: a parent before its children. */
  #known(table: ProcessTable): ProcessStat[] {
    return [...this.#users]
      .map((key) => table.get(Number(key.slice(0, key.indexOf(':')))))
      .filter((process) => process !== undefined)
      .filter((process) => this.#users.has(keyOf(process)))
      .toSorted((a, b) => a.startTicks - b.startTicks);
  }

  #isUsers(key: string, pid: number): boolean {
    // Before a task is started it is still slurmd's user's, so only a yes is for good.
    if (!this.#users.has(key) && readRealUid(this.#proc, pid) === this.#job.uid) this.#users.add(key);
    return this.#users.has(key);
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

  /**
   * Keeps the time of processes that are gone and that nobody waited for: what `waited` of their next living ancestor did
   * not grow by.
   *
   * The table is not read in one moment: a child that ends meanwhile may be in it beside its parent's `waited`, or in
   * neither. So what is over or short at one reading is set against the next one's.
   */
  #keepLostTime(members: ReadonlyMap<string, Member>): void {
    const goneTicks = new Map<string, number>();
    for (const [key, { parent, countedTicks }] of this.#members) {
      if (members.has(key)) continue;
      const ancestor = this.#livingAncestor(parent, members);
      if (ancestor === null) this.#lostTicks += countedTicks;
      else goneTicks.set(ancestor, (goneTicks.get(ancestor) ?? 0) + countedTicks);
    }
    const balances = new Map<string, number>();
    for (const [key, { waitedTicks }] of members) {
      const before = this.#members.get(key);
      if (before === undefined) continue;
      const overTicks = waitedTicks - before.waitedTicks - (goneTicks.get(key) ?? 0);
      const earlierTicks = this.#balances.get(key) ?? 0;
      const settledTicks =
        Math.sign(overTicks) === -Math.sign(earlierTicks)
          ? Math.min(Math.abs(overTicks), Math.abs(earlierTicks))
          : 0;
      if (overTicks < 0) this.#lostTicks += -overTicks - settledTicks;
      else this.#lostTicks -= settledTicks;
      const openTicks = overTicks - Math.sign(overTicks) * settledTicks;
      if (openTicks !== 0) balances.set(key, openTicks);
    }
    this.#balances = balances;
  }

  #livingAncestor(from: string | null, members: ReadonlyMap<string, Member>): string | null {
    let key = from;
    while (key !== null && !members.has(key)) key = this.#members.get(key)?.parent ?? null;
    return key;
  }
}

function keyOf({ pid, startTicks }: ProcessStat): string {
  return `${pid}:${startTicks}`;
}
