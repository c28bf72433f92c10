/** What Slurm's accounting tells of a run and its hooks do not. Times are Unix seconds; null: not told. */
export interface JobFacts {
  readonly submitS: number | null;
  readonly startS: number;
  readonly endS: number | null;
  readonly arrayJobId: number | null;
  readonly arrayTaskId: number | null;
  readonly hetJobId: number | null;
  /** In capitals, without who cancelled it. */
  readonly state: string;
  readonly qos: string | null;
  readonly allocCpus: number | null;
  /** Of the whole job. */
  readonly reqMemoryBytes: number | null;
  /** null also where it is unlimited. */
  readonly timeLimitS: number | null;
  /** Slurm's own figure for the whole run, where it can be true. */
  readonly slurmEnergyJ: number | null;
  readonly sluid: string | null;
  /** As the user wrote it: anything. */
  readonly name: string;
}

/** By what a run's facts are found. */
export interface FactsKey {
  readonly cluster: string;
  readonly jobId: number;
  readonly sluid: string | null;
  /** When Slurm says that it began, Unix seconds; null: Slurm before 23.02 does not tell its hooks. */
  readonly slurmStartS: number | null;
  /** When its first fragment began, Unix ms. */
  readonly startedMs: number;
}

/** The facts of runs. */
export interface FactsLookup {
  /** Until when Slurm's accounting was asked (Unix ms), of the clusters the one that was asked longest ago; null: never. */
  readonly untilMs: number | null;
  /** @returns null where there are none of this run */
  of(run: FactsKey): JobFacts | null;
}

/** Where nothing tells Slurm's start, the prolog comes this close to it. */
const CLOSE_S = 300;

/** A lookup in memory. */
export class FactsTable implements FactsLookup {
  readonly untilMs: number | null;
  readonly #byJob = new Map<string, JobFacts[]>();

  constructor(untilMs: number | null) {
    this.untilMs = untilMs;
  }

  add(cluster: string, jobId: number, facts: JobFacts): void {
    const key = `${cluster}\0${jobId}`;
    const ofJob = this.#byJob.get(key);
    if (ofJob === undefined) this.#byJob.set(key, [facts]);
    else ofJob.push(facts);
  }

  /**
   * A SLUID names a run, and so do job id and Slurm's start. Without these it is the row of the job id whose start is closest,
   * within 5 minutes: job ids come back, and a requeued job begins anew.
   */
  of({ cluster, jobId, sluid, slurmStartS, startedMs }: FactsKey): JobFacts | null {
    const ofJob = this.#byJob.get(`${cluster}\0${jobId}`) ?? [];
    const named = sluid === null ? undefined : ofJob.find((facts) => facts.sluid === sluid);
    if (named !== undefined) return named;
    if (slurmStartS !== null) return newest(ofJob.filter(({ startS }) => startS === slurmStartS));
    const distanceS = ({ startS }: JobFacts): number => Math.abs(startS - startedMs / 1000);
    const closeS = Math.min(...ofJob.map(distanceS));
    return closeS > CLOSE_S ? null : newest(ofJob.filter((facts) => distanceS(facts) === closeS));
  }
}

/** Of rows with one start (an id that came back, a resized job) that which was submitted last. */
function newest(rows: readonly JobFacts[]): JobFacts | null {
  return rows.reduce<JobFacts | null>(
    (best, row) => (best === null || (row.submitS ?? 0) >= (best.submitS ?? 0) ? row : best),
    null,
  );
}
