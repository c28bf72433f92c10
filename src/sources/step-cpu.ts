import type { FSWatcher } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { cgroup1DirOf } from '../slurm/cgroup-path';
import { parseCpuacctUsage } from './cgroup-v1';
import { parseCpuStat } from './cgroup-v2';
import { ChildDirectories, type WatchDirectory } from './child-directories';
import { KernelFile, readKernelFile } from './kernel-file';
import type { Missing } from './source';

const FREEZE = 'cgroup.freeze';
const TASK = /^task_(?:\d+|special)$/;

/** What a step needs from who watches it. */
export interface StepContext {
  readonly watchDirectory: WatchDirectory;
  /** Where hierarchies of cgroups are mounted. */
  readonly cgroupRoot: string;
  readonly onError: (reason: string) => void;
}

/**
 * CPU time of the user's processes in one step: read when asked, and by itself at each event that may be the last before the
 * step's cgroup is removed.
 */
export abstract class StepCpu {
  protected readonly dir: string;
  protected readonly context: StepContext;
  #ns = 0n;
  #isCaught = false;
  #isGone = false;

  constructor(dir: string, context: StepContext) {
    this.dir = dir;
    this.context = context;
  }

  /** CPU time (ns) at the last reading. */
  get ns(): bigint {
    return this.#ns;
  }

  /** Processes had been there and none was any more when it was last read: there is nothing to come. */
  get isCaught(): boolean {
    return this.#isCaught;
  }

  /** The cgroup answers no more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Watches what is not watched yet, and reads what events may not have told of. */
  abstract refresh(): void;

  abstract close(): void;

  /** @returns CPU time (ns), undefined where there is none to be read yet. @throws the system's error */
  protected abstract readNs(): bigint | Missing | undefined;

  /** @throws the system's error */
  protected abstract hasNoProcesses(): boolean;

  /** Reads the CPU time now, without asking whether processes are left. */
  read(): void {
    this.#attempt(() => {
      const before = this.#ns;
      // Who had ended does not count on: there are new ones.
      if (this.#take(this.readNs()) && this.#ns > before) this.#isCaught = false;
    });
  }

  /**
   * Reads the CPU time now, and whether it is the last.
   * @param isStopped what is left does not run any more, but to die
   */
  readEnd(isStopped = false): void {
    this.#attempt(() => {
      // First: what runs after it was asked for is in the time.
      const isEmpty = isStopped || this.hasNoProcesses();
      // A new step is empty too.
      if (this.#take(this.readNs())) this.#isCaught = isEmpty && (isStopped || this.#ns > 0n);
    });
  }

  #take(ns: bigint | Missing | undefined): boolean {
    if (typeof ns === 'object') this.context.onError(ns.missing);
    if (typeof ns !== 'bigint') return false;
    if (ns > this.#ns) this.#ns = ns;
    return true;
  }

  #attempt(reading: () => void): void {
    if (this.#isGone) return;
    try {
      reading();
    } catch (error) {
      // After this a KernelFile would open the path anew, and that is another step's.
      if (isErrno(error, 'ENODEV', 'ENOENT')) this.#isGone = true;
      else this.context.onError(`cannot read ${this.dir}: ${String(error)}`);
    }
  }
}

/**
 * Version 2: `step_<x>/user`. Of its files the kernel changes `cgroup.events` when the last process has ended (at most each 10 ms,
 * so that of a shorter step it tells only once), and slurmstepd writes to `cgroup.freeze` before it kills what is left (the
 * extern step's process) and before it removes the cgroup. Two open files; one inotify watch, on `user` (before there is one: on the step).
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#un-populated-notification
 */
export class Step2Cpu extends StepCpu {
  readonly #user = join(this.dir, 'user');
  readonly #cpuStat = new KernelFile(join(this.#user, 'cpu.stat'));
  readonly #events = new KernelFile(join(this.#user, 'cgroup.events'));
  readonly #children = new ChildDirectories(
    this.dir,
    /^user$/,
    { appeared: () => this.#userAppeared(), vanished: () => undefined },
    this.context.watchDirectory,
  );
  #hasUser = false;
  #watcher: FSWatcher | null = null;

  refresh(): void {
    this.#children.refresh();
    this.readEnd();
  }

  close(): void {
    this.#children.close();
    this.#watcher?.close();
    this.#cpuStat.close();
    this.#events.close();
  }

  protected readNs(): bigint | Missing | undefined {
    return this.#hasUser ? parseCpuStat(this.#cpuStat.read(), this.#cpuStat.path) : undefined;
  }

  protected hasNoProcesses(): boolean {
    return this.#hasUser && /^populated 0$/m.test(this.#events.read());
  }

