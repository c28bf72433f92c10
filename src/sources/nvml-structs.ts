import { THROTTLE_REASONS, type ThrottleReason } from './gpu';

/**
 * The layouts of what NVML's functions fill in, as a C compiler lays out the structures of nvml.h on 64-bit machines of
 * little endian, which is all that the driver is made for (https://docs.nvidia.com/deploy/nvml-api/).
 */

/** A text that ends with a zero byte; what is not printable ASCII becomes `?`. */
export function readText(buffer: Buffer): string {
  const end = buffer.indexOf(0);
  return buffer
    .toString('latin1', 0, end < 0 ? buffer.length : end)
    .replace(/[^ -~]/g, '?')
    .trim();
}

/** Of `nvmlPciInfo_t`; all its versions have the numbers at the same places. */
export const PCI_INFO_BYTES = 128;

/** Domain, bus and device of `nvmlPciInfo_t` in the form of /sys/bus/pci: `0000:3b:00.0`. */
export function readPciBusId(buffer: Buffer): string {
  const hex = (offset: number, digits: number): string =>
    buffer.readUInt32LE(offset).toString(16).padStart(digits, '0');
  return `${hex(16, 4)}:${hex(20, 2)}:${hex(24, 2)}.0`;
}

/** Bits of `nvmlClocksEventReasons`. */
const THROTTLE_BITS: Readonly<Record<ThrottleReason, bigint>> = {
  sw_power_cap: 0x4n,
  hw_slowdown: 0x8n,
  sw_thermal_slowdown: 0x20n,
  hw_thermal_slowdown: 0x40n,
  hw_power_brake_slowdown: 0x80n,
};

/** Those of the reasons in a bit mask of `nvmlDeviceGetCurrentClocksEventReasons` that slow work down. */
export function throttleReasons(bits: bigint): ThrottleReason[] {
  return THROTTLE_REASONS.filter((reason) => (bits & THROTTLE_BITS[reason]) !== 0n);
}

/** Field ids of `nvmlDeviceGetFieldValues`: mean over one second; of the moment. Both in mW. */
export const FIELD_POWER_AVERAGE = 185;
export const FIELD_POWER_INSTANT = 186;

/** Of `nvmlFieldValue_t`. */
const FIELD_BYTES = 40;

/** An array of `nvmlFieldValue_t` that asks for fields of the GPU itself (scope 0). */
export function fieldRequest(fieldIds: readonly number[]): Buffer {
  const buffer = Buffer.alloc(fieldIds.length * FIELD_BYTES);
  fieldIds.forEach((id, index) => buffer.writeUInt32LE(id, index * FIELD_BYTES));
  return buffer;
}

/** The value at a place of a `nvmlFieldValue_t` array that has been filled; null where it is not told or no whole number. */
export function readField(buffer: Buffer, index: number): number | null {
  const at = index * FIELD_BYTES;
  if (buffer.readUInt32LE(at + 28) !== 0) return null;
  switch (buffer.readUInt32LE(at + 24)) {
    case 1: // unsigned int
      return buffer.readUInt32LE(at + 32);
    case 2: // unsigned long
    case 3: // unsigned long long
      return toCount(buffer.readBigUInt64LE(at + 32));
    default:
      return null;
  }
}

/** A number that is exact in JavaScript; null: it is not, or it is NVML's "not available" (all bits set). */
export function toCount(value: bigint): number | null {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : null;
}

/** Of the largest version of `nvmlProcessInfo_t`. */
export const PROCESS_INFO_MOST_BYTES = 32;
/** What a buffer for processes is filled with before the call: no version of the structure ends with it. */
export const UNTOUCHED = 0x5a;

export interface RunningProcess {
  readonly pid: number;
  readonly memoryBytes: number | null;
  readonly instance: { readonly gpu: number; readonly compute: number } | null;
}

/**
 * The first `count` processes of a buffer of {@link UNTOUCHED} bytes that `nvmlDeviceGet…RunningProcesses` has filled.
 *
 * Which structure a function of that name fills is not told by its version: drivers 535.43 to 535.86 gave `_v3` a longer
 * one and took that back, and others are reported that fill a shorter one. How far they wrote tells.
 * @returns null where the buffer was filled in no known way
 */
export function readProcesses(buffer: Buffer, count: number): RunningProcess[] | null {
  if (count === 0) return [];
  let end = buffer.length;
  while (end > 0 && buffer[end - 1] === UNTOUCHED) end -= 1;
  const bytes = end / count;
  // pid and memory; then the two parts of the instance; then protected memory.
  if (bytes !== 16 && bytes !== 24 && bytes !== 32) return null;
  return Array.from({ length: count }, (_, index) => {
    const at = index * bytes;
    return {
      pid: buffer.readUInt32LE(at),
      memoryBytes: toCount(buffer.readBigUInt64LE(at + 8)),
      instance: bytes === 16 ? null : readInstance(buffer, at + 16),
    };
  });
}

const NO_INSTANCE = 0xffff_ffff;

function readInstance(buffer: Buffer, at: number): RunningProcess['instance'] {
  const gpu = buffer.readUInt32LE(at);
  const compute = buffer.readUInt32LE(at + 4);
  return gpu === NO_INSTANCE || compute === NO_INSTANCE ? null : { gpu, compute };
}

/** Of `nvmlProcessUtilizationSample_t`. */
export const UTILIZATION_SAMPLE_BYTES = 32;

export interface UtilizationSample {
  readonly pid: number;
  /** Unix time, µs. */
  readonly timeUs: bigint;
  /** Part of the multiprocessors' time, 0 to 1. */
  readonly smPart: number;
}

/** The samples of an array of `nvmlProcessUtilizationSample_t`, less those that cannot be: the driver leaves some unfilled. */
export function readUtilizationSamples(buffer: Buffer, count: number): UtilizationSample[] {
  return Array.from({ length: count }, (_, index) => {
    const at = index * UTILIZATION_SAMPLE_BYTES;
    return {
      pid: buffer.readUInt32LE(at),
      timeUs: buffer.readBigUInt64LE(at + 8),
      smPart: buffer.readUInt32LE(at + 16) / 100,
    };
  }).filter(({ pid, timeUs, smPart }) => pid > 0 && timeUs > 0n && smPart <= 1);
}
