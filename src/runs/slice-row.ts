import { GPU_BINDINGS } from '../attribution/gpu-binding';
import { POLICIES } from '../attribution/policy';
import type { EnergyByDomain, RunRecord } from '../generated/record';
import { utcMs } from '../ledger/utc-time';
import { classOfDomain, DOMAIN_CLASSES } from './domain-class';

/** How energies of a slice are told apart: read, worked out, and what of both was divided by estimate or by guess. */
export const ENERGY_KINDS = ['measured', 'modelled', 'estimated', 'guessed'] as const;

export type EnergyKind = (typeof ENERGY_KINDS)[number];

/** Place of an energy in {@link SliceRow.uj}. */
export function energyIndex(classIndex: number, kindIndex: number, policyIndex: number): number {
  return (classIndex * ENERGY_KINDS.length + kindIndex) * POLICIES.length + policyIndex;
}

export const ENERGIES = DOMAIN_CLASSES.length * ENERGY_KINDS.length * POLICIES.length;

/** P0 is the fastest. */
export const P_STATES = 16;

/** What GPUs did: as {@link GpuSums}, under all policies. */
export interface GpuRow {
  readMs: number;
  busyMs: number | undefined;
  toldMs: number;
  readonly idleUj: (number | undefined)[];
  throttledMs: number | undefined;
  readonly pStateMs: (number | undefined)[];
  memoryBytes: number | undefined;
  /** Place in GPU_BINDINGS: the least certain is the highest. */
  by: number;
  conflict: string | undefined;
}

/**
 * What lines of one fragment say of one slot of time, added up: all that a report needs of them, under every policy. Sums of
 * rows of the same fragment and slot are what their lines would have given together, whatever their order.
 */
export interface SliceRow {
  readonly node: string;
  readonly job: number;
  readonly restart: number;
  readonly startedMs: number;
  /** Begin of the slot, Unix ms; a line belongs to that in which its middle lies. */
  readonly slotMs: number;

  /** What the earliest of the lines tells, and which that is. */
  host: string;
  instance: string;
  seq: number;
  factsFromMs: number;
  uid: number | undefined;
  user: string | undefined;
  account: string | undefined;
  partition: string | undefined;
  nodes: number | undefined;
  cpus: number | undefined;
  sluid: string | undefined;
  slurmStart: number | undefined;

  /** From the fragment's first and last line, where they are among these. */
  nodelist: string | undefined;
  hetJob: number | undefined;
  qos: string | undefined;
  reservation: string | undefined;
  exitCode: string | undefined;
  endBy: string | undefined;

  fromMs: number;
  toMs: number;
  starts: boolean;
  ends: boolean;
  lines: number;
  cpuUs: number;
  overheadUs: number;
  gpuMs: number;
  memoryBytes: number | undefined;
  /** Bytes read, bytes written, reads, writes; undefined: no line tells. */
  io: [number, number, number, number] | undefined;
  gpu: GpuRow | undefined;
  /** Names of the domains of GPUs that it was charged for. */
  readonly gpuDomains: Set<string>;
  /** By {@link energyIndex}; undefined: no line tells. */
  readonly uj: (number | undefined)[];
  /** By class, time in which all its domains were observed; undefined: no line tells of the class. */
  readonly observedMs: (number | undefined)[];
}

/** Adds lines up to rows, one a fragment and slot. */
export class SliceRows {
  readonly #slotMs: number;
  readonly #rows = new Map<string, SliceRow>();
  /** Of each job, the row of its last line: the next line's is mostly the same. */
  readonly #lastRows = new Map<number, SliceRow>();

  /** @param slotMs length of a slot: slots begin at its multiples, in UTC */
  constructor(slotMs: number) {
    this.#slotMs = slotMs;
  }

  /** In the order of their first lines. */
  get rows(): Iterable<SliceRow> {
    return this.#rows.values();
  }

  get size(): number {
    return this.#rows.size;
  }

  clear(): void {
    this.#rows.clear();
    this.#lastRows.clear();
  }

