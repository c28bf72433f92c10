import { DateTime } from 'luxon';
import { LONGEST_STRETCH_MS } from './intensity-line';
import { usualStepMs } from './usual-step';

/** When a row begins, and what the file says of it: in its own local time, or with its own offset. */
export interface RowBegin {
  readonly startMs: number;
  readonly text: string;
}

/** A time after a row of which the file says nothing. */
export interface SeriesHole {
  readonly fromMs: number;
  readonly toMs: number;
}

const HOUR_MS = 3_600_000;
/** No clock differs from UTC by less. */
const QUARTER_MS = HOUR_MS / 4;
const DAY_MS = 24 * HOUR_MS;

/**
 * How long the rows of a file last that has no ends: until the next, but no longer than the file's usual step; the last for that step. Months and days
 * are as long as the calendar and summer time make them.
 * @param rows in the order of their time
 * @param timeZone of the texts that have no offset; null: all have one
 * @returns where each row ends (NaN: a row alone), the holes that come of it, and the usual step
 */
export function rowLengths(
  rows: readonly RowBegin[],
  timeZone: string | null,
): { readonly endsMs: number[]; readonly holes: SeriesHole[]; readonly stepMs: number } {
  const clocksMs = rows.map(clockMs);
  const distancesMs = rows
    .slice(1)
    .map(({ startMs }, i) => distanceOf(startMs - rows[i]!.startMs, clocksMs[i + 1]! - clocksMs[i]!));
  const stepMs = usualStepMs(distancesMs);
  const isByMonth = stepMs >= 28 * DAY_MS && stepMs <= LONGEST_STRETCH_MS;
  // Days that are local and told in UTC have an hour more in autumn.
  const longestMs = isByMonth ? LONGEST_STRETCH_MS : stepMs >= 23 * HOUR_MS ? stepMs + HOUR_MS : stepMs;
  const isCalendar = isByMonth && new Set(clocksMs.map((ms) => new Date(ms).getUTCDate())).size === 1;

  const holes: SeriesHole[] = [];
  const endsMs = rows.map((row, i) => {
    const nextMs = rows[i + 1]?.startMs;
    if (nextMs !== undefined && distancesMs[i]! <= longestMs) return nextMs;
    const endMs = isCalendar ? monthAfter(row, timeZone) : row.startMs + stepMs;
    if (nextMs !== undefined) holes.push({ fromMs: endMs, toMs: nextMs });
    return endMs;
  });
  return { endsMs, holes, stepMs };
}

/** What a clock on the wall shows, as if it were UTC; where the text has another form, UTC itself. */
function clockMs({ startMs, text }: RowBegin): number {
  const [, day, time = '00:00'] = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)|$)/.exec(text) ?? [];
  if (day === undefined) return startMs;
  return startMs + Math.round((Date.parse(`${day}T${time}:00.000Z`) - startMs) / QUARTER_MS) * QUARTER_MS;
}

/** By the clock on the wall where it was put forward or back in between: a day is one of 24 hours, and an hour that stands once for two is one. */
function distanceOf(utcMs: number, byClockMs: number): number {
  const isSummerTime = Math.abs(utcMs - byClockMs) <= HOUR_MS;
  return isSummerTime && Math.min(utcMs, byClockMs) >= HOUR_MS ? Math.min(utcMs, byClockMs) : utcMs;
}

/** The same day of the next month, by the clock of the row. */
function monthAfter({ startMs, text }: RowBegin, timeZone: string | null): number {
  const own = DateTime.fromISO(text.replace(' ', 'T'), { setZone: true });
  const hasOffset = /\d(Z|[+-]\d\d:?\d\d)$/i.test(text.slice(10));
  const begin = hasOffset ? own : DateTime.fromMillis(startMs, { zone: timeZone ?? 'utc' });
  return begin.plus({ months: 1 }).toMillis();
}
