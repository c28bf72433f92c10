import {
  type GpuPower,
  type GpuProcess,
  type GpuReading,
  type GpuSnapshot,
  type MigInstance,
  THROTTLE_REASONS,
  type ThrottleReason,
} from './gpu';
import { MOST_GPUS, MOST_GPU_W } from './gpu-limits';
import { type Missing, isMissing } from './source';

/** Beyond these nothing is a snapshot of a host's GPUs. */
const MOST_PROCESSES = 8192;
const MOST_INSTANCES = 64;
const MOST_AVERAGED_MS = 60_000;
const MOST_TEXT = 200;

/** Why something is not in the form of a snapshot. It does not leave this file. */
class FormFault extends Error {}

type Fields = Readonly<Record<string, unknown>>;

/**
 * A snapshot out of JSON, built anew from what is known and of sense; `monoNs` is a decimal string there.
 * @returns what is wrong with it, by the place: `gpus[3].power.powerW`
 */
export function checkGpuSnapshot(json: unknown): GpuSnapshot | Missing {
  try {
    const fields = object(json, 'snapshot');
    return {
      monoNs: monoNs(fields['monoNs']),
      source: oneOf(fields['source'], ['nvml', 'nvidia_smi'] as const, 'source'),
      driver: text(fields['driver'], 'driver'),
      gpus: array(fields['gpus'], MOST_GPUS, 'gpus', reading),
    };
  } catch (error) {
    if (error instanceof FormFault) return { missing: error.message };
    throw error;
  }
}

function reading(json: unknown, at: string): GpuReading {
  const fields = object(json, at);
  const energy = fields['energyMillijoules'];
  return {
    uuid: orNull(fields['uuid'], `${at}.uuid`, uuid),
    pciBusId: pciBusId(fields['pciBusId'], `${at}.pciBusId`),
    index: orNull(fields['index'], `${at}.index`, (value, where) => whole(value, where, 65_535)),
    minor: orNull(fields['minor'], `${at}.minor`, whole),
    model: text(fields['model'], `${at}.model`),
    power: orMissing(fields['power'], `${at}.power`, power),
    ...(energy === undefined
      ? {}
      : { energyMillijoules: orMissing(energy, `${at}.energyMillijoules`, whole) }),
    utilization: orNull(fields['utilization'], `${at}.utilization`, part),
    memory: orNull(fields['memory'], `${at}.memory`, memory),
    performanceState: orNull(fields['performanceState'], `${at}.performanceState`, (value, where) =>
      whole(value, where, 15),
    ),
    throttling: orNull(fields['throttling'], `${at}.throttling`, throttling),
    processes: orNull(fields['processes'], `${at}.processes`, (value, where) =>
      array(value, MOST_PROCESSES, where, process),
    ),
    instances: orNull(fields['instances'], `${at}.instances`, (value, where) =>
      array(value, MOST_INSTANCES, where, instance),
    ),
  };
}

function power(json: unknown, at: string): GpuPower {
  const { powerW, averagedMs } = object(json, at);
  return {
    powerW: number(powerW, `${at}.powerW`, MOST_GPU_W),
    averagedMs: number(averagedMs, `${at}.averagedMs`, MOST_AVERAGED_MS),
  };
}

function memory(json: unknown, at: string): { usedBytes: number; totalBytes: number } {
  const { usedBytes, totalBytes } = object(json, at);
  return {
    usedBytes: whole(usedBytes, `${at}.usedBytes`),
    totalBytes: whole(totalBytes, `${at}.totalBytes`),
  };
}

function throttling(json: unknown, at: string): ThrottleReason[] {
  return array(json, THROTTLE_REASONS.length, at, (value, where) => oneOf(value, THROTTLE_REASONS, where));
}

function process(json: unknown, at: string): GpuProcess {
  const fields = object(json, at);
  return {
    pid: whole(fields['pid'], `${at}.pid`, 2 ** 31 - 1),
    smPart: orNull(fields['smPart'], `${at}.smPart`, part),
    memoryBytes: orNull(fields['memoryBytes'], `${at}.memoryBytes`, whole),
    instance: orNull(fields['instance'], `${at}.instance`, place),
  };
}

function place(json: unknown, at: string): { gpu: number; compute: number } {
  const { gpu, compute } = object(json, at);
  return { gpu: whole(gpu, `${at}.gpu`), compute: whole(compute, `${at}.compute`) };
}

function instance(json: unknown, at: string): MigInstance {
  const fields = object(json, at);
  return {
    uuid: orNull(fields['uuid'], `${at}.uuid`, uuid),
    index: whole(fields['index'], `${at}.index`),
    ...place(fields, at),
    multiprocessors: whole(fields['multiprocessors'], `${at}.multiprocessors`),
    memory: orNull(fields['memory'], `${at}.memory`, memory),
  };
}

function monoNs(json: unknown): bigint {
  if (typeof json !== 'string' || !/^\d{1,20}$/.test(json))
    throw new FormFault('monoNs is no decimal string');
  return BigInt(json);
}

function uuid(json: unknown, at: string): string {
  return matching(json, /^[A-Za-z0-9][\w./-]{0,95}$/, at);
}

function pciBusId(json: unknown, at: string): string {
  return matching(json, /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/, at);
}

function matching(json: unknown, form: RegExp, at: string): string {
  if (typeof json !== 'string' || !form.test(json)) throw new FormFault(`${at} is of another form`);
  return json;
}

/** Whatever a driver says, made fit for a terminal and a record. */
function text(json: unknown, at: string): string {
  if (typeof json !== 'string') throw new FormFault(`${at} is no text`);
  return json.slice(0, MOST_TEXT).replace(/[^ -~]/g, '?');
}

function part(json: unknown, at: string): number {
  return number(json, at, 1);
}

function number(json: unknown, at: string, most: number): number {
  if (typeof json !== 'number' || !(json >= 0 && json <= most))
    throw new FormFault(`${at} is no number from 0 to ${most}`);
  return json;
}

function whole(json: unknown, at: string, most = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isInteger(json)) throw new FormFault(`${at} is no whole number`);
  return number(json, at, most);
}

function oneOf<T extends string>(json: unknown, values: readonly T[], at: string): T {
  const value = values.find((one) => one === json);
  if (value === undefined) throw new FormFault(`${at} is none of ${values.join(', ')}`);
  return value;
}

function object(json: unknown, at: string): Fields {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new FormFault(`${at} is no object`);
  return json as Fields;
}

function array<T>(json: unknown, most: number, at: string, item: (value: unknown, where: string) => T): T[] {
  if (!Array.isArray(json)) throw new FormFault(`${at} is no list`);
  if (json.length > most) throw new FormFault(`${at} has more than ${most} entries`);
  return json.map((value: unknown, index) => item(value, `${at}[${index}]`));
}

function orNull<T>(json: unknown, at: string, check: (value: unknown, where: string) => T): T | null {
  return json === null ? null : check(json, at);
}

function orMissing<T>(json: unknown, at: string, check: (value: unknown, where: string) => T): T | Missing {
  return isMissing(json) ? { missing: text(json.missing, `${at}.missing`) } : check(json, at);
}
