import type { EitConfig } from '../generated/config';
import type { DomainClass } from '../generated/record';
import type { GpuIdentity } from './gpu';
import type { GpuLook } from './gpu-use';
import type { ProcessJob } from './process-job';

/** Where the kernel's trees are mounted; tests and containers put their own here (config `roots`). */
export interface Roots {
  readonly sys: string;
  readonly proc: string;
  readonly cgroup: string;
}

/** The part of eit.yaml that sources need; most need nothing of it. */
export interface SourceSettings extends Pick<EitConfig, 'bmc' | 'gpu' | 'nvidia_smi'> {
  /** The program that reads NVIDIA's GPUs for us, eit-gpu.js; absent: none can be started here. */
  readonly gpuProgram?: string;
  /** The job of a process that uses a GPU; absent: as its cgroups tell. */
  readonly jobOf?: (pid: number) => ProcessJob | null;
  /** Has everything read soon: there is something to read that was not there. */
  readonly wake?: () => void;
  /** Where a source tells what an administrator is to know; absent: nowhere. */
  readonly warn?: (text: string) => void;
}

/** Something that could not be read, and why: a value, never 0 and never an exception. */
export interface Missing {
  readonly missing: string;
}

export function isMissing(value: unknown): value is Missing {
  return typeof value === 'object' && value !== null && 'missing' in value;
}

/** A part of the host that draws power, with the counter behind it. */
export interface EnergyDomain {
  /** Name within the host, as in the records: `package-0`, `dram-0`, ... */
  readonly name: string;
  /** `whole`: it holds other domains (psys, a node, a module). Kept beside them for comparing; never divided, never added. */
  readonly class: DomainClass | 'whole';
  /** `measured`: a hardware counter. `modelled`: worked out from a power model. */
  readonly quality: 'measured' | 'modelled';
  /** Name of the source, as in the records. */
  readonly source: string;
  /** The counter goes back to 0 after this value (µJ); absent: it never wraps. */
  readonly maxEnergyUj?: bigint;
  /** No hardware of this kind draws more (W): what tells a wrap from a reset, and one wrap from two. */
  readonly maxPowerW: number;
  /** Idle power where it is known (W), for the policy `hybrid`; a calibration of the host has precedence. */
  readonly idlePowerW?: number;
  /** The CPUs whose work it follows; absent: all of the host's. */
  readonly place?: CpuPlace;
  /** Added up from power readings by this process: another process begins at another value. */
  readonly isIntegrated?: true;
  /** What it tells may be this old (s): it is asked for less often than it is read. Absent: it is of the moment. */
  readonly lagS?: number;
  /** Which GPU it is, for telling whose it is (class gpu). */
  readonly gpu?: GpuIdentity & { readonly driver?: string };
  /** Others that its figure holds: the second die of a module. */
  readonly further?: readonly GpuIdentity[];
  /** How many GPUs or other accelerators it holds (class gpu). */
  readonly accelerators?: number;
  /** This `whole` domain holds all the host draws: less the counted domains it leaves what is `other`. */
  readonly isNode?: true;
  /** Classes whose power its figure contains though it is of another: beside it, a domain of theirs would count twice. */
  readonly holds?: readonly DomainClass[];
  /** What to know of it, for the host's records: zones that show the same counter, ... */
  readonly note?: string;
}

/** A CPU package, or one die of it, in the numbers of /sys/devices/system/cpu/cpu<N>/topology. */
export interface CpuPlace {
  readonly package: number;
  readonly die?: number;
}

/** When a reading was taken: lengths come from `monoNs`, labels from `wallMs`. */
export interface Instant {
  /** CLOCK_MONOTONIC, nanoseconds since boot: comparable across processes of one boot. */
  readonly monoNs: bigint;
  /** Unix time, milliseconds. */
  readonly wallMs: number;
}

/** The opened counters of a source. Files stay open and are read at offset 0 each tick. */
export interface EnergyMeter {
  /** Some become known only while it is read (GPUs, which a child process tells of): those are added, none is taken away. */
  readonly domains: readonly EnergyDomain[];
  /** The classes that it serves, where its domains become known later. */
  readonly classes?: readonly DomainClass[];
  /** Why its domains are not known, or cannot be read, now; null: nothing is wrong. */
  readonly trouble?: string | null;
  /**
   * Reads every domain's counter, in the order of `domains`. Must not wait: what is slow is read by a child process, and
   * this gives what it has said so far.
   * @returns energy in µJ since some fixed point in the past, or why it could not be read
   */
  read(at: Instant): readonly (bigint | Missing)[];
  /** What its GPUs did since the last call, by name of domain. */
  looks?(): ReadonlyMap<string, GpuLook>;
  /** Whether any run has GPUs: else a device that would be held open is let go. */
  want?(isWanted: boolean): void;
  /** Lets go of devices whoever wants them, or takes them again. @returns whether what held them has ended: it may not, in time */
  release?(isReleased: boolean): Promise<boolean>;
  /** Reads now what is read now and then, for the next `read`: a run begins or ends. Resolves when that is done or will not be. */
  refresh?(): Promise<void>;
  close(): void;
}

/** Where energy figures come from. One file each in src/sources; the list is in src/sources/index.ts. */
export interface EnergySource {
  readonly name: string;
  readonly description: string;
  /** Unit of what the source reads, before it becomes µJ. */
  readonly unit: string;
  /** Opens the source's counters below `roots`, or says in words an admin understands why it serves nothing here. */
  open(roots: Roots, settings: SourceSettings): EnergyMeter | Missing;
}
