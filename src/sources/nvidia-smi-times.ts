/** How long things may take (ms). */
export interface NvidiaSmiTimes {
  /** The first document of a process: without persistence mode the driver is initialised first. */
  readonly firstMs: number;
  /** Each later one. */
  readonly quietMs: number;
}

const LEAST_QUIET_MS = 10_000;
const FIRST_MS = 60_000;
const INTERVALS_MISSED = 5;

/** nvidia-smi prints a document in some ms and then sleeps; under load it may be interrupted for longer. */
const MOST_SETTLE_MS = 100;

/** How long documents may take where one is asked for each `intervalMs`. */
export function timesFor(intervalMs: number): NvidiaSmiTimes {
  return { firstMs: FIRST_MS, quietMs: Math.max(LEAST_QUIET_MS, INTERVALS_MISSED * intervalMs) };
}

/** How long nothing comes after a document that is at its end (ms). */
export function settleMsFor(intervalMs: number): number {
  return Math.min(MOST_SETTLE_MS, intervalMs / 4);
}
