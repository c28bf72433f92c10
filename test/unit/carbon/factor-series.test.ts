import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  assumedStretches,
  factorPieces,
  type FactorSeries,
  meanOverTime,
  parseFactorSeries,
  readFactorSeries,
  seriesGaps,
} from '../../../src/carbon/factor-series';
import { EitError } from '../../../src/errors';

const BERLIN = { what: 'PUE', least: 1, most: 10, timeZone: 'Europe/Berlin' };
const UTC = { ...BERLIN, timeZone: 'utc' };

const parse = (text: string, options = UTC): FactorSeries => parseFactorSeries(text, 'pue.csv', options);

/** Rows as ISO times in UTC. */
const told = (series: FactorSeries): unknown[] =>
  series.rows.map(({ fromMs, toMs, value }) => [
    iso(fromMs),
    Number.isFinite(toMs) ? iso(toMs) : toMs,
    value,
  ]);

const iso = (ms: number): string => new Date(ms).toISOString().replace(/:00\.000Z$/, 'Z');
const ms = (text: string): number => Date.parse(text);

function failure(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof EitError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a series', () => {
  test.each<[string, string, typeof UTC, unknown[]]>([
    [
      'by month, in the local time of the site',
      'from,value\n2026-03,1.2\n2026-04,1.3\n',
      BERLIN,
      [
        ['2026-02-28T23:00Z', '2026-03-31T22:00Z', 1.2],
        ['2026-03-31T22:00Z', '2026-04-30T22:00Z', 1.3],
      ],
    ],
    ['by year', 'from,value\n2025,1.4\n', UTC, [['2025-01-01T00:00Z', '2026-01-01T00:00Z', 1.4]]],
    [
      'by hour over the day on which clocks are set forward',
      'from,value\n2026-03-29T01:00,1.1\n2026-03-29T03:00,1.2\n',
      BERLIN,
      [
        ['2026-03-29T00:00Z', '2026-03-29T01:00Z', 1.1],
        ['2026-03-29T01:00Z', '2026-03-29T02:00Z', 1.2],
      ],
    ],
    [
      'with the hour that comes twice, told apart by its offset',
      'from,value\n2026-10-25T02:00+02:00,1.1\n2026-10-25T02:00+01:00,1.2\n',
      BERLIN,
      [
        ['2026-10-25T00:00Z', '2026-10-25T01:00Z', 1.1],
        ['2026-10-25T01:00Z', '2026-10-25T02:00Z', 1.2],
      ],
    ],
    [
      'with offsets without a colon (ISO 8601, basic)',
      'from,value\n2026-03-29T02:30+0100,1.1\n2026-03-29T01:00-0130,1.2\n',
      BERLIN,
      [
        ['2026-03-29T01:30Z', '2026-03-29T02:30Z', 1.1],
        ['2026-03-29T02:30Z', '2026-03-29T03:30Z', 1.2],
      ],
    ],
    [
      'with ends, comments, a byte order mark, CRLF, in any order',
      '\uFEFFFrom,To,Value,Note\r\n2026-02-01,2026-02-15,1.5,"chiller, old"\r\n2026-01-01,2026-01-31,1.4,\r\n',
      UTC,
      [
        ['2026-01-01T00:00Z', '2026-01-31T00:00Z', 1.4],
        ['2026-02-01T00:00Z', '2026-02-15T00:00Z', 1.5],
      ],
    ],
    [
      'of which the last line has no end: as long as the one before',
      'from,value\n2026-01-01,1.4\n2026-01-08,1.5\n',
      UTC,
      [
        ['2026-01-01T00:00Z', '2026-01-08T00:00Z', 1.4],
        ['2026-01-08T00:00Z', '2026-01-15T00:00Z', 1.5],
      ],
    ],
    ['of one line from a day on', 'from,value\n2026-01-01,1.4', UTC, [['2026-01-01T00:00Z', Infinity, 1.4]]],
  ])('%s', (_, text, options, rows) => {
    expect(told(parse(text, options))).toEqual(rows);
  });

  test.each<[string, string, string]>([
    ['nothing', '', ':1: there is nothing to read; expected the header'],
    ['no line', 'from,value\n', ':1: there is nothing to read'],
    ['a column misspelt', 'from,till,value\n2026-01,2026-02,1.2\n', ':1: the columns are from,till,value'],
    ['a column twice', 'from,value,value\n2026-01,1,1\n', ':1: the columns are from,value,value'],
    ['no header', '2026-01,1.2\n', ':1: the columns are 2026-01,1.2'],
    ['a decimal comma', 'from,value\n2026-01,1,2\n', ':2: 3 fields under 2 columns'],
    ['no value', 'from,value\n2026-01,\n', ':2: "" is no PUE; expected a number from 1 to 10'],
    ['NaN', 'from,value\n2026-01,NaN\n', ':2: "NaN" is no PUE'],
    ['an exponent', 'from,value\n2026-01,1e0\n', ':2: "1e0" is no PUE'],
    ['a PUE below 1', 'from,value\n2026-01,1.2\n2026-02,0.9\n', ':3: "0.9" is no PUE'],
    ['a month that is none', 'from,value\n2026-13,1.2\n', ':2: "2026-13" is no time that there was'],
    ['30 February', 'from,value\n2026-02-30,1.2\n', ':2: "2026-02-30" is no time that there was'],
    [
      'an hour that clocks skip',
      'from,value\n2026-03-29T02:30,1.2\n',
      ':2: "2026-03-29T02:30" was skipped: clocks were set forward over it; expected a time before',
    ],
    ['words', 'from,value\nJanuary,1.2\n', ':2: "January" is no time'],
    ['an end before its begin', 'from,to,value\n2026-02,2026-01,1.2\n', ':2: to (2026-01) is not after from'],
    ['a time twice', 'from,value\n2026-01,1.2\n2026-01-01,1.3\n', ':3: the time is told by line 2 already'],
    [
      'a time twice, not in order',
      'from,to,value\n2026-02,,1.3\n2026-01,2026-02-02,1.2\n',
      ':3: the time is told by line 2 already',
    ],
    ['a quote without end', 'from,value\n"2026-01,1.2\n', ':2: a quote that is not closed'],
    ['controls', 'from,value\n\u001b[2J,1.2\n', ':2: "\\u{1b}[2J" is no time'],
  ])('with %s is refused with its line', (_, text, message) => {
    expect(failure(() => parse(text, BERLIN))).toContain(`EIT_FACTOR_FILE: pue.csv${message}`);
  });

  test('names its gaps', () => {
    const series = parse('from,to,value\n2026-01-01,2026-01-31,1.4\n2026-02-01,2026-03-01,1.5\n');
    expect(seriesGaps(series)).toEqual([
      { fromMs: ms('2026-01-31T00:00Z'), toMs: ms('2026-02-01T00:00Z'), line: 2 },
    ]);
  });
});

