import { DateTime } from 'luxon';

/** A part of the calendar, in the words of the config and of luxon alike. */
type CalendarUnit = 'day' | 'month' | 'quarter' | 'year';

const DAY_MS = 86_400_000;

/** The time over which a quota adds up. */
export interface Period {
  readonly startMs: number;
  /** null: it moves on with the time, and has no end. */
  readonly endMs: number | null;
}

/**
 * The period in which a moment lies.
 * @param period `day`, `month`, `quarter`, `year`, or `30 days` for the last 30 times 24 hours
 * @param timeZone whose days they are, an IANA name or `local`
 */
export function periodAt(period: string, nowMs: number, timeZone: string): Period {
  const days = /^(\d+) days$/.exec(period)?.[1];
  if (days !== undefined) return { startMs: nowMs - Number(days) * DAY_MS, endMs: null };
  const unit = period as CalendarUnit;
  const start = DateTime.fromMillis(nowMs, { zone: timeZone }).startOf(unit);
  // Where clocks go forward at midnight a day begins at 1:00, and the next one not.
  const next = start.plus({ [`${unit}s`]: 1 }).startOf(unit);
  return { startMs: start.toMillis(), endMs: next.toMillis() };
}

/**
 * What will be used at the end of a period if all goes on as until now, in proportion to the time.
 * @param used up to `dataUntilMs`, in any unit
 * @returns null where the period has no end, or nothing is known of it yet
 */
export function forecast(
  used: number,
  { startMs, endMs }: Period,
  dataUntilMs: number | null,
): number | null {
  if (endMs === null || dataUntilMs === null || dataUntilMs <= startMs) return null;
  return (used * (endMs - startMs)) / (Math.min(endMs, dataUntilMs) - startMs);
}
