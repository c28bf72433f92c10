// Generated from schemas/run-data.schema.json by `npm run generate`. Do not edit.

/**
 * A line of the raw data of one run that eit appendix writes (NDJSON). Lines of kind run and series are records as record.schema.json has them (in a file beside this one); the other kinds are what the ledger keeps of them, and what is known of the hosts. Energies are integers in microjoules; arrays of three hold the policies usage, allocation, hybrid in this order. Names can be numbered in place of the real ones.
 */
export type RunDataLine = RunRecord | SeriesRecord | HoursLine | CurveLine | HardwareLine | FrequencyLine;
/**
 * The part of the run's GPU energy that was drawn while no kernel ran.
 *
 * @minItems 3
 * @maxItems 3
 *
 * Items: Energy in microjoules.
 */
export type ByPolicy = [number, number, number];
/**
 * Microjoules under the policies usage, allocation, hybrid.
 *
 * @minItems 3
 * @maxItems 3
 *
 * Items: Energy in microjoules.
 */
export type ByPolicy1 = [number, number, number];
export type Name = string;
export type Count = number;
/**
 * UTC.
 */
export type Time = string;
/**
 * @minItems 3
 * @maxItems 3
 */
export type ByPolicy2 = [number, number, number];
/**
 * The part of both whose division rests on an estimate.
 *
 * @minItems 3
 * @maxItems 3
 */
export type ByPolicy3 = [number, number, number];

/**
 * One run fragment (a run on one node) over one stretch, or a part of it. The fragment is (cluster, node, job, restart, started). `start` stands in its first line, `end` in its last, whose `to` is the run's end; a run that fits in one stretch is one line with both. measured_uj was read from counters, modelled_uj worked out from a power model; estimated_uj is the part of both whose division among the runs rests on an estimate.
 */
export interface RunRecord {
  /**
   * Version of this schema.
   */
  schema: 1;
  kind: 'run';
  /**
   * Version of the program that wrote the line.
   */
  tool: string;
  cluster: string;
  host: string;
  /**
   * First 8 hex digits of the kernel's boot id.
   */
  boot: string;
  /**
   * Random per start of the agent.
   */
  instance: string;
  /**
   * Counts up by one a line within an instance.
   */
  seq: number;
  /**
   * UTC, ISO 8601 with milliseconds and Z.
   */
  from: string;
  /**
   * UTC, ISO 8601 with milliseconds and Z.
   */
  to: string;
  /**
   * Length by the monotonic clock.
   */
  ms: number;
  /**
   * SLURMD_NODENAME.
   */
  node: string;
  /**
   * SLURM_JOB_ID.
   */
  job: number;
  /**
   * SLURM_JOB_RESTART_COUNT in the prolog; absent: 0, or Slurm does not tell it.
   */
  restart?: number;
  /**
   * UTC, ISO 8601 with milliseconds and Z.
   */
  started: string;
  /**
   * SLURM_JOB_SLUID (25.11 and later).
   */
  sluid?: string;
  /**
   * SLURM_JOB_START_TIME, Unix seconds (23.02 and later).
   */
  slurm_start?: number;
  uid?: number;
  user?: string;
  account?: string;
  partition?: string;
  /**
   * Nodes of the run (SLURM_JOB_NUM_NODES).
   */
  nodes?: number;
  /**
   * CPUs allocated on this node; absent where unknown.
   */
  cpus?: number;
  /**
   * GPUs allocated on this node.
   */
  gpus?: number;
  /**
   * CPU time of the run's own processes in this line, microseconds; absent where it could not be read.
   */
  cpu_us?: number;
  /**
   * CPU time that Slurm's own step processes used for the run besides; energy follows both. Absent: 0, or not told apart and then in cpu_us.
   */
  overhead_us?: number;
  /**
   * The part of cpu_us and overhead_us that is an estimate: several runs ended between two readings and could not be told apart, or it cannot be told from what living jobs used while it was read.
   */
  cpu_estimated_us?: number;
  /**
   * Most memory held at a reading (anonymous, shared, huge pages).
   */
  memory_bytes?: number;
  io?: RunIo;
  gpu?: RunGpu;
  /**
   * How the run's CPU time was told apart by CPU package, on hosts with several. percpu: the kernel counts it by CPU. cpuset: it may use CPUs of one package only, or CPUs that no other run may use. assumed: as the packages were busy. The least certain of the line's ticks.
   */
  package_split?: 'percpu' | 'cpuset' | 'assumed';
  /**
   * What memory was divided by where it is not what the run's cgroup held. processes: what its processes held. cpu_time: nothing told what it held. The least certain of the line's ticks.
   */
  dram_split?: 'processes' | 'cpu_time';
  measured_uj: EnergyByDomain;
  modelled_uj?: EnergyByDomain;
  estimated_uj?: EnergyByDomain;
  /**
   * Domain to the time within this line in which it could not be read; absent domains: 0.
   */
  missing_ms?: {
    [k: string]: number;
  };
  start?: RunStart;
  end?: RunEnd;
}
/**
 * What the run's cgroup read from and wrote to block devices. It is read when the run is first seen, at the end of each line and at its own end where the cgroup is still there (mostly it is not): what came after a look is in the next line, what came after the last one is missed. Absent where it was not read in this line or no controller counts it (Slurm enables none by itself). What is absent within it is 0.
 */
