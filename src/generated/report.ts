// Generated from schemas/report.schema.json by `npm run generate`. Do not edit.

/**
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "time".
 */
export type Time = string;
/**
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "groupKey".
 */
export type GroupKey =
  | 'job'
  | 'user'
  | 'account'
  | 'partition'
  | 'node'
  | 'hour'
  | 'day'
  | 'week'
  | 'month'
  | 'cluster'
  | 'qos'
  | 'state'
  | 'name'
  | 'array'
  | 'het'
  | 'cpumodel'
  | 'gpumodel';
/**
 * Only where the averages of a year that energy has are of several years, or one is in place of another year's.
 *
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "intensityYears".
 */
export type IntensityYears = IntensityYear[];
/**
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "group".
 */
export type ReportGroup = ReportFigures & Group;
/**
 * With --top or --min-kwh, where lines are not shown: what they add up to. groups and others are all of the report. Jobs, runs and nodes that are in several of the lines count in each.
 */
export type ReportOthers = ReportFigures & {
  /**
   * How many lines they are.
   */
  lines: number;
};
/**
 * Whole microjoules; beyond 2^53 rounded as a double is.
 *
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "microjoules".
 */
export type Microjoules = number;

/**
 * What eit-report --json prints.
 */
export interface EitReport {
  schema: 1;
  tool_version: string;
  generated_at: Time;
  /**
   * End of the newest record read, but for those that end more than 5 minutes later than now, by a clock that is ahead; null with no records.
   */
  data_until: Time | null;
  since: Time;
  until: Time;
  /**
   * Stretches of time in which since or until lies and of which the archive keeps sums alone: what a run did in one counts as a whole where its middle lies in the report's time, and not at all elsewhere. Absent where there is none: then the times are those that were asked for.
   */
  cut_slots?: CutSlot[];
  group_by: GroupKey[];
  policy: 'usage' | 'allocation' | 'hybrid';
  factors: ReportFactors;
  groups: ReportGroup[];
  others?: ReportOthers;
  total: ReportFigures;
  slurm?: SlurmTold;
  quality: ReportQuality;
  unattributed: Unattributed;
  /**
   * With --equivalents: what the total compares with.
   */
  equivalents?: ReportEquivalent[];
  /**
   * Where the report is of one user and reaches to now: the quotas that concern him. Absent where the site has none.
   */
  quotas?: QuotaState[];
  /**
   * Lines and files of the ledger that could not be read.
   */
  skipped_records: number;
  /**
   * The same by reason; eit ledger check tells more. Absent where all was read.
   */
  skipped_by_reason?: {
    [k: string]: number;
  };
}
export interface CutSlot {
  since: Time;
  until: Time;
}
/**
 * With several clusters, energy-weighted means; each cluster's own in by_cluster.
 *
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "factors".
 */
export interface ReportFactors {
  pue: number;
  zone: string;
  intensity_g_per_kwh: number;
  intensity_source: string;
  intensity_basis: 'average-lifecycle' | 'average-direct';
  intensity_by_basis?: IntensityByBasis;
  /**
   * Of which the averages of a year are that energy has, on all clusters the same. Absent where they are of several years, or energy has none.
   */
  intensity_year?: number;
  intensity_years?: IntensityYears;
  intensity_by_origin?: IntensityByOrigin;
  /**
   * With --factors-as-of: intensities as they were known then.
   */
  as_of?: string;
  /**
   * What `it` counts and what it does not, in words.
   */
  it_scope: string;
  domains_measured: string[];
  /**
   * Each factor that the site has not said, with the value taken.
   */
  defaults_used: string[];
  /**
   * Of cost (ISO 4217). Absent where no price is configured.
   */
  currency?: string;
  /**
   * Factors that a file tells by time: energy takes that of its time; value is their mean over the time of the report. Absent without any.
   */
  by_time?: FactorOverTime[];
  by_cluster: ClusterFactors[];
}
/**
 * Only where not all of the energy is on intensity_basis: the part of it (with PUE) on each basis.
 *
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "intensityByBasis".
 */
