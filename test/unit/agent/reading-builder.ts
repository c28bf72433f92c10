import type { HoldingLook, HostReading, ScopeReading } from '../../../src/agent/reading';
import type { GpuLook } from '../../../src/sources/gpu-use';
import type { HostMemory } from '../../../src/sources/host-memory';
import type { EnergyDomain, Missing } from '../../../src/sources/source';

export const PACKAGE: EnergyDomain = {
  name: 'package-0',
  class: 'cpu',
  quality: 'measured',
  source: 'powercap',
  maxEnergyUj: 262_143_328_850n,
  maxPowerW: 400,
};

export const SCOPE = '/cg/system.slice/n1_slurmstepd.scope';

/** What a test says of one reading; times in seconds since an arbitrary boot, CPU times in seconds. */
export interface ReadingSpec {
  readonly node?: string;
  readonly atS: number;
  readonly energyJ?: number | Missing;
  readonly busyS?: number;
  /** CPU seconds by job id of the jobs whose cgroup is there. */
  readonly jobsS?: Readonly<Record<number, number>>;
  /** The user's part of them, where it is read. */
  readonly userS?: Readonly<Record<number, number>>;
  readonly renewed?: readonly number[];
  /** Jobs whose cgroup was removed, with what the user's processes used in all; absent: nobody watched. */
  readonly ended?: readonly { readonly job: number; readonly userS: number | null }[];
  /** CPU seconds of the whole scope, dead jobs included; by default the sum of the jobs there. */
  readonly scopeS?: number;
  /** CPU seconds that the scope used while it was read. */
  readonly whileReadS?: number;
  readonly cpus?: number;
  readonly domains?: readonly EnergyDomain[];
  /** Joules or why not, by domain name; domains that are not named read `energyJ`. */
  readonly joules?: Readonly<Record<string, number | Missing>>;
  /** Busy seconds of each CPU. */
  readonly cpuBusyS?: readonly number[];
  /** CPUs of package 0, 1, ... */
  readonly places?: readonly (readonly number[])[];
  /** CPU seconds by place of jobs, by job id. */
  readonly placeS?: Readonly<Record<number, readonly number[]>>;
  /** By run key. */
  readonly holdings?: Readonly<Record<string, HoldingLook>>;
  readonly memory?: HostMemory;
  /** By name of domain. */
  readonly gpus?: Readonly<Record<string, GpuLook>>;
}

const BOOT_WALL_MS = Date.UTC(2026, 10, 23, 12);

export function instantAt(atS: number) {
  return { monoNs: BigInt(Math.round(atS * 1e9)), wallMs: BOOT_WALL_MS + Math.round(atS * 1000) };
}

/** A reading of a host with one package and one Slurm node, n1. */
export function readingAt(spec: ReadingSpec): HostReading {
  const jobs = Object.entries(spec.jobsS ?? {}).map(([id, seconds]) => ({
    dir: `${SCOPE}/job_${id}`,
    jobId: Number(id),
    cpuNs: nanoseconds(seconds),
    renewed: spec.renewed?.includes(Number(id)) ?? false,
    ...(spec.userS?.[Number(id)] === undefined ? {} : { userNs: nanoseconds(spec.userS[Number(id)]!) }),
    ...(spec.placeS?.[Number(id)] === undefined
      ? {}
      : { placeNs: spec.placeS[Number(id)]!.map(nanoseconds) }),
  }));
  const sum = Object.values(spec.jobsS ?? {}).reduce((a, b) => a + b, 0);
  const scope: ScopeReading = {
    dir: SCOPE,
    node: spec.node ?? 'n1',
    isChanged: true,
    totalNs: nanoseconds(spec.scopeS ?? sum),
    whileReadNs: (spec.whileReadS ?? 0) * 1e9,
    overheadNs: new Map(),
    jobs,
    ended:
      spec.ended?.map(({ job, userS }) => ({
        dir: `${SCOPE}/job_${job}`,
        jobId: job,
        userNs: userS === null ? null : nanoseconds(userS),
      })) ?? null,
  };
  const valueOf = ({ name }: EnergyDomain) => {
    const energy = spec.joules?.[name] ?? spec.energyJ ?? 0;
    return typeof energy === 'number' ? BigInt(Math.round(energy * 1e6)) : energy;
  };
  return {
    at: instantAt(spec.atS),
    energy: (spec.domains ?? [PACKAGE]).map((domain) => ({ domain, value: valueOf(domain) })),
    cpu: {
      busyNs: nanoseconds(spec.busyS ?? 0),
      cpus: spec.cpus ?? 2,
      niceNs: 0n,
      iowaitNs: 0n,
      stealNs: 0n,
      guestNs: 0n,
      byCpu:
        spec.cpuBusyS === undefined
          ? null
          : new Map(spec.cpuBusyS.map((seconds, cpu) => [cpu, nanoseconds(seconds)])),
    },
    places: (spec.places ?? []).map((cpus, i) => ({ place: { package: i }, cpus: new Set(cpus) })),
    scopes: [scope],
    processes: new Map(),
    holdings: new Map(Object.entries(spec.holdings ?? {})),
    memory: spec.memory ?? null,
    gpus: new Map(Object.entries(spec.gpus ?? {})),
  };
}

function nanoseconds(seconds: number): bigint {
  return BigInt(Math.round(seconds * 1e9));
}
