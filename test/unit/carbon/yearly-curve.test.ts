import type { CurvePiece } from '../../../src/carbon/curve';
import type { Intensity } from '../../../src/carbon/intensity';
import { withYears, yearlyCurve } from '../../../src/carbon/yearly-curve';

const GRAMS: Readonly<Record<number, number>> = { 2018: 500, 2019: 450, 2020: 450, 2021: 300 };

function ofYear(year: number): Intensity {
  return {
    gPerKwh: GRAMS[year]!,
    year,
    source: year < 2021 ? 'an old table' : 'a new table',
    basis: 'average-lifecycle',
    zone: 'EE',
    zoneName: 'Estonia',
    country: 'EST',
    carbonFreePercent: null,
    renewablePercent: null,
    departures: [],
  };
}

const begin = (year: number): number => Date.UTC(year, 0);
const curve = yearlyCurve(ofYear, begin(2018) + 5, begin(2022));

test('years have their own value, and those that are equal are one', () => {
  expect(curve.map(({ fromMs, toMs, gPerKwh, source }) => [fromMs, toMs, gPerKwh, source])).toEqual([
    [begin(2018) + 5, begin(2019), 500, 'an old table'],
    [begin(2019), begin(2021), 450, 'an old table'],
    [begin(2021), begin(2022), 300, 'a new table'],
  ]);
});

test('only the yearly parts of a curve become of their year', () => {
  const piece = (fromMs: number, toMs: number, origin: CurvePiece['origin']): CurvePiece => ({
    ...{ fromMs, toMs, origin, gPerKwh: 1, isEstimate: false, source: 'a grid', basis: 'average-lifecycle' },
  });
  const mixed = [
    piece(begin(2018) + 5, begin(2018) + 9, 'series'),
    piece(begin(2018) + 9, begin(2021) + 7, 'yearly'),
    piece(begin(2021) + 7, begin(2022), 'neighbour'),
  ];
  const made = withYears(mixed, curve);
  expect(made.map(({ origin, gPerKwh }) => [origin, gPerKwh])).toEqual([
    ['series', 1],
    ['yearly', 500],
    ['yearly', 450],
    ['yearly', 300],
    ['neighbour', 1],
  ]);
  for (const [i, next] of made.slice(1).entries()) expect(next.fromMs).toBe(made[i]!.toMs);
});
