import { DateTime } from 'luxon';

/** Every zone's offset from UTC is a multiple of 15 minutes: one look-up for all records of such a piece. */
const PIECE_MS = 900_000;

/**
 * Gives the day (`2026-03-02`) or month (`2026-03`) in which a moment lies.
 * @param timeZone whose days they are, an IANA name or `local`
 * @returns a function of Unix ms
 */
export function calendar(unit: 'day' | 'month', timeZone: string): (ms: number) => string {
  const format = unit === 'day' ? 'yyyy-MM-dd' : 'yyyy-MM';
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
