import { parseIntensityCsv } from '../../../src/carbon/intensity-csv';
import { localTimes } from '../../../src/carbon/local-times';

const stamp = {
  zone: 'DE',
  basis: 'average-direct',
  flow: 'consumption',
  source: 'our grid',
  fetched_at: '2026-04-01T00:00:00.000Z',
} as const;
const parse = (text: string, timeZone: string | null = null) =>
  parseIntensityCsv(text, stamp, { timeZone, file: 'grid.csv' });
const shown = (text: string, timeZone: string | null = null) =>
  parse(text, timeZone).map(
    ({ start, end, g_per_kwh, estimated }) =>
      `${start.slice(0, 16)} ${end.slice(0, 16)} ${g_per_kwh}${estimated ? ' estimated' : ''}`,
  );

test('rows with start and end, in UTC or with an offset, with a byte order mark and CRLF', () => {
  const text =
    '\uFEFFstart,end,g_per_kwh,estimated\r\n2026-03-01T00:00Z,2026-03-01T01:00Z,300,true\r\n2026-03-01T02:00:00+01:00,2026-03-01T02:30+01:00,"250.5",\r\n';
  expect(shown(text)).toEqual([
    '2026-03-01T00:00 2026-03-01T01:00 300 estimated',
    '2026-03-01T01:00 2026-03-01T01:30 250.5',
  ]);
  expect(parse(text)[0]).toEqual({
    ...stamp,
    start: '2026-03-01T00:00:00.000Z',
    end: '2026-03-01T01:00:00.000Z',
    g_per_kwh: 300,
    estimated: true,
  });
});

test('without an end a row lasts until the next, and the last as long as the one before', () => {
  expect(shown('g_per_kwh,start\n1,2026-03-01T00:00Z\n2,2026-03-01T00:15Z\n3,2026-03-01T01:00Z\n')).toEqual([
    '2026-03-01T00:00 2026-03-01T00:15 1',
    '2026-03-01T00:15 2026-03-01T01:00 2',
    '2026-03-01T01:00 2026-03-01T01:45 3',
  ]);
});

test('local times: the hour that stands twice in autumn is two hours, that of spring is none', () => {
  const autumn = ['01:00', '02:00', '02:00', '03:00'].map((time, i) => `2026-10-25 ${time},${i}`);
  expect(shown(['start,g_per_kwh', ...autumn].join('\n'), 'Europe/Berlin')).toEqual([
    '2026-10-24T23:00 2026-10-25T00:00 0',
    '2026-10-25T00:00 2026-10-25T01:00 1',
    '2026-10-25T01:00 2026-10-25T02:00 2',
    '2026-10-25T02:00 2026-10-25T03:00 3',
  ]);
  expect(() => parse('start,g_per_kwh\n2026-03-29T01:00,1\n2026-03-29T02:30,2\n', 'Europe/Berlin')).toThrow(
    'grid.csv:3: "2026-03-29T02:30" is no time that there is',
  );
});

test('months of a site in local time', () => {
  expect(shown('start,g_per_kwh\n2026-01-01,1\n2026-02-01,2\n2026-03-01,3\n', 'Europe/Berlin')[1]).toBe(
    '2026-01-31T23:00 2026-02-28T23:00 2',
  );
});

test.each<[string, string, string]>([
  ['an empty file', '', 'grid.csv:1: the header lacks start or g_per_kwh'],
  ['no header', '2026-03-01T00:00Z,1\n', 'grid.csv:1: the column "2026-03-01T00:00Z" is unknown'],
  ['a column twice', 'start,start,g_per_kwh\n', 'grid.csv:1: the column "start" is unknown or stands twice'],
  ['terminal codes', 'start,g_per_kwh,\u001b[2J\n', 'grid.csv:1: the column "\\u{1b}[2J" is unknown'],
  [
    'a time without a zone',
    'start,g_per_kwh\n2026-03-01T00:00,1\n',
    'grid.csv:2: "2026-03-01T00:00" is no time that there is; expected 2026-03-01T00:00Z or',
  ],
  [
    'a day that there is not',
    'start,g_per_kwh\n2026-02-30T00:00Z,1\n',
    'grid.csv:2: "2026-02-30T00:00Z" is no time',
  ],
  [
    'a negative value',
    'start,g_per_kwh\n2026-03-01T00:00Z,-1\n',
    'grid.csv:2: "-1" is no intensity; expected a number from 0 to 5000',
  ],
  ['an empty value', 'start,g_per_kwh\n2026-03-01T00:00Z,\n', 'grid.csv:2: "" is no intensity'],
  ['tons', 'start,g_per_kwh\n2026-03-01T00:00Z,350000\n', 'grid.csv:2: "350000" is no intensity'],
  ['a column too many', 'start,g_per_kwh\n2026-03-01T00:00Z,1,2\n', 'grid.csv:2: 3 columns; expected 2'],
  [
    'an estimate that is maybe',
    'start,g_per_kwh,estimated\n2026-03-01T00:00Z,1,maybe\n',
    'grid.csv:2: estimated is "maybe"',
  ],
  [
    'one row alone',
    'start,g_per_kwh\n2026-03-01T00:00Z,1\n',
    'grid.csv:2: one row alone does not tell how long it lasts',
  ],
  [
    'rows out of order',
    'start,g_per_kwh\n2026-03-01T01:00Z,1\n2026-03-01T00:00Z,1\n',
    'grid.csv:3: the row does not begin after the one before',
  ],
  [
    'a row twice',
    'start,g_per_kwh\n2026-03-01T01:00Z,1\n2026-03-01T01:00Z,1\n',
    'grid.csv:3: the row does not begin after the one before',
  ],
  [
    'rows that overlap',
    'start,end,g_per_kwh\n2026-03-01T00:00Z,2026-03-01T01:00Z,1\n2026-03-01T01:00Z,2026-03-01T03:00Z,1\n2026-03-01T02:00Z,2026-03-01T04:00Z,2\n',
    'grid.csv:4: the row begins before that of line 3 ends; expected rows that do not overlap',
  ],
  [
    'semicolons',
    'start;g_per_kwh\n2026-03-01T00:00Z;350,5\n',
    'grid.csv:1: the columns are not separated by commas',
  ],
  ['tabs', 'start\tg_per_kwh\n', 'grid.csv:1: the columns are not separated by commas'],
  [
    'an end before the start',
    'start,end,g_per_kwh\n2026-03-01T01:00Z,2026-03-01T00:00Z,1\n',
    'grid.csv:2: the row lasts no time',
  ],
  [
    'a quarter',
    'start,g_per_kwh\n2026-01-01T00:00Z,1\n2026-04-01T00:00Z,1\n',
    'grid.csv:2: the row lasts no time, or over 31 days',
  ],
  ['a quote that is not closed', 'start,g_per_kwh\n"2026,1\n', 'grid.csv:2: a quote'],
])('%s is refused with its line', (_, text, said) => {
  expect(() => parse(text)).toThrow(said);
});

test('local times go on: after an hour that stands once comes no hour before', () => {
  const timeOf = localTimes('America/Los_Angeles');
  expect(
    ['2026-11-01T00:55', '2026-11-01T01:00', '2026-11-01T01:00', '2026-11-01T02:00'].map(timeOf),
  ).toEqual(['07:55', '08:00', '09:00', '10:00'].map((utc) => Date.parse(`2026-11-01T${utc}Z`)));
  expect(timeOf('yesterday')).toBeNaN();
});
