import { POLICIES } from '../attribution/policy';
import type { Hardware, RunRecord, SeriesRecord } from '../generated/record';
import type { ByPolicy2, CurveLine, FrequencyLine, HardwareLine, HoursLine } from '../generated/run-data';
import { DOMAIN_CLASSES } from '../runs/domain-class';
import { energyIndex, type SliceRow } from '../runs/slice-row';
import type { Pseudonyms } from './pseudonyms';
import type { PowerSeries } from './run-curves';

/** Which piece of a run a curve of the archive is of. */
export interface CurvePlace {
  readonly node: string;
  readonly job: number;
  readonly restart: number;
  readonly startedMs: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * A run's record as it may be published: with names hidden, nothing in it says whose and where it was. Of what only its site can
 * make use of (node list, UUIDs, uid) nothing is left then.
 */
export function publishedRun(record: RunRecord, names: Pseudonyms): RunRecord {
  if (!names.isHiding) return record;
  const { uid: _uid, sluid: _sluid, ...rest } = record;
  const { cluster, host, node, user, account, partition, start, gpu } = record;
  return {
    ...rest,
    ...placeOf({ cluster, host, node }, names),
    ...(user === undefined ? {} : { user: names.of('user', user) }),
    ...(account === undefined ? {} : { account: names.of('account', account) }),
    ...(partition === undefined ? {} : { partition: names.of('partition', partition) }),
    ...(start === undefined ? {} : { start: publishedStart(start, names) }),
    ...(gpu === undefined ? {} : { gpu: withoutConflict(gpu) }),
  };
}

function publishedStart(
  start: NonNullable<RunRecord['start']>,
  names: Pseudonyms,
): NonNullable<RunRecord['start']> {
  const { nodelist: _nodes, gpu_uuids: _uuids, reservation: _reservation, qos, ...rest } = start;
  return { ...rest, ...(qos === undefined ? {} : { qos: names.of('QOS', qos) }) };
}

/** A contradiction can name UUIDs. */
function withoutConflict(gpu: NonNullable<RunRecord['gpu']>): NonNullable<RunRecord['gpu']> {
  const { conflict: _conflict, ...rest } = gpu;
  return rest;
}

/** The same of a series record. */
export function publishedSeries(record: SeriesRecord, names: Pseudonyms): SeriesRecord {
  if (!names.isHiding) return record;
  const { uid: _uid, ...rest } = record;
  return { ...rest, ...placeOf(record, names) };
}

function placeOf(
  { cluster, host, node }: { readonly cluster: string; readonly host: string; readonly node: string },
  names: Pseudonyms,
): { cluster: string; host: string; node: string } {
  return {
    cluster: names.of('cluster', cluster),
    host: names.of('host', host, cluster),
    node: names.of('node', node, cluster),
  };
}

/** What the archive keeps of a run's records in one slot of time. */
export function hoursLine(cluster: string, row: SliceRow, names: Pseudonyms): HoursLine {
  const { gpu, io, memoryBytes } = row;
  const energy: HoursLine['energy'] = {};
  DOMAIN_CLASSES.forEach((name, i) => {
    const of = (kind: number): ByPolicy2 | undefined => {
      const values = POLICIES.map((_, policy) => row.uj[energyIndex(i, kind, policy)]);
      return values.every((value) => value === undefined)
        ? undefined
        : (values.map((value) => value ?? 0) as ByPolicy2);
    };
    const [measured, modelled, estimated, observedMs] = [of(0), of(1), of(2), row.observedMs[i]];
    if (measured === undefined && modelled === undefined && observedMs === undefined) return;
    energy[name] = {
      ...(measured === undefined ? {} : { measured_uj: measured }),
      ...(modelled === undefined ? {} : { modelled_uj: modelled }),
      ...(estimated === undefined ? {} : { estimated_uj: estimated }),
      ...(observedMs === undefined ? {} : { observed_ms: observedMs }),
    };
  });
  const states = (gpu?.pStateMs ?? []).flatMap((ms, state) =>
    ms === undefined ? [] : [[`P${state}`, ms] as const],
  );
  return {
    ...{
      kind: 'hours',
      schema: 1,
      node: names.of('node', row.node, cluster),
      job: row.job,
      restart: row.restart,
    },
    ...{ started: utc(row.startedMs), from: utc(row.fromMs), to: utc(row.toMs), lines: row.lines },
    ...{ cpu_us: row.cpuUs, overhead_us: row.overheadUs, gpu_ms: row.gpuMs },
    ...(memoryBytes === undefined ? {} : { memory_bytes: memoryBytes }),
    ...(io === undefined ? {} : { read_bytes: io[0], written_bytes: io[1] }),
    ...(gpu?.busyMs === undefined ? {} : { gpu_busy_ms: gpu.busyMs, gpu_told_ms: gpu.toldMs }),
    ...(gpu?.memoryBytes === undefined ? {} : { gpu_memory_bytes: gpu.memoryBytes }),
    ...(states.length === 0 ? {} : { gpu_p_state_ms: Object.fromEntries(states) }),
    energy,
  };
}

export function curveLine(
  cluster: string,
  place: CurvePlace,
  series: PowerSeries,
  names: Pseudonyms,
): CurveLine {
  return {
    ...{
      kind: 'curve',
      schema: 1,
      node: names.of('node', place.node, cluster),
      job: place.job,
      restart: place.restart,
    },
    ...{ started: utc(place.startedMs), from: utc(place.fromMs), to: utc(place.toMs) },
    ...{ end_ms: series.end_ms, power_w: series.power_w, cpus_busy: series.cpus_busy },
  };
}

/** @returns the hardware; UUIDs of GPUs name a machine, as its name does */
export function publishedHardware(hardware: Hardware, names: Pseudonyms): Hardware {
  if (!names.isHiding || hardware.gpus === undefined) return hardware;
  const gpus = Object.entries(hardware.gpus).map(
    ([domain, { uuid: _uuid, ...rest }]) => [domain, rest] as const,
  );
  return { ...hardware, gpus: Object.fromEntries(gpus) };
}

export function hardwareLine(
  cluster: string,
  host: string,
  hardware: Hardware,
  names: Pseudonyms,
): HardwareLine {
  return {
    ...{ kind: 'hardware', schema: 1, host: names.of('host', host, cluster) },
    hardware: { ...publishedHardware(hardware, names) },
  };
}

export function frequencyLine(
  cluster: string,
  { host, from, to }: { readonly host: string; readonly from: string; readonly to: string },
  mhz: FrequencyLine['cpu_mhz'],
  names: Pseudonyms,
): FrequencyLine {
  return { kind: 'frequency', schema: 1, host: names.of('host', host, cluster), from, to, cpu_mhz: mhz };
}

function utc(ms: number): string {
  return new Date(ms).toISOString();
}