  /** @returns the row that the line was added to */
  add(record: RunRecord): SliceRow {
    const { node, job, restart = 0 } = record;
    const startedMs = utcMs(record.started);
    const slotMs = Math.floor(midpointMs(record) / this.#slotMs) * this.#slotMs;
    let row = this.#lastRows.get(job);
    if (
      row?.slotMs !== slotMs ||
      row.startedMs !== startedMs ||
      row.restart !== restart ||
      row.node !== node
    ) {
      const key = `${node}\0${job}\0${restart}\0${startedMs}\0${slotMs}`;
      row = this.#rows.get(key) ?? emptyRow(record, slotMs);
      this.#rows.set(key, row);
      this.#lastRows.set(job, row);
    }
    addLine(row, record);
    return row;
  }
}

/** A line by itself. */
export function rowOfLine(record: RunRecord): SliceRow {
  const row = emptyRow(record, midpointMs(record));
  addLine(row, record);
  return row;
}

function emptyRow(record: RunRecord, slotMs: number): SliceRow {
  const row: SliceRow = {
    node: record.node,
    job: record.job,
    restart: record.restart ?? 0,
    startedMs: utcMs(record.started),
    slotMs,
    host: '',
    instance: '',
    seq: 0,
    factsFromMs: 0,
    uid: undefined,
    user: undefined,
    account: undefined,
    partition: undefined,
    nodes: undefined,
    cpus: undefined,
    sluid: undefined,
    slurmStart: undefined,
    nodelist: undefined,
    hetJob: undefined,
    qos: undefined,
    reservation: undefined,
    exitCode: undefined,
    endBy: undefined,
    fromMs: Infinity,
    toMs: -Infinity,
    starts: false,
    ends: false,
    lines: 0,
    cpuUs: 0,
    overheadUs: 0,
    gpuMs: 0,
    memoryBytes: undefined,
    io: undefined,
    gpu: undefined,
    gpuDomains: new Set(),
    uj: Array.from<number | undefined>({ length: ENERGIES }),
    observedMs: Array.from<number | undefined>({ length: DOMAIN_CLASSES.length }),
  };
  takeFacts(row, record, utcMs(record.from));
  return row;
}

function takeFacts(row: SliceRow, record: RunRecord, fromMs: number): void {
  row.factsFromMs = fromMs;
  row.host = record.host;
  row.instance = record.instance;
  row.seq = record.seq;
  row.uid = record.uid;
  row.user = record.user;
  row.account = record.account;
  row.partition = record.partition;
  row.nodes = record.nodes;
  row.cpus = record.cpus;
  row.sluid = record.sluid;
  row.slurmStart = record.slurm_start;
}

function addLine(row: SliceRow, record: RunRecord): void {
  const readMs = utcMs(record.from);
  const { start, end, io, gpu } = record;
  const { instance, seq } = record;
  if (isEarlier({ factsFromMs: readMs, instance, seq }, row)) {
    takeFacts(row, record, readMs);
  }
  // A run that the agent saw late has been there since its prolog: what went before the first reading is not covered.
  const fromMs = start?.by === 'prolog' ? Math.min(readMs, row.startedMs) : readMs;
  row.fromMs = Math.min(row.fromMs, fromMs);
  row.toMs = Math.max(row.toMs, utcMs(record.to));
  row.starts ||= start?.by === 'prolog';
  row.ends ||= end?.by === 'epilog';
  if (start !== undefined) {
    row.nodelist = start.nodelist ?? row.nodelist;
    row.hetJob = start.het_job ?? row.hetJob;
    row.qos = start.qos ?? row.qos;
    row.reservation = start.reservation ?? row.reservation;
  }
  if (end !== undefined) {
    row.exitCode = end.exit_code ?? row.exitCode;
    row.endBy = end.by;
  }
  row.lines++;
  row.cpuUs += record.cpu_us ?? 0;
  row.overheadUs += record.overhead_us ?? 0;
  // Allocated from the prolog on, whoever was looking.
  row.gpuMs += (record.gpus ?? 0) * (record.ms + readMs - fromMs);
  row.memoryBytes = most(row.memoryBytes, record.memory_bytes);
  if (io !== undefined) {
    const sums = (row.io ??= [0, 0, 0, 0]);
    sums[0] += io.rb ?? 0;
    sums[1] += io.wb ?? 0;
    sums[2] += io.r ?? 0;
    sums[3] += io.w ?? 0;
  }
  if (gpu !== undefined) addGpu((row.gpu ??= emptyGpu()), gpu);
  addEnergy(row, record);
}

function addEnergy(row: SliceRow, record: RunRecord): void {
  const worstMissingMs = DOMAIN_CLASSES.map((): number | undefined => undefined);
  addKind(row, record, record.measured_uj, 0, worstMissingMs);
  if (record.modelled_uj !== undefined) addKind(row, record, record.modelled_uj, 1, worstMissingMs);
  for (const domain in record.estimated_uj) {
    addAll(row, classIndexOf(domain), 2, record.estimated_uj[domain]!);
  }
  for (const domain in record.missing_ms) {
    const index = classIndexOf(domain);
    worstMissingMs[index] = Math.max(worstMissingMs[index] ?? 0, record.missing_ms[domain]!);
  }
  worstMissingMs.forEach((missingMs, index) => {
    if (missingMs === undefined) return;
    row.observedMs[index] = (row.observedMs[index] ?? 0) + Math.max(0, record.ms - missingMs);
  });
}

function addKind(
  row: SliceRow,
  record: RunRecord,
  energy: EnergyByDomain,
  kind: 0 | 1,
  worstMissingMs: (number | undefined)[],
): void {
  for (const domain in energy) {
    const byPolicy = energy[domain]!;
    const index = classIndexOf(domain);
    // Lines can name GPUs of the host that the run has no part in.
    if (DOMAIN_CLASSES[index] === 'gpu' && byPolicy.some((uj) => uj > 0)) row.gpuDomains.add(domain);
    addAll(row, index, kind, byPolicy);
    if (isGuess(record, DOMAIN_CLASSES[index]!)) addAll(row, index, 3, byPolicy);
    worstMissingMs[index] ??= 0;
  }
}

function addAll(row: SliceRow, classIndex: number, kind: number, byPolicy: readonly number[]): void {
  const at = energyIndex(classIndex, kind, 0);
  for (let policy = 0; policy < POLICIES.length; policy++) {
    row.uj[at + policy] = (row.uj[at + policy] ?? 0) + (byPolicy[policy] ?? 0);
  }
}

function classIndexOf(domain: string): number {
  return DOMAIN_CLASSES.indexOf(classOfDomain(domain));
}

export function emptyGpu(): GpuRow {
  return {
    readMs: 0,
    busyMs: undefined,
    toldMs: 0,
    idleUj: POLICIES.map(() => undefined),
    throttledMs: undefined,
    pStateMs: Array.from<number | undefined>({ length: P_STATES }),
    memoryBytes: undefined,
    by: 0,
    conflict: undefined,
  };
}

function addGpu(row: GpuRow, gpu: NonNullable<RunRecord['gpu']>): void {
  row.readMs += gpu.ms;
  if (gpu.busy_ms !== undefined) {
    row.busyMs = (row.busyMs ?? 0) + gpu.busy_ms;
    row.toldMs += gpu.told_ms ?? gpu.ms;
  }
  gpu.idle_uj?.forEach((uj, policy) => {
    row.idleUj[policy] = (row.idleUj[policy] ?? 0) + uj;
  });
  if (gpu.throttled_ms !== undefined) row.throttledMs = (row.throttledMs ?? 0) + gpu.throttled_ms;
  for (const [name, ms] of Object.entries(gpu.p_state_ms ?? {})) {
    const state = Number(name.slice(1));
    row.pStateMs[state] = (row.pStateMs[state] ?? 0) + ms;
  }
  row.memoryBytes = most(row.memoryBytes, gpu.memory_bytes);
  row.by = Math.max(row.by, GPU_BINDINGS.indexOf(gpu.by));
  const { conflict } = gpu;
  if (conflict !== undefined && (row.conflict === undefined || conflict < row.conflict)) {
    row.conflict = conflict;
  }
}

function most(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.max(a, b);
}

/** Which package a run was on is assumed, or its memory divided by CPU time: the class's energy in the line is a guess. */
function isGuess({ package_split, dram_split }: RunRecord, name: (typeof DOMAIN_CLASSES)[number]): boolean {
  return (name === 'cpu' && package_split === 'assumed') || (name === 'dram' && dram_split === 'cpu_time');
}

/** The middle of a record's time decides which day, month and report it belongs to. */
export function midpointMs(record: { readonly from: string; readonly to: string }): number {
  return (utcMs(record.from) + utcMs(record.to)) / 2;
}

/** Whether a line stands before another in its fragment. */
export function isEarlier(
  a: Pick<SliceRow, 'factsFromMs' | 'instance' | 'seq'>,
  b: Pick<SliceRow, 'factsFromMs' | 'instance' | 'seq'>,
): boolean {
  return (
    a.factsFromMs < b.factsFromMs ||
    (a.factsFromMs === b.factsFromMs &&
      (a.instance < b.instance || (a.instance === b.instance && a.seq < b.seq)))
  );
}
