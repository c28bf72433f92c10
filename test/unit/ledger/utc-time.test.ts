import fc from 'fast-check';
import { utcMs } from '../../../src/ledger/utc-time';

test('times of records are what Date.parse makes of them', () => {
  const date = fc.date({
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(date, (at) => {
      expect(utcMs(at.toISOString())).toBe(at.getTime());
    }),
    { numRuns: 5000 },
  );
});

test.each([
  '2026-02-28T23:59:59.999Z',
  '2026-02-29T00:00:00.000Z',
  '2024-02-29T00:00:00.000Z',
  '2026-02-31T00:00:00.000Z',
  '2000-03-01T00:00:00.000Z',
  '2026-13-01T00:00:00.000Z',
  '2026-00-10T00:00:00.000Z',
  '2026-01-00T00:00:00.000Z',
  '2026-01-32T00:00:00.000Z',
  '2026-01-01T24:00:00.000Z',
  '2026-01-01T24:00:00.001Z',
  '2026-01-01T23:60:00.000Z',
  '2026-01-01T23:59:60.000Z',
  '0000-01-01T00:00:00.000Z',
  '1969-12-31T23:59:59.999Z',
])('%s too', (text) => {
  expect(utcMs(text)).toBe(Date.parse(text));
});