export interface IntensityByBasis {
  lifecycle: number;
  direct: number;
}
export interface IntensityYear {
  /**
   * Of the average.
   */
  year: number;
  /**
   * Years in which energy was used that has it because no table has theirs; empty: of its own year, or of a year that is newer than all tables.
   */
  in_place_of: number[];
}
/**
 * Only where intensity comes from a series by time: the part of the energy (with PUE) by where its intensity is from. series, estimated, neighbour, same_hour and yearly are 1 together; other_basis is part of them.
 *
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "intensityByOrigin".
 */
export interface IntensityByOrigin {
  /**
   * A final value of the series.
   */
  series: number;
  /**
   * A value of the series that its source calls an estimate.
   */
  estimated: number;
  /**
   * A gap of the series, filled with a value at most 3 hours away.
   */
  neighbour: number;
  /**
   * A gap, filled with the mean of the same hour of the week.
   */
  same_hour: number;
  /**
   * A gap, filled with the average of a year.
   */
  yearly: number;
  /**
   * On another basis than intensity_basis: the series has no other.
   */
  other_basis: number;
}
export interface FactorOverTime {
  cluster: string;
  factor: 'pue' | 'price';
  file: string;
  value: number;
  least: number;
  most: number;
  /**
   * Times of which the file says nothing: the value nearest in time was taken.
   */
  assumed: AssumedTime[];
}
export interface AssumedTime {
  since: Time;
  until: Time;
}
export interface ClusterFactors {
  cluster: string;
  pue: number;
  zone: string;
  intensity_g_per_kwh: number;
  intensity_source: string;
  intensity_basis: 'average-lifecycle' | 'average-direct';
  intensity_by_basis?: IntensityByBasis;
  /**
   * Of which the averages of a year are that energy has. Absent where they are of several years, or energy has none.
   */
  intensity_year?: number;
  intensity_years?: IntensityYears;
  intensity_by_origin?: IntensityByOrigin;
  wue_l_per_kwh?: number;
  price_per_kwh?: number;
  market_g_per_kwh?: number;
  social_cost?: SocialCostPerTonne;
}
/**
 * Social cost of carbon, USD of 2010 per tonne CO2 (Ricke et al. 2018).
 *
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "socialCost".
 */
export interface SocialCostPerTonne {
  /**
   * ISO 3166 alpha-3; WLD: the world.
   */
  country: string;
  /**
   * null: the source does not have the country.
   */
  usd_per_tonne: CostRange | null;
  world_usd_per_tonne: CostRange;
}
/**
 * Median and 66 % interval (16.7 %, 83.3 %). A country that gains has a cost below 0.
 *
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "costRange".
 */
export interface CostRange {
  low: number;
  median: number;
  high: number;
}
/**
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "figures".
 */
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
   * energy_kwh.total times site.market_g_per_kwh: CO2eq by contract (GHG Protocol scope 2, market-based), beside the location-based co2e_kg. Absent where it is not configured; null: not on all clusters.
   */
  co2e_market_kg?: number | null;
  /**
   * energy_kwh.it times site.wue, litres. Absent, null: as co2e_market_kg.
   */
  water_l?: number | null;
  /**
   * energy_kwh.total times the price, in factors.currency. Absent, null: as co2e_market_kg.
   */
  cost?: number | null;
  social_cost_usd?: SocialCostUsd;
  embodied?: EmbodiedFigures;
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
  /**
   * GPU time (GPUs times seconds; of a shared GPU, times the run's part) in which the runs' GPUs were read. What gpu_... figures tell is of this time, and never extrapolated. null, as with all of them: no GPU was read.
   */
  gpu_read_seconds: number | null;
  /**
   * The part of gpu_read_seconds of which gpu_busy_seconds is told.
   */
  gpu_told_seconds: number | null;
  /**
   * GPU time in which a kernel ran. null: not told.
   */
  gpu_busy_seconds: number | null;
  /**
   * gpu_busy_seconds / gpu_told_seconds. null: not told.
   */
  gpu_utilization: number | null;
  /**
   * The part of energy_kwh.gpu, before PUE, that was drawn while no kernel ran on GPUs that runs had. null: not told.
   */
  gpu_idle_kwh: number | null;
  /**
   * GPU time in which heat or power held the clocks back.
   */
  gpu_throttled_seconds: number | null;
  /**
   * Most GPU memory in use at a reading: of a run, of its GPUs of one node together; of several runs, the most of one. null: not told.
   */
  gpu_memory_bytes: number | null;
  /**
   * GPU time by performance state: P0 is the fastest. null: not told.
   */
  gpu_p_state_seconds: PStateSeconds | null;
  /**
   * Models of the CPUs of the runs' hosts, as far as their records tell; in alphabetical order.
   */
  cpu_models: string[];
  /**
   * Models of the GPUs that the runs were charged for, as far as their hosts' records tell; in alphabetical order.
   */
  gpu_models: string[];
  block_io?: BlockIo;
  nodes_expected: number;
  nodes_reported: number;
  slurm?: SlurmFigures;
}
/**
 * Kilowatt-hours. `it` is the sum of the domains, `total` is `it` times PUE. null: no domain of this class was observed, which is not zero.
 *
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "energyKwh".
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
 * co2e_kg times the social cost of carbon of the clusters' countries and of the world, USD of 2010 (Ricke et al. 2018).
 */
