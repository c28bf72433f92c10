import { DateTime } from 'luxon';

const HOUR_MS = 3_600_000;
const SLOTS_MS = [HOUR_MS, HOUR_MS / 2, HOUR_MS / 4] as const;
const YEARS = 10;

/**
 * The longest slot whose ends meet those of the zone's days: an hour, where the zone is 30 or 45 minutes off that much less.
 * @param timeZone IANA name
 */
export function slotMsOf(timeZone: string, nowMs: number): number {
  const offsetsMs = new Set<number>();
  for (let month = -12 * YEARS; month <= 12 * YEARS; month++) {
    offsetsMs.add(DateTime.fromMillis(nowMs, { zone: timeZone }).plus({ months: month }).offset * 60_000);
  }
  const [shortest] = SLOTS_MS.slice(-1) as [number];
  return SLOTS_MS.find((slotMs) => [...offsetsMs].every((offsetMs) => offsetMs % slotMs === 0)) ?? shortest;
}
