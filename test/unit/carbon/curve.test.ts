import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type CurveOptions, type CurvePiece, readCurve, resolveCurve } from '../../../src/carbon/curve';
import { appendSeries } from '../../../src/carbon/intensity-store';
import { weightCurve } from '../../../src/carbon/weight-curve';
import type { IntensityLine } from '../../../src/generated/intensity';
import { HOUR_MS, START_MS, hourLine } from './series-lines';

const WEEK_H = 168;
const yearly = { gPerKwh: 350, source: 'the year' };

function options(fromHour: number, toHour: number, changes: Partial<CurveOptions> = {}): CurveOptions {
  return {
    fromMs: START_MS + fromHour * HOUR_MS,
    toMs: START_MS + toHour * HOUR_MS,
    basis: 'average-lifecycle',
    yearly,
    ...changes,
  };
}

/** `from-to origin value` in hours since the start. */
function shown(pieces: readonly CurvePiece[]): string[] {
  const hour = (ms: number): number => (ms - START_MS) / HOUR_MS;
  return pieces.map(
    ({ fromMs, toMs, origin, gPerKwh, isEstimate }) =>
      `${hour(fromMs)}-${hour(toMs)} ${origin} ${gPerKwh}${isEstimate ? ' estimated' : ''}`,
  );
}

describe('what the series has', () => {
  test('holds, and equal neighbours are one piece', () => {
    const lines = [
      hourLine(0, 100),
      hourLine(1, 100),
      hourLine(2, 90),
      hourLine(3, 90, { source: 'another' }),
    ];
    expect(shown(resolveCurve(lines, options(0.5, 3.5)))).toEqual([
      '0.5-2 series 100',
      '2-3 series 90',
      '3-3.5 series 90',
    ]);
    expect(resolveCurve(lines, options(0, 1))).toEqual([
      {
        fromMs: START_MS,
        toMs: START_MS + HOUR_MS,
        gPerKwh: 100,
        origin: 'series',
        isEstimate: false,
        source: 'a grid',
        basis: 'average-lifecycle',
      },
    ]);
    expect(resolveCurve(lines, options(1, 1))).toEqual([]);
  });

  test('of lines that overlap the one fetched last holds, where it is', () => {
    const later = {
      fetched_at: '2026-03-11T00:00:00.000Z',
      end: new Date(START_MS + 3 * HOUR_MS).toISOString(),
    };
    const lines = [
      hourLine(1, 50, later),
      hourLine(0, 100),
      hourLine(1, 100),
      hourLine(2, 100),
      hourLine(3, 100),
    ];
    expect(shown(resolveCurve(lines, options(0, 4)))).toEqual([
      '0-1 series 100',
      '1-3 series 50',
      '3-4 series 100',
    ]);
  });

  test('a final value that comes later replaces an estimate, and as of its time the estimate is still there', () => {
    const lines = [
      hourLine(0, 100, { estimated: true }),
      hourLine(0, 120, { fetched_at: '2026-03-12T00:00:00.000Z' }),
    ];
    expect(shown(resolveCurve(lines, options(0, 1)))).toEqual(['0-1 series 120']);
    const asOfMs = Date.parse('2026-03-11T00:00:00.000Z');
    expect(shown(resolveCurve(lines, options(0, 1, { asOfMs })))).toEqual(['0-1 series 100 estimated']);
    const before = Date.parse('2026-03-01T00:00:00.000Z');
    expect(shown(resolveCurve(lines, options(0, 1, { asOfMs: before })))).toEqual(['0-1 yearly 350']);
  });

  test('consumption goes before production, whenever it was fetched', () => {
    const later = { flow: 'production', fetched_at: '2026-03-12T00:00:00.000Z' } as const;
    const lines = [hourLine(0, 100), hourLine(0, 80, later), hourLine(1, 80, later)];
    expect(shown(resolveCurve(lines, options(0, 2)))).toEqual(['0-1 series 100', '1-2 series 80']);
  });

  test('marginal values are never used', () => {
    const lines = [hourLine(0, 900, { basis: 'marginal' })];
    expect(shown(resolveCurve(lines, options(0, 1)))).toEqual(['0-1 yearly 350']);
  });

  test('the other basis is used only where the one asked for has nothing in the window, and says so', () => {
    const direct = { basis: 'average-direct' } as const;
    const lines = [
      hourLine(0, 300, direct),
      hourLine(1, 300, direct),
      hourLine(3, 400),
      hourLine(4, 300, direct),
    ];
    const basisOf = (from: number, to: number): string[] =>
      resolveCurve(lines, options(from, to)).map(({ basis, origin }) => `${basis} ${origin}`);
    expect(basisOf(0, 2)).toEqual(['average-direct series']);
    expect(basisOf(0, 4)).toEqual(['average-lifecycle neighbour', 'average-lifecycle series']);
    // What fills the rest of the window is of the basis asked for.
    expect(basisOf(1, 2)).toEqual(['average-direct series']);
    expect(resolveCurve(lines.slice(0, 1), options(0, 9)).at(-1)).toMatchObject({
      origin: 'yearly',
      basis: 'average-lifecycle',
    });
  });
});

