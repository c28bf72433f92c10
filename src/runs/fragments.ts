import { type Policy, POLICIES } from '../attribution/policy';
import type { DomainClass, RunRecord } from '../generated/record';
import { BlockIoSums } from './block-io';
import { DOMAIN_CLASSES } from './domain-class';
import { ExactSum } from './exact-sum';
import { GpuSums } from './gpu-sums';
import { energyIndex, ENERGY_KINDS, isEarlier, midpointMs, rowOfLine, type SliceRow } from './slice-row';
import type { SlotEnergy, Weighing } from './slot-weights';

/** What of a fragment's energy and time lies in one bucket: an hour or a day. */
export interface Slice {
  /** The hour or day, as `calendar` names it. */
  readonly bucket: string;
  fromMs: number;
  toMs: number;
  /** Whether the fragment's first line is in it, and the last, written at the epilog. */
  starts: boolean;
  ends: boolean;
  readonly cpuUs: ExactSum;
  readonly gpuMs: ExactSum;
  /** Most memory held at a reading; absent where none of its lines tells. */
  memoryBytes?: number;
  /** Absent where none of its lines tells. */
  blockIo?: BlockIoSums;
  /** Absent where no GPU of the run was read. */
  gpu?: GpuSums;
  /** Domains of GPUs that the run was charged for; absent without any. */
  gpuDomains?: Set<string>;
  readonly classes: Map<DomainClass, ClassSlice>;
  /** By begin of the slot; absent where energy is not weighed by its time. */
  slots?: Map<number, SlotEnergy>;
}

/** One class of domains in a slice. Sums of µJ are absent where no domain of the class was observed. */
export interface ClassSlice {
  measuredUj?: ExactSum;
  modelledUj?: ExactSum;
  /** The part of both whose division among the runs rests on an estimate. */
  estimatedUj?: ExactSum;
  /** The part of both that was divided for want of something better: see `isGuess`. */
  guessedUj?: ExactSum;
  /** Time in which all domains of the class were observed. */
  observedMs: number;
}

/** What every line of a fragment says of its run, and where in the fragment the line stands. */
export type RunFacts = Pick<
  SliceRow,
  | 'host'
  | 'uid'
  | 'user'
  | 'account'
  | 'partition'
  | 'nodes'
  | 'cpus'
  | 'sluid'
  | 'slurmStart'
  | 'factsFromMs'
  | 'instance'
  | 'seq'
>;

/** A run on one node: (cluster, node, job, restart, started). */
export interface Fragment {
  readonly cluster: string;
  readonly node: string;
  readonly job: number;
  readonly restart: number;
  readonly startedMs: number;
  /** End of its newest record read. */
  toMs: number;
  /** What its earliest record tells of the run, which is the same on all of them unless an admin changed the job. */
  facts: RunFacts;
  /** SLURM_JOB_NODELIST, where the fragment's first line was read. */
  nodelist?: string;
  /** SLURM_JOB_QOS (26.05 and later), where the fragment's first line was read. */
  qos?: string;
  /** SLURM_HET_JOB_ID, where the fragment's first line was read. */
  hetJobId?: number;
  /** By bucket. */
  readonly slices: Map<string, Slice>;
}

/** Collects the fragments of run records, in any order. */
export class Fragments {
  readonly #policy: number;
  readonly #bucketOf: (midpointMs: number) => string;
  readonly #weighing: Weighing | null;
  /** By cluster and job, then by what else makes them one. */
  readonly #jobs = new Map<string, Map<string, Fragment>>();

  /**
   * @param bucketOf the bucket that a record with this midpoint (Unix ms) belongs to
   * @param weighing what energies are to be weighed by; null: by nothing
   */
  constructor(policy: Policy, bucketOf: (midpointMs: number) => string, weighing: Weighing | null = null) {
    this.#policy = POLICIES.indexOf(policy);
    this.#bucketOf = bucketOf;
    this.#weighing = weighing;
  }

  add(record: RunRecord): void {
    this.addRow(record.cluster, rowOfLine(record), midpointMs(record));
  }

  /**
   * Adds what lines of a fragment were added up to.
   * @param atMs a moment in the bucket that they belong to, Unix ms
   */
  addRow(cluster: string, row: SliceRow, atMs: number): void {
    const { node, job, restart, startedMs, toMs, nodelist } = row;
    const jobKey = `${cluster}\0${job}`;
    let ofJob = this.#jobs.get(jobKey);
    if (ofJob === undefined) this.#jobs.set(jobKey, (ofJob = new Map()));
    const key = `${node}\0${restart}\0${startedMs}`;
    let fragment = ofJob.get(key);
    if (fragment === undefined) {
      fragment = { cluster, node, job, restart, startedMs, toMs, facts: factsOf(row), slices: new Map() };
      ofJob.set(key, fragment);
    } else if (isEarlier(row, fragment.facts)) fragment.facts = factsOf(row);
    fragment.toMs = Math.max(fragment.toMs, toMs);
    if (nodelist !== undefined) fragment.nodelist = nodelist;
    if (row.qos !== undefined) fragment.qos = row.qos;
    if (row.hetJob !== undefined) fragment.hetJobId = row.hetJob;
    const bucket = this.#bucketOf(atMs);
    let slice = fragment.slices.get(bucket);
    if (slice === undefined) fragment.slices.set(bucket, (slice = emptySlice(bucket, row)));
    addToSlice(slice, row, this.#policy);
    const weighing = this.#weighing;
    if (weighing !== null && weighing.curveOf(cluster) !== null)
      addToSlot(slice, row, this.#policy, weighing.slotMsOf(cluster));
  }

  /** Hands out one job's fragments, in an order that does not depend on the lines', and forgets them. */
  take(cluster: string, job: number): Fragment[] {
    const key = `${cluster}\0${job}`;
    const ofJob = this.#jobs.get(key);
    this.#jobs.delete(key);
    return sorted(ofJob ?? new Map<string, Fragment>());
  }

  /** The jobs of which it has fragments, in an order that does not depend on the lines'. */
  get jobs(): { readonly cluster: string; readonly job: number }[] {
    return [...this.#jobs.keys()]
      .sort()
      .map((key) => key.split('\0'))
      .map(([cluster = '', job]) => ({ cluster, job: Number(job) }));
  }
}

function sorted(fragments: ReadonlyMap<string, Fragment>): Fragment[] {
  return [...fragments].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, fragment]) => fragment);
}

