import { type Policy, POLICIES } from '../attribution/policy';
import type { DomainClass, EnergyByDomain, RunRecord } from '../generated/record';
import { BlockIoSums } from './block-io';
import { classOfDomain, DOMAIN_CLASSES } from './domain-class';
import { ExactSum } from './exact-sum';
import { GpuSums } from './gpu-sums';

/** What of a fragment's energy and time lies in one bucket (a day, a month, or the whole window). */
export interface Slice {
  /** Key of the bucket; '' where the report does not cut time. */
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
  RunRecord,
  | 'host'
  | 'uid'
  | 'user'
  | 'account'
  | 'partition'
  | 'nodes'
  | 'sluid'
  | 'slurm_start'
  | 'from'
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
  /** By bucket. */
  readonly slices: Map<string, Slice>;
}

/** Collects the fragments of run records, in any order. */
export class Fragments {
  readonly #policy: number;
  readonly #bucketOf: (midpointMs: number) => string;
  readonly #fragments = new Map<string, Fragment>();

  /** @param bucketOf the bucket that a record with this midpoint (Unix ms) belongs to */
  constructor(policy: Policy, bucketOf: (midpointMs: number) => string) {
    this.#policy = POLICIES.indexOf(policy);
    this.#bucketOf = bucketOf;
  }

  add(record: RunRecord): void {
    const { cluster, node, job, restart = 0 } = record;
    const key = `${cluster}\0${node}\0${job}\0${restart}\0${record.started}`;
    const toMs = Date.parse(record.to);
    let fragment = this.#fragments.get(key);
    if (fragment === undefined) {
      const startedMs = Date.parse(record.started);
      fragment = { cluster, node, job, restart, startedMs, toMs, facts: factsOf(record), slices: new Map() };
      this.#fragments.set(key, fragment);
    }
    fragment.toMs = Math.max(fragment.toMs, toMs);
    if (isEarlier(record, fragment.facts)) fragment.facts = factsOf(record);
    if (record.start?.nodelist !== undefined) fragment.nodelist = record.start.nodelist;
    this.#addToSlice(fragment, record, toMs);
  }

  /** In an order that does not depend on the records'. */
  get all(): Fragment[] {
    return [...this.#fragments].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, fragment]) => fragment);
  }

  #addToSlice(fragment: Fragment, record: RunRecord, toMs: number): void {
    const readMs = Date.parse(record.from);
    // A run that the agent saw late has been there since its prolog: what went before the first reading is not covered.
    const fromMs = record.start?.by === 'prolog' ? Math.min(readMs, fragment.startedMs) : readMs;
    const bucket = this.#bucketOf(midpointMs(record));
    let slice = fragment.slices.get(bucket);
    if (slice === undefined) {
      slice = {
        bucket,
        fromMs,
        toMs,
        starts: false,
        ends: false,
        cpuUs: new ExactSum(),
        gpuMs: new ExactSum(),
        classes: new Map(),
      };
      fragment.slices.set(bucket, slice);
    }
    slice.fromMs = Math.min(slice.fromMs, fromMs);
    slice.toMs = Math.max(slice.toMs, toMs);
    // A fragment that its epilog alone tells of was there before: from when on, only the run's other nodes say.
    slice.starts ||= record.start?.by === 'prolog';
    slice.ends ||= record.end?.by === 'epilog';
    slice.cpuUs.add(record.cpu_us ?? 0);
    if (record.memory_bytes !== undefined)
      slice.memoryBytes = Math.max(slice.memoryBytes ?? 0, record.memory_bytes);
    if (record.io !== undefined) (slice.blockIo ??= new BlockIoSums()).add(record.io);
    if (record.gpu !== undefined) (slice.gpu ??= new GpuSums()).addLine(record.gpu, this.#policy);
    // Allocated from the prolog on, whoever was looking.
    slice.gpuMs.add((record.gpus ?? 0) * (record.ms + readMs - fromMs));
    this.#addEnergy(slice, record);
  }

  #addEnergy(slice: Slice, record: RunRecord): void {
    const worstMissingMs = new Map<DomainClass, number>();
    const addAll = (energy: EnergyByDomain, quality: 'measuredUj' | 'modelledUj'): void => {
      for (const [domain, byPolicy] of Object.entries(energy)) {
        const name = classOfDomain(domain);
        // Lines can name GPUs of the host that the run has no part in.
        if (name === 'gpu' && byPolicy.some((uj) => uj > 0)) (slice.gpuDomains ??= new Set()).add(domain);
        const found = classOf(slice, name);
        const uj = byPolicy[this.#policy] ?? 0;
        (found[quality] ??= new ExactSum()).add(uj);
        if (isGuess(record, name)) (found.guessedUj ??= new ExactSum()).add(uj);
        if (!worstMissingMs.has(name)) worstMissingMs.set(name, 0);
      }
    };
    addAll(record.measured_uj, 'measuredUj');
    addAll(record.modelled_uj ?? {}, 'modelledUj');
    for (const [domain, byPolicy] of Object.entries(record.estimated_uj ?? {})) {
      (classOf(slice, classOfDomain(domain)).estimatedUj ??= new ExactSum()).add(byPolicy[this.#policy] ?? 0);
    }
    for (const [domain, ms] of Object.entries(record.missing_ms ?? {})) {
      const name = classOfDomain(domain);
      worstMissingMs.set(name, Math.max(worstMissingMs.get(name) ?? 0, ms));
    }
    for (const [name, missingMs] of worstMissingMs) {
      classOf(slice, name).observedMs += Math.max(0, record.ms - missingMs);
    }
  }
}

/** Which package a run was on is assumed, or its memory divided by CPU time: the class's energy in the line is a guess. */
function isGuess({ package_split, dram_split }: RunRecord, name: DomainClass): boolean {
  return (name === 'cpu' && package_split === 'assumed') || (name === 'dram' && dram_split === 'cpu_time');
}

/** The middle of a record's time decides which day, month and report it belongs to. */
export function midpointMs(record: { readonly from: string; readonly to: string }): number {
  return (Date.parse(record.from) + Date.parse(record.to)) / 2;
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

/** Not the record itself: a month's records do not fit in memory. */
function factsOf(record: RunRecord): RunFacts {
  const { host, uid, user, account, partition, nodes, sluid, slurm_start, from, instance, seq } = record;
  return {
    host,
    from,
    instance,
    seq,
    ...(uid === undefined ? {} : { uid }),
    ...(user === undefined ? {} : { user }),
    ...(account === undefined ? {} : { account }),
    ...(partition === undefined ? {} : { partition }),
    ...(nodes === undefined ? {} : { nodes }),
    ...(sluid === undefined ? {} : { sluid }),
    ...(slurm_start === undefined ? {} : { slurm_start }),
  };
}

function isEarlier(a: RunFacts, b: RunFacts): boolean {
  return (
    a.from < b.from ||
    (a.from === b.from && (a.instance < b.instance || (a.instance === b.instance && a.seq < b.seq)))
  );
}