test('the basis is that of the window, whatever lies in the margin that is painted with it', () => {
  const lines = [
    ...[0, 1, 2].map((hour) => hourLine(hour, 300, { basis: 'average-direct' })),
    hourLine(10, 500),
    hourLine(-3, 500),
  ];
  const { fromMs, toMs } = options(0, 3);
  const painted = resolveCurve(lines, options(-24, 27, { window: { fromMs, toMs } }));
  const inWindow = painted.filter((piece) => piece.toMs > fromMs && piece.fromMs < toMs);
  expect(inWindow).toEqual([expect.objectContaining({ origin: 'series', basis: 'average-direct' })]);
  // Without: as the wider time has it.
  expect(resolveCurve(lines, options(-24, 27)).map(({ basis }) => basis)).not.toContain('average-direct');
});

test('what was read from farther away than gaps are filled from chooses no basis', () => {
  const direct = hourLine(-100, 300, { basis: 'average-direct' });
  const far = hourLine(-29 * 24, 500);
  const asked = options(0, 100);
  expect(resolveCurve([direct, far], asked)).toEqual(resolveCurve([direct], asked));
});

describe('a gap', () => {
  test('of up to 6 hours is filled by its neighbours, each up to the middle, which is a whole hour', () => {
    const lines = [hourLine(0, 100), hourLine(6, 200, { estimated: true })];
    expect(shown(resolveCurve(lines, options(0, 7)))).toEqual([
      '0-1 series 100',
      '1-4 neighbour 100',
      '4-6 neighbour 200 estimated',
      '6-7 series 200 estimated',
    ]);
    expect(shown(resolveCurve(lines, options(2, 3)))).toEqual(['2-3 neighbour 100']);
  });

  test.each<[string, number, number, string[]]>([
    ['of an hour, which the value before takes', 1, 2, ['1-2 neighbour 100']],
    ['of two', 1, 3, ['1-2 neighbour 100', '2-3 neighbour 200']],
    [
      'within an hour, whose middle is none',
      1.25,
      1.75,
      ['1.25-1.5 neighbour 100', '1.5-1.75 neighbour 200'],
    ],
    [
      'of half hours, of which no value reaches over 3 hours',
      1.5,
      7,
      ['1.5-4.5 neighbour 100', '4.5-7 neighbour 200'],
    ],
    ['of half hours with a whole hour in it', 1.5, 3, ['1.5-3 neighbour 100']],
  ])('%s', (_, from, to, expected) => {
    const at = (hour: number): string => new Date(START_MS + hour * HOUR_MS).toISOString();
    const lines = [hourLine(0, 100, { end: at(from) }), hourLine(to, 200)];
    expect(shown(resolveCurve(lines, options(from, to)))).toEqual(expected);
  });

  test('that is longer: what is 3 hours from both has the mean of the same hour of the weeks around', () => {
    const lines = [
      hourLine(0, 100),
      hourLine(12, 200),
      ...[-4, -1, 2].map((week, i) => hourLine(week * WEEK_H + 5, 10 * (i + 1))),
      // Five weeks away, and a week away but another hour.
      hourLine(5 * WEEK_H + 5, 9000 / 2),
      hourLine(WEEK_H + 7, 77),
    ];
    expect(shown(resolveCurve(lines, options(0, 13)))).toEqual([
      '0-1 series 100',
      '1-4 neighbour 100',
      '4-5 yearly 350',
      '5-6 same-hour 20',
      '6-7 yearly 350',
      '7-8 same-hour 77',
      '8-9 yearly 350',
      '9-12 neighbour 200',
      '12-13 series 200',
    ]);
  });

  test('is filled by how long a value holds in the same hour, and by what is in it of half hours', () => {
    const half = new Date(START_MS + (5.5 - WEEK_H) * HOUR_MS).toISOString();
    const lines = [
      hourLine(5 - WEEK_H, 30, { end: half }),
      hourLine(5 + WEEK_H, 60, { source: 'b', estimated: true }),
    ];
    expect(resolveCurve(lines, options(5, 6))).toEqual([
      expect.objectContaining({ gPerKwh: 50, origin: 'same-hour', source: 'a grid, b', isEstimate: true }),
    ]);
  });

  test('of years is the yearly average, but for what its edges reach', () => {
    const lines = [hourLine(0, 100), hourLine(87_600, 200)];
    const pieces = resolveCurve(lines, options(-87_600, 2 * 87_600));
    expect(pieces.filter(({ origin }) => origin === 'neighbour')).toHaveLength(4);
    // Four weeks before and after each of the two hours.
    expect(pieces.filter(({ origin }) => origin === 'same-hour')).toHaveLength(16);
  });
});