export interface SocialCostUsd {
  /**
   * null: the source does not have the country of one of the clusters.
   */
  country: CostRange | null;
  world: CostRange;
}
/**
 * With --embodied: what making the nodes and GPUs emitted, by the hours that runs had of them (site.embodied). Not in co2e_kg.
 */
export interface EmbodiedFigures {
  /**
   * null: of nothing is known what it is.
   */
  co2e_kg: number | null;
  /**
   * Time times the part of a node's CPUs that was allocated: what co2e_kg holds.
   */
  node_hours: number;
  /**
   * What co2e_kg holds.
   */
  gpu_hours: number;
  /**
   * Not in co2e_kg: no class of site.embodied fits, or nobody told what part of the node a run had.
   */
  unknown_node_hours: number;
  /**
   * Not in co2e_kg: no class of site.embodied fits, or the model is not known.
   */
  unknown_gpu_hours: number;
}
export interface PStateSeconds {
  [k: string]: number;
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
/**
 * What Slurm's accounting (eit sacct-sync) adds. Absent where the ledger has nothing of it and nobody asked.
 */
export interface SlurmFigures {
  /**
   * Runs that it tells of.
   */
  told_runs: number;
  /**
   * The other runs: what is of names, states and the like does not hold them.
   */
  untold_runs: number;
  /**
   * CPU time used / (time times CPUs allocated), of runs of which both are known on all their nodes. null: of none.
   */
  cpu_efficiency: number | null;
  /**
   * Most memory held / memory asked for, of runs of which both are known on all their nodes. null: of none.
   */
  memory_efficiency: number | null;
  lost?: LostByOutcome;
  compared?: SlurmComparison;
}
/**
 * With --lost: of Energy, what went into runs that did not come to their end.
 */
export interface LostByOutcome {
  /**
   * FAILED, TIMEOUT, OUT_OF_MEMORY, NODE_FAIL and the like.
   */
  failed_kwh: number;
  cancelled_kwh: number;
  /**
   * Runs that began again.
   */
  requeued_kwh: number;
}
/**
 * With --compare-slurm: runs that lie in the report from begin to end and of which Slurm tells an energy of its own (ConsumedEnergyRaw). It adds up whole nodes, what others run on them and idle power included.
 */
export interface SlurmComparison {
  runs: number;
  slurm_kwh: number;
  /**
   * What the records say of the same runs, before PUE.
   */
  eit_kwh: number;
}
export interface Group {
  job_id?: number;
  user?: string;
  account?: string;
  partition?: string;
  node?: string;
  /**
   * Begin of the hour, local, with the offset from UTC: the hour that clocks show twice in autumn is two.
   */
  hour?: string;
  day?: string;
  /**
   * ISO 8601, local: from Monday on, with the year that its Thursday is in.
   */
  week?: string;
  month?: string;
  cluster?: string;
  qos?: string;
  /**
   * In capitals, the long form.
   */
  state?: string;
  name?: string;
  /**
   * null: runs of no array, or of which nothing is told.
   */
  array_job_id?: number | null;
  /**
   * Of the first part of a heterogeneous job: runs of all its parts. null: of none, or nothing is told.
   */
  het_job_id?: number | null;
  /**
   * Of the CPUs of the nodes, as their hosts' records tell.
   */
  cpu_model?: string;
  /**
   * Of the GPUs that runs were charged for: what runs took on nodes on which they had GPUs of this model, their CPUs' energy with it. Several models, with commas: runs that had these on one node. (none): nodes on which runs had no GPU. (unknown): not told.
   */
  gpu_model?: string;
  slurm_job?: SlurmJob;
}
/**
 * In reports by job, where it is told.
 */
export interface SlurmJob {
  /**
   * As the user wrote it: anything.
   */
  name: string;
  qos: string | null;
  state: string;
  submit: Time | null;
  start: Time | null;
  /**
   * Of the whole job.
   */
  req_memory_bytes: number | null;
  /**
   * null also where it is unlimited.
   */
  time_limit_seconds: number | null;
  array_job_id: number | null;
  array_task_id: number | null;
  /**
   * Of the first part of a heterogeneous job.
   */
  het_job_id: number | null;
  /**
   * Number of the part, from 0.
   */
  het_offset: number | null;
}
/**
 * Absent where the ledger has nothing of Slurm's accounting and nobody asked.
 */
export interface SlurmTold {
  /**
   * Until when it was asked (eit sacct-sync). null: never.
   */
  synced_until: Time | null;
  failed: LostEnergy;
  cancelled: LostEnergy1;
  requeued: LostEnergy2;
}
/**
 * Runs that ended as FAILED, TIMEOUT, OUT_OF_MEMORY, NODE_FAIL and the like.
 */
export interface LostEnergy {
  runs: number;
  /**
   * With PUE, as energy_kwh.total.
   */
  kwh: number;
  co2e_kg: number;
}
/**
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "lostEnergy".
 */
export interface LostEnergy1 {
  runs: number;
  /**
   * With PUE, as energy_kwh.total.
   */
  kwh: number;
  co2e_kg: number;
}
/**
 * Runs that were requeued or preempted, and so done again.
 */
export interface LostEnergy2 {
  runs: number;
  /**
   * With PUE, as energy_kwh.total.
   */
  kwh: number;
  co2e_kg: number;
}
/**
 * What the figures rest on, of all runs of the report together.
 */
export interface ReportQuality {
  /**
   * Runs with GPUs whose energy was not read.
   */
  gpu_unread_runs: number;
  gpu_runs_by_binding: GpuRunsByBinding;
  /**
   * Of these, the runs in which something contradicted it, and lost.
   */
  gpu_conflict_runs: number;
  /**
   * What contradicted it in one of them. null: there are none.
   */
  gpu_conflict_example: GpuConflict | null;
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
/**
 * Runs of which a GPU was read, by what told which GPUs are theirs, the least certain of each run; as `gpu.by` of the records. count: only how many they have is known.
 */
export interface GpuRunsByBinding {
  cgroup: number;
  uuid: number;
  processes: number;
  index: number;
  count: number;
}
export interface GpuConflict {
  cluster: string;
  job_id: number;
  conflict: string;
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
/**
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "reportEquivalent".
 */
export interface ReportEquivalent {
  name: string;
  value: number;
  unit: 'km' | 'pieces' | 'years' | 'months';
  /**
   * The same in a unit that fits.
   */
  text: string;
  /**
   * What it is measured by.
   */
  per: 'kgCO2e' | 'kWh';
  /**
   * Of that in one km, piece, year or month.
   */
  amount: number;
  /**
   * Of the data.
   */
  year: number;
  source: string;
  url: string;
}
/**
 * A quota of one user, account, partition or QOS, and what is used of it: in its own unit, as of data_until.
 *
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "quotaState".
 */
export interface QuotaState {
  per: 'user' | 'account' | 'partition' | 'qos';
  name: string;
  /**
   * Of a user, where known.
   */
  uid?: number;
  /**
   * kWh and kgCO2e with PUE in them; else the currency (ISO 4217).
   */
  unit: string;
  /**
   * day, month, quarter, year, or the last N days.
   */
  period: string;
  since: Time;
  /**
   * End of the period. null: the last N days have none.
   */
  until: Time | null;
  limit: number;
  /**
   * Of the period, running jobs included. Money can be below 0, as prices can.
   */
  used: number;
  /**
   * used / limit; 0 where less than nothing is used. null: the limit is 0.
   */
  share: number | null;
  /**
   * What will be used at the end of the period if all goes on as it did from `since` to `data_until`. null: the period has no end, or no data.
   */
  forecast: number | null;
  /**
   * over: the limit is reached.
   */
  state: 'within' | 'over';
  /**
   * End of the newest record read, never later than the time of reading; null with no records.
   */
  data_until: Time | null;
  /**
   * What runs used in the period that do not tell whose they are in this respect (no account, no QOS): in nobody's quota.
   */
  unknown: number;
}
/**
 * What Slurm's accounting tells of a job; of a requeued one, its last run. null: not told.
 *
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "slurmJob".
 */
export interface SlurmJob1 {
  /**
   * As the user wrote it: anything.
   */
  name: string;
  qos: string | null;
  state: string;
  submit: Time | null;
  start: Time | null;
  /**
   * Of the whole job.
   */
  req_memory_bytes: number | null;
  /**
   * null also where it is unlimited.
   */
  time_limit_seconds: number | null;
  array_job_id: number | null;
  array_task_id: number | null;
  /**
   * Of the first part of a heterogeneous job.
   */
  het_job_id: number | null;
  /**
   * Number of the part, from 0.
   */
  het_offset: number | null;
}
/**
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "auditSums".
 */
export interface AuditSums {
  /**
   * What the counters grew by, from the host's lines.
   */
  counter_uj: number;
  /**
   * Added up from the lines of the runs.
   */
  runs_uj: number;
  /**
   * From the host's lines.
   */
  idle_uj: number;
  /**
   * From the host's lines.
   */
  system_uj: number;
  /**
   * counter - runs - idle - system, worked out before any rounding.
   */
  difference_uj: number;
  /**
   * Time in which a counter of the class could not be read.
   */
  missing_seconds: number;
}
/**
 * What eit-report --audit --json prints.
 *
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "audit".
 */
export interface EitAudit {
  schema: 1;
  kind: 'audit';
  tool_version: string;
  generated_at: Time;
  data_until: Time | null;
  since: Time;
  until: Time;
  policy: 'usage' | 'allocation' | 'hybrid';
  /**
   * One a cluster, host and day, in this order.
   */
  hosts: AuditRow[];
  total: AuditSums;
  /**
   * Lines of runs whose host line is not written yet: the stretch in hand.
   */
  open: AuditOpen[];
  /**
   * What to know of a host's domains.
   */
  notes: AuditNote[];
  /**
   * Lines and files of the ledger that could not be read.
   */
  skipped_records: number;
}
export interface AuditRow {
  cluster: string;
  host: string;
  /**
   * Local, of the middle of the host's line; the lines of its runs go with it.
   */
  day: string;
  /**
   * By domain class.
   */
  classes: {
    [k: string]: AuditSums;
  };
  all: AuditSums;
  /**
   * Sequence numbers of which no line was read: lost, not readable, or not shipped yet.
   */
  lines_missing: number;
  /**
   * Where lines are missing: time between two lines of the host by one instance.
   */
  host_gap_seconds: number;
  /**
   * counter - runs - idle - system of the host's own lines: 0, or they were changed.
   */
  host_imbalance_uj: number;
}
export interface AuditOpen {
  cluster: string;
  host: string;
  /**
   * Begin of the earliest of the lines.
   */
  since: string;
  lines: number;
  runs_uj: Microjoules;
}
export interface AuditNote {
  cluster: string;
  host: string;
  domain: string;
  note: string;
  /**
   * Time not read for this reason; 0: no reason but a remark.
   */
  missing_seconds: number;
}
/**
 * One task of an array, one part of a heterogeneous job or one run of a requeued job.
 *
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "jobPart".
 */
export interface JobPart {
  /**
   * As Slurm writes it: 12_3, 14+1; of a run, 15 and which one it was.
   */
  label: string;
  state: string | null;
  start: Time | null;
  nodes: string[];
  /**
   * With PUE.
   */
  energy_kwh: number;
  co2e_kg: number;
  elapsed_seconds: number;
  cpu_efficiency: number | null;
  coverage: number | null;
}
/**
 * What could be saved, by a rule of data/advice or of mail.advice.
 *
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "jobAdvice".
 */
export interface JobAdvice {
  /**
   * Its id.
   */
  rule: string;
  text: string;
  /**
   * With PUE. null: cannot be told.
   */
  saves_kwh: number | null;
  /**
   * kg CO2eq. null: cannot be told.
   */
  saves_kg: number | null;
}
/**
 * What a job's mail says: eit mail show JOB --json.
 *
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "jobSummary".
 */
export interface JobSummary {
  schema: 1;
  kind: 'job';
  tool_version: string;
  generated_at: Time;
  /**
   * End of the newest record that was read.
   */
  data_until: Time | null;
  /**
   * What figures are of: one run of a job, all tasks of an array, all parts of a heterogeneous job.
   */
  scope: 'run' | 'array' | 'het';
  /**
   * As Slurm writes it: 1234, 1234_5, 1234_*, 1234+*.
   */
  label: string;
  cluster: string;
  job_id: number;
  /**
   * As the user wrote it: anything. null: not told.
   */
  name: string | null;
  user: string;
  account: string;
  partition: string;
  qos: string | null;
  /**
   * In capitals, the long form; of several jobs null, parts tell.
   */
  state: string | null;
  submit: Time | null;
  /**
   * Of the first run.
   */
  start: string;
  /**
   * Of the newest record of the runs.
   */
  end: string;
  /**
   * That have told of it.
   */
  nodes: string[];
  /**
   * Those of which the end of the run is not recorded, of a mail that waited for it.
   */
  missing_nodes: string[];
  figures: ReportFigures;
  asked: JobAsked;
  used: JobUsed;
  factors: ReportFactors;
  /**
   * Tasks of an array or parts of a heterogeneous job; of one run, all runs of a requeued job.
   */
  parts: JobPart[];
  /**
   * Of a requeued job, all its runs together. null: it has one run.
   */
  whole: ReportFigures | null;
  /**
   * What the figures compare with.
   */
  equivalents: ReportEquivalent[];
  /**
   * Those that concern the user, as of now. null: not asked for.
   */
  quotas: QuotaState[] | null;
  /**
   * At most three.
   */
  advice: JobAdvice[];
}
/**
 * What was asked for. null: not told; of a time limit also where there is none.
 */
export interface JobAsked {
  cpus: number | null;
  memory_bytes: number | null;
  /**
   * Those that it was charged for, in the mean of the time.
   */
  gpus: number | null;
  time_limit_seconds: number | null;
}
/**
 * What was used of it. null: not told.
 */
export interface JobUsed {
  /**
   * CPU time used by time.
   */
  cpu_cores: number | null;
  cpu_efficiency: number | null;
  /**
   * The most that was held, the nodes' added up; of several runs, the most of one.
   */
  memory_bytes: number | null;
  memory_efficiency: number | null;
  gpu_utilization: number | null;
  /**
   * Of the time limit.
   */
  time_part: number | null;
}
/**
 * What eit quota --json prints.
 *
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "quotaList".
 */
export interface QuotaList {
  schema: 1;
  kind: 'quotas';
  tool_version: string;
  generated_at: Time;
  /**
   * By share, the highest first.
   */
  quotas: QuotaState[];
  /**
   * Each factor that the site has not said and that these quotas rest on, with the value taken.
   */
  defaults_used: string[];
  /**
   * Lines and files of the ledger that could not be read.
   */
  skipped_records: number;
}
/**
 * What eit factors --json prints.
 *
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "factorList".
 */
export interface FactorList {
  schema: 1;
  kind: 'factors';
  tool_version: string;
  generated_at: Time;
  /**
   * The config's file. null: there is none.
   */
  config: string | null;
  clusters: FactorsOfCluster[];
}
export interface FactorsOfCluster {
  /**
   * Empty: what holds for all, where the config names no cluster.
   */
  cluster: string;
  factors: FactorTold[];
}
export interface FactorTold {
  name: string;
  /**
   * null: not set, or not known.
   */
  value: number | string | null;
  /**
   * null: of none.
   */
  unit: string | null;
  /**
   * Who says so; where it is not set, which key to set.
   */
  source: string;
  /**
   * Of the data. null: not told.
   */
  year: number | null;
  /**
   * Key and file of the config; default; or a folder of data.
   */
  from: string;
}
/**
 * This interface was referenced by `EitReport`'s JSON-Schema
 * via the `definition` "factorSet".
 */
export interface FactorSet {
  pue: number;
  zone: string;
  intensity_g_per_kwh: number;
  intensity_source: string;
  intensity_basis: 'average-lifecycle' | 'average-direct';
}
