import type { AddedRun } from '../report/aggregate';
import type { UserMatch } from '../runs/run-filter';
import type { NoticeJob } from './notice-job';

/** The runs that a mail is about. */
export interface JobRuns {
  readonly scope: 'run' | 'array' | 'het';
  /** At least one; of `run` exactly one, else those of tasks and parts that were requeued too. */
  readonly runs: readonly AddedRun[];
  /** Of a job that was requeued, all its runs; else the same. */
  readonly all: readonly AddedRun[];
}

/** Which job a mail is asked for, where no notice tells. */
export interface AskedJob {
  readonly jobId: number;
  /** A part is asked for by its number. */
  readonly scope: 'whole' | 'part';
}

/**
 * The runs that a notice is about.
 * @param added those of its job id, and of the ids that belong to it as Slurm's accounting tells
 * @returns null where there are none yet
 */
export function runsOfNotice(added: readonly AddedRun[], job: NoticeJob): JobRuns | null {
  const own = added.filter(({ run }) => job.cluster === null || run.cluster === job.cluster);
  if (job.isArraySummary && job.array !== null) {
    const { jobId } = job.array;
    const tasks = own.filter((one) => arrayOf(one) === jobId || one.run.jobId === job.jobId);
    return tasks.length === 0 ? null : { scope: 'array', runs: tasks, all: tasks };
  }
  if (job.hetJobId !== null) {
    const parts = own.filter((one) => hetOf(one) === job.hetJobId || one.run.jobId === job.jobId);
    if (new Set(parts.map(({ run }) => run.jobId)).size > 1) return { scope: 'het', runs: parts, all: parts };
  }
  const run = theRun(
    own.filter((one) => one.run.jobId === job.jobId),
    job,
  );
  return run === null
    ? null
    : { scope: 'run', runs: [run], all: own.filter((one) => one.run.jobKey === run.run.jobKey) };
}

/**
 * The runs of the newest job that has an id: of an array's or a heterogeneous job's id all of it, unless a part is asked for.
 * @param added the runs that the id can mean
 */
export function runsOfJob(added: readonly AddedRun[], { jobId, scope }: AskedJob): JobRuns | null {
  const newest = latest(added);
  if (newest === null) return null;
  const cluster = added.filter(({ run }) => run.cluster === newest.run.cluster);
  if (scope === 'whole') {
    const tasks = cluster.filter((one) => arrayOf(one) === jobId);
    if (tasks.length > 0) return { scope: 'array', runs: tasks, all: tasks };
    const parts = cluster.filter((one) => hetOf(one) === jobId);
    if (new Set(parts.map(({ run }) => run.jobId)).size > 1) return { scope: 'het', runs: parts, all: parts };
  }
  return {
    scope: 'run',
    runs: [newest],
    all: cluster.filter(({ run }) => run.jobKey === newest.run.jobKey),
  };
}

/** The nodes whose records have a run's end. */
export function endedNodes(runs: readonly AddedRun[]): string[] {
  const ended = runs.flatMap(({ parts }) => parts.filter(({ slice }) => slice.ends).map(({ node }) => node));
  return [...new Set(ended)].sort();
}

/** Whose they are. */
export function userOf({ runs: [first] }: JobRuns): UserMatch {
  return { uid: first?.run.uid ?? undefined, name: first?.run.user };
}

export function arrayOf({ facts }: AddedRun): number | null {
  return facts?.arrayJobId ?? null;
}

export function hetOf({ run, facts }: AddedRun): number | null {
  return facts?.hetJobId ?? run.hetJobId;
}

/**
 * Slurm's name for it, else when Slurm began it. Older versions tell neither: then it is the last that began before the mail, as a
 * requeued job waits two minutes before it begins again.
 */
function theRun(runs: readonly AddedRun[], job: NoticeJob): AddedRun | null {
  const bySluid = job.sluid === null ? [] : runs.filter(({ run }) => run.sluid === job.sluid);
  if (bySluid.length > 0) return latest(bySluid);
  const told = runs.filter(({ run }) => run.slurmStartS !== null);
  if (job.startS !== null && told.length === runs.length)
    return latest(told.filter(({ run }) => run.slurmStartS === job.startS));
  return latest(runs.filter(({ run }) => run.startedMs <= job.receivedMs));
}

function latest(runs: readonly AddedRun[]): AddedRun | null {
  return runs.reduce<AddedRun | null>(
    (best, one) => (best === null || one.run.startedMs >= best.run.startedMs ? one : best),
    null,
  );
}
