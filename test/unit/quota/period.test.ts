import fc from 'fast-check';
import { DateTime } from 'luxon';
import { forecast, type Period, periodAt } from '../../../src/quota/period';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const UNITS = ['day', 'month', 'quarter', 'year'] as const;

/** With clocks that change by an hour, by half an hour, at midnight, and a zone that left out a whole day. */
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Beirut',
  'America/Santiago',
  'Africa/Cairo',
  'Asia/Kathmandu',
  'Pacific/Apia',
];

const moment = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2060, 0, 1) });
const zone = fc.constantFrom(...ZONES);
const unit = fc.constantFrom(...UNITS);

const at = (local: string, timeZone = 'Europe/Berlin'): number =>
  DateTime.fromISO(local, { zone: timeZone }).toMillis();

function lengthHours({ startMs, endMs }: Period): number {
  return (endMs! - startMs) / HOUR_MS;
}

test('a moment lies in its period, and periods follow each other without a gap', () => {
  fc.assert(
    fc.property(moment, zone, unit, (nowMs, timeZone, period) => {
      const { startMs, endMs } = periodAt(period, nowMs, timeZone);
      expect(startMs).toBeLessThanOrEqual(nowMs);
      expect(nowMs).toBeLessThan(endMs!);
      expect(periodAt(period, startMs, timeZone)).toEqual({ startMs, endMs });
      expect(periodAt(period, endMs! - 1, timeZone)).toEqual({ startMs, endMs });
      expect(periodAt(period, endMs!, timeZone).startMs).toBe(endMs);
    }),
  );
});

test.each([
  ['year', 'quarter', 4, 4],
  ['year', 'month', 12, 12],
  ['quarter', 'month', 3, 3],
  ['month', 'day', 27, 31],
] as const)('a %s is the sum of its %ss', (whole, part, least, most) => {
  fc.assert(
    fc.property(moment, zone, (nowMs, timeZone) => {
      const { startMs, endMs } = periodAt(whole, nowMs, timeZone);
      let [count, next, sumMs] = [0, startMs, 0];
      while (next < endMs!) {
        const one = periodAt(part, next, timeZone);
        expect(one.startMs).toBe(next);
        sumMs += one.endMs! - one.startMs;
        next = one.endMs!;
        count++;
      }
      expect({ next, sumMs }).toEqual({ next: endMs, sumMs: endMs! - startMs });
      expect(count).toBeGreaterThanOrEqual(least);
      expect(count).toBeLessThanOrEqual(most);
    }),
  );
});

test.each<[string, string, string, string, number]>([
  ['a day', 'day', '2026-11-26T10:00', 'Europe/Berlin', 24],
  ['a day on which clocks go forward', 'day', '2026-03-29T10:00', 'Europe/Berlin', 23],
  ['a day on which clocks go back', 'day', '2026-10-25T01:00', 'Europe/Berlin', 25],
  ['a day whose midnight is left out', 'day', '2026-03-29T10:00', 'Asia/Beirut', 23],
  ['the day before it', 'day', '2026-03-28T23:30', 'Asia/Beirut', 24],
  ['February', 'month', '2026-02-28T23:59', 'Europe/Berlin', 28 * 24],
  ['February of a leap year', 'month', '2028-02-29T23:59', 'Europe/Berlin', 29 * 24],
  ['February of 2100', 'month', '2100-02-28T23:59', 'Europe/Berlin', 28 * 24],
  ['March, an hour short', 'month', '2026-03-31T12:00', 'Europe/Berlin', 31 * 24 - 1],
  ['the first quarter', 'quarter', '2026-01-31T00:00', 'Europe/Berlin', 90 * 24 - 1],
  ['a year', 'year', '2026-12-31T23:59:59', 'Europe/Berlin', 365 * 24],
  ['a leap year', 'year', '2028-01-01T00:00', 'Europe/Berlin', 366 * 24],
])('%s is as long as the calendar has it', (_, period, local, timeZone, hours) => {
  expect(lengthHours(periodAt(period, at(local, timeZone), timeZone))).toBe(hours);
});

test('begins at the site’s midnight, not at that of UTC', () => {
  const { startMs, endMs } = periodAt('month', Date.UTC(2026, 0, 31, 23, 30), 'Europe/Berlin');
  expect([startMs, endMs]).toEqual([at('2026-02-01T00:00'), at('2026-03-01T00:00')]);
  expect(new Date(startMs).toISOString()).toBe('2026-01-31T23:00:00.000Z');
});

test('the last N days are N times 24 hours, also over a change of clocks, and have no end', () => {
  const nowMs = at('2026-04-01T12:00');
  expect(periodAt('30 days', nowMs, 'Europe/Berlin')).toEqual({ startMs: nowMs - 30 * DAY_MS, endMs: null });
});

describe('the forecast', () => {
  const period = { startMs: 0, endMs: 30 * DAY_MS };

  test('is what a steady use comes to, whenever it is made', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        fc.integer({ min: 1, max: 30 * DAY_MS }),
        (whole, untilMs) => {
          const used = whole * (untilMs / (30 * DAY_MS));
          expect(forecast(used, period, untilMs)).toBeCloseTo(whole, 3);
        },
      ),
    );
  });

  test('is never less than what is used, and at the end is that', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        fc.integer({ min: 1, max: 60 * DAY_MS }),
        (used, untilMs) => {
          const end = forecast(used, period, untilMs)!;
          expect(end).toBeGreaterThanOrEqual(used * (1 - 1e-12));
          if (untilMs >= period.endMs) expect(end).toBeCloseTo(used, 3);
        },
      ),
    );
  });

  test('counts the hours that a month has', () => {
    const march = periodAt('month', at('2026-03-10T00:00'), 'Europe/Berlin');
    expect(forecast(9 * 24, march, at('2026-03-10T00:00'))).toBe(31 * 24 - 1);
  });

  test.each<[string, Period, number | null]>([
    ['has no end', { startMs: 0, endMs: null }, DAY_MS],
    ['has no data', period, null],
    ['has not begun to be told of', period, 0],
    ['was told of before it began', period, -DAY_MS],
  ])('is unknown where the period %s', (_, of, untilMs) => {
    expect(forecast(5, of, untilMs)).toBeNull();
  });
});
