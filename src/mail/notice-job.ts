import { jobState } from '../slurm/job-states';
import type { MailNotice } from './mail-notice';

/** Which job, and which run of it, a notice is about. null: not told, as by older versions of Slurm. */
export interface NoticeJob {
  readonly cluster: string | null;
  readonly jobId: number;
  readonly sluid: string | null;
  /** Unix seconds. */
  readonly startS: number | null;
  readonly restart: number | null;
  readonly array: { readonly jobId: number; readonly taskId: number | null } | null;
  readonly hetJobId: number | null;
  readonly hetOffset: number | null;
  /** One mail for all tasks of an array. */
  readonly isArraySummary: boolean;
  /** In capitals. */
  readonly state: string | null;
  readonly name: string | null;
  readonly receivedMs: number;
}

/** How Slurm begins the subject of an array's one mail (slurmctld, src/slurmctld/agent.c); the job's name stands behind it. */
const ARRAY_SUMMARY = /^Slurm Array Summary Job_id=\d+_\*/;

/**
 * Reads the job out of MailProg's environment (https://slurm.schedmd.com/slurm.conf.html#OPT_MailProg); the subject holds names with
 * blanks and commas, and is not read beyond its beginning.
 * @returns null where it names no job
 */
export function parseNotice({ subject, env, receivedMs }: MailNotice): NoticeJob | null {
  const jobId = count(env['SLURM_JOB_ID'] ?? env['SLURM_JOBID']);
  if (jobId === null || jobId === 0) return null;
  const arrayJobId = count(env['SLURM_ARRAY_JOB_ID']);
  return {
    cluster: text(env['SLURM_CLUSTER_NAME']),
    jobId,
    sluid: text(env['SLURM_JOB_SLUID']),
    startS: count(env['SLURM_JOB_START_TIME']) || null,
    restart: count(env['SLURM_JOB_RESTART_COUNT']),
    array:
      arrayJobId === null || arrayJobId === 0
        ? null
        : { jobId: arrayJobId, taskId: count(env['SLURM_ARRAY_TASK_ID']) },
    hetJobId: count(env['SLURM_HET_JOB_ID']) || null,
    hetOffset: count(env['SLURM_HET_JOB_OFFSET']),
    isArraySummary: ARRAY_SUMMARY.test(subject),
    state: jobState(env['SLURM_JOB_STATE'] ?? ''),
    name: text(env['SLURM_JOB_NAME']),
    receivedMs,
  };
}

function count(value: string | undefined): number | null {
  if (value === undefined || !/^\d{1,15}$/.test(value)) return null;
  return Number(value);
}

/** Slurm writes what it does not know as "(null)". */
function text(value: string | undefined): string | null {
  return value === undefined || value === '' || value === '(null)' ? null : value;
}
