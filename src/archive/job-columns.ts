import type { SacctJob } from '../slurm/sacct';

/** A column of `<ledger>/<cluster>/jobs/<YYYY-MM>.parquet`. */
export interface JobColumn {
  readonly name: string;
  readonly type: 'BIGINT' | 'VARCHAR';
  /** null: Slurm did not tell. */
  of(job: SacctJob): number | string | null;
}

/**
 * What is kept of each run of a job: integers and texts. Times are Unix seconds (`_s`), lengths seconds, memory bytes, energy
 * joules. A run is (job_id, submit_s, start_s).
 */
export const JOB_COLUMNS: readonly JobColumn[] = [
  // JobIDRaw.
  number('job_id', (job) => job.jobId),
  // Array and number in it, leader and number of a heterogeneous job: from JobID.
  number('array_job_id', (job) => job.arrayJobId),
  number('array_task_id', (job) => job.arrayTaskId),
  number('het_job_id', (job) => job.hetJobId),
  number('het_offset', (job) => job.hetOffset),
  number('submit_s', (job) => job.submitS),
  number('eligible_s', (job) => job.eligibleS),
  number('start_s', (job) => job.startS),
  number('end_s', (job) => job.endS),
  text('state', (job) => job.state),
  number('cancelled_by_uid', (job) => job.cancelledByUid),
  number('exit_code', (job) => job.exitCode),
  number('exit_signal', (job) => job.exitSignal),
  text('qos', (job) => job.qos),
  text('reservation', (job) => job.reservation),
  // Of one that runs it would change with each look, and its file with it.
  number('elapsed_s', (job) => (job.endS === null ? null : job.elapsedS)),
  number('suspended_s', (job) => (job.endS === null ? null : job.suspendedS)),
  number('nodes', (job) => job.nodes),
  number('alloc_cpus', (job) => job.allocCpus),
  number('req_cpus', (job) => job.reqCpus),
  // Of the whole job.
  number('req_memory_bytes', (job) => job.reqMemoryBytes),
  // Empty also where it is unlimited.
  number('time_limit_s', (job) => job.timeLimitS),
  number('uid', (job) => job.uid),
  text('user_name', (job) => job.user),
  text('account', (job) => job.account),
  text('partition_name', (job) => job.partition),
  // ConsumedEnergyRaw; empty where Slurm told none or nonsense.
  number('slurm_energy_j', (job) => job.slurmEnergyJ),
  number('restarts', (job) => job.restarts),
  text('sluid', (job) => job.sluid),
  // As the user wrote it: anything.
  text('name', (job) => job.name),
];

function number(name: string, of: (job: SacctJob) => number | null): JobColumn {
  return { name, type: 'BIGINT', of };
}

function text(name: string, of: (job: SacctJob) => string | null): JobColumn {
  return { name, type: 'VARCHAR', of };
}
