// Generated from schemas/sums.schema.json by `npm run generate`. Do not edit.

/**
 * A line of what a task of `eit-report --slurm` added up: first `head`, then `all`, a `group` for each group, last `end`. Whole numbers that may be more than a double counts are texts. For other tasks of the same version alone.
 */
export type SumsLine = SumsHead | SumsOfAll | SumsOfGroup | SumsEnd;
export type Count = number;
export type Ms = number;
export type Exact = string;
export type Text = string;
export type Texts = Text[];
export type Exacts = Exact[];
export type Places = Count[];

export interface SumsHead {
  kind: 'head';
  schema: 1;
  /**
   * Version of EIT.
   */
  tool: string;
  /**
   * Which plan it is a task of.
   */
  plan: string;
  task: Count;
}
export interface SumsOfAll {
  kind: 'all';
  sums: StoredSums;
  slurm: StoredSlurm;
  lost: SumsOfLost;
  clusters: Texts;
  /**
   * Those that runs were on: cluster and host.
   */
  hosts: [Text, Text][];
  found: FoundTold;
}
export interface StoredSums {
  jobs: Count;
  runs: Count;
  elapsed_ms: Ms;
  cpu_us: Exact;
  gpu_ms: Exact;
  /**
   * Bytes read and written, reads and writes.
   *
   * @minItems 4
   * @maxItems 4
   */
  io: [Exact, Exact, Exact, Exact];
  io_runs: Count;
  gpu: StoredGpu | null;
  gpu_runs_by: RunsByBinding;
  gpu_conflict_runs: Count;
  gpu_conflict: {
    cluster: Text;
    job: Count;
    text: Text;
  } | null;
  cpu_models: Texts;
  gpu_models: Texts;
  nodes_expected: Count;
  nodes_reported: Count;
  gpu_unread_runs: Count;
  gpu_seen_runs: Count;
  not_extrapolated_runs: Count;
  /**
   * null: no run.
   */
  first_ms: number | null;
  energy: StoredEnergy[];
  machines: StoredMachines | null;
  estimated_uj: ExactByClass;
  guessed_uj: ExactByClass;
  observed_ms: MsByClass;
  expected_ms: MsByClass;
}
export interface StoredGpu {
  read_ms: Exact;
  busy_ms?: Exact;
  told_ms: Exact;
  idle_uj?: Exact;
  throttled_ms?: Exact;
  /**
   * By the number of the state.
   */
  p_state_ms: (Exact | null)[];
  memory_bytes: number | null;
  by: 'cgroup' | 'uuid' | 'processes' | 'index' | 'count';
  conflict: string | null;
}
export interface RunsByBinding {
  cgroup: Count;
  uuid: Count;
  processes: Count;
  index: Count;
  count: Count;
}
export interface StoredEnergy {
  cluster: Text;
  measured_uj: ExactByClass;
  modelled_uj: ExactByClass;
  extrapolated_uj: ExactByClass;
  overhead_base_uj: Exact;
  extrapolated_base_uj: Exact;
  weighted: StoredWeighted | null;
  /**
   * From when to when it was used; null: nothing was.
   */
  used_ms: [number, number] | null;
}
export interface ExactByClass {
  cpu?: Exact;
  dram?: Exact;
  gpu?: Exact;
  other?: Exact;
}
/**
 * What was weighed, and by weight the sums of it.
 */
export interface StoredWeighted {
  recorded_uj: Exact;
  overhead_base_uj: Exact;
  extrapolated_uj: Exact;
  extrapolated_base_uj: Exact;
  recorded: Exacts;
  overhead_base: Exacts;
  extrapolated: Exacts;
  extrapolated_base: Exacts;
}
export interface StoredMachines {
  unknown_node_ms: Ms;
  times: StoredMachineTime[];
}
export interface StoredMachineTime {
  cluster: Text;
  node: string | null;
  model: string | null;
  of: Ms;
  part_ms: Ms;
}
export interface MsByClass {
  cpu?: Ms;
  dram?: Ms;
  gpu?: Ms;
  other?: Ms;
}
export interface StoredSlurm {
  told_runs: Count;
  untold_runs: Count;
  cpu_us: Exact;
  allocated_cpu_us: Exact;
  held_bytes: Exact;
  asked_bytes: Exact;
  compared_runs: Count;
  slurm_j: Exact;
  recorded_uj: Exact;
  newest: StoredFacts | null;
}
export interface StoredFacts {
  submit_s: number | null;
  start_s: number;
  end_s: number | null;
  array_job_id: number | null;
  array_task_id: number | null;
  het_job_id: number | null;
  het_offset: number | null;
  state: string;
  qos: string | null;
  alloc_cpus: number | null;
  req_memory_bytes: number | null;
  time_limit_s: number | null;
  slurm_energy_j: number | null;
  sluid: string | null;
  name: string;
}
export interface SumsOfLost {
  failed?: StoredSums;
  cancelled?: StoredSums;
  requeued?: StoredSums;
}
/**
 * Of the names that the filter has those with runs: users and selected jobs by their places in it.
 */
export interface FoundTold {
  any: boolean;
  users: Places;
  selected: Places;
  accounts: Texts;
  partitions: Texts;
  clusters: Texts;
  nodes: Texts;
}
export interface SumsOfGroup {
  kind: 'group';
  /**
   * In the order of the query's keys.
   */
  fields: {
    [k: string]: Text | Count | null;
  };
  sums: StoredSums;
  slurm: StoredSlurm;
  lost?: SumsOfLost;
}
export interface SumsEnd {
  kind: 'end';
  groups: Count;
  /**
   * Of all lines before.
   */
  sha256: string;
}
