import type { FSWatcher } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { TASK_DIR } from '../slurm/cgroup-names';
import { cgroup1DirOf } from '../slurm/cgroup-path';
import { parseCpuacctUsage } from './cgroup-v1';
import { ChildDirectories } from './child-directories';
import { KernelFile, readKernelFile } from './kernel-file';
import type { Missing } from './source';
import { StepCpu } from './step-cpu';

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
    {
      isChild: (name) => TASK_DIR.test(name),
      appeared: (name) => this.#taskAppeared(name),
      vanished: (name) => this.#taskVanished(name),
    },
    this.context,
  );
  /** CPU time of slurmstepd itself. */
  #ownNs = 0n;
  /** A task has gone, whose time is in the step's alone. */
  #lacksTask = false;
  #isListing = false;
  #freezer: string | null = null;
  #watcher: FSWatcher | null = null;

  refresh(): void {
    if (this.isGone) return;
    this.#watchEnd();
    // Reads the tasks that there are.
    this.readEnd();
  }

  get openFiles(): number {
    return 1 + this.#tasks.size;
  }

  override close(): void {
    super.close();
    this.#children.close();
    this.#watcher?.close();
    this.#total.close();
    for (const file of this.#tasks.values()) file.close();
  }

  protected readNs(): bigint | Missing | undefined {
    this.#listTasks();
    if (this.isGone) return undefined;
    const totalNs = parseCpuacctUsage(this.#total.read(), this.#total.path);
    if (typeof totalNs !== 'bigint') return totalNs;
    const tasksNs = this.#readTasksNs();
    if (tasksNs === undefined) return totalNs - this.#ownNs;
    const ownNs = totalNs - tasksNs;
    // A task that has come meanwhile is in the total alone, and not slurmstepd's.
    if (ownNs > this.#ownNs && this.#children.isCurrent()) this.#ownNs = ownNs;
    return tasksNs;
  }

  protected hasNoProcesses(): boolean {
    this.#listTasks();
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

  /** Takes up the tasks that have come and gone; nothing is read before all are known. */
  #listTasks(): void {
    this.#isListing = true;
    try {
      this.#children.refresh();
    } finally {
      this.#isListing = false;
    }
  }

  #taskAppeared(name: string): void {
    this.#tasks.set(name, new KernelFile(join(this.dir, name, 'cpuacct.usage')));
    this.#watchEnd();
    if (!this.#isListing) this.read();
    this.context.opened();
  }

  #taskVanished(name: string): void {
    this.#lacksTask = true;
    // With many tasks there are as many of these events.
    if (!this.#isListing && !this.isCaught) this.readEnd();
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
      if (name === null || name === 'freezer.state' || TASK_DIR.test(name)) this.readEnd();
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
