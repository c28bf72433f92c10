import { DAY_MS } from './plan';

const HOUR_MS = 3_600_000;
/** By hour of the day: what is submitted, in any unit. */
const HOURS = [5, 4, 3, 3, 3, 3, 4, 6, 12, 18, 21, 20, 16, 18, 21, 21, 19, 17, 13, 10, 9, 8, 7, 6];
const WEEKEND = 0.4;
const MEAN = (HOURS.reduce((sum, hour) => sum + hour, 0) / HOURS.length) * ((5 + 2 * WEEKEND) / 7);

/** How much is submitted at a time (Unix ms, days in UTC): 1 in the mean over a week. */
export function rhythm(atMs: number): number {
  const day = Math.floor(atMs / DAY_MS);
  // 1970 began on a Thursday.
  const isWeekend = (day + 4) % 7 === 0 || (day + 4) % 7 === 6;
  return (HOURS[Math.floor((atMs % DAY_MS) / HOUR_MS)]! * (isWeekend ? WEEKEND : 1)) / MEAN;
}
