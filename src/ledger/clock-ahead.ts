/** Clocks differ by less, and a stretch's line may come a moment before its end. */
export const AHEAD_MS = 5 * 60_000;

/**
 * Whether a line was written by a clock that is ahead. Its energy counts; until when there are data it does not tell, else they would end in
 * the future for as long as that lies there.
 * @param toMs the line's end, Unix ms, and `nowMs` the reader's time
 */
export function isAhead(toMs: number, nowMs: number): boolean {
  return toMs > nowMs + AHEAD_MS;
}
