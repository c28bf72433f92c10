import { DateTime, IANAZone } from 'luxon';

/**
 * Gives the times of a series that is told in local time, row after row: on the day that summer time ends the same hours stand twice, and of the
 * two the one is meant that goes on from the row before.
 * @param timeZone an IANA name that this machine knows
 * @returns takes a time (`2026-03-29T01:30`, or with an offset of its own) and gives ms since 1970; NaN for one that is none, as those that are
 *   left out on the day that summer time begins
 */
export function localTimes(timeZone: string): (text: string) => number {
  let lastMs = -Infinity;
  return (text) => {
    const iso = text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T');
    const time = DateTime.fromISO(iso, { zone: timeZone });
    if (!time.isValid) return NaN;
    const hasOffset = /\d(Z|[+-]\d\d:?\d\d)$/i.test(iso.slice(10));
    if (!hasOffset && time.toFormat("yyyy-MM-dd'T'HH:mm") !== iso.slice(0, 16)) return NaN;
    const candidates = hasOffset ? [time] : time.getPossibleOffsets();
    const ms = candidates.map((candidate) => candidate.toMillis()).sort((a, b) => a - b);
    lastMs = ms.find((one) => one > lastMs) ?? ms[0] ?? NaN;
    return lastMs;
  };
}

export function isKnownTimeZone(name: string): boolean {
  return IANAZone.isValidZone(name);
}
