import type { ReportGroup } from '../generated/report';
import type { AddedRun, ReportQuery } from '../report/aggregate';
import { smallest } from '../science/sample';
import type { WantedFragment, WantedJob } from './run-details';

/** One execution of a job. */
export interface Execution {
  readonly startedMs: number;
  readonly toMs: number;
  readonly nodes: readonly string[];
  /** null: nothing tells. */
  readonly nodesExpected: number | null;
}

/** A job as its report was made of it. */
export interface FoundJob extends WantedJob {
  /** In the order in which they began. */
  readonly executions: readonly Execution[];
  readonly cpus: number | null;
}

interface Collected {
  firstMs: number;
  readonly fragments: WantedFragment[];
  readonly executions: Execution[];
  cpus: number | null;
}

/** Which runs the lines of a report by job were made of. */
export class FoundJobs {
  readonly #query: Pick<ReportQuery, 'sinceMs' | 'untilMs'>;
  /** By what names a line, then by job: an id can be of several. */
  readonly #lines = new Map<string, Map<string, Collected>>();

  constructor(query: Pick<ReportQuery, 'sinceMs' | 'untilMs'>) {
    this.#query = query;
  }

  add({ run, parts }: AddedRun): void {
    const { cluster, jobId, user, account, partition } = run;
    const line = lineKey({ cluster, job_id: jobId, user, account, partition });
    const jobs = this.#lines.get(line) ?? new Map<string, Collected>();
    this.#lines.set(line, jobs);
    const firstMs = smallest(parts.map(({ slice }) => slice.fromMs));
    const found: Collected = jobs.get(run.jobKey) ?? {
      ...{ firstMs, fragments: [], executions: [], cpus: null },
    };
    jobs.set(run.jobKey, found);
    found.firstMs = Math.min(found.firstMs, firstMs);
    for (const fragment of run.fragments) {
      const { node, job, restart, startedMs, toMs, facts } = fragment;
      found.fragments.push({ node, job, restart, startedMs, toMs, host: facts.host });
    }
    const cpus = run.fragments.reduce<number | null>(
      (sum, { facts }) => (sum === null || facts.cpus === undefined ? null : sum + facts.cpus),
      0,
    );
    found.cpus = cpus === null || found.cpus === null ? cpus : Math.max(found.cpus, cpus);
    found.executions.push({
      startedMs: run.startedMs,
      toMs: run.toMs,
      nodes: run.fragments.map(({ node }) => node),
      nodesExpected: run.nodes,
    });
  }

  /**
   * What each line is of.
   * @param groups of the report by job of these runs, as it has them
   */
  of(groups: readonly ReportGroup[]): FoundJob[] {
    const left = new Map(
      [...this.#lines].map(([line, jobs]) => [
        line,
        [...jobs.values()].sort((a, b) => a.firstMs - b.firstMs),
      ]),
    );
    return groups.map((group) => {
      // Lines that are named alike come in the order of their times.
      const found = left.get(lineKey(group))?.shift();
      if (found === undefined)
        throw new Error(`no run of the line of job ${group.job_id ?? '?'} was told of`);
      const { cluster = '' } = group;
      const { sinceMs, untilMs } = this.#query;
      return {
        ...{ cluster, sinceMs, untilMs, fragments: found.fragments, cpus: found.cpus },
        executions: found.executions.toSorted((a, b) => a.startedMs - b.startedMs),
      };
    });
  }
}

function lineKey({ cluster, job_id: id, user, account, partition }: Partial<ReportGroup>): string {
  return JSON.stringify([cluster, id, user, account, partition]);
}
