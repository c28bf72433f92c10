import type { CounterReading } from '../attribution/counter';
import type { Range } from '../attribution/dead-time';
import type { ByPolicy, Carry } from '../attribution/policy';
import type { PackageSplit } from '../attribution/package-split';
import type { DomainClass, RunEnd, RunStart } from '../generated/record';
import type { RunIdentity } from '../slurm/run-identity';
import type { HostMemory } from '../sources/host-memory';
import type { Instant } from '../sources/source';
import type { ContextCounters, ContextLine } from './context-line';
import type { HostTotals } from './host-totals';
import type { IoSums } from './io-growth';
import type { RunGpus } from './gpu-holders';
import type { Holding } from './reading';
import type { RunBlockIo } from './run-io';
import type { RunGpuLine } from './run-gpu';
import type { RunPrograms } from './run-programs';
import type { HostToday, RunSoFar } from './so-far';
import type { SeriesPiece } from './series';

/**
 * All that the agent knows, as plain data (bigint the only special type): what a tick turns into the next one, what a
 * checkpoint holds. Kept by name, never by position, so that a checkpoint outlives a change of sources.
 */
export interface HostState {
  /** Cluster of the newest event; null before the first. */
  cluster: string | null;
  /** Slurm nodes of this host that an event or a cgroup has named. */
  nodes: string[];
  /** When the counters below were read; null before the first reading. */
  at: Instant | null;
  /** Counters by domain name at `at`; a domain that could not be read has none. */
  counters: Record<string, bigint>;
  /** Up to when the counters of GPUs tell, where that is before `at` (CLOCK_MONOTONIC, ns). */
  toldNs?: Record<string, bigint>;
  /** Of those the ones that this process adds up itself: another process's begin anew. Absent: none. */
  integrated?: string[];
  /** Counters of GPUs, by domain name, that cannot be read now, or that an ended agent counted and this one does not know yet. */
  awaited?: Record<string, CounterReading>;
  /** Busy time of all CPUs (ns, /proc/stat) at `at`; null where it could not be read. */
  busyNs: bigint | null;
  /** nice, iowait, steal and guest time (ns) at `at`; null before the first reading. */
  cpuTimesNs: readonly bigint[] | null;
  /** Busy time of each CPU (ns), by its number; empty where no domain is of a part of the host only. */
  cpuBusyNs: Record<string, bigint>;
  /** CPU time (ns) by cgroup directory at `at`: jobs', their parents', the parents' other children's. */
  cgroupNs: Record<string, bigint>;
  /** The jobs' by place, as in JobReading.placeNs. */
  cgroupPlaceNs: Record<string, readonly bigint[]>;
  /** By directory of a slurmd: what its counter is ahead of its children's, carried (ns). */
  scopeBalanceNs: Record<string, number>;
  /** What of the balance is owed to jobs that have ended (ns, ReadingSkew); none in checkpoints of versions that did not know. */
  scopeOwedNs?: Record<string, Range>;
  /** Jobs' exact time minus the host's, which comes in ticks of 10 ms: carried until it evens out (ns). */
  systemDebtNs: number;
  /** The same in each place, by its name. */
  placeDebtNs: Record<string, number>;
  /** Memory of the host at the last reading of it; null before. */
  memory: HostMemory | null;
  /** Counters of the host's context at the last look; none in checkpoints of versions that did not record it. */
  contextCounters?: ContextCounters;
  /** What the node's counter is behind the domains that it holds (µJ): it is read less often. */
  otherDebtUj: number;
  /** That has reached its bound and not been 0 since: the node is not believed. Absent: it is. */
  isNodeDoubted?: boolean;
  /** The fragments that are running, by their key. */
  runs: Record<string, RunState>;
  /** What the host did since the last host line. */
  host: HostLine;
  /** What the host lines before that came to in this boot; none in checkpoints of versions that did not add them up. */
  totals?: HostTotals | null;
  /** Rounding balances of idle and system by domain. */
  carry: Record<string, { idle: Carry; system: Carry }>;
  /** What the host's lines of today told; absent before the first, and in checkpoints of versions that did not show it. */
  today?: HostToday;
}

/** The host's part of a stretch. */
export interface HostLine {
  from: Instant | null;
  busyUs: number;
  runsUs: number;
  /** Parts of the host's CPU time, see HostRecord.cpu. */
  cpuTimesUs: { nice: number; iowait: number; steal: number; guest: number };
  domains: Record<string, HostDomainLine>;
  whole: Record<string, WholeDomainLine>;
  /** How often everything was read. */
  readings: number;
  /** Absent before the first look. */
  context?: ContextLine;
}

/** A domain that holds others. */
export interface WholeDomainLine {
  source: string;
  counterUj: number;
  missingMs: number;
  missingReason?: string;
  note?: string;
}

export interface HostDomainLine {
  class: DomainClass;
  source: string;
  quality: 'measured' | 'modelled';
  counterUj: number;
  runsUj: ByPolicy;
  idleUj: ByPolicy;
  systemUj: ByPolicy;
  missingMs: number;
  missingReason?: string;
  wraps: number;
  resets: number;
  /** Idle power of the last tick (W), and what told it. */
  idle?: IdlePower;
  note?: string;
}

