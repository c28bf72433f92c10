import { visible } from '../config/visible';
import type { EitError } from '../errors';

/** Says where a pickle is wrong. */
export interface Faults {
  fault(what: string): EitError;
}

export function nonNegative(size: number, faults: Faults): number {
  if (size < 0) throw faults.fault(`a text of ${size} bytes`);
  return size;
}

export function memoIndex(line: string, faults: Faults): number {
  if (!/^\d{1,15}$/.test(line)) throw faults.fault(`"${visible(line, 20)}" is no index`);
  return Number(line);
}

export function wholeNumber(line: string, faults: Faults): number | bigint {
  if (!/^[+-]?\d+$/.test(line)) throw faults.fault(`"${visible(line, 20)}" is no whole number`);
  return small(BigInt(line.replace(/^\+/, '')));
}

/** Little-endian two's complement. */
export function longNumber(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  const isNegative = bytes.length > 0 && bytes[bytes.length - 1]! >= 0x80;
  return small(isNegative ? value - (1n << BigInt(8 * bytes.length)) : value);
}

function small(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

export function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

/** As repr() of a str of Python 2 writes it. */
export function quotedText(line: string, faults: Faults): string {
  const text = line.trim();
  const quote = text.charAt(0);
  if (text.length < 2 || (quote !== "'" && quote !== '"') || !text.endsWith(quote))
    throw faults.fault('a text without quotes');
  return text
    .slice(1, -1)
    .replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.)/g, (_, escape: string) =>
      escape.startsWith('x') && escape.length === 3
        ? String.fromCharCode(Number.parseInt(escape.slice(1), 16))
        : /^[0-7]/.test(escape)
          ? String.fromCharCode(Number.parseInt(escape, 8))
          : (SIMPLE_ESCAPES[escape] ?? escape),
    );
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** As the codec raw-unicode-escape writes it. */
export function escapedText(line: string): string {
  return line.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (all, short?: string, long?: string) => {
    const code = Number.parseInt(short ?? long ?? '', 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });
}
