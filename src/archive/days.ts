import { DateTime } from 'luxon';

const DAY = 'yyyy-MM-dd';

/** A day of a zone, `2026-03-29`, and from when to when it is, Unix ms. */
export interface Day {
  readonly day: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** @param day `2026-03-29` */
export function dayNamed(day: string, timeZone: string): Day {
  // Not by a format: that is ten times slower, and it is asked for each job of a day.
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  const from = DateTime.fromObject({ year, month, day: date }, { zone: timeZone });
  return { day, fromMs: from.toMillis(), toMs: from.plus({ days: 1 }).toMillis() };
}

/** The days of which something lies in [fromMs, toMs), in their order. */
export function daysIn(fromMs: number, toMs: number, timeZone: string): Day[] {
  const days: Day[] = [];
  let begin = DateTime.fromMillis(fromMs, { zone: timeZone }).startOf('day');
  while (begin.toMillis() < toMs) {
    const end = begin.plus({ days: 1 });
    days.push({ day: begin.toFormat(DAY), fromMs: begin.toMillis(), toMs: end.toMillis() });
    begin = end;
  }
  return days;
}

/** The days that lie wholly in [fromMs, toMs). */
export function wholeDaysIn(fromMs: number, toMs: number, timeZone: string): Day[] {
  return daysIn(fromMs, toMs, timeZone).filter((day) => day.fromMs >= fromMs && day.toMs <= toMs);
}

/** A stretch of time in which days follow each other, Unix ms. */
export type Stretch = readonly [fromMs: number, toMs: number];

/** Days that follow each other as one stretch of time. */
export function stretchesOf(days: readonly string[], timeZone: string): Stretch[] {
  const stretches: [number, number][] = [];
  for (const { fromMs, toMs } of [...days].sort().map((day) => dayNamed(day, timeZone))) {
    const last = stretches.at(-1);
    if (last?.[1] === fromMs) last[1] = toMs;
    else stretches.push([fromMs, toMs]);
  }
  return stretches;
}
