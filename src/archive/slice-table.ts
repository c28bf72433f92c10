import { POLICIES } from '../attribution/policy';
import { DOMAIN_CLASSES } from '../runs/domain-class';
import {
  emptyGpu,
  energyIndex,
  ENERGIES,
  ENERGY_KINDS,
  type GpuRow,
  P_STATES,
  type SliceRow,
} from '../runs/slice-row';
import type { Column, Merge, Table, Value } from './column';

type SliceColumn = Column<SliceRow>;

const integer = (name: string, merge: Merge, of: (row: SliceRow) => number | undefined): SliceColumn => ({
  name,
  type: 'BIGINT',
  merge,
  of,
});
const text = (name: string, merge: Merge, of: (row: SliceRow) => string | undefined): SliceColumn => ({
  name,
  type: 'VARCHAR',
  merge,
  of,
});
const truth = (name: string, of: (row: SliceRow) => boolean): SliceColumn => ({
  name,
  type: 'BOOLEAN',
  merge: 'or',
  of,
});

/** Names of the columns of energies, at the places of {@link energyIndex}: `cpu_measured_usage_uj`. */
export const ENERGY_COLUMNS: readonly string[] = DOMAIN_CLASSES.flatMap((name) =>
  ENERGY_KINDS.flatMap((kind) => POLICIES.map((policy) => `${name}_${kind}_${policy}_uj`)),
);

const IO_COLUMNS = ['read_bytes', 'written_bytes', 'reads', 'writes'] as const;

/** Runs' fragments by slot of time: what reports are made of. See {@link SliceRow}. */
export const SLICES: Table<SliceRow> = {
  name: 'slices',
  time: 'slot_ms',
  order: ['job', 'started_ms', 'node', 'slot_ms'],
  earliestBy: ['facts_from_ms', 'instance', 'seq'],
  columns: [
    text('node', 'key', (row) => row.node),
    integer('job', 'key', (row) => row.job),
    integer('restart', 'key', (row) => row.restart),
    integer('started_ms', 'key', (row) => row.startedMs),
    integer('slot_ms', 'key', (row) => row.slotMs),
    text('host', 'earliest', (row) => row.host),
    text('instance', 'earliest', (row) => row.instance),
    integer('seq', 'earliest', (row) => row.seq),
    integer('facts_from_ms', 'earliest', (row) => row.factsFromMs),
    integer('uid', 'earliest', (row) => row.uid),
    text('user', 'earliest', (row) => row.user),
    text('account', 'earliest', (row) => row.account),
    text('partition', 'earliest', (row) => row.partition),
    integer('nodes', 'earliest', (row) => row.nodes),
    integer('cpus', 'earliest', (row) => row.cpus),
    text('sluid', 'earliest', (row) => row.sluid),
    integer('slurm_start', 'earliest', (row) => row.slurmStart),
    text('nodelist', 'max', (row) => row.nodelist),
    integer('het_job', 'max', (row) => row.hetJob),
    text('qos', 'max', (row) => row.qos),
    text('reservation', 'max', (row) => row.reservation),
    text('exit_code', 'max', (row) => row.exitCode),
    text('end_by', 'max', (row) => row.endBy),
    integer('from_ms', 'min', (row) => row.fromMs),
    integer('to_ms', 'max', (row) => row.toMs),
    truth('starts', (row) => row.starts),
    truth('ends', (row) => row.ends),
    integer('lines', 'sum', (row) => row.lines),
    integer('cpu_us', 'sum', (row) => row.cpuUs),
    integer('overhead_us', 'sum', (row) => row.overheadUs),
    integer('gpu_ms', 'sum', (row) => row.gpuMs),
    integer('memory_bytes', 'max', (row) => row.memoryBytes),
    ...IO_COLUMNS.map((name, i) => integer(name, 'sum', (row) => row.io?.[i])),
    ...ENERGY_COLUMNS.map((name, i) => integer(name, 'sum', (row) => row.uj[i])),
    ...DOMAIN_CLASSES.map((name, i) => integer(`${name}_observed_ms`, 'sum', (row) => row.observedMs[i])),
    text('gpu_domains', 'union', (row) =>
      row.gpuDomains.size === 0 ? undefined : [...row.gpuDomains].join(','),
    ),
    integer('gpu_read_ms', 'sum', (row) => row.gpu?.readMs),
    integer('gpu_busy_ms', 'sum', (row) => row.gpu?.busyMs),
    integer('gpu_told_ms', 'sum', (row) => row.gpu?.toldMs),
    ...POLICIES.map((policy, i) => integer(`gpu_idle_${policy}_uj`, 'sum', (row) => row.gpu?.idleUj[i])),
    integer('gpu_throttled_ms', 'sum', (row) => row.gpu?.throttledMs),
    ...Array.from({ length: P_STATES }, (_, i) =>
      integer(`gpu_p${i}_ms`, 'sum', (row) => row.gpu?.pStateMs[i]),
    ),
    integer('gpu_memory_bytes', 'max', (row) => row.gpu?.memoryBytes),
    integer('gpu_by', 'max', (row) => row.gpu?.by),
    text('gpu_conflict', 'min', (row) => row.gpu?.conflict),
  ],
};

