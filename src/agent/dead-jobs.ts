import type { DeadJob } from '../attribution/dead-time';
import type { ActiveRun } from './cpu-time';
import type { HostState } from './host-state';
import { type OwnerIndex, isOfNode } from './owner-index';
import type { EndedJob, ScopeReading } from './reading';

/** A job whose cgroup was removed within the tick; `run` is null where no hook told of it. */
export interface DeadRun extends DeadJob {
  readonly run: ActiveRun | null;
  /** What the user's processes used since the last reading of it (ns); null where that cannot be told. */
  readonly userGrowthNs: number | null;
  /** Its end was seen as it happened. */
  readonly isSeen: boolean;
}

/**
 * The jobs of a scope that were removed between the state's reading and this one.
 *
 * Of those whose end was seen the CPU time of the user's processes is known to their last moment, and with it what they used in
 * this tick, but for slurmstepd's own. Others are known by the directory that they had at the last reading, or are runs whose
 * epilog came and that never had one. Where nobody watches and there is no such one, they are the runs of this node that had no
 * cgroup at a reading: without PrologFlags=Contain a job's is made anew for each step. A run that its epilog alone tells of had
 * no step here.
 */
export function deadJobs(
  state: HostState,
  scope: ScopeReading,
  active: readonly ActiveRun[],
  owners: OwnerIndex<ActiveRun>,
): DeadRun[] {
  // Nothing came or went; what came and went unseen leaves a run that ended and never had a cgroup.
  if (!scope.isChanged && scope.ended !== null && !active.some(isUnseen)) return [];
  const living = new Set(scope.jobs.map(({ dir }) => dir));
  const withCgroup = new Set(scope.jobs.flatMap((job) => owners.of(scope, job)));
  const onNode = active.filter(({ run }) => isOfNode(scope, run));
  const isKnown = (dir: string): boolean => state.cgroupNs[dir] !== undefined;
  const ofDir = (dir: string): ActiveRun | null => onNode.find(({ run }) => run.cpuFrom === dir) ?? null;

  const watched = new Set<string>();
  const seen = (scope.ended ?? []).map((job) => {
    // Of several that had one directory the first is the one of the last reading.
    const wasRead = isKnown(job.dir) && !watched.has(job.dir);
    watched.add(job.dir);
    const named = owners.of(scope, job);
    const byName = named.find(({ run }) => run.end !== null) ?? named[0] ?? null;
    // One whose prolog's event came after that reading has none yet.
    const owner = wasRead ? (ofDir(job.dir) ?? (byName?.run.cpuFrom === null ? byName : null)) : byName;
    return deadRun(owner, job, wasRead ? (state.cgroupNs[job.dir] ?? null) : null);
  });

  const isGone = (dir: string): boolean =>
    !living.has(dir) && !scope.overheadNs.has(dir) && !watched.has(dir);
  const prefix = `${scope.dir}/`;
  const gone = Object.keys(state.cgroupNs).filter((dir) => dir.startsWith(prefix) && isGone(dir));
  const renewed = scope.jobs.filter((job) => job.renewed && !watched.has(job.dir)).map(({ dir }) => dir);
  const unwatched = [...renewed, ...gone].map((dir) => deadRun(ofDir(dir), null, null));

  const found = new Set(seen.map(({ run }) => run));
  const unseen = onNode.filter(
    (each) =>
      each.run.cpuFrom === null &&
      !each.run.isEndSeen &&
      each.run.start.by === 'prolog' &&
      !withCgroup.has(each) &&
      !found.has(each),
  );
  const ended = unseen.filter(({ run }) => run.end !== null).map((run) => deadRun(run, null, null));
  const dead = [...seen, ...unwatched, ...ended];
  return dead.length > 0 || scope.ended !== null ? dead : unseen.map((run) => deadRun(run, null, null));
}

function isUnseen({ run }: ActiveRun): boolean {
  return run.end !== null && run.cpuFrom === null && !run.isEndSeen;
}

/** @param lastNs the cgroup's CPU time (ns) at the last reading; null: it was not there. Only what came since is of this tick. */
function deadRun(run: ActiveRun | null, job: EndedJob | null, lastNs: bigint | null): DeadRun {
  const allocatedCpuNs = run === null ? 0 : (run.run.identity.cpus ?? 1) * run.activeNs;
  const dead = {
    run,
    allocatedCpuNs,
    isSeen: job !== null,
    knownNs: null,
    userGrowthNs: null,
    earlierNs: run?.run.line.cpuNs ?? 0,
  };
  const userNs = job?.userNs ?? null;
  if (userNs === null) return dead;
  const before = run?.run.user ?? null;
  if (lastNs === null) return { ...dead, knownNs: Number(userNs), userGrowthNs: Number(userNs) };
  if (before === null) {
    return { ...dead, knownNs: Math.max(0, Number(userNs - lastNs)), userGrowthNs: Number(userNs) };
  }
  if (before.dir !== job?.dir) return dead;
  const userGrowthNs = Math.max(0, Number(userNs - before.ns));
  // What the run was given since is the user's too, but for the little that slurmstepd used.
  return { ...dead, knownNs: Math.max(0, userGrowthNs - before.sinceNs), userGrowthNs };
}
