import type { FoundTold } from '../generated/sums';
import type { JobFacts } from '../runs/job-facts';
import type { RunFilter, UserMatch } from '../runs/run-filter';
import { isSelected } from '../runs/selected-job';
import type { JobSelection } from '../slurm/job-selection';

/** What of a run or of several is looked at. */
export interface NamedRuns {
  readonly cluster: string;
  readonly uid: number | null;
  readonly user: string;
  readonly account: string;
  readonly partition: string;
  /** Absent: not looked at one by one. */
  readonly jobId?: number;
  readonly fragments?: readonly { readonly node: string }[];
}

/** Which of the names that a filter asks for have runs, so that a typing mistake can be told from an idle month. */
export class FoundNames {
  readonly #filter: RunFilter;
  readonly #users = new Set<UserMatch>();
  readonly #names = {
    accounts: new Set<string>(),
    partitions: new Set<string>(),
    clusters: new Set<string>(),
    nodes: new Set<string>(),
  };
  readonly #selections: readonly JobSelection[];
  readonly #selected = new Set<JobSelection>();
  /** Whether there is any run at all. */
  any = false;

  constructor(filter: RunFilter) {
    this.#filter = filter;
    this.#selections =
      filter.selections ?? [...(filter.jobs ?? [])].map((job) => ({ text: String(job), job }));
  }

  /** @param facts what Slurm's accounting tells of it; null: nothing */
  add(
    { cluster, uid, user, account, partition, jobId, fragments = [] }: NamedRuns,
    facts: JobFacts | null = null,
  ): void {
    this.any = true;
    const { users = [], accounts, partitions, clusters, nodes } = this.#filter;
    for (const asked of users) {
      if ((asked.uid !== undefined && asked.uid === uid) || asked.name === user) this.#users.add(asked);
    }
    if (accounts !== undefined) this.#names.accounts.add(account);
    if (partitions !== undefined) this.#names.partitions.add(partition);
    if (clusters !== undefined) this.#names.clusters.add(cluster);
    for (const asked of this.#selections) {
      if (jobId !== undefined && isSelected(asked, jobId, facts)) this.#selected.add(asked);
    }
    if (nodes !== undefined) for (const { node } of fragments) this.#names.nodes.add(node);
  }

  /** What was found, for another's {@link FoundNames.addTold} of the same filter. */
  get told(): FoundTold {
    const { accounts, partitions, clusters, nodes } = this.#names;
    const places = <T>(asked: readonly T[], found: ReadonlySet<T>): number[] =>
      asked.flatMap((each, i) => (found.has(each) ? [i] : []));
    return {
      any: this.any,
      users: places(this.#filter.users ?? [], this.#users),
      selected: places(this.#selections, this.#selected),
      accounts: [...accounts],
      partitions: [...partitions],
      clusters: [...clusters],
      nodes: [...nodes],
    };
  }

  /** Adds what was found elsewhere. */
  addTold(told: FoundTold): void {
    this.any ||= told.any;
    for (const i of told.users) {
      const user = this.#filter.users?.[i];
      if (user !== undefined) this.#users.add(user);
    }
    for (const i of told.selected) {
      const selection = this.#selections[i];
      if (selection !== undefined) this.#selected.add(selection);
    }
    for (const kind of ['accounts', 'partitions', 'clusters', 'nodes'] as const)
      for (const name of told[kind]) this.#names[kind].add(name);
  }

  get missingUsers(): UserMatch[] {
    return (this.#filter.users ?? []).filter((user) => !this.#users.has(user));
  }

  /** As they were asked for. */
  get missingJobs(): (number | string)[] {
    return this.#selections
      .filter((asked) => !this.#selected.has(asked))
      .map((asked) => ('job' in asked ? asked.job : asked.text));
  }

  missing(kind: 'accounts' | 'partitions' | 'clusters' | 'nodes'): string[] {
    return [...(this.#filter[kind] ?? [])].filter((name) => !this.#names[kind].has(name));
  }
}
