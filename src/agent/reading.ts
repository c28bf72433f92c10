import type { EnergyDomain, Instant, Missing } from '../sources/source';
import type { HostCpu } from '../sources/proc-stat';

/** Everything that one tick reads, before any difference is taken. */
export interface HostReading {
  readonly at: Instant;
  readonly energy: readonly DomainReading[];
  readonly cpu: HostCpu | Missing;
  /** One per directory in which a slurmd keeps its jobs. */
  readonly scopes: readonly ScopeReading[];
  /** CPU time (ns) of runs that have no cgroup, by run key. */
  readonly processes: ReadonlyMap<string, bigint | Missing | 'gone'>;
  /** Memory held by runs (bytes), by run key; read less often than the rest. */
  readonly memory: ReadonlyMap<string, number>;
}

export interface DomainReading {
  readonly domain: EnergyDomain;
  readonly value: bigint | Missing;
}

export interface ScopeReading {
  readonly dir: string;
  /** Name of the Slurm node whose jobs these are; null where the directory does not tell. */
  readonly node: string | null;
  /** CPU time of the whole scope, dead children included (ns). */
  readonly totalNs: bigint | Missing;
  /** CPU time by directory of children that are no jobs (ns). */
  readonly overheadNs: ReadonlyMap<string, bigint>;
  readonly jobs: readonly JobReading[];
}

export interface JobReading {
  /** Whether the directory was removed since the last tick and made anew: its counter began at 0 again. */
  readonly renewed: boolean;
  readonly dir: string;
  readonly jobId?: number;
  readonly sluid?: string;
  readonly cpuNs: bigint | Missing;
}
