import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { sciManifest } from '../../../src/exports/sci-manifest';
import { embodiedOf, functionalUnit, sciScore } from '../../../src/exports/sci-score';
import { setOf } from './sets';

const SET = setOf('train', [
  { kwh: 4, accuracy: 90 },
  { kwh: 6, accuracy: 110 },
]);
const M = { g: 1500, basis: 'a test' };
const SPAN = { fromMs: Date.UTC(2026, 0, 2), toMs: Date.UTC(2026, 0, 3) };

test('(E x I + M) / R', () => {
  const score = sciScore(SET.report, M, functionalUnit('job', SET));
  // 12.5 kWh with PUE at 400 g/kWh, and 1500 g, over two jobs.
  expect(score).toMatchObject({ energyKwh: 12.5, gPerKwh: 400, operationalG: 5000, score: 3250 });
});

test.each([
  ['job', { name: 'jobs', one: 'job', amount: 2 }],
  ['hour', { name: 'hours', one: 'hour', amount: 4 }],
  ['5000', { name: 'units', one: 'unit', amount: 5000 }],
  ['accuracy', { name: 'metric/accuracy', one: 'metric/accuracy', amount: 200 }],
])('a functional unit: %s', (per, unit) => {
  expect(functionalUnit(per, SET)).toEqual(unit);
});

test.each([
  ['0', /the runs have 0 of it/],
  ['energy', /no functional unit/],
  ['accurracy', /Did you mean accuracy/],
])('%s is none', (per, message) => {
  expect(() => functionalUnit(per, SET)).toThrow(message);
});

test("the Impact Framework's own if-run works out the same from what was observed", () => {
  const score = sciScore(SET.report, M, functionalUnit('hour', SET));
  const ours = sciManifest([{ set: SET, score, span: SPAN }]);
  const text = readFileSync(join(__dirname, '../../fixtures/sci/if-run.yaml'), 'utf8');
  const { execution, tree, ...head } = parse(text) as {
    execution: { status: string };
    tree: typeof ours.tree;
  };
  expect(execution.status).toBe('success');
  expect({ ...head, tree }).toEqual(ours);
});

test('M is known only where it is of all the time', () => {
  const report = (embodied: object) => ({
    ...SET.report,
    total: { ...SET.report.total, embodied: { node_hours: 1, gpu_hours: 0, ...embodied } },
  });
  const told = { co2e_kg: 2, unknown_node_hours: 0, unknown_gpu_hours: 0 };
  expect(embodiedOf(report(told) as never)?.g).toBe(2000);
  expect(embodiedOf(report({ ...told, unknown_gpu_hours: 1 }) as never)).toBeNull();
  expect(embodiedOf(report({ ...told, co2e_kg: null }) as never)).toBeNull();
  expect(embodiedOf(SET.report)).toBeNull();
});

test('jobs that were observed in part are named', () => {
  const set = setOf('part', [{ kwh: 1, coverage: 0.5 }]);
  const { description } = sciManifest([
    { set, score: sciScore(set.report, M, functionalUnit('job', set)), span: SPAN },
  ]);
  expect(description).toContain('1 of 1 jobs were observed in part, so the score is too low');
});

test('a metric that ends in s is named whole', () => {
  const own = {
    ...SET.own,
    metricsOf: () => ({ loss: { unit: '', points: [{ step: null, value: 2 }] } }),
  };
  const set = { ...SET, own };
  const score = sciScore(set.report, M, functionalUnit('loss', set));
  const { description } = sciManifest([{ set, score, span: SPAN }]);
  expect(description).toMatch(/^train: 1625 gCO2eq per metric\/loss = /);
});
