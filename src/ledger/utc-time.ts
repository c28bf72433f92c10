/** The form of records' times: `2026-01-01T00:00:00.000Z`. */
const LENGTH = 24;

/**
 * Time of a record, Unix ms: what Date.parse gives, a few times faster. NaN where it is none.
 * @param text by the schema's pattern
 */
export function utcMs(text: string): number {
  const month = pairAt(text, 5);
  const day = pairAt(text, 8);
  const hour = pairAt(text, 11);
  const minute = pairAt(text, 14);
  const second = pairAt(text, 17);
  const isUsual =
    text.length === LENGTH &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    hour < 24 &&
    minute < 60 &&
    second < 60;
  const year = pairAt(text, 0) * 100 + pairAt(text, 2);
  // Every month has 28 days.
  if (!isUsual || day > 28 || year < 1970) return Date.parse(text);
  const ms = pairAt(text, 20) * 10 + (text.charCodeAt(22) - ZERO);
  return ((daysTo(year, month) + day - 1) * 24 + hour) * 3_600_000 + minute * 60_000 + second * 1000 + ms;
}

const ZERO = 0x30;

function pairAt(text: string, at: number): number {
  return (text.charCodeAt(at) - ZERO) * 10 + (text.charCodeAt(at + 1) - ZERO);
}

/** Days from 1970-01-01 to the first of a month: years begin in March, so that a leap day is a year's last. */
function daysTo(year: number, month: number): number {
  const years = month > 2 ? year : year - 1;
  const months = month > 2 ? month - 3 : month + 9;
  const leapDays = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400);
  return years * 365 + leapDays + Math.floor((153 * months + 2) / 5) - 719_468;
}
