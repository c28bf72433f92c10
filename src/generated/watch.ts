// Generated from schemas/watch.schema.json by `npm run generate`. Do not edit.

export type AmountOrNull = number | null;

/**
 * A line of `eit watch --json`: what one job does now, over all its nodes. Energy is that of the nodes, without PUE; CO2e is with it.
 */
export interface WatchLine {
  schema: 1;
  kind: 'watch';
  /**
   * As Slurm prints it: 12, 12_3, 12+1.
   */
  job: string;
  at: string;
  /**
   * By squeue; ENDED where Slurm's queue does not have it any more.
   */
  state: string;
  /**
   * Why it waits.
   */
  reason?: string;
  /**
   * live: the agents of its nodes; ledger: its records, which are some minutes old; none: nothing is told (yet).
   */
  from: 'live' | 'ledger' | 'none';
  /**
   * The job has ended, and this is the last line: of ledger what its record says, of live what was seen last, of none nothing was seen.
   */
  final?: true;
  nodes: number;
  nodes_reporting: number;
  /**
   * Of ledger the mean since its begin.
   */
  power_w: number | null;
  power_by_class_w: {
    cpu?: AmountOrNull;
    dram?: AmountOrNull;
    gpu?: AmountOrNull;
    other?: AmountOrNull;
  };
  energy_j: AmountOrNull;
  co2e_g: AmountOrNull;
  cpus_busy: AmountOrNull;
  cpus: AmountOrNull;
  elapsed_s: AmountOrNull;
}
