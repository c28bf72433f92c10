import type { HostRow } from './host-row';
import type { SliceRow } from './slice-row';
import type { JobSelection } from '../slurm/job-selection';
import type { JobFacts } from './job-facts';
import { isSelected } from './selected-job';

/** A user as options or the system name him. */
export interface UserMatch {
  readonly uid?: number | undefined;
  readonly name?: string | undefined;
}

/** Ids of jobs in [from, below): all runs of a job, and of whichever jobs had its id, lie in one. */
export interface JobRange {
  readonly from: number;
  readonly below: number;
}

/** Which runs a report is of. An absent list lets all through, an empty one none. */
export interface RunFilter {
  readonly users?: readonly UserMatch[] | undefined;
  readonly accounts?: ReadonlySet<string> | undefined;
  readonly partitions?: ReadonlySet<string> | undefined;
  readonly jobs?: ReadonlySet<number> | undefined;
  /** Of those ids the jobs that are meant: tasks of an array or the same id at another time can be others. */
  readonly selections?: readonly JobSelection[] | undefined;
  /** Only jobs whose ids lie in [from, below): how a report is divided, whoever asks for it. */
  readonly jobRange?: JobRange | undefined;
  readonly clusters?: ReadonlySet<string> | undefined;
  /** Only what ran on these nodes counts, not the rest of the same runs. */
  readonly nodes?: ReadonlySet<string> | undefined;
  /** What only Slurm's accounting tells: a run of which it does not is in none of these. */
  readonly qos?: ReadonlySet<string> | undefined;
  readonly names?: ReadonlySet<string> | undefined;
  /** In capitals, the long forms. */
  readonly states?: ReadonlySet<string> | undefined;
}

/** Whether what lines of a run were added up to is of the report. */
export function matchesRun(filter: RunFilter, cluster: string, row: SliceRow): boolean {
  const { users, accounts, partitions, jobs, jobRange, clusters, nodes } = filter;
  return (
    (jobRange === undefined || (row.job >= jobRange.from && row.job < jobRange.below)) &&
    (users === undefined || users.some((user) => isUser(user, row))) &&
    (accounts === undefined || accounts.has(row.account ?? '')) &&
    (partitions === undefined || partitions.has(row.partition ?? '')) &&
    (jobs === undefined || jobs.has(row.job)) &&
    (clusters === undefined || clusters.has(cluster)) &&
    (nodes === undefined || nodes.has(row.node))
  );
}

/**
 * Whether a run is of the report by what Slurm's accounting tells of it.
 * @param facts null: nothing
 */
export function matchesFacts(
  { selections, qos, names, states }: RunFilter,
  jobId: number,
  facts: JobFacts | null,
): boolean {
  return (
    (selections === undefined || selections.some((selection) => isSelected(selection, jobId, facts))) &&
    (qos === undefined || (facts !== null && facts.qos !== null && qos.has(facts.qos))) &&
    (names === undefined || (facts !== null && names.has(facts.name))) &&
    (states === undefined || (facts !== null && states.has(facts.state)))
  );
}

/** Whether a host's lines are of the report; a host with several nodes is with any of them. */
export function matchesHost({ clusters, nodes }: RunFilter, cluster: string, row: HostRow): boolean {
  return (
    (clusters === undefined || clusters.has(cluster)) &&
    (nodes === undefined || [...row.nodes].some((node) => nodes.has(node)))
  );
}

/** The uid decides where both sides know it: names come and go. */
function isUser(user: UserMatch, { uid, user: name }: SliceRow): boolean {
  if (user.uid !== undefined && uid !== undefined) return user.uid === uid;
  return user.name !== undefined && user.name === name;
}
