import type { JobSelection } from '../slurm/job-selection';
import type { JobFacts } from './job-facts';

/** Whether only Slurm's accounting tells which jobs are meant. */
export function isToldBySlurm(selection: JobSelection): boolean {
  return !('job' in selection) && !('id' in selection);
}

/** The id that is written: of a job, an array or the first part of a heterogeneous job. */
export function writtenId(selection: JobSelection): number {
  if ('job' in selection) return selection.job;
  if ('id' in selection) return selection.id;
  return 'array' in selection ? selection.array : selection.het;
}

/**
 * Whether a job is one of those. The id of an array or of the first part of a heterogeneous job means all of it, as in sacct.
 * @param facts null: nothing is told of it
 */
export function isSelected(selection: JobSelection, jobId: number, facts: JobFacts | null): boolean {
  if ('job' in selection) {
    const { job } = selection;
    return jobId === job || facts?.arrayJobId === job || facts?.hetJobId === job;
  }
  if ('id' in selection) return jobId === selection.id;
  if (facts === null) return false;
  if ('het' in selection) return facts.hetJobId === selection.het && facts.hetOffset === selection.offset;
  const { arrayTaskId: task } = facts;
  if (task === null || facts.arrayJobId !== selection.array) return false;
  return selection.tasks.some(
    ({ first, last, step }) => task >= first && task <= last && (task - first) % step === 0,
  );
}
