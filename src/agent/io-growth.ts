import { IO_KEYS, type IoCounters } from '../sources/io-counters';

/** Bytes and operations in some time; plain numbers: what a stretch adds to a counter fits into one. */
export type IoSums = { -readonly [K in keyof IoCounters]: number };

export function noIo(): IoSums {
  return { readBytes: 0, writtenBytes: 0, readOps: 0, writtenOps: 0 };
}

/** What a counter grew by. One that went back began anew at 0 in between; without an earlier value nothing is known. */
export function growth(before: bigint | undefined, now: bigint): number {
  if (before === undefined) return 0;
  return Number(now >= before ? now - before : now);
}

/** Adds to `sums` what counters grew by since `before`. */
export function addIoGrowth(sums: IoSums, before: IoCounters | undefined, now: IoCounters): void {
  for (const key of IO_KEYS) sums[key] += growth(before?.[key], now[key]);
}

export function addIo(sums: IoSums, more: Readonly<IoSums>): void {
  for (const key of IO_KEYS) sums[key] += more[key];
}

export function isNoIo(sums: Readonly<IoSums>): boolean {
  return IO_KEYS.every((key) => sums[key] === 0);
}
