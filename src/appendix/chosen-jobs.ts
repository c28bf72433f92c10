import { visible } from '../config/visible';
import { EitError } from '../errors';
import type { ReportGroup } from '../generated/report';
import { jobName, type RunSet } from '../science/run-set';
import { SAME, windowsMeet } from '../science/statement';
import type { FoundJob } from './found-jobs';

/** A job of the appendix, with the set that it was first found in. */
export interface ChosenJob {
  readonly found: FoundJob;
  readonly group: ReportGroup;
  readonly set: RunSet;
}

/**
 * The jobs of all sets, each once. A job that two sets have of times that do not overlap (`starttime`, `endtime`) is in each by that part, and the
 * parts add up.
 * @param foundOf what the lines of a set are of, in their order
 * @returns by set, in the order of its lines
 * @throws EitError EIT_RUN_SET where the parts overlap
 */
export function chosenJobs(
  sets: readonly RunSet[],
  foundOf: (set: RunSet) => readonly FoundJob[],
): Map<RunSet, ChosenJob[]> {
  /** Ids come again, and what tells a job from another of its id is by what was read: the executions are the same. */
  const byExecution = new Map<string, ChosenJob[]>();
  const once = (found: FoundJob, group: ReportGroup, set: RunSet): ChosenJob => {
    const keys = found.fragments.map(({ node, job, restart, startedMs }) =>
      JSON.stringify([found.cluster, node, job, restart, startedMs]),
    );
    const others = new Set(keys.flatMap((key) => byExecution.get(key) ?? []));
    const same = [...others].find((other) => isSame(other, { found, group, set }));
    if (same !== undefined) return same;
    const own = { found, group, set };
    for (const key of keys) byExecution.set(key, [...(byExecution.get(key) ?? []), own]);
    return own;
  };
  return new Map(
    sets.map((set) => {
      const found = foundOf(set);
      return [set, set.report.groups.map((group, i) => once(found[i]!, group, set))];
    }),
  );
}

/**
 * Of jobs that have an execution in common.
 * @throws EitError EIT_RUN_SET
 */
function isSame(one: ChosenJob, other: ChosenJob): boolean {
  if (one.set === other.set || !windowsMeet(one.set.report, other.set.report)) return false;
  const [a, b] = [one.group.energy_kwh.total, other.group.energy_kwh.total];
  if (Math.abs(a - b) <= SAME * Math.max(a, b)) return true;
  const names = [one, other].map(({ set }) => visible(set.filter.name, 40)).join(' and ');
  throw new EitError(
    'EIT_RUN_SET',
    `${jobName(other.group)} is in both ${names}, with a part of it each, and the parts overlap: the appendix would have some of it twice. Give them the same starttime and endtime, or times that do not overlap`,
  );
}
