import { POLICIES } from '../attribution/policy';
import type { HostRecord, SeriesRecord } from '../generated/record';
import type { HardwareTold } from '../runs/hardware-models';
import type { DomainRow, HostRow, IdleKnown } from '../runs/host-row';
import type { Column, Merge, Table } from './column';
import type { Values } from './slice-table';

function integer<Row>(name: string, merge: Merge, of: (row: Row) => number | undefined): Column<Row> {
  return { name, type: 'BIGINT', merge, of };
}

function text<Row>(name: string, merge: Merge, of: (row: Row) => string | undefined): Column<Row> {
  return { name, type: 'VARCHAR', merge, of };
}

function byPolicy<Row>(name: string, of: (row: Row) => readonly number[]): Column<Row>[] {
  return POLICIES.map((policy, i) => integer<Row>(`${name}_${policy}_uj`, 'sum', (row) => of(row)[i]));
}

/** What hosts' lines say, by slot of time: see {@link HostRow}. */
export const HOSTS: Table<HostRow> = {
  name: 'hosts',
  time: 'slot_ms',
  order: ['slot_ms', 'host'],
  latestBy: 'idle_known_ms',
  columns: [
    text('host', 'key', (row) => row.host),
    integer('slot_ms', 'key', (row) => row.slotMs),
    // Lines of a host that runs nothing yet name no node: a report of some nodes is not of them.
    text('nodes', 'key', (row) => (row.nodes.size === 0 ? undefined : [...row.nodes].sort().join(','))),
    integer('from_ms', 'min', (row) => row.fromMs),
    integer('to_ms', 'max', (row) => row.toMs),
    integer('lines', 'sum', (row) => row.lines),
    ...byPolicy<HostRow>('idle', (row) => row.idleUj),
    ...byPolicy<HostRow>('system', (row) => row.systemUj),
    integer('missing_ms', 'sum', (row) => row.missingMs),
    text('idle_known', 'latest', (row) => row.idleKnown),
    integer('idle_known_ms', 'max', (row) => row.idleKnownMs),
    integer('cpus', 'max', (row) => row.cpus),
    integer('busy_us', 'sum', (row) => row.busyUs),
    integer('runs_us', 'sum', (row) => row.runsUs),
    integer('agent_cpu_us', 'sum', (row) => row.agentCpuUs),
    integer('agent_rss_bytes', 'max', (row) => row.agentRssBytes),
  ],
};

/** The row that {@link HOSTS} wrote. */
export function hostRow(values: Values): HostRow {
  const number = (name: string) => values[name] as number | undefined;
  return {
    host: values['host'] as string,
    slotMs: number('slot_ms') ?? 0,
    fromMs: number('from_ms') ?? 0,
    toMs: number('to_ms') ?? 0,
    lines: number('lines') ?? 0,
    nodes: new Set(((values['nodes'] as string | undefined) ?? '').split(',').filter((name) => name !== '')),
    idleUj: POLICIES.map((policy) => number(`idle_${policy}_uj`) ?? 0),
    systemUj: POLICIES.map((policy) => number(`system_${policy}_uj`) ?? 0),
    missingMs: number('missing_ms') ?? 0,
    idleKnown: values['idle_known'] as IdleKnown | undefined,
    idleKnownMs: number('idle_known_ms'),
    cpus: number('cpus') ?? 0,
    busyUs: number('busy_us') ?? 0,
    runsUs: number('runs_us') ?? 0,
    agentCpuUs: number('agent_cpu_us') ?? 0,
    agentRssBytes: number('agent_rss_bytes'),
  };
}

/** The domains of hosts by slot of time: runs + idle + system = counter in each row, under each policy. */
export const DOMAINS: Table<DomainRow> = {
  name: 'domains',
  time: 'slot_ms',
  order: ['slot_ms', 'host', 'domain'],
  columns: [
    text('host', 'key', (row) => row.host),
    integer('slot_ms', 'key', (row) => row.slotMs),
    text('domain', 'key', (row) => row.domain),
    text('class', 'max', (row) => row.class),
    text('source', 'max', (row) => row.source),
    text('quality', 'max', (row) => row.quality),
    integer('counter_uj', 'sum', (row) => row.counterUj),
    ...byPolicy<DomainRow>('runs', (row) => row.runsUj),
    ...byPolicy<DomainRow>('idle', (row) => row.idleUj),
    ...byPolicy<DomainRow>('system', (row) => row.systemUj),
    integer('missing_ms', 'sum', (row) => row.missingMs),
    integer('wraps', 'sum', (row) => row.wraps),
    integer('resets', 'sum', (row) => row.resets),
  ],
};

/** What hosts are made of, a row a telling; JSON as in the record. */
export const HARDWARE: Table<HostRecord> = {
  name: 'hardware',
  time: 'from_ms',
  order: ['host', 'from_ms'],
  columns: [
    text('host', 'key', (record) => record.host),
    integer('from_ms', 'key', (record) => Date.parse(record.from)),
    text('hardware', 'key', (record) => JSON.stringify(record.hardware)),
  ],
};

export function hardwareTold(cluster: string, values: Values): HardwareTold {
  return {
    cluster,
    host: values['host'] as string,
    from: new Date(values['from_ms'] as number).toISOString(),
    hardware: JSON.parse(values['hardware'] as string) as NonNullable<HostRecord['hardware']>,
  };
}

/** Coarse power over time of runs, for plots: the record itself, and what finds it. */
export const SERIES: Table<SeriesRecord> = {
  name: 'series',
  time: 'from_ms',
  order: ['job', 'started_ms', 'node', 'from_ms'],
  columns: [
    text('host', 'key', (record) => record.host),
    text('node', 'key', (record) => record.node),
    integer('job', 'key', (record) => record.job),
    integer('restart', 'key', (record) => record.restart ?? 0),
    integer('started_ms', 'key', (record) => Date.parse(record.started)),
    integer('from_ms', 'key', (record) => Date.parse(record.from)),
    integer('to_ms', 'key', (record) => Date.parse(record.to)),
    integer('uid', 'key', (record) => record.uid),
    text('series', 'key', ({ end_ms, power_w, cpus_busy }) => JSON.stringify({ end_ms, power_w, cpus_busy })),
  ],
};
