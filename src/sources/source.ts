import type { DomainClass } from '../generated/record';

/** Where the kernel's trees are mounted; tests and containers put their own here (config `roots`). */
export interface Roots {
  readonly sys: string;
  readonly proc: string;
  readonly cgroup: string;
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
  readonly class: DomainClass;
  /** `measured`: a hardware counter. `modelled`: worked out from a power model. */
  readonly quality: 'measured' | 'modelled';
  /** Name of the source, as in the records. */
  readonly source: string;
  /** The counter goes back to 0 after this value (µJ); absent: it never wraps. */
  readonly maxEnergyUj?: bigint;
  /** No hardware of this kind draws more (W): what tells a wrap from a reset, and one wrap from two. */
  readonly maxPowerW: number;
  /** Idle power where it is known (W), for the policy `hybrid`. */
  readonly idlePowerW?: number;
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
  readonly domains: readonly EnergyDomain[];
  /**
   * Reads every domain's counter, in the order of `domains`.
   * @returns energy in µJ since some fixed point in the past, or why it could not be read
   */
  read(at: Instant): readonly (bigint | Missing)[];
  close(): void;
}

/** Where energy figures come from. One file each in src/sources; the list is in src/sources/index.ts. */
export interface EnergySource {
  readonly name: string;
  readonly description: string;
  /** Unit of what the source reads, before it becomes µJ. */
  readonly unit: string;
  /** Opens the source's counters below `roots`, or says in words an admin understands why it serves nothing here. */
  open(roots: Roots): EnergyMeter | Missing;
}
