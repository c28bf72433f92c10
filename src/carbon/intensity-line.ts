import type { IntensityLine } from '../generated/intensity';
import validateLine from '../generated/intensity-validator';

/**
 * A line covers no more: a reader finds all that reaches into a month in its file and the one before. The month in which summer time ends has an hour
 * more than 31 days.
 */
export const LONGEST_STRETCH_MS = 31 * 86_400_000 + 3_600_000;

/** No grid is dirtier than coal alone (some 1000); beyond this a value is damage. The same in schemas/intensity.schema.json. */
export const MOST_G_PER_KWH = 5000;

/** What a reader passed over, with the first places. */
export class SkippedLines {
  /** Of lines and files. */
  count = 0;
  /** Of these, how many were whole files. */
  files = 0;
  readonly places: string[] = [];

  add(place: string, reason: string): void {
    this.count += 1;
    if (this.places.length < 5) this.places.push(`${place}: ${reason}`);
  }

  addFile(path: string, reason: string): void {
    this.files += 1;
    this.add(path, reason);
  }
}

/**
 * @param text a line of a series without its newline
 * @param zone whose folder it stands in
 * @returns the line, or why it is none
 */
export function parseIntensityLine(text: string, zone: string): IntensityLine | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return text.trim() === '' ? 'empty line' : 'not JSON';
  }
  if (!validateLine(value)) return 'refused by the schema';
  if (value.zone !== zone) return 'of another zone';
  const lengthMs = utcMs(value.end) - utcMs(value.start);
  // The schema's pattern lets a 13th month through.
  if (!(lengthMs > 0 && lengthMs <= LONGEST_STRETCH_MS)) return 'no stretch of up to 31 days';
  if (Number.isNaN(utcMs(value.fetched_at))) return 'no time at which it was fetched';
  return value;
}

/**
 * A time of the schema's form (`2026-03-01T12:00:00.000Z`) in ms since 1970. Of a year's series there are tens of thousands: this
 * takes a fifth of what Date.parse does.
 * @returns NaN for a day or a time that no calendar has, and for times before 1970
 */
export function utcMs(text: string): number {
  const two = (at: number): number => text.charCodeAt(at) * 10 + text.charCodeAt(at + 1) - 11 * ZERO;
  const year = two(0) * 100 + two(2);
  const [month, day, hour, minute, second] = [two(5), two(8), two(11), two(14), two(17)];
  const ms = text.charCodeAt(20) * 100 + text.charCodeAt(21) * 10 + text.charCodeAt(22) - 111 * ZERO;
  if (year < 1970 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59)
    return NaN;
  const midnight = Date.UTC(year, month - 1, day);
  if (day > 28 && new Date(midnight).getUTCDate() !== day) return NaN;
  return midnight + hour * 3_600_000 + minute * 60_000 + second * 1000 + ms;
}

const ZERO = 0x30;

/** The files (`2026-03.ndjson`) of the UTC months in which lines begin that reach into a time, the earliest first. */
export function monthFiles(fromMs: number, toMs: number): string[] {
  const files: string[] = [];
  const first = new Date(fromMs - LONGEST_STRETCH_MS);
  for (let month = first.getUTCMonth(); ; month++) {
    const start = new Date(Date.UTC(first.getUTCFullYear(), month));
    if (start.getTime() >= toMs) return files;
    files.push(`${start.toISOString().slice(0, 7)}.ndjson`);
  }
}