export interface RunIo {
  /**
   * Bytes read.
   */
  rb?: number;
  /**
   * Bytes written.
   */
  wb?: number;
  /**
   * Reads.
   */
  r?: number;
  /**
   * Writes.
   */
  w?: number;
}
/**
 * What the run's own GPUs did in this line; absent where it has none that is read. GPU time is milliseconds times GPUs; of a GPU that it shares, times its part.
 */
export interface RunGpu {
  /**
   * GPU time in which they were read.
   */
  ms: number;
  /**
   * What told which GPUs are the run's, the least certain of the line: cgroup: the devices that its cgroup allows. uuid: UUIDs in CUDA_VISIBLE_DEVICES. processes: where its processes were seen. index: SLURM_JOB_GPUS and gpu.order. count: only how many it has.
   */
  by: 'cgroup' | 'uuid' | 'processes' | 'index' | 'count';
  /**
   * What contradicted that, and lost.
   */
  conflict?: string;
  /**
   * GPU time multiplied with the part of it in which a kernel ran; absent where that is not told (MIG).
   */
  busy_ms?: number;
  /**
   * The part of ms of which busy_ms is told; absent: all of it.
   */
  told_ms?: number;
  idle_uj?: ByPolicy;
  /**
   * Most of their memory in use at a reading, all together.
   */
  memory_bytes?: number;
  /**
   * GPU time in which heat or power held the clocks back; absent where that is not told.
   */
  throttled_ms?: number;
  /**
   * GPU time by performance state: P0 is the fastest.
   */
  p_state_ms?: {
    [k: string]: number;
  };
}
/**
 * Domain name (package-0, dram-0, ...) to microjoules by policy.
 */
export interface EnergyByDomain {
  [k: string]: ByPolicy1;
}
export interface RunStart {
  /**
   * What told of the run. `epilog`: no prolog ran on this node (salloc without a step).
   */
  by: 'prolog' | 'epilog';
  /**
   * SLURM_JOB_NODELIST.
   */
  nodelist?: string;
  /**
   * SLURM_JOB_CPUS_PER_NODE.
   */
  cpus_per_node?: string;
  /**
   * SLURM_JOB_GPUS: indices in slurmd's own list.
   */
  gpu_ids?: string;
  /**
   * CUDA_VISIBLE_DEVICES where it names UUIDs of GPUs or of MIG instances.
   */
  gpu_uuids?: string;
  /**
   * SLURM_HET_JOB_ID: the leader's job id.
   */
  het_job?: number;
  qos?: string;
  reservation?: string;
  /**
   * Time between the prolog and the first reading, more than a moment where the agent had to be started.
   */
  late_ms?: number;
}
export interface RunEnd {
  /**
   * epilog: the usual end. superseded: the job started again here and its epilog never came. vanished: no epilog long after its processes were gone. reboot: the host restarted (the run is truncated).
   */
  by: 'epilog' | 'superseded' | 'vanished' | 'reboot';
  /**
   * SLURM_JOB_EXIT_CODE2 of the epilog: exit status and signal.
   */
  exit_code?: string;
  /**
   * SLURM_JOB_DERIVED_EC: highest status of the steps.
   */
  derived_exit_code?: string;
  allocated?: AllocatedPart;
  /**
   * With agent.top_processes: the programs of the run that used most CPU time, most first. Looked at each 30 s in its cgroup, at most 512 processes a look: what a process used after the last look before it ended is missed, and all of one that began and ended between two looks.
   *
   * @maxItems 10
   */
  top_processes?: TopProcess[];
  /**
   * Wraps of counters that were corrected during the run.
   */
  wraps?: number;
  /**
   * Resets of counters during the run: time that is missing.
   */
  resets?: number;
  /**
   * How often the measuring program was started anew during the run.
   */
  agent_restarts?: number;
  /**
   * Domain class to the part of the fragment's time in which all its domains were observed.
   */
  coverage: {
    [k: string]: number;
  };
}
/**
 * What of the node the run was charged for under the policies allocation and hybrid.
 */
