import type { GpuDevice } from '../sources/gpu-devices';
import type { GpuLook } from '../sources/gpu-use';
import type { CgroupIo } from '../sources/job-cgroup';
import type { ProgramTime } from '../sources/job-programs';
import type { CpuPlace, EnergyDomain, Instant, Missing } from '../sources/source';
import type { HostCpu } from '../sources/proc-stat';
import type { HostMemory } from '../sources/host-memory';

/** Everything that one tick reads, before any difference is taken. */
export interface HostReading {
  readonly at: Instant;
  readonly energy: readonly DomainReading[];
  readonly cpu: HostCpu | Missing;
  /** The places that domains are of, with their CPUs; none where all domains are of the whole host. */
  readonly places: readonly PlaceCpus[];
  /** One per directory in which a slurmd keeps its jobs. */
  readonly scopes: readonly ScopeReading[];
  /** CPU time (ns) of runs that have no cgroup, by run key. */
  readonly processes: ReadonlyMap<string, bigint | Missing | 'gone'>;
  /** What runs hold and may use, by run key; read less often than the rest. */
  readonly holdings: ReadonlyMap<string, HoldingLook>;
  /** null: not read in this tick. */
  readonly memory: HostMemory | Missing | null;
  /** What the GPUs did since the last reading, by name of domain. */
  readonly gpus: ReadonlyMap<string, GpuLook>;
}

/** What a run holds and may use, as far as its cgroup tells. */
export interface Holding {
  /** Memory held (bytes) and what told it; null where nothing does. */
  readonly memory: HeldMemory | null;
  /** CPUs that it is constrained to; null where it is to none. */
  readonly cpus: readonly number[] | null;
  /** The most memory that it may hold (bytes); null where it has no limit. */
  readonly memoryLimitBytes: number | null;
  /** The GPUs that it is constrained to; absent where nothing tells. */
  readonly gpuDevices?: readonly GpuDevice[];
}

/** What else is looked at with a holding, for the run's record alone. */
export interface HoldingLook extends Holding {
  /** Of its block devices; absent where no controller counts it. */
  readonly io?: CgroupIo;
  /** Its processes' CPU time; absent where it was not asked for. */
  readonly programs?: readonly ProgramTime[];
}

export interface HeldMemory {
  readonly bytes: number;
  readonly by: 'cgroup' | 'processes';
}

/** A package or a die and its CPUs. */
export interface PlaceCpus {
  readonly place: CpuPlace;
  readonly cpus: ReadonlySet<number>;
}

export interface DomainReading {
  readonly domain: EnergyDomain;
  readonly value: bigint | Missing;
}

export interface ScopeReading {
  readonly dir: string;
  /** Whether directories, or what is known of their ends, may be others than at the last reading. */
  readonly isChanged: boolean;
  /** Name of the Slurm node whose jobs these are; null where the directory does not tell. */
  readonly node: string | null;
  /** CPU time of the whole scope, dead children included (ns). */
  readonly totalNs: bigint | Missing;
  /** What the whole scope used from the reading of `totalNs` to that of the last child (ns). */
  readonly whileReadNs: number;
  /** CPU time by directory of children that are no jobs (ns). */
  readonly overheadNs: ReadonlyMap<string, bigint>;
  readonly jobs: readonly JobReading[];
  /**
   * Jobs whose cgroup was removed since the last reading, in the order of their ends, as far as that was seen; null where nobody
   * watches.
   */
  readonly ended: readonly EndedJob[] | null;
}

/** A scope with what is there; who has ended in it is not known yet. */
export type LivingScope = Omit<ScopeReading, 'ended'>;

/** A job whose cgroup is gone. Several can have had one directory, one after the other. */
export interface EndedJob {
  readonly dir: string;
  readonly jobId?: number;
  readonly sluid?: string;
  /** CPU time of the user's processes from the cgroup's first to its last moment (ns); null where that was missed. */
  readonly userNs: bigint | null;
}

export interface JobReading {
  /** Whether the directory was removed since the last tick and made anew: its counter began at 0 again. */
  readonly renewed: boolean;
  readonly dir: string;
  readonly jobId?: number;
  readonly sluid?: string;
  readonly cpuNs: bigint | Missing;
  /** The part of it that the user's processes used (ns); absent where it was not read now, or cannot be told. */
  readonly userNs?: bigint;
  /** CPU time (ns) by place of the reading, and as a last element elsewhere; absent where the kernel does not count it. */
  readonly placeNs?: readonly bigint[];
}
