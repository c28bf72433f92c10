import fc from 'fast-check';
import type { EitReport } from '../../../src/generated/report';
import validate from '../../../src/generated/report-validator';
import { csv } from '../../../src/report/csv';
import type { View } from '../../../src/report/format';
import { table } from '../../../src/report/table';
import { report } from '../report/asked';
import { later, runRecord } from '../report/records';

const start = { by: 'prolog' } as const;
/** kWh of so many kJ. */
const kj = (kilojoules: number): number => kilojoules / 3600;
const view: View = {
  columns: null,
  header: true,
  isOwn: true,
  timeZone: 'UTC',
  skipped: [],
  terminal: null,
};

function made(...[records, given, byCluster]: Parameters<typeof report>): EitReport {
  const found = report(records, { extrapolate: true, ...given }, byCluster);
  expect(validate(found)).toBe(true);
  return found;
}

const shown = (found: EitReport): string => [...table.render(found, view)].join('');

/** 300 s at 10 W of which 75 s could not be read: 2.25 kJ. */
const blind = runRecord({
  measured_uj: { 'package-0': [2.25e9, 0, 0] },
  missing_ms: { 'package-0': 75_000 },
});

test('time that could not be read is filled with the mean power of the rest', () => {
  const { total } = made([blind]);
  expect(total).toMatchObject({
    energy_kwh: { cpu: kj(3), it: kj(3), total: kj(4.5) },
    co2e_kg: (kj(4.5) * 400) / 1000,
    extrapolated_kwh: kj(0.75) * 1.5,
    not_extrapolated_runs: 0,
    // What was observed is what it was.
    coverage: 0.75,
    measured_fraction: 0.75,
  });
});

test('without the option nothing is, and the report does not speak of it', () => {
  const found = report([blind]);
  expect(found.total.energy_kwh.it).toBeCloseTo(kj(2.25), 12);
  expect(Object.keys(found.total)).not.toContain('extrapolated_kwh');
  expect(shown(found)).not.toMatch(/\*|xtrapolated/);
  expect([...csv.render(found, view)][0]).not.toContain('Extrapolated');
});

test('a silent node is filled with the power of the others, of the same run', () => {
  const other = runRecord({ job: 2, measured_uj: { 'package-0': [3e12, 0, 0] } });
  const { groups } = made([runRecord({ nodes: 2 }), other], { groupBy: ['job'] });
  expect(groups.map(({ energy_kwh, extrapolated_kwh }) => [energy_kwh.it, extrapolated_kwh])).toEqual([
    [kj(6), kj(3) * 1.5],
    [kj(3000), 0],
  ]);
});

test('each class by what was observed of it', () => {
  const record = runRecord({
    measured_uj: { 'package-0': [3e9, 0, 0], 'dram-0': [1e9, 0, 0] },
    missing_ms: { 'dram-0': 150_000 },
  });
  expect(made([record]).total.energy_kwh).toMatchObject({ cpu: kj(3), dram: kj(2) });
});

test('days are filled with the power of the whole run, so that they add up to it', () => {
  const night = '2026-03-02T23:55:00.000Z';
  const records = [
    runRecord({ from: night, started: night, measured_uj: { 'package-0': [6e9, 0, 0] } }),
    runRecord({
      from: later(night, 300),
      started: night,
      measured_uj: {},
      missing_ms: { 'package-0': 300_000 },
    }),
  ];
  const { groups, total } = made(records, { groupBy: ['day'] });
  expect(groups.map(({ energy_kwh }) => energy_kwh.it)).toEqual([kj(6), kj(6)]);
  expect(groups.map(({ energy_kwh }) => energy_kwh.cpu)).toEqual([kj(6), kj(6)]);
  expect(total).toMatchObject({ energy_kwh: { it: kj(12) }, extrapolated_kwh: kj(6) * 1.5 });
});

test('what node_overhead adds is extrapolated along', () => {
  const { total } = made([blind], {}, { alpha: { nodeOverhead: 1.2 } });
  expect(total.energy_kwh).toMatchObject({ cpu: kj(3), other: kj(0.6) });
  expect(total.extrapolated_kwh).toBeCloseTo(kj(0.75 * 1.2) * 1.5, 12);
});

test('nothing is made of nothing: such runs are counted', () => {
  const unknown = runRecord({ job: 3, missing_ms: { 'package-0': 75_000 } });
  delete unknown.nodes;
  const records = [
    runRecord(),
    runRecord({ job: 2, measured_uj: {}, missing_ms: { 'package-0': 300_000 } }),
    unknown,
    runRecord({ job: 4, gpus: 1 }),
  ];
  const found = made(records);
  expect(found.total).toMatchObject({
    energy_kwh: { it: kj(9) },
    extrapolated_kwh: 0,
    not_extrapolated_runs: 3,
  });
  expect(shown(found)).toContain(
    'Nothing was extrapolated. 3 runs lack energy all the same: coverage 0 % or unknown.',
  );
});

test('the table marks what holds some, and says how much', () => {
  const text = shown(made([blind, runRecord({ job: 2, user: 'bob' })]));
  expect(text).toMatch(/^alice .* 1\.25 Wh\* /m);
  expect(text).toMatch(/^bob .* 1\.25 Wh {3}/m);
  expect(text).toMatch(/^Total .* 2\.50 Wh\* /m);
  expect(text).toContain(
    '* 313 mWh of Energy, and their CO2e, were not observed but extrapolated from the rest of the same runs.\n',
  );
});

test('programs get it as a column of its own', () => {
  const [header = '', line = ''] = [...csv.render(made([blind]), view)];
  expect(header.trimEnd().split(',').at(-1)).toBe('Extrapolated_kWh');
  expect(line.trimEnd().split(',').at(-1)).toBe('0.0003125');
});

test('energy is that of the observed time divided by coverage, for each run', () => {
  const anyRun = fc.record({
    uj: fc.integer({ min: 1e6, max: 1e12 }),
    missing: fc.integer({ min: 0, max: 299_000 }),
    silent: fc.nat(3),
  });
  fc.assert(
    fc.property(fc.array(anyRun, { minLength: 1, maxLength: 5 }), (runs) => {
      const records = runs.map(({ uj, missing, silent }, i) =>
        runRecord({
          job: i + 1,
          nodes: silent + 1,
          start,
          measured_uj: { 'package-0': [uj, 0, 0] },
          missing_ms: { 'package-0': missing },
        }),
      );
      const { groups, total } = made(records, { groupBy: ['job'] });
      groups.forEach(({ energy_kwh, coverage }, i) => {
        const exact = (runs[i]?.uj ?? 0) / 3.6e12 / (coverage ?? 0);
        expect(Math.abs(energy_kwh.it / exact - 1)).toBeLessThan(1e-3);
      });
      const sum = groups.reduce((added, { energy_kwh }) => added + energy_kwh.it, 0);
      expect(Math.abs(total.energy_kwh.it / sum - 1)).toBeLessThan(1e-9);
      expect(Math.max(0, total.extrapolated_kwh ?? NaN)).toBeCloseTo(
        (total.energy_kwh.it - runs.reduce((added, { uj }) => added + uj, 0) / 3.6e12) * 1.5,
        9,
      );
    }),
  );
});
