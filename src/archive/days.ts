import { DateTime, Info, type Zone } from 'luxon';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** A day of a zone, `2026-03-29`, and from when to when it is, Unix ms. */
export interface Day {
  readonly day: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** @param day `2026-03-29` */
export function dayNamed(day: string, timeZone: string): Day {
  const zone = Info.normalizeZone(timeZone);
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  const utcMs = Date.UTC(year, month - 1, date);
  return { day, fromMs: beginMs(utcMs, zone), toMs: beginMs(utcMs + DAY_MS, zone) };
}

/** The days of which something lies in [fromMs, toMs), in their order. */
export function daysIn(fromMs: number, toMs: number, timeZone: string): Day[] {
  const zone = Info.normalizeZone(timeZone);
  const days: Day[] = [];
  const localMs = fromMs + zone.offset(fromMs) * MINUTE_MS;
  let utcMs = Math.floor(localMs / DAY_MS) * DAY_MS;
  for (let begin = beginMs(utcMs, zone); begin < toMs;) {
    const day = new Date(utcMs).toISOString().slice(0, 10);
    utcMs += DAY_MS;
    const end = beginMs(utcMs, zone);
    days.push({ day, fromMs: begin, toMs: end });
    begin = end;
  }
  return days;
}

/**
 * When a day begins. Where clocks change at midnight it does at one o'clock, or has its midnight twice: with the first of them.
 * @param utcMs midnight of that date in UTC, Unix ms
 */
function beginMs(utcMs: number, zone: Zone): number {
  const noonMs = utcMs + DAY_MS / 2 - zone.offset(utcMs) * MINUTE_MS;
  const offset = zone.offset(noonMs);
  // Of most days: some hundred times as fast as the calendar's way.
  if (zone.offset(noonMs - DAY_MS) === offset) return utcMs - offset * MINUTE_MS;
  const noon = DateTime.fromMillis(noonMs, { zone });
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
