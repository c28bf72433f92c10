import { DateTime, IANAZone } from 'luxon';

/** The machine's time zone by its IANA name; `utc` where TZ names none: times are UTC there. */
export function localTimeZone(): string {
  const name = DateTime.local().zoneName;
  return name !== null && IANAZone.isValidZone(name) ? name : 'utc';
}
