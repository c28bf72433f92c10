import { parseIntensityCsv } from '../../../src/carbon/intensity-csv';
import { localTimes } from '../../../src/carbon/local-times';

const stamp = {
  zone: 'DE',
  basis: 'average-direct',
  flow: 'consumption',
  source: 'our grid',
  fetched_at: '2026-04-01T00:00:00.000Z',
} as const;
const read = (text: string, timeZone: string | null = null) =>
  parseIntensityCsv(text, stamp, { timeZone, file: 'grid.csv' });
const parse = (text: string, timeZone: string | null = null) => read(text, timeZone).lines;
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

const HOUR_MS = 3_600_000;
/** `start,g_per_kwh` with these starts. */
const starts = (all: readonly string[]): string =>
  ['start,g_per_kwh', ...all.map((start, i) => `${start},${i}`)].join('\n');
const hoursFrom = (first: string, hours: readonly number[]): string[] =>
  hours.map((hour) => new Date(Date.parse(first) + hour * HOUR_MS).toISOString());
const lengthsH = (text: string, timeZone: string | null = null): number[] =>
  parse(text, timeZone).map(({ start, end }) => (Date.parse(end) - Date.parse(start)) / HOUR_MS);
const holesOf = (text: string, timeZone: string | null = null): string[] =>
  read(text, timeZone).holes.map((hole) =>
    [hole.fromMs, hole.toMs].map((ms) => new Date(ms).toISOString().slice(0, 16)).join(' '),
  );

describe('without an end', () => {
  test('a row lasts until the next, but no longer than most do: a hole stays one, also before the last row', () => {
    const hours = [0, 1, 2, 3, 46, 47, 48, 48 + 19 * 24];
    const text = starts(hoursFrom('2026-03-01T00:00Z', hours));
    expect(lengthsH(text)).toEqual(hours.map(() => 1));
    expect(holesOf(text)).toEqual(['2026-03-01T04:00 2026-03-02T22:00', '2026-03-03T01:00 2026-03-22T00:00']);
    expect(read(text).stepMs).toBe(HOUR_MS);
  });

  test('of two steps that are as common the shorter is the usual one', () => {
    expect(shown('g_per_kwh,start\n1,2026-03-01T00:00Z\n2,2026-03-01T00:15Z\n3,2026-03-01T01:00Z\n')).toEqual(
      [
        '2026-03-01T00:00 2026-03-01T00:15 1',
        '2026-03-01T00:15 2026-03-01T00:30 2',
        '2026-03-01T01:00 2026-03-01T01:15 3',
      ],
    );
  });

  test('rows that are nearer than the usual step last until the next', () => {
    const text = starts(hoursFrom('2026-03-01T00:00Z', [0, 1, 2, 2.25, 3, 4]));
    expect(lengthsH(text)).toEqual([1, 1, 0.25, 0.75, 1, 1]);
    expect(holesOf(text)).toEqual([]);
  });

  test('with an end nothing is told of steps', () => {
    expect(read('start,end,g_per_kwh\n2026-03-01T00:00Z,2026-03-01T01:00Z,1\n')).toMatchObject({
      holes: [],
      stepMs: null,
    });
  });

  const months = (year: number): string[] =>
    [...Array(12).keys()].map((i) => `${year}-${String(i + 1).padStart(2, '0')}-01`);

  test.each<[string, readonly string[], string | null]>([
    ['local, with the hour more of October', months(2026), 'Europe/Berlin'],
    ['in UTC', months(2024).map((day) => `${day}T00:00Z`), null],
    [
      'local, told in UTC',
      months(2026).map((day) =>
        new Date(`${day}T00:00+0${/-(0[4-9]|10)-/.test(day) ? 2 : 1}:00`).toISOString(),
      ),
      null,
    ],
    ['January to March, of which none is the usual one', months(2026).slice(0, 3), 'Europe/Berlin'],
  ])('months follow each other: %s', (_, all, timeZone) => {
    const text = starts(all);
    expect(holesOf(text, timeZone)).toEqual([]);
    const lines = parse(text, timeZone);
    lines.slice(1).forEach(({ start }, i) => expect(lines[i]?.end).toBe(start));
  });

  test('a month that is missing is a hole, and the last lasts for its month', () => {
    const text = starts(['2026-01-01', '2026-02-01', '2026-04-01', '2026-05-01', '2026-06-01']);
    expect(holesOf(text, 'Europe/Berlin')).toEqual(['2026-02-28T23:00 2026-03-31T22:00']);
    expect(parse(text, 'Europe/Berlin').at(-1)?.end).toBe('2026-06-30T22:00:00.000Z');
    const february = starts(['2026-01-01T00:00+01:00', '2026-02-01T00:00+01:00']);
    expect(parse(february).at(-1)?.end).toBe('2026-02-28T23:00:00.000Z');
  });

  test('four weeks are no month', () => {
    const text = starts(hoursFrom('2026-01-05T00:00Z', [0, 672, 1344, 2688]));
    expect(lengthsH(text)).toEqual([672, 672, 672, 672]);
    expect(holesOf(text)).toHaveLength(1);
  });

  const autumn = (times: readonly string[]): string[] => times.map((time) => `2026-10-25 ${time}`);
  test.each<[string, readonly string[], string | null, readonly number[]]>([
    [
      'days in autumn',
      ['2026-10-23', '2026-10-24', '2026-10-25', '2026-10-26', '2026-10-27'],
      'Europe/Berlin',
      [24, 24, 25, 24, 24],
    ],
    [
      'days in spring',
      ['2026-03-28', '2026-03-29', '2026-03-30', '2026-03-31'],
      'Europe/Berlin',
      [24, 23, 24, 24],
    ],
    [
      'days with their offset',
      ['2026-10-24T00:00+02:00', '2026-10-25T00:00+02:00', '2026-10-26T00:00+01:00'],
      null,
      [24, 25, 24],
    ],
    [
      'days that are told in UTC',
      ['2026-10-23T22:00Z', '2026-10-24T22:00Z', '2026-10-25T23:00Z', '2026-10-26T23:00Z'],
      null,
      [24, 25, 24, 24],
    ],
    ['six hours', autumn(['00:00', '06:00', '12:00', '18:00']), 'Europe/Berlin', [7, 6, 6, 6]],
    [
      'hours, that which stands twice told twice',
      autumn(['01:00', '02:00', '02:00', '03:00']),
      'Europe/Berlin',
      [1, 1, 1, 1],
    ],
    [
      'hours, that which stands twice told once',
      autumn(['00:00', '01:00', '02:00', '03:00']),
      'Europe/Berlin',
      [1, 1, 2, 1],
    ],
    [
      'hours in spring',
      ['2026-03-29 00:00', '2026-03-29 01:00', '2026-03-29 03:00'],
      'Europe/Berlin',
      [1, 1, 1],
    ],
  ])('days on which the clock is changed have no hole: %s', (_, all, timeZone, hours) => {
    expect(lengthsH(starts(all), timeZone)).toEqual(hours);
    expect(holesOf(starts(all), timeZone)).toEqual([]);
  });

  test('two hours that are missing from local days are a hole', () => {
    expect(holesOf(starts(autumn(['00:00', '01:00', '04:00', '05:00'])), 'Europe/Berlin')).toEqual([
      '2026-10-25T00:00 2026-10-25T03:00',
    ]);
  });
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
    'an end that is empty',
    'start,end,g_per_kwh\n2026-03-01T00:00Z,2026-03-01T01:00Z,1\n2026-03-01T01:00Z,,1\n',
    'grid.csv:3: an empty end: leave the column out or fill it',
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
