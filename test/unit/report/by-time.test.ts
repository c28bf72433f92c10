import fc from 'fast-check';
import type { CurvePiece } from '../../../src/carbon/curve';
import { weightCurve } from '../../../src/carbon/weight-curve';
import type { RunRecord } from '../../../src/generated/record';
import type { EitReport } from '../../../src/generated/report';
import validate from '../../../src/generated/report-validator';
import type { WeightCurve } from '../../../src/runs/slot-weights';
import { factors, report } from './asked';
import { later, runRecord } from './records';

const T = '2026-03-02T00:00:00.000Z';
const T_MS = Date.parse(T);
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const KWH_UJ = 3.6e12;

/** Pieces of equal length from T on. */
function series(stepMs: number, grams: readonly number[]): CurvePiece[] {
  return grams.map((gPerKwh, i) => ({
    fromMs: T_MS + i * stepMs,
    toMs: T_MS + (i + 1) * stepMs,
    gPerKwh,
    origin: 'series',
    isEstimate: false,
    source: 'a test',
    basis: 'average-lifecycle',
  }));
}

function curve(intensity: readonly CurvePiece[], pue = 1.5): WeightCurve {
  const [first, last] = [intensity[0]!, intensity.at(-1)!];
  const always = { fromMs: first.fromMs, toMs: last.toMs, isAssumed: false };
  return weightCurve({
    intensity,
    pue: [{ ...always, value: pue }],
    price: null,
    basis: 'average-lifecycle',
  });
}

function weighed(records: readonly RunRecord[], by: WeightCurve, given = {}, byCluster = {}): EitReport {
  const weighing = { curveOf: () => by, slotMsOf: () => HOUR_MS };
  const found = report(records, given, byCluster, null, weighing);
  expect(validate(found)).toBe(true);
  return found;
}

/** A run at constant power: lines of 5 minutes, aligned to the clock, from and to minutes after T. */
function steadyRun(fromMinute: number, toMinute: number, powerW: number): RunRecord[] {
  const records: RunRecord[] = [];
  for (let at = fromMinute; at < toMinute;) {
    const to = Math.min(toMinute, (Math.floor(at / 5) + 1) * 5);
    const uj = Math.round(powerW * (to - at) * 60 * 1e6);
    records.push(
      runRecord({
        started: later(T, fromMinute * 60),
        from: later(T, at * 60),
        to: later(T, to * 60),
        ms: (to - at) * MINUTE_MS,
        seq: records.length,
        measured_uj: { 'package-0': [uj, uj, uj] },
      }),
    );
    at = to;
  }
  return records;
}

/** A grid with sun from 6 to 18 o'clock, g/kWh, and its mean from one hour of the day to another. */
const solarMean = (from: number, to: number): number => {
  const sun = (hour: number) => {
    const at = Math.min(18, Math.max(6, hour));
    return (-12 / Math.PI) * Math.cos((Math.PI * (at - 6)) / 12);
  };
  return 500 - (400 * (sun(to) - sun(from))) / (to - from);
};

describe('a run under a grid with sun by day', () => {
  const [fromMinute, toMinute, powerW] = [5 * 60 + 20, 18 * 60 + 45, 720];
  const records = steadyRun(fromMinute, toMinute, powerW);

  test('with a series of 5 minutes: the integral of power times intensity, within 0.01 %', () => {
    const grams = Array.from({ length: 288 }, (_, i) => solarMean(i / 12, (i + 1) / 12));
    const { total } = weighed(records, curve(series(5 * MINUTE_MS, grams)));
    const hours = (toMinute - fromMinute) / 60;
    const byHandKg = ((powerW / 1000) * hours * 1.5 * solarMean(fromMinute / 60, toMinute / 60)) / 1000;
    expect(Math.abs(total.co2e_kg / byHandKg - 1)).toBeLessThan(1e-4);
    // The mean of the day is far from it.
    expect(
      Math.abs(total.co2e_kg / ((total.energy_kwh.total * solarMean(0, 24)) / 1000) - 1),
    ).toBeGreaterThan(0.2);
  });

  test('with a series by the hour: the sum of the hours by hand, within 0.01 %', () => {
    const grams = Array.from({ length: 24 }, (_, hour) => solarMean(hour, hour + 1));
    const { total, factors: used } = weighed(records, curve(series(HOUR_MS, grams)));
    const byHandG = grams.reduce((sum, gPerKwh, hour) => {
      const minutes = Math.max(0, Math.min(toMinute, (hour + 1) * 60) - Math.max(fromMinute, hour * 60));
      return sum + (powerW / 1000) * (minutes / 60) * 1.5 * gPerKwh;
    }, 0);
    expect(Math.abs((total.co2e_kg * 1000) / byHandG - 1)).toBeLessThan(1e-4);
    expect(used.intensity_g_per_kwh).toBeCloseTo((total.co2e_kg * 1000) / total.energy_kwh.total, 6);
    expect(used.intensity_by_origin).toMatchObject({ series: 1, yearly: 0, other_basis: 0 });
  });

  test('hours add up to the day, and have their own intensities', () => {
    const grams = Array.from({ length: 24 }, (_, hour) => solarMean(hour, hour + 1));
    const { total, groups } = weighed(records, curve(series(HOUR_MS, grams)), { groupBy: ['hour'] });
    expect(groups.reduce((sum, { co2e_kg: kg }) => sum + kg, 0)).toBeCloseTo(total.co2e_kg, 9);
    for (const group of groups) {
      const hour = Number(group.hour?.slice(11, 13));
      expect((group.co2e_kg * 1000) / group.energy_kwh.total).toBeCloseTo(grams[hour]!, 5);
    }
  });
});

