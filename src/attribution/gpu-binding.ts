/** A GPU that a run can have: by name of its domain, with all that it may be known by. */
export interface KnownGpu {
  readonly name: string;
  readonly uuid: string | null;
  readonly pciBusId: string;
  /** In the driver's list; null where that is not told. */
  readonly index: number | null;
  readonly minor: number | null;
  /** Of NVIDIA's: /dev/nvidiaN; else /dev/dri/renderDN. */
  readonly kind: 'nvidia' | 'render';
  /** null outside MIG mode. */
  readonly instances: readonly KnownInstance[] | null;
}

export interface KnownInstance {
  readonly uuid: string | null;
  readonly gpu: number;
  readonly compute: number;
}

/** What Slurm says of a run's GPUs on a node. */
export interface GpuClaim {
  /** SLURM_JOB_GPUS: indices in slurmd's own list. */
  readonly indices: readonly number[];
  /** CUDA_VISIBLE_DEVICES, where it names UUIDs of GPUs (`GPU-…`) and of MIG instances (`MIG-…`). */
  readonly uuids: readonly string[];
}

/** The GPUs that a claim means, by name: worked out once a run, since positions change when a GPU drops out. */
export interface ClaimedGpus {
  readonly by: 'uuid' | 'index';
  readonly held: readonly HeldGpu[];
  /** How many of what is claimed mean no GPU that is known (now). */
  readonly unknown: number;
  /** The claim, for messages. */
  readonly words: string;
}

/** A device file of a GPU. */
export interface GpuDeviceFile {
  readonly kind: KnownGpu['kind'];
  readonly minor: number;
}

/** What an index in SLURM_JOB_GPUS counts (eit.yaml, `gpu.order` and `gpu.map`). */
export interface GpuOrder {
  readonly order: 'nvml' | 'minor' | 'map';
  /** UUIDs or PCI bus ids. */
  readonly map: readonly string[];
}

/** A whole GPU, or one instance of it. */
export interface HeldGpu {
  /** Of its domain. */
  readonly name: string;
  readonly instance?: { readonly gpu: number; readonly compute: number };
}

/** What told which GPUs a run has, the most certain first. */
export const GPU_BINDINGS = ['cgroup', 'uuid', 'processes', 'index', 'count'] as const;
export type GpuBinding = (typeof GPU_BINDINGS)[number];

export interface BoundGpus {
  readonly by: GpuBinding;
  readonly held: readonly HeldGpu[];
  /** What contradicted it. */
  readonly conflict?: string;
}

/**
 * What of it means a GPU that is not known is left out: that one is lost, or was never listed.
 * @returns null where nothing is claimed, or nothing tells what the indices count
 */
export function claimedGpus(gpus: readonly KnownGpu[], claim: GpuClaim, order: GpuOrder): ClaimedGpus | null {
  const claimed = (by: 'uuid' | 'index', found: readonly (HeldGpu | null)[], words: string): ClaimedGpus => {
    const held = found.filter((each) => each !== null);
    return { by, held, unknown: found.length - held.length, words };
  };
  const byUuid = claim.uuids.map((uuid) => heldByUuid(gpus, uuid));
  if (byUuid.some((each) => each !== null)) return claimed('uuid', byUuid, 'CUDA_VISIBLE_DEVICES');
  if (claim.indices.length === 0 || !isOrdered(gpus, order)) return null;
  const words = `SLURM_JOB_GPUS=${claim.indices.join(',')} with gpu.order: ${order.order}`;
  return claimed(
    'index',
    claim.indices.map((index) => heldByIndex(gpus, index, order)),
    words,
  );
}

/** Whether positions, minor numbers or the map tell anything. */
function isOrdered(gpus: readonly KnownGpu[], { order, map }: GpuOrder): boolean {
  if (order === 'map') return map.length > 0;
  return gpus.some(({ index, minor }) => (order === 'nvml' ? index : minor) !== null);
}

/** The GPUs behind device files; those of none are left out. */
export function gpusOfDevices(gpus: readonly KnownGpu[], devices: readonly GpuDeviceFile[]): HeldGpu[] {
  return gpus
    .filter((gpu) => devices.some(({ kind, minor }) => gpu.kind === kind && gpu.minor === minor))
    .map(whole);
}

/**
 * Which GPUs a run has. Of what contradicts each other the better evidence wins, and the other is told:
 *
 * 1. the devices that its cgroup allows: nothing else it can use;
 * 2. the UUIDs that slurmd gave it;
 * 3. where its processes are, if they are on none of the GPUs that the indices mean: then `gpu.order` is wrong;
 * 4. the indices, by `gpu.order`; with those beside them on which its processes are too.
 *
 * @param allowed by its cgroup; empty where that does not tell
 * @param seen where processes of it were seen
 * @returns null where nothing tells it (yet)
 */