function emptySlice(bucket: string, { fromMs, toMs }: SliceRow): Slice {
  return {
    bucket,
    fromMs,
    toMs,
    starts: false,
    ends: false,
    cpuUs: new ExactSum(),
    gpuMs: new ExactSum(),
    classes: new Map(),
  };
}

function addToSlice(slice: Slice, row: SliceRow, policy: number): void {
  slice.fromMs = Math.min(slice.fromMs, row.fromMs);
  slice.toMs = Math.max(slice.toMs, row.toMs);
  slice.starts ||= row.starts;
  slice.ends ||= row.ends;
  slice.cpuUs.add(row.cpuUs);
  slice.gpuMs.add(row.gpuMs);
  if (row.memoryBytes !== undefined) {
    slice.memoryBytes = Math.max(slice.memoryBytes ?? 0, row.memoryBytes);
  }
  if (row.io !== undefined) {
    const [rb, wb, r, w] = row.io;
    (slice.blockIo ??= new BlockIoSums()).add({ rb, wb, r, w });
  }
  if (row.gpu !== undefined) (slice.gpu ??= new GpuSums()).addRow(row.gpu, policy);
  if (row.gpuDomains.size > 0) {
    slice.gpuDomains ??= new Set();
    for (const domain of row.gpuDomains) slice.gpuDomains.add(domain);
  }
  DOMAIN_CLASSES.forEach((name, index) => addClass(slice, name, index, row, policy));
}

/** Lines come with a time of their own, rows with that of their slot: both end up in it. */
function addToSlot(slice: Slice, row: SliceRow, policy: number, lengthMs: number): void {
  const slotMs = Math.floor(row.slotMs / lengthMs) * lengthMs;
  const slots = (slice.slots ??= new Map<number, SlotEnergy>());
  let slot = slots.get(slotMs);
  if (slot === undefined) {
    slot = { slotMs, fromMs: row.fromMs, toMs: row.toMs, recordedUj: 0, measuredUj: 0 };
    slots.set(slotMs, slot);
  }
  slot.fromMs = Math.min(slot.fromMs, row.fromMs);
  slot.toMs = Math.max(slot.toMs, row.toMs);
  for (let index = 0; index < DOMAIN_CLASSES.length; index++) {
    const measuredUj = row.uj[energyIndex(index, MEASURED, policy)] ?? 0;
    slot.measuredUj += measuredUj;
    slot.recordedUj += measuredUj + (row.uj[energyIndex(index, MODELLED, policy)] ?? 0);
  }
}

const MEASURED = ENERGY_KINDS.indexOf('measured');
const MODELLED = ENERGY_KINDS.indexOf('modelled');

const SUM_OF_KIND = {
  measured: 'measuredUj',
  modelled: 'modelledUj',
  estimated: 'estimatedUj',
  guessed: 'guessedUj',
} as const;

function addClass(slice: Slice, name: DomainClass, index: number, row: SliceRow, policy: number): void {
  const observedMs = row.observedMs[index];
  if (observedMs !== undefined) classOf(slice, name).observedMs += observedMs;
  ENERGY_KINDS.forEach((kind, kindIndex) => {
    const uj = row.uj[energyIndex(index, kindIndex, policy)];
    if (uj !== undefined) (classOf(slice, name)[SUM_OF_KIND[kind]] ??= new ExactSum()).add(uj);
  });
}

/** The classes of a slice in their usual order. */
export function classesOf(slices: Iterable<Slice>): DomainClass[] {
  const found = new Set<DomainClass>();
  for (const slice of slices) for (const name of slice.classes.keys()) found.add(name);
  return DOMAIN_CLASSES.filter((name) => found.has(name));
}

function classOf(slice: Slice, name: DomainClass): ClassSlice {
  let found = slice.classes.get(name);
  if (found === undefined) {
    found = { observedMs: 0 };
    slice.classes.set(name, found);
  }
  return found;
}

/** Not the row itself, which is larger. */
function factsOf(row: SliceRow): RunFacts {
  const { host, uid, user, account, partition, nodes, cpus, sluid, slurmStart, factsFromMs, instance, seq } =
    row;
  return { host, uid, user, account, partition, nodes, cpus, sluid, slurmStart, factsFromMs, instance, seq };
}
