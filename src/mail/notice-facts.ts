import { EitError } from '../errors';
import { parseCpusPerNode } from '../slurm/cpus-per-node';
import type { FactsKey, FactsLookup, JobFacts } from '../runs/job-facts';
import type { MailNotice } from './mail-notice';
import { type NoticeJob, parseNotice } from './notice-job';

/**
 * What is known of runs by Slurm's accounting and by the notices themselves: these come with the job's end, before sacct tells of
 * it.
 * @param known null: Slurm's accounting was never asked
 */
export function withNotices(known: FactsLookup | null, notices: readonly MailNotice[]): FactsLookup {
  const told = new Map<number, Told[]>();
  for (const notice of notices) {
    const job = parseNotice(notice);
    if (job === null) continue;
    told.set(job.jobId, [...(told.get(job.jobId) ?? []), { job, cpus: cpusOf(notice) }]);
  }
  return {
    untilMs: known?.untilMs ?? null,
    jobIds: new Set([...(known?.jobIds ?? []), ...told.keys()]),
    of(run) {
      const facts = known?.of(run) ?? null;
      const notice = told.get(run.jobId)?.find(({ job }) => isOf(job, run));
      return notice === undefined ? facts : joined(facts, notice, run);
    },
  };
}

interface Told {
  readonly job: NoticeJob;
  readonly cpus: number | null;
}

function isOf({ cluster, sluid, startS, receivedMs }: NoticeJob, run: FactsKey): boolean {
  if (cluster !== null && cluster !== run.cluster) return false;
  if (sluid !== null && run.sluid !== null) return sluid === run.sluid;
  if (startS !== null && run.slurmStartS !== null) return startS === run.slurmStartS;
  return run.startedMs <= receivedMs;
}

/** What sacct told while the job ran is older than the notice. */
function joined(facts: JobFacts | null, { job, cpus }: Told, run: FactsKey): JobFacts {
  const { array, hetJobId, hetOffset, name } = job;
  const state = job.state ?? facts?.state ?? 'UNKNOWN';
  if (facts !== null) return { ...facts, state, allocCpus: facts.allocCpus ?? cpus };
  return {
    submitS: null,
    startS: run.slurmStartS ?? Math.floor(run.startedMs / 1000),
    endS: null,
    arrayJobId: array?.jobId ?? null,
    arrayTaskId: array?.taskId ?? null,
    hetJobId,
    hetOffset,
    state,
    qos: null,
    allocCpus: cpus,
    reqMemoryBytes: null,
    timeLimitS: null,
    slurmEnergyJ: null,
    sluid: job.sluid,
    name: name ?? '',
  };
}

/** Slurm writes into it what it knows of the job's nodes; what cannot be read tells nothing. */
function cpusOf({ env }: MailNotice): number | null {
  try {
    return parseCpusPerNode(env['SLURM_JOB_CPUS_PER_NODE'] ?? '').reduce((sum, cpus) => sum + cpus, 0);
  } catch (error) {
    if (error instanceof EitError) return null;
    throw error;
  }
}
