import type { FSWatcher } from 'node:fs';
import { join } from 'node:path';
import { TASK_DIR } from '../slurm/cgroup-names';
import { parseCpuStat } from './cgroup-v2';
import { ChildDirectories } from './child-directories';
import { KernelFile } from './kernel-file';
import type { Missing } from './source';
import { StepCpu } from './step-cpu';

const FREEZE = 'cgroup.freeze';

/**
 * Version 2: `step_<x>/user`. Of its files the kernel changes `cgroup.events` when the last process has ended (at most each 10 ms,
 * so that of a shorter step it tells only once), and slurmstepd writes to `cgroup.freeze` before it kills what is left (the
 * extern step's process), before it removes the cgroup, and also where a job is suspended or continued. Two open files; one inotify watch, on `user` (before there is one: on the step).
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#un-populated-notification
 */
export class Step2Cpu extends StepCpu {
  readonly #user = join(this.dir, 'user');
  readonly #cpuStat = new KernelFile(join(this.#user, 'cpu.stat'));
  readonly #events = new KernelFile(join(this.#user, 'cgroup.events'));
  readonly #children = new ChildDirectories(
    this.dir,
    {
      isChild: (name) => name === 'user',
      appeared: () => this.#userAppeared(),
      vanished: () => undefined,
    },
    this.context,
  );
  #hasUser = false;
  #watcher: FSWatcher | null = null;

  refresh(): void {
    if (this.isGone) return;
    this.#children.refresh();
    if (this.#hasUser) this.#watchUser();
    this.readEnd();
  }

  get openFiles(): number {
    return 2;
  }

  override close(): void {
    super.close();
    this.#children.close();
    this.#watcher?.close();
    this.#cpuStat.close();
    this.#events.close();
  }

  protected readNs(): bigint | Missing | undefined {
    // Where its event is still to come.
    if (!this.#hasUser) this.#children.refresh();
    return this.#hasUser ? parseCpuStat(this.#cpuStat.read(), this.#cpuStat.path) : undefined;
  }

  protected hasNoProcesses(): boolean {
    return this.#hasUser && /^populated 0$/m.test(this.#events.read());
  }

  #userAppeared(): void {
    this.#hasUser = true;
    this.#watchUser();
    this.#children.close();
    // What happened before it was watched.
    this.readEnd();
  }

  #watchUser(): void {
    this.#watcher ??= this.context.watchDirectory(this.#user, (name) => {
      if (name === FREEZE) this.readStopped();
      else if (name === null || name.startsWith('cgroup.') || TASK_DIR.test(name)) this.readEnd();
    });
  }
}
