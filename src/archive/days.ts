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
  // Not by a format: that is ten times slower.
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  const noon = DateTime.fromObject({ year, month, day: date, hour: 12 }, { zone: timeZone });
  return { day, fromMs: beginMs(noon), toMs: beginMs(noon.plus({ days: 1 })) };
}

/** The days of which something lies in [fromMs, toMs), in their order. */
export function daysIn(fromMs: number, toMs: number, timeZone: string): Day[] {
  const days: Day[] = [];
  let noon = DateTime.fromMillis(fromMs, { zone: timeZone }).set({ hour: 12 });
  for (let begin = beginMs(noon); begin < toMs;) {
    const day = noon.toFormat(DAY);
    noon = noon.plus({ days: 1 });
    const end = beginMs(noon);
    days.push({ day, fromMs: begin, toMs: end });
    begin = end;
  }
  return days;
}

/** Where clocks change at midnight a day begins at one o'clock, or has its midnight twice: with the first of them. */
function beginMs(noon: DateTime): number {
  const begin = noon.startOf('day');
  const hourBefore = begin.minus({ hours: 1 });
  return (hourBefore.hasSame(noon, 'day') ? hourBefore : begin).toMillis();
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
