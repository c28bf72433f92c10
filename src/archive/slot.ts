import { DateTime } from 'luxon';

const HOUR_MS = 3_600_000;
const SLOTS_MS = [HOUR_MS, HOUR_MS / 2, HOUR_MS / 4, HOUR_MS / 12] as const;
const YEARS = 10;

/**
 * The longest slot whose ends meet those of the zone's days: an hour, where the zone is 30 or 45 minutes off that much less.
 * @param timeZone IANA name
 * @param mostMs it is no longer
 */
export function slotMsOf(timeZone: string, nowMs: number, mostMs = HOUR_MS): number {
  const offsetsMs = new Set<number>();
  for (let month = -12 * YEARS; month <= 12 * YEARS; month++) {
    offsetsMs.add(DateTime.fromMillis(nowMs, { zone: timeZone }).plus({ months: month }).offset * 60_000);
  }
  const allowed = SLOTS_MS.filter((slotMs) => slotMs <= mostMs);
  const [shortest] = SLOTS_MS.slice(-1) as [number];
  return allowed.find((slotMs) => [...offsetsMs].every((offsetMs) => offsetMs % slotMs === 0)) ?? shortest;
}
