import { REPORT_LIMITS, withDuckDb } from '../../../src/archive/duckdb';
import { jobsFolder } from '../../../src/archive/job-files';
import { JobStore, makeJobsFolder } from '../../../src/archive/job-store';
import type { SacctJob } from '../../../src/slurm/sacct';
import type { EitRecord, RunRecord } from '../../../src/generated/record';

/** Keeps what sacct told of jobs in a ledger, as `eit sacct-sync` does. @returns paths of the files that changed */
export async function tell(
  ledger: { readonly dir: string },
  cluster: string,
  jobs: readonly SacctJob[],
): Promise<string[]> {
  const folder = jobsFolder(ledger.dir, cluster);
  makeJobsFolder(folder);
  return withDuckDb({ ...REPORT_LIMITS, threads: 1 }, async (connection) => {
    const store = await JobStore.open(connection);
    const rows = await store.appender();
    rows.add(jobs);
    rows.close();
    return store.merge(folder, 0o600);
  });
}

/** A job as sacct tells it. */
export function toldJob(
  jobId: number,
  startS: number,
  endS: number | null,
  given: Partial<SacctJob> = {},
): SacctJob {
  return {
    ...{ jobId, arrayJobId: null, arrayTaskId: null, hetJobId: null, hetOffset: null, cluster: 'any' },
    ...{ submitS: startS - 9, eligibleS: null, startS, endS, state: endS === null ? 'RUNNING' : 'COMPLETED' },
    ...{ cancelledByUid: null, exitCode: 0, exitSignal: 0, qos: 'normal', reservation: null },
    elapsedS: endS === null ? null : endS - startS,
    ...{ suspendedS: 0, nodes: 1, allocCpus: 4, reqCpus: 4, reqMemoryBytes: 8 * 2 ** 30, timeLimitS: null },
    ...{ uid: 1001, user: 'alice', account: 'physics', partition: 'cpu', slurmEnergyJ: null },
    ...{ restarts: null, sluid: null, name: `job ${jobId}` },
    ...given,
  };
}

/** A run of a job, as records tell of it. */
export interface RecordedRun {
  readonly cluster: string;
  readonly jobId: number;
  readonly startS: number;
  readonly endS: number;
  readonly sluid: string | null;
}

/** The runs of records, each once. */
export function runsOf(records: readonly EitRecord[]): RecordedRun[] {
  const found = new Map<string, RecordedRun>();
  for (const record of records) {
    if (record.kind !== 'run') continue;
    const startS = startOf(record);
    const key = `${record.cluster} ${record.job} ${startS}`;
    const endS = Math.ceil(Date.parse(record.to) / 1000);
    const known = found.get(key);
    found.set(key, {
      ...{ cluster: record.cluster, jobId: record.job, startS, sluid: record.sluid ?? null },
      endS: Math.max(known?.endS ?? 0, endS),
    });
  }
  return [...found.values()];
}

function startOf({ slurm_start: slurmStart, started }: RunRecord): number {
  return slurmStart ?? Math.floor(Date.parse(started) / 1000);
}
