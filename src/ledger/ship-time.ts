import { createHash } from 'node:crypto';

/** A run's end is carried within this time (ms), less what it takes the agent to write it down and the shipper to see it. */
const LONGEST_END_DELAY_MS = 8000;

/**
 * Where in a stretch of time a host's turn is, in [0, 1): by its name, so that ten thousand hosts, whose stretches end at the same
 * moment, do not write to the shared storage all at once.
 */
export function hostShare(host: string): number {
  return createHash('sha256').update(host).digest().readUIntBE(0, 6) / 2 ** 48;
}

/**
 * How long it is until the host's next turn.
 * @param nowMs Unix ms; stretches are aligned to the clock
 * @returns more than 0 ms, at most a stretch
 */
export function untilTurnMs(nowMs: number, stretchMs: number, share: number): number {
  const turnMs = Math.floor(share * stretchMs);
  const passedMs = (((nowMs - turnMs) % stretchMs) + stretchMs) % stretchMs;
  return stretchMs - passedMs;
}

/** How long lines wait that should be carried soon: the ends of runs, of which a large job has one on each of its hosts. */
export function soonMs(stretchMs: number, share: number): number {
  return Math.floor(share * Math.min(LONGEST_END_DELAY_MS, stretchMs));
}
