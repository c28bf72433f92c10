import { EitError, isErrno } from '../errors';
import type { LoadedConfig } from '../config/config';
import type { RunRecord } from '../generated/record';
import type { ReportGroup } from '../generated/report';
import { Skipped } from '../ledger/record-line';
import { midpointMs } from '../runs/slice-row';
import type { Output } from './output';
import { recordsInWindow } from './ledger-aggregate';

/**
 * The records that hosts wrote of some jobs, as far as the inbox has them.
 * @param jobs of reports by job over the window
 * @returns in the order of `jobs`
 * @throws EitError EIT_SUBMISSION where the inbox may not be read
 */
export async function readRunLines(
  { config }: LoadedConfig,
  jobs: readonly ReportGroup[],
  window: { readonly sinceMs: number; readonly untilMs: number },
  output: Output,
): Promise<RunRecord[][]> {
  const byJob = new Map(jobs.map((job) => [keyOf(job.cluster ?? '', job.job_id ?? 0), [] as RunRecord[]]));
  const clusters = new Set(jobs.flatMap(({ cluster }) => cluster ?? []));
  const query = { filter: { clusters }, ...window };
  try {
    for await (const record of recordsInWindow({ config, skipped: new Skipped(), output }, query)) {
      if (record.kind !== 'run') continue;
      const atMs = midpointMs(record);
      if (atMs < window.sinceMs || atMs >= window.untilMs) continue;
      byJob.get(keyOf(record.cluster, record.job))?.push(record);
    }
  } catch (error) {
    if (!(error instanceof EitError) || !isErrno(error.cause, 'EACCES')) throw error;
    throw new EitError(
      'EIT_SUBMISSION',
      `a submission is made of the lines that hosts wrote, and you may not read those of this ledger (${error.message})`,
      { cause: error },
    );
  }
  return jobs.map((job) => byJob.get(keyOf(job.cluster ?? '', job.job_id ?? 0)) ?? []);
}

function keyOf(cluster: string, job: number): string {
  return `${cluster}\0${job}`;
}
