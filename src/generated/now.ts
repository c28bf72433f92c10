// Generated from schemas/now.schema.json by `npm run generate`. Do not edit.

export type Name = string;
export type AmountOrNull = number | null;
export type DomainName = string;
export type Class = 'cpu' | 'dram' | 'gpu' | 'other';
export type Quality = 'measured' | 'modelled';
export type Amount = number;
export type Time = string;

/**
 * What a host's agent tells while somebody looks (state_dir/now/), and a line of `eit top --stream --json`. Energies are those of one policy.
 */
export interface NowSnapshot {
  schema: 1;
  kind: 'now';
  /**
   * Version of the agent.
   */
  tool: string;
  host: Name;
  cluster: Name;
  /**
   * Slurm nodes of this host.
   *
   * @maxItems 4096
   */
  nodes: Name[];
  /**
   * Of the reading.
   */
  at: string;
  policy: 'usage' | 'allocation' | 'hybrid';
  /**
   * Whose runs are told: all, those of one user, or none.
   */
  scope: 'all' | 'own' | 'none';
  totals: NowTotals;
  /**
   * @maxItems 100000
   */
  runs: NowRun[];
}
export interface NowTotals {
  /**
   * How many run, whosever they are.
   */
  runs: number;
  cpus: number;
  cpus_busy: AmountOrNull;
  memory_bytes: AmountOrNull;
  memory_total_bytes: AmountOrNull;
  /**
   * From when on energies of the host are counted: midnight, or the agent's first reading of the day.
   */
  since: string | null;
  /**
   * @maxItems 4096
   */
  domains: NowHostDomain[];
  /**
   * Domains that hold others, such as the node's power by its BMC: beside the rest, in no sum.
   *
   * @maxItems 4096
   */
  whole: NowWholeDomain[];
}
export interface NowHostDomain {
  name: DomainName;
  class: Class;
  quality: Quality;
  source: string;
  /**
   * Mean since the reading before; null: not known.
   */
  power_w: number | null;
  runs_w: AmountOrNull;
  idle_w: AmountOrNull;
  system_w: AmountOrNull;
  /**
   * Since `since`.
   */
  energy_j: number;
  /**
   * Why it is not known.
   */
  missing?: string;
}
export interface NowWholeDomain {
  name: DomainName;
  source: string;
  power_w: AmountOrNull;
  energy_j: Amount;
}
export interface NowRun {
  job: number;
  node: Name;
  cluster: Name;
  restart: number;
  uid?: number;
  user?: Name;
  account?: Name;
  partition?: Name;
  /**
   * Of the whole run.
   */
  nodes?: number;
  /**
   * Allocated on this node.
   */
  cpus?: number;
  /**
   * Allocated on this node.
   */
  gpus?: number;
  started: Time;
  /**
   * null while it runs. What has ended is told for half a minute.
   */
  ended: string | null;
  /**
   * CPU time since the reading before, in CPUs; null: not known.
   */
  cpus_busy: number | null;
  /**
   * Held, by the last look (one each 30 s).
   */
  memory_bytes: number | null;
  memory_limit_bytes: AmountOrNull;
  /**
   * Part of its GPUs' time that was busy since the reading before, 0 to 1; null: not known.
   */
  gpu_busy: number | null;
  /**
   * @maxItems 4096
   */
  domains: NowRunDomain[];
}
export interface NowRunDomain {
  name: DomainName;
  class: Class;
  quality: Quality;
  /**
   * Mean since the reading before; null: not known.
   */
  power_w: number | null;
  /**
   * Since the run began.
   */
  energy_j: number;
  /**
   * Time of which its energy is not known.
   */
  missing_s: number;
}
