import type { FactLine } from '../generated/facts';
import type { FactsLookup, JobFacts } from '../runs/job-facts';
import { saidOfJobs } from './fact-lines';

/** Tags that eit run gives its runs, which stand for what Slurm's accounting tells of jobs. */
export const NAME_TAG = 'name';
export const EXIT_TAG = 'exit';

/**
 * Name and state of the runs in a folder of eit run, where no accounting tells them. Runs that have not ended have none.
 * @param nowMs until when it is told
 * @param known what accounting has told of the folder's jobs, where it is a ledger of Slurm's
 */
export function ownJobFacts(
  lines: readonly FactLine[],
  nowMs: number,
  known: FactsLookup | null,
): FactsLookup {
  const ended = new Map(
    saidOfJobs(lines).flatMap(({ cluster, job, tags }) =>
      tags[EXIT_TAG] === undefined ? [] : [[`${cluster}\0${job}`, { job, tags }] as const],
    ),
  );
  return {
    untilMs: known?.untilMs ?? nowMs,
    jobIds: [...[...ended.values()].map(({ job }) => job), ...(known?.jobIds ?? [])],
    of: (run): JobFacts | null => {
      const { cluster, jobId, startedMs } = run;
      const tags = ended.get(`${cluster}\0${jobId}`)?.tags;
      return tags === undefined
        ? (known?.of(run) ?? null)
        : {
            ...{ submitS: null, startS: Math.floor(startedMs / 1000), endS: null },
            ...{ arrayJobId: null, arrayTaskId: null, hetJobId: null, hetOffset: null },
            state: tags[EXIT_TAG] === '0' ? 'COMPLETED' : 'FAILED',
            ...{ qos: null, allocCpus: null, reqMemoryBytes: null, timeLimitS: null },
            ...{ slurmEnergyJ: null, sluid: null },
            name: tags[NAME_TAG] ?? '',
          };
    },
  };
}