const someLines = fc
  .array(
    fc.record({
      hour: fc.integer({ min: -800, max: 800 }),
      hours: fc.integer({ min: 1, max: 50 }),
      grams: fc.integer({ min: 0, max: 50 }).map((n) => n * 10),
      basis: fc.constantFrom<IntensityLine['basis'][]>(
        'average-lifecycle',
        'average-lifecycle',
        'average-direct',
        'marginal',
      ),
      flow: fc.constantFrom<IntensityLine['flow'][]>('consumption', 'production'),
      source: fc.constantFrom('a', 'b'),
      estimated: fc.boolean(),
      day: fc.integer({ min: 10, max: 14 }),
    }),
    { maxLength: 40 },
  )
  .map((all) =>
    all.map(({ hour, hours, grams, day, ...rest }) =>
      hourLine(hour, grams, {
        ...rest,
        end: new Date(START_MS + (hour + hours) * HOUR_MS).toISOString(),
        fetched_at: `2026-03-${day}T00:00:00.000Z`,
      }),
    ),
  );
const someWindow = fc
  .tuple(fc.integer({ min: -900, max: 900 }), fc.integer({ min: 1, max: 600 }))
  .map(([from, hours]) => [from / 2, (from + hours) / 2] as const);

describe('laws', () => {
  test('the pieces follow each other without a gap from the beginning of the window to its end', () => {
    fc.assert(
      fc.property(someLines, someWindow, (lines, [from, to]) => {
        const asked = options(from, to);
        const pieces = resolveCurve(lines, asked);
        expect(pieces[0]?.fromMs).toBe(asked.fromMs);
        expect(pieces.at(-1)?.toMs).toBe(asked.toMs);
        for (const [i, piece] of pieces.entries()) {
          expect(piece.fromMs).toBeLessThan(piece.toMs);
          if (i > 0) {
            const { fromMs: _from, toMs, ...last } = pieces[i - 1] as CurvePiece;
            const { fromMs, toMs: _to, ...own } = piece;
            expect(fromMs).toBe(toMs);
            expect(own).not.toEqual(last);
          }
        }
      }),
    );
  });

  test('hours stay hours, however many of them are missing: the join by hourly slots is exact', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }), (known) => {
        const lines = known.flatMap((isKnown, hour) => (isKnown ? [hourLine(hour, 100 + hour)] : []));
        const asked = options(0, known.length);
        const intensity = resolveCurve(lines, asked);
        const pue = [{ fromMs: asked.fromMs, toMs: asked.toMs, value: 1, isAssumed: false }];
        const curve = weightCurve({ intensity, pue, price: null, basis: asked.basis });
        expect(curve.isBySlot(HOUR_MS)).toBe(true);
      }),
    );
  });

  test('how the stretches are divided among lines changes nothing, nor does their order', () => {
    fc.assert(
      fc.property(
        someLines,
        someWindow,
        fc.integer(),
        fc.infiniteStream(fc.double({ min: 0.01, max: 0.99, noNaN: true })),
        (lines, [from, to], seed, cuts) => {
          const divided = lines.flatMap((line) => {
            const [start, end] = [Date.parse(line.start), Date.parse(line.end)];
            const cut = new Date(
              Math.floor(start + (end - start) * (cuts.next().value ?? 0.5)),
            ).toISOString();
            return [
              { ...line, end: cut },
              { ...line, start: cut },
            ];
          });
          const shuffled = divided
            .map((line, i) => ({ line, key: Math.sin(seed * (i + 1)) }))
            .sort((a, b) => a.key - b.key)
            .map(({ line }) => line);
          expect(resolveCurve(shuffled, options(from, to))).toEqual(resolveCurve(lines, options(from, to)));
        },
      ),
    );
  });

  test('a part of a window has what the window has there, as long as both have the basis', () => {
    fc.assert(
      fc.property(someLines, someWindow, fc.integer({ min: 1, max: 5 }), (lines, [from, to], parts) => {
        const own = lines.filter(({ basis }) => basis === 'average-lifecycle');
        const cut = from + Math.floor(((to - from) * parts) / 6);
        const [a, b] = [resolveCurve(own, options(from, cut)), resolveCurve(own, options(cut, to))];
        const whole = resolveCurve(own, options(from, to));
        const areaOf = (pieces: readonly CurvePiece[]): number =>
          pieces.reduce((sum, { fromMs, toMs, gPerKwh }) => sum + (gPerKwh * (toMs - fromMs)) / HOUR_MS, 0);
        expect(areaOf(a) + areaOf(b)).toBeCloseTo(areaOf(whole), 6);
      }),
    );
  });

  test('a constant series is the constant, however its gaps are filled', () => {
    fc.assert(
      fc.property(someLines, someWindow, (lines, [from, to]) => {
        const constant = lines.map((line) => ({ ...line, g_per_kwh: 350 }));
        for (const { gPerKwh } of resolveCurve(constant, options(from, to))) expect(gPerKwh).toBe(350);
      }),
    );
  });

  test('a final value for all of the window replaces all that was there before, and as of its time nothing of it is', () => {
    fc.assert(
      fc.property(someLines, someWindow, (lines, [from, to]) => {
        const last = hourLine(0, 123, {
          start: new Date(options(from, to).fromMs).toISOString(),
          end: new Date(options(from, to).toMs).toISOString(),
          fetched_at: '2026-04-01T00:00:00.000Z',
        });
        expect(shown(resolveCurve([...lines, last], options(from, to)))).toEqual([
          `${from}-${to} series 123`,
        ]);
        const asOf = options(from, to, { asOfMs: Date.parse('2026-03-31T00:00:00.000Z') });
        expect(resolveCurve([...lines, last], asOf)).toEqual(resolveCurve(lines, asOf));
      }),
    );
  });

  test('where lines overlap, each time has the value that the best line for it has', () => {
    fc.assert(
      fc.property(someLines, someWindow, (lines, [from, to]) => {
        const own = lines.filter(({ basis }) => basis === 'average-lifecycle');
        for (const piece of resolveCurve(own, options(from, to))) {
          const at = new Date((piece.fromMs + piece.toMs) / 2).toISOString();
          const rank = ({ flow, fetched_at, estimated }: IntensityLine): string =>
            `${flow === 'consumption' ? 1 : 0} ${fetched_at} ${estimated ? 0 : 1}`;
          const there = own.filter(({ start, end }) => start <= at && at < end);
          const best = there.map(rank).sort().at(-1);
          const values = there.filter((line) => rank(line) === best).map(({ g_per_kwh }) => g_per_kwh);
          if (piece.origin === 'series') expect(values).toContain(piece.gPerKwh);
          else expect(values).toEqual([]);
        }
      }),
    );
  });
});

describe('readCurve', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'eit-curve-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  test('finds what resolveCurve finds, across months and from what is weeks away', async () => {
    const lines = [-WEEK_H * 4 + 5, -1, 0, 30, 800].map((hour, i) => hourLine(hour, 100 + i));
    await appendSeries(dir, 'DE', lines);
    for (const window of [options(5, 6), options(-24, 24), options(0, 900)])
      expect(readCurve(dir, 'DE', window)).toEqual(resolveCurve(lines, window));
  });

  test('is null where there is no zone, no month, or nothing near enough', async () => {
    expect(readCurve(dir, 'DE', options(0, 1))).toBeNull();
    await appendSeries(dir, 'DE', [hourLine(0, 100)]);
    expect(readCurve(dir, 'FR', options(0, 1))).toBeNull();
    expect(readCurve(dir, 'DE', options(20, 21))).toBeNull();
    expect(readCurve(dir, 'DE', options(9000, 9001))).toBeNull();
    expect(readCurve(dir, 'DE', options(3, 4))).toHaveLength(1);
  });
});
