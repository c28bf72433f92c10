// Generated from schemas/record.schema.json by `npm run generate`. Do not edit.

/**
 * One line of the ledger (NDJSON). A line's identity is (cluster, host, instance, seq): the same line twice counts once. Energies are integers in microjoules; arrays of three hold the policies usage, allocation, hybrid in this order.
 */
export type EitRecord = RunRecord | HostRecord | SeriesRecord;
export type Name = string;
/**
 * UTC, ISO 8601 with milliseconds and Z.
 */
export type UtcTime = string;
/**
 * The part of the run's GPU energy that was drawn while no kernel ran.
 *
 * @minItems 3
 * @maxItems 3
 */
export type ByPolicy = [Uj, Uj, Uj];
/**
 * Energy in microjoules.
 */
export type Uj = number;
export type Milliseconds = number;
/**
 * Microjoules under the policies usage, allocation, hybrid.
 *
 * @minItems 3
 * @maxItems 3
 */
export type ByPolicy1 = [Uj, Uj, Uj];
export type Ratio = number;
export type DomainClass = 'cpu' | 'dram' | 'gpu' | 'other';

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
  cluster: Name;
  host: Name;
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
  from: UtcTime;
  to: UtcTime;
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
  user?: Name;
  account?: Name;
  partition?: Name;
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
    [k: string]: Milliseconds;
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
    [k: string]: Milliseconds;
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
  qos?: Name;
  reservation?: Name;
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
    [k: string]: Ratio;
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
 * What a host's counters grew by over one stretch and who got it. For each domain and policy: runs + idle + system = counter.
 */
export interface HostRecord {
  schema: 1;
  kind: 'host';
  tool: string;
  cluster: Name;
  host: Name;
  boot: string;
  instance: string;
  seq: number;
  from: UtcTime;
  to: UtcTime;
  ms: Milliseconds;
  /**
   * Slurm nodes seen on this host.
   */
  nodes: Name[];
  domains: HostDomains;
  whole?: WholeDomains;
  /**
   * Sources that serve nothing here, with the reason.
   */
  absent_sources?: {
    [k: string]: string;
  };
  cpu: {
    /**
     * CPUs online.
     */
    cpus: number;
    /**
     * Busy time of all CPUs by /proc/stat.
     */
    busy_us: number;
    /**
     * CPU time of the runs, Slurm's own part included.
     */
    runs_us: number;
    /**
     * The part of busy_us that ran at a lower priority.
     */
    nice_us?: number;
    /**
     * Idle while a disk was waited for; no part of busy_us.
     */
    iowait_us?: number;
    /**
     * Taken by the hypervisor for other machines; no part of busy_us.
     */
    steal_us?: number;
    /**
     * The part of busy_us that virtual machines of this host used.
     */
    guest_us?: number;
  };
  memory?: HostMemory;
  hardware?: Hardware;
  context?: HostContext;
  /**
   * The agent's own cost.
   */
  agent?: {
    cpu_us: number;
    rss_bytes: number;
    /**
     * How often everything was read.
     */
    readings?: number;
  };
}
export interface HostDomains {
  [k: string]: HostDomain;
}
export interface HostDomain {
  class: DomainClass;
  source: string;
  quality: 'measured' | 'modelled';
  /**
   * Energy in microjoules.
   */
  counter_uj: number;
  runs_uj: ByPolicy1;
  idle_uj: ByPolicy1;
  system_uj: ByPolicy1;
  missing_ms: Milliseconds;
  missing_reason?: string;
  wraps?: number;
  resets?: number;
  /**
   * Idle power that the policy hybrid divided by allocation.
   */
  idle_w?: number;
  /**
   * calibrated: measured on this host (eit calibrate). modelled: from a table.
   */
  idle_by?: 'calibrated' | 'modelled';
  /**
   * Version of the host's calibration.
   */
  calibration?: number;
  /**
   * What to know of this domain, such as zones that show the same counter.
   */
  note?: string;
}
/**
 * Counters of larger parts of the host, which hold others of its domains: for comparing, never added to them.
 */
export interface WholeDomains {
  [k: string]: WholeDomain;
}
export interface WholeDomain {
  source: string;
  /**
   * Energy in microjoules.
   */
  counter_uj: number;
  missing_ms: Milliseconds;
  missing_reason?: string;
  note?: string;
}
/**
 * At the stretch's last reading.
 */
export interface HostMemory {
  total_bytes: number;
  /**
   * Anonymous and shared memory and huge pages in use, by whomever.
   */
  held_bytes: number;
  /**
   * The runs' part of it.
   */
  runs_bytes: number;
}
/**
 * What the host is made of, as read at the agent's start: in the first line of each start and of each day (UTC). What nothing tells is absent.
 */
export interface Hardware {
  /**
   * Model of its CPUs.
   */
  cpu?: string;
  packages?: number;
  cores?: number;
  /**
   * CPUs online.
   */
  threads: number;
  /**
   * Installed, or where firmware does not tell what the kernel has.
   */
  memory_bytes?: number;
  kernel?: string;
  /**
   * Domain name of each GPU that was read since the agent's start to what it is; in a further line where one comes or is replaced.
   */
  gpus?: {
    [k: string]: GpuHardware;
  };
}
export interface GpuHardware {
  model: string;
  uuid?: string;
  /**
   * Version of its driver.
   */
  driver?: string;
}
/**
 * What the host did besides, coarsely: looked at each 30 s and at the stretch's end. Counters as growth over the stretch, never negative: one that went back counts from 0, a disk or mount that was not there before from its first look on. network_files is NFS and Lustre together, 0 where none is mounted: of NFS what went to and came from servers, of Lustre what programs read and wrote, page cache included. What nothing tells is absent.
 */
export interface HostContext {
  /**
   * How often it was looked at.
   */
  looks: number;
  load1?: LoadAverage;
  cpu_mhz?: CpuFrequency;
  /**
   * Page faults that had to read from a disk.
   */
  major_faults?: number;
  pressure_us?: Pressure;
  disks?: DiskTraffic;
  other_disks?: Traffic;
  network_files?: Traffic;
}
/**
 * Load average of one minute.
 */
export interface LoadAverage {
  mean: number;
  max: number;
}
/**
 * Frequency of the CPUs: a look is the mean over at most 16 of them; the least, the mean and the most of the looks.
 */
export interface CpuFrequency {
  min: number;
  mean: number;
  max: number;
}
/**
 * Time in which some task waited for a CPU, for memory, for I/O (pressure stall information, `some`).
 */
export interface Pressure {
  cpu?: number;
  memory?: number;
  io?: number;
}
/**
 * Disk to what it moved: the 8 that moved most, those that moved nothing left out; the rest together is other_disks. Absent: could not be read.
 */
export interface DiskTraffic {
  [k: string]: Traffic;
}
export interface Traffic {
  read_bytes: number;
  written_bytes: number;
  read_ops: number;
  written_ops: number;
}
/**
 * Coarse context for plots: power and use over a piece of a run. The step grows with the run's age, so that a run has at most 1,000 points.
 */
export interface SeriesRecord {
  schema: 1;
  kind: 'series';
  tool: string;
  cluster: Name;
  host: Name;
  boot: string;
  instance: string;
  seq: number;
  from: UtcTime;
  to: UtcTime;
  node: Name;
  job: number;
  /**
   * Absent: 0.
   */
  restart?: number;
  started: UtcTime;
  uid?: number;
  /**
   * End of each point, milliseconds after `from`.
   *
   * @maxItems 1000
   */
  end_ms: Milliseconds[];
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