/** Values of a row in the archive, by column. */
export type Values = Readonly<Record<string, Value>>;

/** The row that {@link SLICES} wrote. */
export function sliceRow(values: Values): SliceRow {
  const number = (name: string) => values[name] as number | undefined;
  const string = (name: string) => values[name] as string | undefined;
  const reads = number('read_bytes');
  return {
    node: string('node') ?? '',
    job: number('job') ?? 0,
    restart: number('restart') ?? 0,
    startedMs: number('started_ms') ?? 0,
    slotMs: number('slot_ms') ?? 0,
    host: string('host') ?? '',
    instance: string('instance') ?? '',
    seq: number('seq') ?? 0,
    factsFromMs: number('facts_from_ms') ?? 0,
    uid: number('uid'),
    user: string('user'),
    account: string('account'),
    partition: string('partition'),
    nodes: number('nodes'),
    cpus: number('cpus'),
    sluid: string('sluid'),
    slurmStart: number('slurm_start'),
    nodelist: string('nodelist'),
    hetJob: number('het_job'),
    qos: string('qos'),
    reservation: string('reservation'),
    exitCode: string('exit_code'),
    endBy: string('end_by'),
    fromMs: number('from_ms') ?? 0,
    toMs: number('to_ms') ?? 0,
    starts: values['starts'] === true,
    ends: values['ends'] === true,
    lines: number('lines') ?? 0,
    cpuUs: number('cpu_us') ?? 0,
    overheadUs: number('overhead_us') ?? 0,
    gpuMs: number('gpu_ms') ?? 0,
    memoryBytes: number('memory_bytes'),
    io:
      reads === undefined
        ? undefined
        : [reads, number('written_bytes') ?? 0, number('reads') ?? 0, number('writes') ?? 0],
    gpu: gpuRow(number, string),
    // A union of lists can name a domain twice.
    gpuDomains: new Set((string('gpu_domains') ?? '').split(',').filter((name) => name !== '')),
    uj: Array.from({ length: ENERGIES }, (_, i) => number(ENERGY_COLUMNS[i] ?? '')),
    observedMs: DOMAIN_CLASSES.map((name) => number(`${name}_observed_ms`)),
  };
}

function gpuRow(
  number: (name: string) => number | undefined,
  string: (name: string) => string | undefined,
): GpuRow | undefined {
  const readMs = number('gpu_read_ms');
  if (readMs === undefined) return undefined;
  return {
    ...emptyGpu(),
    readMs,
    busyMs: number('gpu_busy_ms'),
    toldMs: number('gpu_told_ms') ?? 0,
    idleUj: POLICIES.map((policy) => number(`gpu_idle_${policy}_uj`)),
    throttledMs: number('gpu_throttled_ms'),
    pStateMs: Array.from({ length: P_STATES }, (_, i) => number(`gpu_p${i}_ms`)),
    memoryBytes: number('gpu_memory_bytes'),
    by: number('gpu_by') ?? 0,
    conflict: string('gpu_conflict'),
  };
}

/** Columns that a report under a policy needs: the energies of the others are not read. */
export function sliceColumns(policy: number): string[] {
  const isOther = new Set<string>();
  ENERGY_COLUMNS.forEach((name, i) => {
    if (i !== energyIndexOfPolicy(i, policy)) isOther.add(name);
  });
  POLICIES.forEach((name, i) => {
    if (i !== policy) isOther.add(`gpu_idle_${name}_uj`);
  });
  return SLICES.columns.map(({ name }) => name).filter((name) => !isOther.has(name));
}

function energyIndexOfPolicy(index: number, policy: number): number {
  return energyIndex(0, 0, policy) + Math.floor(index / POLICIES.length) * POLICIES.length;
}
