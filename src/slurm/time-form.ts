import { DateTime } from 'luxon';
import { EitError } from '../errors';
import { TIME_FORMS } from './time-forms';

const HOUR_OF_WORD: Readonly<Record<string, number>> = {
  today: 0,
  midnight: 0,
  elevenses: 11,
  noon: 12,
  fika: 15,
  teatime: 16,
};

const SECONDS_OF_UNIT: Readonly<Record<string, number>> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 604_800,
};

const NOW = /^now(?:\s*([+-])\s*(\d{1,10})\s*(?:(second|minute|hour|day|week)s?)?)?$/;
const UNIX_SECONDS = /^uts(\d{1,11})$/;
const TIME = /^(\d{1,2}):(\d\d)(?::(\d\d))?\s*([ap]m)?$/;
const ISO_DATE = /^(\d{4})-(\d\d)-(\d\d)(?:[-t\s]\s*(\S.*))?$/;
const US_DATE =
  /^(?:(\d\d)(\d\d)(\d\d)?|(\d{1,2})\/(\d{1,2})(?:\/(\d\d))?|(\d{1,2})\.(\d{1,2})(?:\.(\d\d))?)(?:[-t\s]\s*(\S.*))?$/;

interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

interface TimeOfDay {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/**
 * Reads a time as sacct's --starttime does (https://slurm.schedmd.com/sacct.html, "Valid time formats"): a time of day
 * means today, a date without a year the last year in which its month is not yet to come, a date without a time its
 * midnight; `now-1day` is 24 hours ago, whatever daylight saving did. A day that no calendar has (2026-02-30) is an
 * error, where sacct takes the next one. Of a local time that occurs twice the first is meant (`uts...` says which), one
 * that does not occur at all moves an hour on.
 * @param now the current time, in the zone that local times are in
 * @throws EitError EIT_TIME_FORM, showing the right forms
 */
export function parseSlurmTime(text: string, { now }: { now: DateTime }): DateTime {
  const form = text.trim().toLowerCase();
  const time = relative(form, now) ?? unixTime(form, now) ?? timeToday(form, now) ?? dated(form, now);
  if (time === null || !time.isValid) {
    throw new EitError('EIT_TIME_FORM', `${JSON.stringify(text)} is not a time. It can be: ${TIME_FORMS}.`);
  }
  return time;
}

function relative(form: string, now: DateTime): DateTime | null {
  if (form === 'tomorrow') return now.plus({ days: 1 }).startOf('day');
  const match = NOW.exec(form);
  if (match === null) return null;
  const [, sign, count = '0', unit = 'second'] = match;
  return now.plus({ seconds: (sign === '-' ? -1 : 1) * Number(count) * (SECONDS_OF_UNIT[unit] ?? 1) });
}

function unixTime(form: string, now: DateTime): DateTime | null {
  const seconds = UNIX_SECONDS.exec(form)?.[1];
  return seconds === undefined ? null : DateTime.fromSeconds(Number(seconds), { zone: now.zone });
}

function timeToday(form: string, now: DateTime): DateTime | null {
  const time = timeOfDay(form);
  return time === null ? null : local({ year: now.year, month: now.month, day: now.day }, time, now);
}

function dated(form: string, now: DateTime): DateTime | null {
  const iso = ISO_DATE.exec(form);
  const us = US_DATE.exec(form);
  const day = iso
    ? { year: Number(iso[1]), month: Number(iso[2]), day: Number(iso[3]) }
    : us && usDay(us, now);
  if (day === null) return null;
  const rest = iso ? iso[4] : us?.[10];
  const time = rest === undefined ? { hour: 0, minute: 0, second: 0 } : timeOfDay(rest);
  return time === null ? null : local(day, time, now);
}

function usDay(match: RegExpExecArray, now: DateTime): Day {
  const month = Number(match[1] ?? match[4] ?? match[7]);
  const day = Number(match[2] ?? match[5] ?? match[8]);
  const year = match[3] ?? match[6] ?? match[9];
  if (year !== undefined) return { year: 2000 + Number(year), month, day };
  return { year: month > now.month ? now.year - 1 : now.year, month, day };
}

function timeOfDay(form: string): TimeOfDay | null {
  const wordHour = Object.hasOwn(HOUR_OF_WORD, form) ? HOUR_OF_WORD[form] : undefined;
  if (wordHour !== undefined) return { hour: wordHour, minute: 0, second: 0 };
  const match = TIME.exec(form);
  if (match === null) return null;
  const [, hours, minutes, seconds = '0', half] = match;
  let hour = Number(hours);
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return null;
    hour = (hour % 12) + (half === 'pm' ? 12 : 0);
  }
  // 24:00 would be taken by luxon for the next day; sacct refuses it.
  return hour > 23 ? null : { hour, minute: Number(minutes), second: Number(seconds) };
}

function local(day: Day, time: TimeOfDay, now: DateTime): DateTime {
  const found = DateTime.fromObject({ ...day, ...time }, { zone: now.zone });
  // Of two that the clock shows alike luxon takes the one whose offset is nearer to today's.
  return found.isValid ? (found.getPossibleOffsets()[0] ?? found) : found;
}
