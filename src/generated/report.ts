// Generated from schemas/report.schema.json by `npm run generate`. Do not edit.

export type Time = string;
export type GroupKey = 'job' | 'user' | 'account' | 'partition' | 'node' | 'day' | 'month' | 'cluster';
export type ReportGroup = ReportFigures & Group;

/**
 * What eit-report --json prints.
 */
export interface EitReport {
  schema: 1;
  tool_version: string;
  generated_at: Time;
  /**
   * End of the newest record read; null with no records.
   */
  data_until: Time | null;
  since: Time;
  until: Time;
  group_by: GroupKey[];
  policy: 'usage' | 'allocation' | 'hybrid';
  factors: ReportFactors;
  groups: ReportGroup[];
  total: ReportFigures;
  quality: ReportQuality;
  unattributed: Unattributed;
  /**
   * Lines that could not be read as a record.
   */
  skipped_records: number;
}
/**
 * With several clusters, energy-weighted means; each cluster's own in by_cluster.
 */
export interface ReportFactors {
  pue: number;
  zone: string;
  intensity_g_per_kwh: number;
  intensity_source: string;
  intensity_basis: 'average-lifecycle' | 'average-direct';
  /**
   * What `it` counts and what it does not, in words.
   */
  it_scope: string;
  domains_measured: string[];
  /**
   * Each factor that the site has not said, with the value taken.
   */
  defaults_used: string[];
  by_cluster: ClusterFactors[];
}
export interface ClusterFactors {
  cluster: string;
  pue: number;
  zone: string;
  intensity_g_per_kwh: number;
  intensity_source: string;
  intensity_basis: 'average-lifecycle' | 'average-direct';
}
export interface ReportFigures {
  jobs: number;
  /**
   * Executions of jobs: a requeued job has several.
   */
  runs: number;
  elapsed_seconds: number;
  cpu_seconds: number;
  /**
   * GPUs allocated times seconds.
   */
  gpu_seconds: number;
  energy_kwh: EnergyKwh;
  co2e_kg: number;
  /**
   * Of nodes times seconds, the part that was observed; the lowest of the domain classes'. A run with GPUs that were not read has 0. null: unknown.
   */
  coverage: number | null;
  /**
   * Part of the joules that was read from counters. null: no joules.
   */
  measured_fraction: number | null;
  /**
   * Part of the recorded joules whose division among the runs rests on an estimate. null: no joules.
   */
  estimated_fraction: number | null;
  /**
   * With --extrapolate only: the part of energy_kwh.total that nobody observed. It is worked out from what was observed of the same run and domain class; energy_kwh, co2e_kg and the fractions hold it, coverage does not.
   */
  extrapolated_kwh?: number;
  /**
   * With --extrapolate only: runs that lack energy which was not extrapolated, because nothing of a domain class was observed or nobody told how many nodes there were.
   */
  not_extrapolated_runs?: number;
  block_io?: BlockIo;
  nodes_expected: number;
  nodes_reported: number;
}
/**
 * Kilowatt-hours. `it` is the sum of the domains, `total` is `it` times PUE. null: no domain of this class was observed, which is not zero.
 */
export interface EnergyKwh {
  cpu: number | null;
  dram: number | null;
  gpu: number | null;
  other: number | null;
  it: number;
  total: number;
}
/**
 * What the runs' cgroups read from and wrote to block devices; no file servers. Up to 30 s at the end of each run are missed. Absent where no run's is told.
 */
export interface BlockIo {
  /**
   * How many of the runs it is told of: the others are not in the sums.
   */
  runs: number;
  read_bytes: number;
  written_bytes: number;
  read_ops: number;
  written_ops: number;
}
export interface Group {
  job_id?: number;
  user?: string;
  account?: string;
  partition?: string;
  node?: string;
  day?: string;
  month?: string;
  cluster?: string;
}
/**
 * What the figures rest on, of all runs of the report together.
 */
export interface ReportQuality {
  /**
   * Runs with GPUs whose energy was not read.
   */
  gpu_unread_runs: number;
  /**
   * Part of the joules of class cpu that was divided among runs without knowing on which package each ran. null: no such joules.
   */
  package_assumed_fraction: number | null;
  /**
   * Part of the joules of class dram that was divided by CPU time, for want of the memory held. null: no such joules.
   */
  dram_by_cpu_time_fraction: number | null;
  /**
   * With policy hybrid: how the idle power is known of the measured hosts that the runs were on. null: another policy.
   */
  idle_power: IdlePowerHosts | null;
}
export interface IdlePowerHosts {
  calibrated_hosts: number;
  modelled_hosts: number;
  /**
   * Here hybrid gives what usage gives.
   */
  unknown_hosts: number;
}
/**
 * Energy of the hosts that no user pays, and time in which counters could not be read. null: this report's filters concern users, not hosts.
 */
export interface Unattributed {
  idle_kwh: number | null;
  system_kwh: number | null;
  missing_seconds: number | null;
}
