import type { HostContext, Pressure, Traffic } from '../generated/record';
import type { IoCounters } from '../sources/io-counters';
import type { HostContextReading } from '../sources/host-context';
import { type Missing, isMissing } from '../sources/source';
import { addIo, addIoGrowth, growth, type IoSums, isNoIo, noIo } from './io-growth';

/** What one look at the host tells besides energy and CPU time. */
export interface ContextLook {
  readonly context: HostContextReading;
  /** By the disk's name. */
  readonly disks: ReadonlyMap<string, IoCounters> | Missing;
  /** By file system. */
  readonly networkFiles: ReadonlyMap<string, IoCounters> | Missing;
}

const COUNTERS = ['majorFaults', 'pressureCpuUs', 'pressureMemoryUs', 'pressureIoUs'] as const;
type Counter = (typeof COUNTERS)[number];

/** The counters of the last look that told them: what the next look's growth is counted from. */
export interface ContextCounters {
  readonly single: Readonly<Partial<Record<Counter, bigint>>>;
  readonly disks: Readonly<Record<string, IoCounters>>;
  readonly networkFiles: Readonly<Record<string, IoCounters>>;
}

/** What the host did besides since its last line; null and absent: not told. */
export interface ContextLine {
  looks: number;
  load1: Values | null;
  frequencyMhz: Values | null;
  grown: Partial<Record<Counter, number>>;
  disks: Record<string, IoSums> | null;
  networkFiles: IoSums | null;
}

/** Of the looks that told a value. */
export interface Values {
  count: number;
  sum: number;
  min: number;
  max: number;
}

/** The part of the host's state that is kept of its context. Absent in checkpoints of versions that did not record it. */
export interface ContextState {
  contextCounters?: ContextCounters;
  readonly host: { context?: ContextLine };
}

/** Disks that a record names. */
const MOST_DISKS = 8;
/** The schema's bound. */
const LONGEST_NAME = 64;

/** Takes up a look: adds to the line in hand what grew since the last one. */
export function takeUpContext(state: ContextState, { context, disks, networkFiles }: ContextLook): void {
  const line = (state.host.context ??= emptyContextLine());
  const before = state.contextCounters;
  line.looks += 1;
  line.load1 = withValue(line.load1, context.load1);
  line.frequencyMhz = withValue(line.frequencyMhz, context.frequencyMhz);

  const single: Partial<Record<Counter, bigint>> = { ...before?.single };
  for (const name of COUNTERS) {
    const now = context[name];
    if (now === undefined) continue;
    line.grown[name] = (line.grown[name] ?? 0) + growth(single[name], now);
    single[name] = now;
  }
  if (!isMissing(disks)) {
    const sums = (line.disks ??= {});
    for (const [name, io] of disks) addIoGrowth((sums[name] ??= noIo()), before?.disks[name], io);
  }
  if (!isMissing(networkFiles)) {
    const sums = (line.networkFiles ??= noIo());
    for (const [key, io] of networkFiles) addIoGrowth(sums, before?.networkFiles[key], io);
  }
  state.contextCounters = {
    single,
    disks: isMissing(disks) ? (before?.disks ?? {}) : Object.fromEntries(disks),
    networkFiles: isMissing(networkFiles) ? (before?.networkFiles ?? {}) : Object.fromEntries(networkFiles),
  };
}

function emptyContextLine(): ContextLine {
  return { looks: 0, load1: null, frequencyMhz: null, grown: {}, disks: null, networkFiles: null };
}

function withValue(values: Values | null, value: number | undefined): Values | null {
  if (value === undefined) return values;
  if (values === null) return { count: 1, sum: value, min: value, max: value };
  return {
    count: values.count + 1,
    sum: values.sum + value,
    min: Math.min(values.min, value),
    max: Math.max(values.max, value),
  };
}

/** The context as a host's record has it. */
export function contextRecord(line: ContextLine): HostContext {
  const { looks, load1, frequencyMhz, grown, disks, networkFiles } = line;
  const pressure: Pressure = {
    ...(grown.pressureCpuUs === undefined ? {} : { cpu: grown.pressureCpuUs }),
    ...(grown.pressureMemoryUs === undefined ? {} : { memory: grown.pressureMemoryUs }),
    ...(grown.pressureIoUs === undefined ? {} : { io: grown.pressureIoUs }),
  };
  return {
    looks,
    ...(load1 === null ? {} : { load1: { mean: rounded(load1.sum / load1.count), max: load1.max } }),
    ...(frequencyMhz === null ? {} : { cpu_mhz: wholeMhz(frequencyMhz) }),
    ...(grown.majorFaults === undefined ? {} : { major_faults: grown.majorFaults }),
    ...(Object.keys(pressure).length === 0 ? {} : { pressure_us: pressure }),
    ...(disks === null ? {} : disksRecord(disks)),
    ...(networkFiles === null ? {} : { network_files: traffic(networkFiles) }),
  };
}

/** Those that moved most, and the rest as one. */
function disksRecord(disks: Readonly<Record<string, IoSums>>): Pick<HostContext, 'disks' | 'other_disks'> {
  const bytes = ({ readBytes, writtenBytes }: IoSums): number => readBytes + writtenBytes;
  const moved = Object.entries(disks)
    .filter(([, sums]) => !isNoIo(sums))
    .toSorted(([a, ofA], [b, ofB]) => bytes(ofB) - bytes(ofA) || (a < b ? -1 : 1));
  const named = moved
    .slice(0, MOST_DISKS)
    .map(([name, sums]) => [name.slice(0, LONGEST_NAME), traffic(sums)]);
  const rest = noIo();
  for (const [, sums] of moved.slice(MOST_DISKS)) addIo(rest, sums);
  return {
    disks: Object.fromEntries(named) as Record<string, Traffic>,
    ...(isNoIo(rest) ? {} : { other_disks: traffic(rest) }),
  };
}

function traffic({ readBytes, writtenBytes, readOps, writtenOps }: IoSums): Traffic {
  return { read_bytes: readBytes, written_bytes: writtenBytes, read_ops: readOps, written_ops: writtenOps };
}

function wholeMhz({ count, sum, min, max }: Values) {
  return { min: Math.round(min), mean: Math.round(sum / count), max: Math.round(max) };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
