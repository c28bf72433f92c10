import fc from 'fast-check';
import { monthFiles, parseIntensityLine, utcMs } from '../../../src/carbon/intensity-line';
import { hourLine } from './series-lines';

const parse = (changes: object, zone = 'DE') =>
  parseIntensityLine(JSON.stringify({ ...hourLine(0, 100), ...changes }), zone);

test('a line is what was written', () => {
  expect(parse({})).toEqual(hourLine(0, 100));
  expect(parse({ basis: 'marginal', flow: 'production', estimated: true })).toMatchObject({
    basis: 'marginal',
  });
});

test.each<[string, object, string]>([
  ['a negative value', { g_per_kwh: -1 }, 'refused by the schema'],
  ['an absurd value', { g_per_kwh: 5001 }, 'refused by the schema'],
  ['a value that is text', { g_per_kwh: '100' }, 'refused by the schema'],
  ['another key', { shell: 'x' }, 'refused by the schema'],
  ['a local time', { start: '2026-03-02T00:00:00+01:00' }, 'refused by the schema'],
  ['a zone that leads elsewhere', { zone: '../DE' }, 'refused by the schema'],
  ['terminal codes in the source', { source: '\u001b[2J' }, 'refused by the schema'],
  ['another zone', { zone: 'FR' }, 'of another zone'],
  ['a 13th month', { start: '2026-13-02T00:00:00.000Z' }, 'no stretch of up to 31 days'],
  ['a day that February has not', { start: '2026-02-29T00:00:00.000Z' }, 'no stretch of up to 31 days'],
  ['an end before the start', { end: '2026-03-01T00:00:00.000Z' }, 'no stretch of up to 31 days'],
  ['no length', { end: '2026-03-02T00:00:00.000Z' }, 'no stretch of up to 31 days'],
  ['a length of years', { end: '2027-03-02T00:00:00.000Z' }, 'no stretch of up to 31 days'],
  ['no time of fetching', { fetched_at: '2026-03-02T25:00:00.000Z' }, 'no time at which it was fetched'],
])('%s is refused', (_, changes, reason) => {
  expect(parse(changes)).toBe(reason);
});

test('what is no line says so', () => {
  expect(parseIntensityLine('', 'DE')).toBe('empty line');
  expect(parseIntensityLine('{"zone":"DE"', 'DE')).toBe('not JSON');
  expect(parseIntensityLine('null', 'DE')).toBe('refused by the schema');
});

test('times are what Date.parse takes them for', () => {
  const text = (ms: number): string => new Date(ms).toISOString();
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (ms) => {
      expect(utcMs(text(ms))).toBe(ms);
    }),
  );
  const two = fc.integer({ min: 0, max: 99 }).map((n) => String(n).padStart(2, '0'));
  fc.assert(
    fc.property(fc.array(two, { minLength: 6, maxLength: 6 }), (all) => {
      const [y, m, d, h, min, s] = all;
      const odd = `20${y}-${m}-${d}T${h}:${min}:${s}.000Z`;
      const real = Date.parse(odd);
      // Date.parse takes the 31st of every month, and 24:00.
      if (Number.isNaN(real) || text(real) !== odd) expect(utcMs(odd)).toBeNaN();
      else expect(utcMs(odd)).toBe(real);
    }),
  );
});

test('the files of a time are those of its months and of 31 days before', () => {
  const [from, to] = ['2026-01-15T00:00:00.000Z', '2026-02-01T00:00:00.000Z'].map(Date.parse) as [
    number,
    number,
  ];
  expect(monthFiles(from, to)).toEqual(['2025-12.ndjson', '2026-01.ndjson']);
  expect(monthFiles(from, to + 1)).toEqual(['2025-12.ndjson', '2026-01.ndjson', '2026-02.ndjson']);
});