  #userAppeared(): void {
    this.#hasUser = true;
    this.#watcher = this.context.watchDirectory(this.#user, (name) => {
      if (name === null || name.startsWith('cgroup.') || TASK.test(name)) this.readEnd(name === FREEZE);
    });
    this.#children.close();
    // What happened before it was watched.
    this.readEnd();
  }
}

/**
 * Version 1: the tasks of `step_<x>` below cpuacct. That hierarchy tells nothing before the removal, but others do:
 * slurmstepd writes to `freezer.state` of the step (proctrack/cgroup) when its processes have ended, some milliseconds
 * earlier, and removes memory's tasks before cpuacct's. Old slurmstepds (21.08) were in the step's cgroup themselves: their
 * time is the step's less its tasks', and is taken off where a task is gone and the step still reads. Open files: one, and one a
 * task; two inotify watches.
 * https://docs.kernel.org/admin-guide/cgroup-v1/freezer-subsystem.html
 */
export class Step1Cpu extends StepCpu {
  readonly #total = new KernelFile(join(this.dir, 'cpuacct.usage'));
  readonly #tasks = new Map<string, KernelFile>();
  readonly #children = new ChildDirectories(
    this.dir,
    TASK,
    { appeared: (name) => this.#taskAppeared(name), vanished: (name) => this.#taskVanished(name) },
    this.context.watchDirectory,
  );
  /** CPU time of slurmstepd itself. */
  #ownNs = 0n;
  /** A task has gone, whose time is in the step's alone. */
  #lacksTask = false;
  #freezer: string | null = null;
  #watcher: FSWatcher | null = null;

  refresh(): void {
    this.#watchEnd();
    this.#children.refresh();
    this.readEnd();
  }

  close(): void {
    this.#children.close();
    this.#watcher?.close();
    this.#total.close();
    for (const file of this.#tasks.values()) file.close();
  }

  protected readNs(): bigint | Missing | undefined {
    const totalNs = parseCpuacctUsage(this.#total.read(), this.#total.path);
    if (typeof totalNs !== 'bigint') return totalNs;
    const tasksNs = this.#readTasksNs();
    if (tasksNs === undefined) return totalNs - this.#ownNs;
    if (totalNs - tasksNs > this.#ownNs) this.#ownNs = totalNs - tasksNs;
    return tasksNs;
  }

  protected hasNoProcesses(): boolean {
    const dirs =
      this.#freezer === null ? [...this.#tasks.keys()].map((name) => join(this.dir, name)) : [this.#freezer];
    return dirs.every(isEmptyCgroup1);
  }

  /** Sum of all tasks that there were; undefined where one is gone. */
  #readTasksNs(): bigint | undefined {
    if (this.#lacksTask) return undefined;
    try {
      let sumNs = 0n;
      for (const file of this.#tasks.values()) {
        const ns = parseCpuacctUsage(file.read(), file.path);
        if (typeof ns !== 'bigint') return undefined;
        sumNs += ns;
      }
      return sumNs;
    } catch (error) {
      if (!isErrno(error, 'ENODEV', 'ENOENT')) throw error;
      this.#lacksTask = true;
      return undefined;
    }
  }

  #taskAppeared(name: string): void {
    this.#tasks.set(name, new KernelFile(join(this.dir, name, 'cpuacct.usage')));
    this.#watchEnd();
    this.read();
  }

  #taskVanished(name: string): void {
    this.#lacksTask = true;
    // With many tasks there are as many of these events.
    if (!this.isCaught) this.readEnd();
    this.#tasks.get(name)?.close();
    this.#tasks.delete(name);
  }

  /** Watches the hierarchy that tells first. Slurm makes them one after the other. */
  #watchEnd(): void {
    if (this.#watcher !== null) return;
    const { cgroupRoot, watchDirectory } = this.context;
    this.#freezer = cgroup1DirOf('freezer', cgroupRoot, this.dir);
    const dir = this.#freezer ?? cgroup1DirOf('memory', cgroupRoot, this.dir);
    if (dir === null) return;
    this.#watcher = watchDirectory(dir, (name) => {
      if (name === null || name === 'freezer.state' || TASK.test(name)) this.readEnd();
    });
  }
}

/**
 * Opened anew each time: a descriptor of version 1 goes on giving the list that was made for its first reading.
 * https://docs.kernel.org/admin-guide/cgroup-v1/cgroups.html
 */
function isEmptyCgroup1(dir: string): boolean {
  try {
    return readKernelFile(join(dir, 'cgroup.procs')) === '';
  } catch (error) {
    if (isErrno(error, 'ENODEV', 'ENOENT')) return true;
    throw error;
  }
}