export interface AllocatedPart {
  /**
   * cpuset: the CPUs its cgroup is constrained to. slurm: SLURM_JOB_CPUS_PER_NODE. unknown: nothing told it; it was charged for nothing.
   */
  by: 'cpuset' | 'slurm' | 'unknown';
  cpus?: number;
  /**
   * Memory limit of its cgroup; absent where it has none.
   */
  memory_bytes?: number;
}
export interface TopProcess {
  /**
   * As the kernel has it (at most 15 bytes), chosen by the program; control characters are replaced. All processes of one name are added up.
   */
  name: string;
  /**
   * In steps of 10 ms.
   */
  cpu_us: number;
}
/**
 * Coarse context for plots: power and use over a piece of a run. The step grows with the run's age, so that a run has at most 1,000 points.
 */
export interface SeriesRecord {
  schema: 1;
  kind: 'series';
  tool: string;
  cluster: string;
  host: string;
  boot: string;
  instance: string;
  seq: number;
  /**
   * UTC, ISO 8601 with milliseconds and Z.
   */
  from: string;
  /**
   * UTC, ISO 8601 with milliseconds and Z.
   */
  to: string;
  node: string;
  job: number;
  /**
   * Absent: 0.
   */
  restart?: number;
  /**
   * UTC, ISO 8601 with milliseconds and Z.
   */
  started: string;
  uid?: number;
  /**
   * End of each point, milliseconds after `from`.
   *
   * @maxItems 1000
   */
  end_ms: number[];
  /**
   * Domain to mean watts of the run (policy usage) in each point; null where missing.
   */
  power_w: {
    /**
     * @maxItems 1000
     */
    [k: string]: (number | null)[];
  };
  /**
   * CPU seconds per second in each point.
   *
   * @maxItems 1000
   */
  cpus_busy: (number | null)[];
}
/**
 * A run's records on one node in one slot of time (an hour, mostly), added up: what the ledger keeps of them.
 */
export interface HoursLine {
  kind: 'hours';
  schema: 1;
  node: Name;
  job: number;
  restart: Count;
  started: Time;
  from: Time;
  to: Time;
  /**
   * Records that were added up.
   */
  lines: number;
  cpu_us: Count;
  overhead_us: Count;
  /**
   * GPUs allocated times milliseconds.
   */
  gpu_ms: number;
  /**
   * Most held at a reading.
   */
  memory_bytes?: number;
  read_bytes?: Count;
  written_bytes?: Count;
  /**
   * GPU time in which a kernel ran.
   */
  gpu_busy_ms?: number;
  /**
   * GPU time of which gpu_busy_ms is told.
   */
  gpu_told_ms?: number;
  gpu_memory_bytes?: Count;
  /**
   * GPU time by performance state.
   */
  gpu_p_state_ms?: {
    [k: string]: Count;
  };
  energy: HoursEnergy;
}
/**
 * By class of domains.
 */
export interface HoursEnergy {
  [k: string]: {
    measured_uj?: ByPolicy2;
    modelled_uj?: ByPolicy2;
    estimated_uj?: ByPolicy3;
    observed_ms?: Count;
  };
}
/**
 * A series record of which the ledger keeps the curve alone: mean power (policy usage) by domain, CPUs busy.
 */
export interface CurveLine {
  kind: 'curve';
  schema: 1;
  node: Name;
  job: number;
  restart: Count;
  started: Time;
  from: Time;
  to: Time;
  /**
   * End of each point, milliseconds after `from`.
   */
  end_ms: Count[];
  power_w: {
    [k: string]: (number | null)[];
  };
  cpus_busy: (number | null)[];
}
/**
 * What a host of the run is made of.
 */
export interface HardwareLine {
  kind: 'hardware';
  schema: 1;
  host: Name;
  hardware: {};
}
/**
 * Frequency of a host's CPUs while the run was on it, over one stretch of time: the least, the mean and the most of some looks.
 */
export interface FrequencyLine {
  kind: 'frequency';
  schema: 1;
  host: Name;
  from: Time;
  to: Time;
  cpu_mhz: {
    min: number;
    mean: number;
    max: number;
  };
}
