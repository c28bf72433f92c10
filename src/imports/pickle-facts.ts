import { OpaqueValue, type PickleValue } from './pickle-value';

/** What a dict has under a key; undefined: it is no dict, or has none such. */
export function at(value: PickleValue | undefined, ...keys: readonly string[]): PickleValue | undefined {
  return keys.reduce<PickleValue | undefined>(
    (found, key) => (found instanceof Map ? (found.get(key) as PickleValue | undefined) : undefined),
    value,
  );
}

export function textOf(value: PickleValue | undefined): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}

export function numberOf(value: PickleValue | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export function listOf(value: PickleValue | undefined): readonly PickleValue[] {
  return Array.isArray(value) ? value : [];
}

/**
 * A `datetime.datetime` without a time zone, as the milliseconds that its clock would show in UTC. Its pickle calls the class with ten bytes: the year
 * (big-endian), month, day, hour, minute, second, and microseconds in three bytes.
 * @returns null where it is none, or has a time zone
 */
export function wallMsOf(value: PickleValue | undefined): number | null {
  if (!(value instanceof OpaqueValue) || value.of !== 'datetime.datetime') return null;
  if (value.given.length !== 1 || value.state !== undefined) return null;
  const bytes = bytesOf(value.given[0]);
  if (bytes?.length !== 10) return null;
  const byte = (i: number): number => bytes[i]!;
  const year = byte(0) * 256 + byte(1);
  // The highest bit of the month says which of two equal hours in autumn it is.
  const month = byte(2) & 0x7f;
  const micros = byte(7) * 65_536 + byte(8) * 256 + byte(9);
  const ms = Date.UTC(year, month - 1, byte(3), byte(4), byte(5), byte(6)) + micros / 1000;
  const isDate = month >= 1 && month <= 12 && byte(3) >= 1 && byte(3) <= 31 && byte(4) < 24 && byte(5) < 60;
  return isDate && byte(6) < 60 && micros < 1_000_000 && year >= 1970 && year < 3000 ? ms : null;
}

/** Before protocol 3 Python 3 writes bytes as a text and the call that makes bytes of it. */
function bytesOf(value: PickleValue | undefined): Uint8Array | null {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return Buffer.from(value, 'latin1');
  if (value instanceof OpaqueValue && value.of === '_codecs.encode' && typeof value.given[0] === 'string')
    return Buffer.from(value.given[0], 'latin1');
  return null;
}
