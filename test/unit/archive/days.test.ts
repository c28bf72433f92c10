import { DateTime } from 'luxon';
import { dayNamed, daysIn, wholeDaysIn } from '../../../src/archive/days';

/** Of these the first three change their clocks at midnight. */
describe.each([
  'America/Santiago',
  'Asia/Beirut',
  'America/Havana',
  'Europe/Berlin',
  'Asia/Kathmandu',
  'Pacific/Kiritimati',
  'Pacific/Pago_Pago',
  'UTC',
])('days of a year in %s', (zone) => {
  const fromMs = DateTime.fromISO('2026-01-01', { zone }).toMillis();
  const toMs = DateTime.fromISO('2027-01-01', { zone }).toMillis();
  const days = daysIn(fromMs, toMs, zone);

  test('follow each other without a gap, each once', () => {
    expect(days).toHaveLength(365);
    expect(new Set(days.map(({ day }) => day)).size).toBe(365);
    expect(days[0]!.fromMs).toBe(fromMs);
    for (const [i, next] of days.slice(1).entries()) expect(next.fromMs).toBe(days[i]!.toMs);
    expect(days.at(-1)!.toMs).toBe(toMs);
  });

  test('begin with their first moment', () => {
    const dateOf = (ms: number): string => DateTime.fromMillis(ms, { zone }).toISODate() ?? '';
    for (const { day, fromMs: begin } of days)
      expect([dateOf(begin - 1) < day, dateOf(begin)]).toEqual([true, day]);
  });

  test('are the same by name', () => {
    for (const day of days) expect(dayNamed(day.day, zone)).toEqual(day);
  });

  test('of a part of the year are those of the year', () => {
    for (const first of [40, 85, 248, 300]) {
      const found = wholeDaysIn(days[first]!.fromMs + 1, toMs, zone);
      expect(found).toEqual(days.slice(first + 1));
    }
  });
});