describe('over a window', () => {
  const series = parse('from,to,value\n2026-01-01,2026-01-31,1.4\n2026-02-01,2026-03-01,1.5\n');

  test('what is not told is the nearest value, and marked', () => {
    const pieces = factorPieces(series, ms('2025-12-31T00:00Z'), ms('2026-03-02T00:00Z'));
    expect(pieces.map((p) => [iso(p.fromMs), iso(p.toMs), p.value, p.isAssumed])).toEqual([
      ['2025-12-31T00:00Z', '2026-01-01T00:00Z', 1.4, true],
      ['2026-01-01T00:00Z', '2026-01-31T00:00Z', 1.4, false],
      ['2026-01-31T00:00Z', '2026-01-31T12:00Z', 1.4, true],
      ['2026-01-31T12:00Z', '2026-02-01T00:00Z', 1.5, true],
      ['2026-02-01T00:00Z', '2026-03-01T00:00Z', 1.5, false],
      ['2026-03-01T00:00Z', '2026-03-02T00:00Z', 1.5, true],
    ]);
    expect(assumedStretches(pieces).map((s) => [iso(s.fromMs), iso(s.toMs)])).toEqual([
      ['2025-12-31T00:00Z', '2026-01-01T00:00Z'],
      ['2026-01-31T00:00Z', '2026-02-01T00:00Z'],
      ['2026-03-01T00:00Z', '2026-03-02T00:00Z'],
    ]);
  });

  test.each([
    ['before all', '2024-01-01', '2024-01-02', 1.4],
    ['after all', '2027-01-01', '2027-01-02', 1.5],
  ])('%s', (_, from, to, value) => {
    const [fromMs, toMs] = [ms(`${from}T00:00Z`), ms(`${to}T00:00Z`)];
    expect(factorPieces(series, fromMs, toMs)).toEqual([{ fromMs, toMs, value, isAssumed: true }]);
  });

  test('the mean is by time', () => {
    const day = ms('2026-01-31T00:00Z');
    const pieces = factorPieces(
      parse('from,value\n2026-01-30,1\n2026-01-31,2\n'),
      day - 3 * 3_600_000,
      day + 3_600_000,
    );
    expect(meanOverTime(pieces)).toBe(1.25);
    expect(meanOverTime(factorPieces(parse('from,value\n2026,1.1\n2027,1.1\n'), day, day + 7))).toBe(1.1);
  });

  test('of any series, pieces fill the window in order, and each tells the value that was told', () => {
    const row = fc.record({
      gap: fc.integer({ min: 0, max: 3 }),
      length: fc.integer({ min: 1, max: 5 }),
      value: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 8 }),
        fc.nat(60),
        fc.nat(60),
        (made, a, length) => {
          let at = 10;
          const rows = made.map(({ gap, length: lasts, value }, line) => {
            const fromMs = at + gap;
            at = fromMs + lasts;
            return { fromMs, toMs: at, value, line };
          });
          const pieces = factorPieces({ file: '', rows }, a, a + length);
          expect(pieces.reduce((sum, p) => sum + p.toMs - p.fromMs, 0)).toBe(length);
          for (const [i, piece] of pieces.entries()) expect(piece.fromMs).toBe(pieces[i - 1]?.toMs ?? a);
          for (let t = a; t < a + length; t++) {
            const piece = pieces.find((p) => p.fromMs <= t && t < p.toMs);
            const tells = rows.find((r) => r.fromMs <= t && t < r.toMs);
            expect(piece?.isAssumed).toBe(tells === undefined);
            if (tells !== undefined) expect(piece?.value).toBe(tells.value);
            else {
              // From the middle of this ms: no row is nearer than that of the value.
              const away = (r: (typeof rows)[number]): number =>
                Math.max(r.fromMs - t - 0.5, t + 0.5 - r.toMs);
              const nearest = Math.min(...rows.map(away));
              expect(rows.some((r) => r.value === piece?.value && away(r) <= nearest + 0.5)).toBe(true);
            }
          }
        },
      ),
    );
  });
});

describe('a file', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'eit-series-'))));
  afterEach(() => rmSync(dir, { recursive: true }));

  test('is read', () => {
    writeFileSync(join(dir, 'pue.csv'), 'from,value\n2026-01,1.2\n');
    expect(readFactorSeries(join(dir, 'pue.csv'), UTC).rows).toHaveLength(1);
  });

  test.each<[string, (path: string) => void, string]>([
    ['absent', () => undefined, 'ENOENT; everyone who makes reports has to be able to read it'],
    ['a pipe', (path) => execFileSync('mkfifo', [path]), 'it is not a file'],
    ['not UTF-8', (path) => writeFileSync(path, Uint8Array.from([0xff, 0xfe])), 'save it as UTF-8 text'],
  ])('that is %s is refused', (_, make, message) => {
    make(join(dir, 'pue.csv'));
    const thrown = failure(() => readFactorSeries(join(dir, 'pue.csv'), UTC));
    expect(thrown).toContain(`EIT_FACTOR_FILE: cannot read ${dir}/pue.csv (PUE): `);
    expect(thrown).toContain(message);
  });
});
