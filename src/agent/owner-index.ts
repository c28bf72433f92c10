import type { RunState } from './host-state';
import type { EndedJob, JobReading, ScopeReading } from './reading';

/** Which run a cgroup is of, without a look at each run for each cgroup. */
export class OwnerIndex<T extends { readonly run: RunState }> {
  readonly #byName = new Map<string, T[]>();

  constructor(runs: readonly T[]) {
    for (const each of runs) {
      const { job, sluid } = each.run.identity;
      for (const name of sluid === undefined ? [String(job)] : [String(job), sluid]) {
        const same = this.#byName.get(name);
        if (same === undefined) this.#byName.set(name, [each]);
        else same.push(each);
      }
    }
  }

  /** In the order in which the runs were given: after a requeue two go by one job id for a while. */
  of(scope: Pick<ScopeReading, 'node'>, { sluid, jobId }: JobReading | EndedJob): readonly T[] {
    const named = this.#byName.get(sluid ?? String(jobId)) ?? [];
    return named.filter(({ run }) => isOfNode(scope, run));
  }
}

export function isOfNode(scope: Pick<ScopeReading, 'node'>, run: RunState): boolean {
  return scope.node === null || scope.node === run.identity.node;
}