/** What a domain draws when nothing runs. */
export interface IdlePower {
  readonly idleW: number;
  readonly by: 'calibrated' | 'modelled';
  /** Version of the calibration. */
  readonly calibration?: number;
}

/** One fragment: a run on one node of this host. */
export interface RunState {
  readonly identity: RunIdentity;
  readonly start: RunStart;
  /** When it began, by the prolog's event. */
  readonly startedMs: number;
  /** The same on the monotonic clock. */
  readonly startedMonoNs: bigint;
  /** Names of event files that may go when the next line of this run is in the spool. */
  eventFiles: string[];
  /** When a cgroup or a process of it was last seen, Unix ms. */
  lastSeenMs: number;
  /** When Slurm's time limit ends it (SLURM_JOB_END_TIME), Unix ms; null where Slurm does not tell. */
  readonly limitMs: number | null;
  /** Directory of its cgroup, `processes`, or null while it has none. */
  cpuFrom: string | null;
  /** Whether its first line has been written. */
  begun: boolean;
  end: {
    readonly atMs: number;
    readonly monoNs: bigint;
    readonly by: RunEnd['by'];
    readonly exit?: ExitCodes;
  } | null;
  /** What it did since its last line. */
  line: RunLine;
  /** Rounding balances by domain. */
  carry: Record<string, Carry>;
  /** What it held and may use, by the last look; null before the first. */
  holding: Holding | null;
  /** CPU time of the user's own processes at the last reading of it; null where none was made. */
  user: UserCpuTime | null;
  /** Its cgroup was seen to end, and it has none since: it is none of those whose end was missed. */
  isEndSeen: boolean;
  /** Absent while no GPU is known, and where it has none. */
  gpus?: RunGpus;
  /** Absent before the first look, and where nothing tells. */
  blockIo?: RunBlockIo;
  /** Absent where agent.top_processes does not ask for them. */
  programs?: RunPrograms;
  /** Over the fragment's life: milliseconds, and by domain class those in which a domain of the class was missing. */
  life: {
    ms: number;
    missingMs: Partial<Record<DomainClass, number>>;
    wraps: number;
    resets: number;
    agentRestarts: number;
  };
  series: SeriesPiece;
  /** What the lines told that are written; absent before the first. */
  soFar?: RunSoFar;
}

/** It is read less often than the whole CPU time of a run, in which slurmstepd's is. */
export interface UserCpuTime {
  /** The cgroup that it was read of. */
  readonly dir: string;
  /** There (ns). */
  readonly ns: bigint;
  /** What the run used in all since (ns). */
  sinceNs: number;
}

export interface ExitCodes {
  readonly exit_code?: string;
  readonly derived_exit_code?: string;
}

export interface RunLine {
  from: Instant;
  ms: number;
  cpuNs: number;
  cpuEstimatedNs: number;
  /** The part of cpuNs that the user's own processes used; null where nothing told it. */
  userNs: number | null;
  /** False where no CPU time could be read in any tick of the line. */
  cpuRead: boolean;
  memoryBytes: number | null;
  /** Absent where it was not told in this line. */
  io?: IoSums;
  /** Absent where it has no GPU that is read. */
  gpu?: RunGpuLine;
  /** The least certain of the line's ticks; null where no domain was divided so. */
  packageSplit: PackageSplit | null;
  dramSplit: DramSplit | null;
  domains: Record<string, RunDomainLine>;
}

/** What a run's part of the memory's energy was worked out from, the most certain first. */
export const DRAM_SPLITS = ['cgroup', 'processes', 'cpu_time'] as const;
export type DramSplit = (typeof DRAM_SPLITS)[number];

export interface RunDomainLine {
  quality: 'measured' | 'modelled';
  /** Power that was read now and then and added up: what a run of some seconds has of it is not told sharply. */
  isIntegrated?: true;
  uj: ByPolicy;
  estimatedUj: ByPolicy;
  missingMs: number;
}

export function emptyHostState(): HostState {
  return {
    cluster: null,
    nodes: [],
    at: null,
    counters: {},
    busyNs: null,
    cpuTimesNs: null,
    cpuBusyNs: {},
    cgroupNs: {},
    cgroupPlaceNs: {},
    scopeBalanceNs: {},
    systemDebtNs: 0,
    placeDebtNs: {},
    memory: null,
    otherDebtUj: 0,
    runs: {},
    host: emptyHostLine(null),
    carry: {},
  };
}

export function emptyHostLine(from: Instant | null): HostLine {
  const cpuTimesUs = { nice: 0, iowait: 0, steal: 0, guest: 0 };
  return { from, busyUs: 0, runsUs: 0, cpuTimesUs, domains: {}, whole: {}, readings: 0 };
}

export function emptyRunLine(from: Instant): RunLine {
  return {
    from,
    ms: 0,
    cpuNs: 0,
    cpuEstimatedNs: 0,
    userNs: null,
    cpuRead: false,
    memoryBytes: null,
    packageSplit: null,
    dramSplit: null,
    domains: {},
  };
}

/** A fragment's key: (cluster, node, job id, restart count, local start). */
export function runKey(identity: RunIdentity, startedMs: number): string {
  const { cluster, node, job, restart } = identity;
  return `${cluster}/${node}/${job}/${restart}/${startedMs}`;
}