export function bindGpus(
  claimed: ClaimedGpus | null,
  allowed: readonly HeldGpu[],
  seen: readonly HeldGpu[],
): BoundGpus | null {
  if (allowed.length > 0) {
    if (claimed === null) return { by: 'cgroup', held: allowed };
    // Instances of one GPU share its device: which they are the claim tells.
    if (isSame(namesOf(claimed.held), namesOf(allowed))) return { by: 'cgroup', held: claimed.held };
    return { by: 'cgroup', held: allowed, conflict: contradiction(claimed, 'its cgroup allows', allowed) };
  }
  if (claimed === null) return seen.length > 0 ? { by: 'processes', held: seen } : null;
  const elsewhere = outside(seen, claimed.held);
  if (elsewhere.length === 0) {
    const { by, held, unknown, words } = claimed;
    return {
      by,
      held,
      ...(unknown > 0 ? { conflict: `${words} names ${unknown} that are not known`.slice(0, LONGEST) } : {}),
    };
  }
  const conflict = contradiction(claimed, 'its processes are on', seen);
  if (claimed.by === 'uuid') return { by: 'uuid', held: claimed.held, conflict };
  const isWrongOrder = elsewhere.length === seen.length && seen.length >= claimed.held.length;
  return isWrongOrder
    ? { by: 'processes', held: seen, conflict }
    : { by: 'index', held: [...claimed.held, ...elsewhere], conflict };
}

function heldByUuid(gpus: readonly KnownGpu[], uuid: string): HeldGpu | null {
  for (const gpu of gpus) {
    if (gpu.uuid === uuid) return whole(gpu);
    const instance = gpu.instances?.find((each) => each.uuid === uuid);
    if (instance !== undefined) return part(gpu, instance);
    // Of drivers before 470: MIG-<uuid of the GPU>/<GPU instance>/<compute instance>.
    const [, owner, gi, ci] = /^MIG-(GPU-[^/]+)\/(\d+)\/(\d+)$/.exec(uuid) ?? [];
    if (owner !== undefined && owner === gpu.uuid) return part(gpu, { gpu: Number(gi), compute: Number(ci) });
  }
  return null;
}

/** Where GPUs are in MIG mode, slurmd's list is of their instances too. */
function heldByIndex(gpus: readonly KnownGpu[], index: number, { order, map }: GpuOrder): HeldGpu | null {
  if (order === 'map') {
    const wanted = map[index];
    const found = gpus.find(
      (gpu) => wanted !== undefined && (gpu.uuid === wanted || gpu.pciBusId === pciBusId(wanted)),
    );
    return found === undefined ? null : whole(found);
  }
  if (order === 'minor') {
    const found =
      gpus.find((gpu) => gpu.minor === index && gpu.kind === 'nvidia') ??
      gpus.find((gpu) => gpu.minor === 128 + index);
    return found === undefined ? null : whole(found);
  }
  const listed = gpus.toSorted((a, b) => (a.index ?? 0) - (b.index ?? 0));
  if (gpus.some((gpu) => gpu.instances !== null) || isModular(gpus)) {
    // Positions in slurmd's list are those of instances, or dies: with a GPU left out nothing tells what they are.
    const isComplete = listed.every((gpu, i) => gpu.index !== null && gpu.index <= i);
    const all = listed.flatMap(
      (gpu) => gpu.instances?.map((instance) => part(gpu, instance)) ?? [whole(gpu)],
    );
    return isComplete ? (all[index] ?? null) : null;
  }
  const found = gpus.find((gpu) => gpu.index === index);
  return found === undefined ? null : whole(found);
}

/** Whether several of Slurm's GPUs go by one position. */
function isModular(gpus: readonly KnownGpu[]): boolean {
  return new Set(gpus.map(({ index }) => index)).size < gpus.length;
}

/** `0000:3b:00.0`, of what nvidia-smi (`00000000:3B:00.0`) and lspci (`3b:00.0`) write. */
function pciBusId(text: string): string {
  const [, domain = '0', rest = ''] =
    /^(?:([0-9a-f]+):)?([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$/.exec(text.toLowerCase()) ?? [];
  return `${domain.replace(/^0+(?=.)/, '').padStart(4, '0')}:${rest}`;
}

function whole({ name }: KnownGpu): HeldGpu {
  return { name };
}

function part(
  { name }: KnownGpu,
  { gpu, compute }: { readonly gpu: number; readonly compute: number },
): HeldGpu {
  return { name, instance: { gpu, compute } };
}

/** Those of `seen` that are on nothing of `held`. */
function outside(seen: readonly HeldGpu[], held: readonly HeldGpu[]): HeldGpu[] {
  return seen.filter(
    (each) =>
      !held.some(
        ({ name, instance }) =>
          name === each.name &&
          (instance === undefined || each.instance === undefined || isSameInstance(instance, each.instance)),
      ),
  );
}

function isSameInstance(
  a: { readonly gpu: number; readonly compute: number },
  b: { readonly gpu: number; readonly compute: number },
): boolean {
  return a.gpu === b.gpu && a.compute === b.compute;
}

function namesOf(held: readonly HeldGpu[]): string[] {
  return [...new Set(held.map(({ name }) => name))].sort();
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

/** The schema's bound of a conflict. */
const LONGEST = 512;

function contradiction({ words, held: claimed }: ClaimedGpus, but: string, held: readonly HeldGpu[]): string {
  return `${words} means ${namesOf(claimed).join(', ')}, but ${but} ${namesOf(held).join(', ')}`.slice(
    0,
    LONGEST,
  );
}
