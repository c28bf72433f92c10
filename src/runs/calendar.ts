import { DateTime } from 'luxon';

/** Every zone's offset from UTC is a multiple of 15 minutes: one look-up for all records of such a piece. */
const PIECE_MS = 900_000;

/** An hour without its offset would be two in autumn. */
const FORMATS = { hour: "yyyy-MM-dd'T'HH:00ZZ", day: 'yyyy-MM-dd', month: 'yyyy-MM' } as const;

/**
 * Gives the hour (`2026-03-02T14:00+01:00`), day (`2026-03-02`) or month (`2026-03`) in which a moment lies.
 * @param timeZone whose days they are, an IANA name or `local`
 * @returns a function of Unix ms
 */
export function calendar(unit: 'hour' | 'day' | 'month', timeZone: string): (ms: number) => string {
  const format = FORMATS[unit];
  const known = new Map<number, string>();
  return (ms) => {
    const piece = Math.floor(ms / PIECE_MS);
    let text = known.get(piece);
    if (text === undefined) {
      text = DateTime.fromMillis(piece * PIECE_MS, { zone: timeZone }).toFormat(format);
      known.set(piece, text);
    }
    return text;
  };
}

/** The day that an hour or day of {@link calendar} is of. */
export function dayOfBucket(bucket: string): string {
  return bucket.slice(0, 10);
}

/** The week of a day (`2026-01-01` is in `2026-W01`), ISO 8601: from Monday on, with the year that its Thursday is in. */
export function weekOf(day: string): string {
  return DateTime.fromISO(day, { zone: 'utc' }).toFormat("kkkk-'W'WW");
}
