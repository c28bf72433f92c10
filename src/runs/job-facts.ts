/** What Slurm's accounting tells of a run and its hooks do not. Times are Unix seconds; null: not told. */
export interface JobFacts {
  readonly submitS: number | null;
  readonly startS: number;
  readonly endS: number | null;
  readonly arrayJobId: number | null;
  readonly arrayTaskId: number | null;
  readonly hetJobId: number | null;
  /** Number of the part of a heterogeneous job. */
  readonly hetOffset: number | null;
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
  /** Every job of which there are any. */
  readonly jobIds: Iterable<number>;
  /** @returns null where there are none of this run */
  of(run: FactsKey): JobFacts | null;
}
