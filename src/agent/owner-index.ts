import type { ProcessJob } from '../sources/process-job';
import type { RunState } from './host-state';
import type { EndedJob, JobReading, LivingScope } from './reading';

/** Which run a cgroup is of, without a look at each run for each cgroup. */
export class OwnerIndex<T extends { readonly run: RunState }> {
  /** Mostly a name is one run's. */
  readonly #byName = new Map<string | number, T | T[]>();

  constructor(runs: readonly T[]) {
    for (const each of runs) {
      const { job, sluid } = each.run.identity;
      this.#add(job, each);
      if (sluid !== undefined) this.#add(sluid, each);
    }
  }

  #add(name: string | number, each: T): void {
    const same = this.#byName.get(name);
    if (same === undefined) this.#byName.set(name, each);
    else if (Array.isArray(same)) same.push(each);
    else this.#byName.set(name, [same, each]);
  }

  #named(name: string | number): readonly T[] {
    const named = this.#byName.get(name) ?? [];
    return Array.isArray(named) ? named : [named];
  }

  /** Whose a cgroup is: after a requeue the ended run and the new one go by one job id, and what is there is the new one's. */
  ownerOf(scope: Pick<LivingScope, 'node'>, job: JobReading): T | undefined {
    const named = this.#byName.get(job.sluid ?? job.jobId ?? '');
    if (named === undefined) return undefined;
    if (!Array.isArray(named) && named.run.end === null) {
      return isOfNode(scope, named.run) ? named : undefined;
    }
    const own = this.of(scope, job);
    return own.find(({ run }) => run.end === null) ?? own[0];
  }

  /** Whose a process is: of two runs with one job id the one that has not ended. */
  ofProcess({ jobId, sluid, node }: ProcessJob): T | undefined {
    const own = this.#named(sluid ?? jobId ?? '').filter(({ run }) => isOfNode({ node }, run));
    return own.find(({ run }) => run.end === null) ?? own[0];
  }

  /** In the order in which the runs were given: after a requeue two go by one job id for a while. */
  of(scope: Pick<LivingScope, 'node'>, { sluid, jobId }: JobReading | EndedJob): readonly T[] {
    return this.#named(sluid ?? jobId ?? '').filter(({ run }) => isOfNode(scope, run));
  }
}

export function isOfNode(scope: Pick<LivingScope, 'node'>, run: RunState): boolean {
  return scope.node === null || scope.node === run.identity.node;
}

/** The cgroup of each run that has one now. */
export function cgroupsByRun<S extends LivingScope>(
  runs: Readonly<Record<string, RunState>>,
  scopes: readonly S[],
): Map<string, { scope: S; job: JobReading }> {
  const owners = new OwnerIndex(Object.entries(runs).map(([key, run]) => ({ key, run })));
  const found = new Map<string, { scope: S; job: JobReading }>();
  for (const scope of scopes) {
    for (const job of scope.jobs) {
      for (const { key } of owners.of(scope, job)) found.set(key, { scope, job });
    }
  }
  return found;
}
