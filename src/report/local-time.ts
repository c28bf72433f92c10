import { DateTime } from 'luxon';

/** A time of a report as a person of that zone reads it. */
export function localTime(utc: string, timeZone: string): string {
  const time = DateTime.fromISO(utc, { zone: timeZone });
  return `${time.toFormat('yyyy-MM-dd HH:mm:ss')} ${time.zoneName ?? ''}`.trimEnd();
}
