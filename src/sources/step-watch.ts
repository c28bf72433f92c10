import { watch } from 'node:fs';
import { isErrno } from '../errors';
import type { SlurmScope } from '../slurm/cgroup-path';
import type { WatchDirectory } from './child-directories';
import { FollowedScope, type JobListener } from './followed-scope';
import { type JobContext, JobUserCpu } from './job-user-cpu';
import { WatchFailures } from './watch-failures';

export interface StepWatchOptions {
  /** A job's cgroup was removed: called at once, once for each. */
  readonly onEnd: () => void;
  /**
   * What cannot be watched or read, and why: called once for each kind, until it has not failed for a look. Without events,
   * what ticks read is left.
   */
  readonly onError: (reason: string) => void;
  /** Where hierarchies of cgroups are mounted; default /sys/fs/cgroup. */
  readonly cgroupRoot?: string;
  /**
   * Version 2: how long (ms) the reading of a step that slurmstepd stopped may be the last, default 2000. Where it is the end, the
   * step is killed and removed within some milliseconds; on a host with more to do than CPUs in some hundred.
   */
  readonly stoppedForMs?: number;
  /** Default fs.watch. */
  readonly watch?: typeof watch;
}

/** A job whose cgroup was removed. */
export interface EndedJobCpu {
  /** What its cgroup was. */
  readonly dir: string;
  /** CPU time (ns) of the user's processes in all; null where the last reading of a step was missed. */
  readonly userNs: bigint | null;
}

/**
 * The CPU time that jobs' own processes used, slurmstepd's left out, to the end: a job's cgroup is removed milliseconds after
 * its last process ends and before the epilog, so jobs shorter than a tick would never be read. Inotify tells of each step that
 * begins and of what happens just before it is removed (step-cpu.ts); it is read there and then.
 *
 * Inotify watches (fs.inotify.max_user_watches): version 2 one a job and one a step; version 1 one a job, two a step, one
 * a user. File descriptors: version 2 two a step; version 1 one a step and one a task; at most 512 a job. All watches share one descriptor.
 * https://slurm.schedmd.com/cgroup_v2.html, https://slurm.schedmd.com/cgroups.html
 */
export class StepWatch {
  readonly #options: StepWatchOptions;
  readonly #context: JobContext;
  readonly #scopes = new Map<string, FollowedScope>();
  readonly #jobs = new Map<string, JobUserCpu>();
  #ended: EndedJobCpu[] = [];
  readonly #failures: WatchFailures;

  constructor(options: StepWatchOptions) {
    this.#options = options;
    this.#failures = new WatchFailures(options.onError);
    this.#context = {
      cgroupRoot: options.cgroupRoot ?? '/sys/fs/cgroup',
      watchDirectory: this.#watchDirectory,
      failures: this.#failures,
      stoppedForMs: options.stoppedForMs ?? 2000,
    };
  }

  /** Watches these scopes and the jobs in them, those included that were there before, and no others. */
  follow(scopes: readonly SlurmScope[]): void {
    const dirs = new Set(scopes.map(({ dir }) => dir));
    for (const [dir, scope] of this.#scopes) {
      if (dirs.has(dir)) continue;
      scope.close();
      this.#scopes.delete(dir);
      for (const jobDir of [...this.#jobs.keys()]) if (jobDir.startsWith(`${dir}/`)) this.#vanished(jobDir);
    }
    for (const scope of scopes) {
      const followed = this.#scopes.get(scope.dir) ?? new FollowedScope(scope, this.#context, this.#listener);
      this.#scopes.set(scope.dir, followed);
      // A slurmd that was started anew has made its directory anew.
      this.#failures.attempt(scope.dir, () => followed.refresh());
    }
  }

  /** Makes up for events that were lost, and for watches that failed: compares what is there with what is known. */
  refresh(): void {
    this.#failures.beginLook();
    // The jobs first: where one is found to be gone its scope is compared.
    for (const [dir, job] of [...this.#jobs]) {
      this.#failures.attempt(dir, () => {
        if (!job.refresh()) this.check(dir);
      });
    }
    for (const [dir, scope] of this.#scopes) this.#failures.attempt(dir, () => scope.refresh());
  }

  /** A job's cgroup does not answer any more: notes its end now, where its event is still to come. */
  check(jobDir: string): void {
    for (const scope of this.#scopes.values()) {
      this.#failures.attempt(jobDir, () => scope.check(jobDir));
    }
  }

  /**
   * Something could not be watched or read: jobs may begin and end without a word. Over when `refresh` met no failure and there
   * was none from then to the next one.
   */
  get hasFailed(): boolean {
    return this.#failures.isAny;
  }

  /**
   * CPU time (ns) of the user's processes of a job so far; never less than at an earlier call, as long as its directory is
   * the same.
   * @param jobDir the job's cgroup (version 1: below cpuacct), as in `JobCgroup`
   * @returns undefined where no step of it was ever seen, or more at a time than are followed
   */
  userNs(jobDir: string): bigint | undefined {
    return this.#jobs.get(jobDir)?.userNs()?.ns;
  }

  /** The jobs whose cgroup was removed since the last call, in the order of their ends. */
  takeEnded(): EndedJobCpu[] {
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  }

  close(): void {
    for (const scope of this.#scopes.values()) scope.close();
    for (const job of this.#jobs.values()) job.close();
    this.#scopes.clear();
    this.#jobs.clear();
    this.#ended = [];
  }

  readonly #listener: JobListener = {
    appeared: (version, jobDir) => {
      const job = new JobUserCpu(version, jobDir, this.#context);
      this.#jobs.set(jobDir, job);
      job.refresh();
    },
    vanished: (jobDir) => {
      this.#vanished(jobDir);
      this.#options.onEnd();
    },
  };

  #vanished(dir: string): void {
    const job = this.#jobs.get(dir);
    if (job === undefined) return;
    this.#jobs.delete(dir);
    job.close();
    const user = job.userNs();
    this.#ended.push({ dir, userNs: user?.isFinal === true ? user.ns : null });
  }

  readonly #watchDirectory: WatchDirectory = (dir, listener) => {
    try {
      const watcher = (this.#options.watch ?? watch)(dir, { persistent: false }, (_, name) => {
        // Nobody else would catch it, and it would end the agent.
        this.#failures.attempt(dir, () => listener(name));
      });
      watcher.on('error', (error) => this.#failures.addError('watch', dir, error));
      return watcher;
    } catch (error) {
      // Removed meanwhile.
      if (!isErrno(error, 'ENOENT', 'ENODEV')) this.#failures.addError('watch', dir, error);
      return null;
    }
  };
}
