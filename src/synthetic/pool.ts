import type { SyntheticHost } from './host';
import type { JobShape } from './job-mix';
import type { Job } from './run';
import { HOST_CPUS } from './hardware';

/** Of those that wait, how many are looked at when a host has room again. */
const LOOKED_AT = 30;

/** Hosts that take the same jobs, and the jobs that wait for one. */
export class Pool {
  readonly hosts: readonly SyntheticHost[];
  /** In the order in which they came. */
  waiting: Job[] = [];
  /** No host before this place has a free CPU. */
  #firstFree = 0;

  constructor(hosts: readonly SyntheticHost[]) {
    this.hosts = hosts;
  }

  /** Hosts for a job; null where they have no room now. Small jobs fill from the front, whole nodes from the back. */
  find(shape: JobShape): SyntheticHost[] | null {
    const { hosts } = this;
    if (shape.cpus >= HOST_CPUS) {
      const found: SyntheticHost[] = [];
      for (let i = hosts.length - 1; i >= 0 && found.length < shape.nodes; i--) {
        if (hosts[i]!.hasRoom(shape)) found.push(hosts[i]!);
      }
      return found.length === shape.nodes ? found.toReversed() : null;
    }
    while (this.#firstFree < hosts.length && hosts[this.#firstFree]!.isFull) this.#firstFree++;
    for (let i = this.#firstFree; i < hosts.length; i++) {
      if (hosts[i]!.hasRoom(shape)) return [hosts[i]!];
    }
    return null;
  }

  /** Room may have come to be on any host. */
  release(): void {
    this.#firstFree = 0;
  }

  /** The first that wait and would have room on these hosts alone; they no longer wait. */
  takeFor(hosts: readonly SyntheticHost[]): { job: Job; host: SyntheticHost } | null {
    const end = Math.min(LOOKED_AT, this.waiting.length);
    for (let i = 0; i < end; i++) {
      const job = this.waiting[i]!;
      if (job.shape.nodes > 1 || job.components.length > 0) continue;
      const host = hosts.find((one) => one.hasRoom(job.shape));
      if (host === undefined) continue;
      this.waiting.splice(i, 1);
      return { job, host };
    }
    return null;
  }
}
