import { basename, dirname, join } from 'node:path';
import { USER_DIR, isJobDir } from '../slurm/cgroup-names';
import type { SlurmScope } from '../slurm/cgroup-path';
import { ChildDirectories, type DirectoryContext } from './child-directories';

/** What is told of jobs' directories. */
export interface JobListener {
  appeared(version: 1 | 2, jobDir: string): void;
  vanished(jobDir: string): void;
}

/** The directories of one slurmd's jobs: version 1 has one more level, the users. */
export class FollowedScope {
  readonly #dir: string;
  readonly #context: DirectoryContext;
  readonly #top: ChildDirectories;
  readonly #users = new Map<string, ChildDirectories>();

  /** Does nothing before the first `refresh`. */
  constructor(scope: SlurmScope, context: DirectoryContext, listener: JobListener) {
    this.#dir = scope.dir;
    this.#context = context;
    const jobsIn = (dir: string): ChildDirectories => {
      const handlers = {
        isChild: isJobDir,
        appeared: (name: string) => listener.appeared(scope.version, join(dir, name)),
        vanished: (name: string) => listener.vanished(join(dir, name)),
      };
      return new ChildDirectories(dir, handlers, context);
    };
    const users = {
      isChild: (name: string) => USER_DIR.test(name),
      appeared: (name: string) => {
        const jobs = jobsIn(join(scope.dir, name));
        this.#users.set(name, jobs);
        jobs.refresh();
      },
      vanished: (name: string) => {
        // Its jobs went before it, and what has its name now is another's.
        this.#users.get(name)?.end();
        this.#users.delete(name);
      },
    };
    this.#top = scope.version === 2 ? jobsIn(scope.dir) : new ChildDirectories(scope.dir, users, context);
  }

  /** @throws the system's error */
  refresh(): void {
    for (const [name, user] of [...this.#users]) {
      this.#context.failures.attempt(join(this.#dir, name), () => {
        if (!user.refresh()) this.#top.check(name);
      });
    }
    if (!this.#top.refresh()) this.#top.renew();
  }

  /** @throws the system's error */
  check(jobDir: string): void {
    const parent = dirname(jobDir);
    const jobs = parent === this.#dir ? this.#top : this.#users.get(basename(parent));
    if (parent === this.#dir || dirname(parent) === this.#dir) jobs?.check(basename(jobDir));
  }

  close(): void {
    this.#top.close();
    for (const user of this.#users.values()) user.close();
  }
}
