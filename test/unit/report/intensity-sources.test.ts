import fc from 'fast-check';
import type { CurvePiece } from '../../../src/carbon/curve';
import type { IntensityBasis } from '../../../src/carbon/intensity';
import type { ConvertedEnergy } from '../../../src/report/converted-energy';
import { intensityByBasis } from '../../../src/report/intensity-by-basis';
import { intensitySources, joinYears, sourceStretches } from '../../../src/report/intensity-sources';

const utc = (text: string): number => Date.parse(`${text}T00:00:00Z`);

function piece(
  from: string,
  to: string,
  source: string,
  origin: CurvePiece['origin'] = 'yearly',
): Pick<CurvePiece, 'fromMs' | 'toMs' | 'source' | 'origin'> {
  return { fromMs: utc(from), toMs: utc(to), source, origin };
}

/** Tables of 2019 and 2024. */
const ofYear = (year: number): { year: number; departures: string[] } => {
  const found = year < 2022 ? 2019 : 2024;
  return { year: found, departures: found === year ? [] : [`${found} in place of ${year}`] };
};

const curve = [
  piece('2018-01-01', '2022-01-01', 'old'),
  piece('2022-01-01', '2025-06-01', 'new'),
  piece('2025-06-01', '2025-06-02', 'a grid', 'series'),
  piece('2025-06-02', '2025-06-03', 'a grid', 'neighbour'),
  piece('2025-06-03', '2027-01-01', 'new'),
];

test.each([
  ['2019-03-01', '2019-04-01', { series: [], yearly: ['old'], years: [[2019, []]], notes: [] }],
  [
    '2022-12-31',
    '2023-01-02',
    {
      ...{ series: [], yearly: ['new'], years: [[2024, [2022, 2023]]] },
      notes: ['intensity of 2024 in place of 2022', 'intensity of 2024 in place of 2023'],
    },
  ],
  ['2025-06-01', '2025-06-03', { series: ['a grid'], yearly: [], years: [], notes: [] }],
  ['2025-06-02', '2026-02-01', { series: ['a grid'], yearly: ['new'], years: [[2024, []]], notes: [] }],
  [
    '2019-12-31',
    '2020-01-02',
    {
      ...{ series: [], yearly: ['old'] },
      years: [
        [2019, []],
        [2019, [2020]],
      ],
      notes: ['intensity of 2019 in place of 2020'],
    },
  ],
])('what is named of energy used from %s to %s', (from, to, wanted) => {
  const used = { fromMs: utc(from), toMs: utc(to) };
  const { years, ...found } = intensitySources(sourceStretches(curve), used, ofYear, 2024);
  expect({ ...found, years: years.map(({ year, inPlaceOf }) => [year, inPlaceOf]) }).toEqual(wanted);
});

test('stretches of one source are one, in whatever pieces they come', () => {
  expect(sourceStretches(curve).map(({ source, isYearly }) => [source, isYearly])).toEqual([
    ['old', true],
    ['new', true],
    ['a grid', false],
    ['new', true],
  ]);
});

test('years that are joined are each there once, in their order, whatever theirs was', () => {
  const year = fc.integer({ min: 2015, max: 2024 });
  const taken = fc.array(fc.record({ year, inPlaceOf: fc.array(year, { maxLength: 2 }) }));
  fc.assert(
    fc.property(taken, (years) => {
      const joined = joinYears(years);
      expect(joinYears(years.toReversed())).toEqual(joined);
      expect(joinYears([...joined, ...years])).toEqual(joined);
      for (const { year: one, inPlaceOf } of years)
        for (const other of inPlaceOf)
          expect(joined.some((each) => each.year === one && each.inPlaceOf.includes(other))).toBe(true);
    }),
  );
});

test('parts on each basis are of all the energy, and one together', () => {
  const energy = fc.record({
    basis: fc.constantFrom<IntensityBasis>('average-lifecycle', 'average-direct'),
    totalKwh: fc.double({ min: 0.001, max: 1000, noNaN: true }),
    other: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(energy, { minLength: 1 }), (energies) => {
      const parts = intensityByBasis(
        energies.map(({ basis, totalKwh, other }) => ({
          basis,
          converted: { totalKwh, byOrigin: { other_basis: totalKwh * other } } as ConvertedEnergy,
        })),
      )!;
      expect(parts.lifecycle + parts.direct).toBeCloseTo(1, 6);
      const direct = energies.reduce(
        (kwh, { basis, totalKwh, other }) =>
          kwh + totalKwh * (basis === 'average-direct' ? 1 - other : other),
        0,
      );
      const all = energies.reduce((kwh, { totalKwh }) => kwh + totalKwh, 0);
      expect(parts.direct).toBeCloseTo(direct / all, 5);
    }),
  );
  expect(intensityByBasis([])).toBeNull();
});