test('a constant series gives what the same constant gives', () => {
  const records = [...steadyRun(0, 600, 333), ...steadyRun(700, 1200, 77)];
  const { total } = report(records);
  const found = weighed(records, curve(series(HOUR_MS, Array<number>(24).fill(factors.intensityGPerKwh))));
  expect(found.total.co2e_kg).toBeCloseTo(total.co2e_kg, 12);
  expect(found.total.energy_kwh.total).toBeCloseTo(total.energy_kwh.total, 12);
});

test('node_overhead and PUE over time are in it, once', () => {
  const records = steadyRun(0, 120, 1000);
  const pue = [
    { fromMs: T_MS, toMs: T_MS + HOUR_MS, value: 1.2, isAssumed: false },
    { fromMs: T_MS + HOUR_MS, toMs: T_MS + 2 * HOUR_MS, value: 1.6, isAssumed: false },
  ];
  const by = weightCurve({
    intensity: series(HOUR_MS, [100, 300]),
    pue,
    price: null,
    basis: 'average-lifecycle',
  });
  const { total, factors: used } = weighed(records, by, {}, { alpha: { nodeOverhead: 1.25 } });
  expect(total.energy_kwh.it).toBeCloseTo(2.5, 9);
  expect(total.energy_kwh.total).toBeCloseTo(1.25 * 1.2 + 1.25 * 1.6, 9);
  expect(total.co2e_kg).toBeCloseTo((1.25 * 1.2 * 100 + 1.25 * 1.6 * 300) / 1000, 9);
  expect(used.pue).toBeCloseTo(1.4, 9);
});

test('what is extrapolated has the mean intensity of what was observed of the same run', () => {
  const records = steadyRun(0, 60, 1000).map((record) => ({ ...record, nodes: 2 }));
  const by = curve(series(HOUR_MS, [200, 900]));
  const { total } = weighed(records, by, { extrapolate: true });
  expect(total.energy_kwh.it).toBeCloseTo(2, 9);
  expect(total.extrapolated_kwh).toBeCloseTo(1.5, 9);
  expect(total.co2e_kg).toBeCloseTo((2 * 1.5 * 200) / 1000, 9);
});

test('the parts of the energy by where their intensity is from', () => {
  const pieces = series(HOUR_MS, [100, 200, 300, 400, 500]).map((piece, i): CurvePiece => ({
    ...piece,
    origin: (['series', 'series', 'neighbour', 'same-hour', 'yearly'] as const)[i]!,
    isEstimate: i === 1,
    basis: i === 0 ? 'average-direct' : 'average-lifecycle',
  }));
  const { factors: used } = weighed(steadyRun(0, 300, 500), curve(pieces));
  expect(used.intensity_by_origin).toEqual({
    series: 0.2,
    estimated: 0.2,
    neighbour: 0.2,
    same_hour: 0.2,
    yearly: 0.2,
    other_basis: 0.2,
  });
});

test("splitting a run's lines at any times changes nothing", () => {
  const split = (records: readonly RunRecord[], cuts: readonly number[]): RunRecord[] =>
    records.flatMap((record, i) => {
      // One µJ a ms: any cut is exact.
      const cutMs = 1 + (cuts[i % cuts.length]! % (record.ms - 1));
      const middle = new Date(Date.parse(record.from) + cutMs).toISOString();
      const piece = (from: string, to: string, seq: number): RunRecord => {
        const ms = Date.parse(to) - Date.parse(from);
        return { ...record, from, to, ms, seq, cpu_us: ms, measured_uj: { 'package-0': [ms, ms, ms] } };
      };
      return [piece(record.from, middle, 2 * i), piece(middle, record.to, 2 * i + 1)];
    });
  fc.assert(
    fc.property(
      fc.nat(500),
      fc.integer({ min: 1, max: 900 }),
      fc.constantFrom(5, 15, 30, 60, 180),
      fc.array(fc.nat(), { minLength: 1 }),
      fc.array(fc.integer({ min: 0, max: 1200 }), { minLength: 288, maxLength: 288 }),
      (begin, minutes, stepMinutes, cuts, grams) => {
        const records = steadyRun(begin, begin + minutes, 0.001).map((each) => ({
          ...each,
          cpu_us: each.ms,
        }));
        const by = curve(series(stepMinutes * MINUTE_MS, grams));
        const whole = weighed(records, by, { groupBy: ['day'] });
        expect(weighed(split(records, cuts), by, { groupBy: ['day'] })).toEqual(whole);
      },
    ),
  );
});

test('energy is never weighed by more than is there', () => {
  const uj = Math.round(0.25 * KWH_UJ);
  const record = runRecord({ from: T, measured_uj: { 'package-0': [uj, uj, uj] } });
  const { factors: used } = weighed([record], curve(series(HOUR_MS, [123])));
  const { intensity_by_origin: origin } = used;
  expect(origin!.series + origin!.estimated + origin!.neighbour + origin!.same_hour + origin!.yearly).toBe(1);
});
