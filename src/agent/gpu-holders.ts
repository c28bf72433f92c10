import {
  type ClaimedGpus,
  type GpuBinding,
  type GpuClaim,
  type GpuOrder,
  type HeldGpu,
  type KnownGpu,
  bindGpus,
  claimedGpus,
  gpusOfDevices,
} from '../attribution/gpu-binding';
import type { RunStart } from '../generated/record';
import type { MigInstance } from '../sources/gpu';
import type { GpuJobProcess, GpuLook } from '../sources/gpu-use';
import type { EnergyDomain } from '../sources/source';
import type { ActiveRun } from './cpu-time';
import type { RunState } from './host-state';
import { OwnerIndex } from './owner-index';
import type { HostReading } from './reading';

/** What is known of a run's GPUs, kept over its life: by name, so that it outlives a change of their positions. */
export interface RunGpus {
  /** What Slurm's claim means; absent until all of it could be told. */
  readonly claimed?: ClaimedGpus;
  /** Where it is though the claim means others: `gpu.order` is wrong. Until a process of it is seen where the claim says. */
  readonly moved?: readonly HeldGpu[];
  /** What contradicted what was taken. */
  readonly conflict?: string;
}

/** A run that has a GPU, or a part of it, in one tick. */
export interface GpuHolder {
  readonly each: ActiveRun;
  /** Its processes on the GPU. */
  readonly processes: readonly GpuJobProcess[];
  /** In MIG mode those that it has; null: the whole GPU. */
  readonly instances: readonly MigInstance[] | null;
  readonly by: GpuBinding;
  /** How many of the GPUs of the domain it has, of mostly one; less than one where only its number of GPUs is known. */
  readonly gpus: number;
}

/** Whose GPUs are whose in one tick: by name of domain. */
export type GpuHolders = ReadonlyMap<string, readonly GpuHolder[]>;

const NONE: GpuHolders = new Map();

/**
 * Tells which run has which of the GPUs that are known one by one, and notes with the runs what told it. A run of which nothing
 * tells them has an even part of those that no other has.
 */
export function holdGpus(reading: HostReading, active: readonly ActiveRun[], order: GpuOrder): GpuHolders {
  const domains: EnergyDomain[] = [];
  for (const { domain } of reading.energy) if (domain.gpu !== undefined) domains.push(domain);
  if (domains.length === 0) return NONE;
  const known = domains.flatMap((domain) => knownGpus(domain, reading.gpus.get(domain.name)));
  const capacity = new Map(domains.map(({ name, accelerators = 1 }) => [name, accelerators]));
  const processes = processesByRun(reading, active);
  const holders = new Map<string, GpuHolder[]>(domains.map(({ name }) => [name, []]));
  const unbound: ActiveRun[] = [];
  for (const each of active) {
    const own = processes.get(each.key);
    if ((each.run.identity.gpus ?? 0) === 0 && own === undefined) continue;
    const bound = bind(each.run, known, own, order);
    if (bound === null) unbound.push(each);
    for (const [name, held] of byName(bound?.held ?? [])) {
      holders.get(name)?.push({
        each,
        processes: own?.get(name) ?? [],
        instances: instancesOf(held, reading.gpus.get(name)),
        by: bound?.by ?? 'count',
        gpus: Math.min(held.length, capacity.get(name) ?? 1),
      });
    }
  }
  addUnbound(holders, unbound, capacity);
  return holders;
}

/** One for each GPU that Slurm counts; partitions of a GPU are all known by it. */
function knownGpus(domain: EnergyDomain, doing: GpuLook | undefined): KnownGpu[] {
  const { name, gpu, further = [], source, accelerators = 1 } = domain;
  const kind = source === 'nvml' || source === 'nvidia_smi' ? 'nvidia' : 'render';
  const dies = [gpu!, ...further];
  while (dies.length < accelerators) dies.push(gpu!);
  return dies.map(({ uuid, pciBusId, index, minor }) => {
    return { name, uuid, pciBusId, index, minor, kind, instances: doing?.instances ?? null };
  });
}

