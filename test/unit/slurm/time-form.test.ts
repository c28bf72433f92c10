import { DateTime } from 'luxon';
import { EitError } from '../../../src/errors';
import { parseSlurmTime } from '../../../src/slurm/time-form';

const berlin = (iso: string): DateTime => DateTime.fromISO(iso, { zone: 'Europe/Berlin' });
const now = berlin('2026-11-23T18:50:49');
const read = (text: string, at = now): string | null =>
  parseSlurmTime(text, { now: at }).toISO({ suppressMilliseconds: true });

// What sacct 22.05 makes of them (sacct -v says the window it takes), but for elevenses, which only sbatch knows.
test.each([
  ['today', '2026-11-23T00:00:00+01:00'],
  ['midnight', '2026-11-23T00:00:00+01:00'],
  ['tomorrow', '2026-11-24T00:00:00+01:00'],
  ['noon', '2026-11-23T12:00:00+01:00'],
  ['elevenses', '2026-11-23T11:00:00+01:00'],
  ['fika', '2026-11-23T15:00:00+01:00'],
  ['teatime', '2026-11-23T16:00:00+01:00'],
  ['TeaTime', '2026-11-23T16:00:00+01:00'],
  ['now', '2026-11-23T18:50:49+01:00'],
  ['NOW', '2026-11-23T18:50:49+01:00'],
  ['now-1', '2026-11-23T18:50:48+01:00'],
  ['now-90seconds', '2026-11-23T18:49:19+01:00'],
  ['now-1minute', '2026-11-23T18:49:49+01:00'],
  ['now+1hour', '2026-11-23T19:50:49+01:00'],
  ['now-7days', '2026-11-16T18:50:49+01:00'],
  ['now - 2 weeks', '2026-11-09T18:50:49+01:00'],
  ['01:02', '2026-11-23T01:02:00+01:00'],
  ['1:02', '2026-11-23T01:02:00+01:00'],
  ['23:59', '2026-11-23T23:59:00+01:00'],
  ['10:11:12', '2026-11-23T10:11:12+01:00'],
  ['10:11:12AM', '2026-11-23T10:11:12+01:00'],
  ['11:30 pm', '2026-11-23T23:30:00+01:00'],
  ['12:00AM', '2026-11-23T00:00:00+01:00'],
  ['12:30PM', '2026-11-23T12:30:00+01:00'],
  ['1123', '2026-11-23T00:00:00+01:00'],
  ['1124', '2026-11-24T00:00:00+01:00'],
  ['1231', '2025-12-31T00:00:00+01:00'],
  ['0101', '2026-01-01T00:00:00+01:00'],
  ['112425', '2025-11-24T00:00:00+01:00'],
  ['112425-10:00', '2025-11-24T10:00:00+01:00'],
  ['12/31', '2025-12-31T00:00:00+01:00'],
  ['1/5', '2026-01-05T00:00:00+01:00'],
  ['11/24/25-10:00:01', '2025-11-24T10:00:01+01:00'],
  ['11.24.25', '2025-11-24T00:00:00+01:00'],
  ['1.5', '2026-01-05T00:00:00+01:00'],
  ['2026-01-05', '2026-01-05T00:00:00+01:00'],
  ['2026-01-05T10:11', '2026-01-05T10:11:00+01:00'],
  ['2026-01-05 10:11:12', '2026-01-05T10:11:12+01:00'],
  ['2026-07-05T10:11:12', '2026-07-05T10:11:12+02:00'],
  ['uts1700000000', '2023-11-14T23:13:20+01:00'],
  [' noon ', '2026-11-23T12:00:00+01:00'],
])('%s is %s', (text, expected) => {
  expect(read(text)).toBe(expected);
});

test.each([
  '',
  'yesterday',
  'todayx',
  '24:00',
  '12:60',
  '12:00:60',
  '13:30PM',
  '0:30AM',
  '1:2',
  '2026-1-5',
  '2026-01',
  '2026-02-30',
  '2025-02-29',
  '2026-01-05T10',
  '2026-01-05T10:11:12.5',
  '2026-01-05T10:11:12Z',
  '1301',
  '0100',
  '0230',
  '1/5/6',
  '01/05/2026',
  'now-',
  'now-x',
  'now-2w',
  'now-9999999999weeks',
  'uts',
  '__proto__',
  '2026-01-05Tconstructor',
  '\u001b[2J',
])('%j is refused with the right forms', (text) => {
  let error: unknown;
  try {
    read(text);
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(EitError);
  expect(error).toMatchObject({ code: 'EIT_TIME_FORM', exitStatus: 2 });
  expect(String(error)).toContain('YYYY-MM-DD[THH:MM[:SS]]');
});

describe('daylight saving', () => {
  const autumn = berlin('2026-10-25T12:00:00');
  const spring = berlin('2026-03-29T12:00:00');

  test.each([
    ['a day is 24 hours, as in sacct', 'now-1day', autumn, '2026-10-24T13:00:00+02:00'],
    ['midnight lies before the change', 'today', autumn, '2026-10-25T00:00:00+02:00'],
    [
      'of a time that occurs twice the first is meant',
      '2026-10-25T02:30',
      autumn,
      '2026-10-25T02:30:00+02:00',
    ],
    ['Unix seconds tell the second', 'uts1792891800', autumn, '2026-10-25T02:30:00+01:00'],
    ['a time that does not occur moves on', '2026-03-29T02:30', spring, '2026-03-29T03:30:00+02:00'],
    ['a date is its own offset', '0328', spring, '2026-03-28T00:00:00+01:00'],
    [
      'a day may begin at one',
      '2022-03-27',
      DateTime.fromISO('2022-03-27T12:00', { zone: 'Asia/Beirut' }),
      '2022-03-27T01:00:00+03:00',
    ],
  ])('%s', (_, text, at, expected) => {
    expect(read(text, at)).toBe(expected);
  });
});