/** By run key and name of domain. */
function processesByRun(
  { gpus }: HostReading,
  active: readonly ActiveRun[],
): Map<string, Map<string, GpuJobProcess[]>> {
  const found = new Map<string, Map<string, GpuJobProcess[]>>();
  let owners: OwnerIndex<ActiveRun> | null = null;
  for (const [name, { processes }] of gpus) {
    for (const process of processes ?? []) {
      if (process.job === null) continue;
      owners ??= new OwnerIndex(active);
      const run = owners.ofProcess(process.job);
      if (run === undefined) continue;
      const own = found.get(run.key) ?? new Map<string, GpuJobProcess[]>();
      found.set(run.key, own.set(name, [...(own.get(name) ?? []), process]));
    }
  }
  return found;
}

function bind(
  run: RunState,
  known: readonly KnownGpu[],
  processes: ReadonlyMap<string, readonly GpuJobProcess[]> | undefined,
  order: GpuOrder,
): ReturnType<typeof bindGpus> {
  const before: RunGpus = run.gpus ?? {};
  const claimed = renewed(before.claimed, () => claimedGpus(known, claimOf(run.start), order));
  const allowed = gpusOfDevices(known, run.holding?.gpuDevices ?? []);
  const seen = seenOn(processes);
  // A run whose processes have ended, or have yet to begin anew, is still where it was.
  const bound = bindGpus(claimed, allowed, seen.length === 0 ? (before.moved ?? []) : seen);
  const conflict = bound?.conflict ?? before.conflict;
  run.gpus = {
    ...(claimed === null ? {} : { claimed }),
    ...(claimed !== null && bound?.by === 'processes' ? { moved: bound.held } : {}),
    ...(conflict === undefined ? {} : { conflict }),
  };
  return bound;
}

/** A claim is worked out once, and again while some of it means no GPU that is known. */
function renewed(before: ClaimedGpus | undefined, find: () => ClaimedGpus | null): ClaimedGpus | null {
  if (before?.unknown === 0) return before;
  const now = find();
  return now !== null && (before === undefined || now.held.length > before.held.length)
    ? now
    : (before ?? now);
}

function claimOf({ gpu_ids: ids, gpu_uuids: uuids }: RunStart): GpuClaim {
  return {
    indices: [...new Set((ids ?? '').split(','))].flatMap((id) => (/^\d{1,4}$/.test(id) ? [Number(id)] : [])),
    uuids: (uuids ?? '').split(',').filter((uuid) => uuid !== ''),
  };
}

/** Where processes of the run are at work. One that only has a GPU open, as libraries do with each that they find, does not use it. */
function seenOn(processes: ReadonlyMap<string, readonly GpuJobProcess[]> | undefined): HeldGpu[] {
  const seen: HeldGpu[] = [];
  for (const [name, own] of processes ?? []) {
    for (const { instance, smPart } of own) {
      if (smPart === 0) continue;
      const isKnown = seen.some(
        (held) =>
          held.name === name &&
          held.instance?.gpu === instance?.gpu &&
          held.instance?.compute === instance?.compute,
      );
      if (!isKnown) seen.push({ name, ...(instance === null ? {} : { instance }) });
    }
  }
  return seen;
}

function byName(held: readonly HeldGpu[]): Map<string, HeldGpu[]> {
  const found = new Map<string, HeldGpu[]>();
  for (const each of held) found.set(each.name, [...(found.get(each.name) ?? []), each]);
  return found;
}

/** Of a GPU that is in no MIG mode (any more), what is held is the whole. */
function instancesOf(held: readonly HeldGpu[], doing: GpuLook | undefined): readonly MigInstance[] | null {
  const all = doing?.instances ?? null;
  if (all === null || held.some(({ instance }) => instance === undefined)) return null;
  return all.filter(({ gpu, compute }) =>
    held.some(({ instance }) => instance?.gpu === gpu && instance.compute === compute),
  );
}

function addUnbound(
  holders: Map<string, GpuHolder[]>,
  unbound: readonly ActiveRun[],
  capacity: ReadonlyMap<string, number>,
): void {
  if (unbound.length === 0) return;
  const free = [...holders].filter(([, held]) => held.length === 0);
  const freeGpus = free.reduce((sum, [name]) => sum + (capacity.get(name) ?? 1), 0);
  for (const [name, held] of free) {
    for (const each of unbound) {
      const own = capacity.get(name) ?? 1;
      const gpus = Math.min(own, (own * (each.run.identity.gpus ?? 0)) / freeGpus);
      if (gpus > 0) held.push({ each, processes: [], instances: null, by: 'count', gpus });
    }
  }
}
