import * as fc from 'fast-check';
import type { EitReport, GroupKey } from '../../../src/generated/report';
import validate from '../../../src/generated/report-validator';
import { lineChoice, type LineOptions } from '../../../src/cli/report-lines';
import { csv } from '../../../src/report/csv';
import type { ReportFormat, View } from '../../../src/report/format';
import { json } from '../../../src/report/json';
import { COLUMNS } from '../../../src/report/columns';
import { parseColumns } from '../../../src/report/column-choice';
import { parsable } from '../../../src/report/parsable';
import { buildReport } from '../../../src/report/report';
import { table } from '../../../src/report/table';
import { aggregate, factors, query } from './asked';
import { expectGolden } from './golden';
import { later, runRecord } from './records';

const T = '2026-03-02T10:00:00.000Z';

/** Jobs 1 to 6 of four users: 3, 6, 9, 12, 15 and 18 kJ, of which job 3 is on another cluster, with another PUE. */
const RECORDS = ['dora', 'alice', 'bob', 'alice', 'carol', 'bob'].map((user, i) =>
  runRecord({
    job: i + 1,
    user,
    uid: 1000 + user.charCodeAt(0),
    cluster: i === 2 ? 'beta' : 'alpha',
    partition: i % 2 === 0 ? 'cpu' : 'gpu',
    from: later(T, 3600 * i),
    measured_uj: { 'package-0': [(i + 1) * 3e9, 0, 0] },
  }),
);

function ask(given: Partial<LineOptions>, groupBy: GroupKey[] = ['job']): EitReport {
  const made = buildReport(aggregate(RECORDS, { groupBy }), {
    query: query({ groupBy }),
    factorsOf: (cluster) => (cluster === 'beta' ? { ...factors, pue: 4 } : factors),
    toolVersion: '0.1.0',
    generatedAtMs: Date.parse('2026-04-01T12:00:00Z'),
    skippedRecords: 0,
    lines: lineChoice({ sort: [], top: undefined, 'min-kwh': undefined, ...given }),
  });
  expect([validate(made), validate.errors]).toEqual([true, null]);
  return made;
}

const jobs = (made: EitReport): unknown[] => made.groups.map(({ job_id }) => job_id);

test.each<[string, Partial<LineOptions>, number[]]>([
  ['nothing', {}, [1, 2, 3, 4, 5, 6]],
  // With PUE: job 3 has 36 kJ, more than the 27 of job 6.
  ['--top 3: the most Energy', { top: '3' }, [3, 6, 5]],
  ['--top beyond all', { top: '99' }, [3, 6, 5, 4, 2, 1]],
  ['--sort -ITEnergy', { sort: ['-ITEnergy'] }, [6, 5, 4, 3, 2, 1]],
  ['--sort energy:DESC', { sort: ['energy:DESC'] }, [3, 6, 5, 4, 2, 1]],
  ['--sort Energy_kWh:asc, as programs have it', { sort: ['Energy_kWh:asc'] }, [1, 2, 4, 5, 6, 3]],
  ['two columns', { sort: ['User,-Energy'] }, [4, 2, 3, 6, 5, 1]],
  ['the same, given twice', { sort: ['User', '-Energy'] }, [4, 2, 3, 6, 5, 1]],
  ['equal lines stay in their order', { sort: ['-Partition'] }, [2, 4, 6, 1, 3, 5]],
  ['what has no value comes last', { sort: ['-DRAMEnergy,-JobID'] }, [6, 5, 4, 3, 2, 1]],
  ['--top of the order asked for', { sort: ['JobID'], top: '2' }, [1, 2]],
  ['--min-kwh', { 'min-kwh': '0.00625' }, [3, 5, 6]],
  ['--min-kwh 0', { 'min-kwh': '0' }, [1, 2, 3, 4, 5, 6]],
  ['--min-kwh above all', { 'min-kwh': '99' }, []],
])('%s', (_, given, want) => {
  const made = ask(given);
  expect(jobs(made)).toEqual(want);
  expect(made.others?.lines ?? 0).toBe(6 - want.length);
});

test('no value is last whichever way it is sorted', () => {
  const records = [
    ...RECORDS.slice(0, 1),
    runRecord({ job: 8, from: T, measured_uj: { 'package-0': [1, 1, 1], 'dram-0': [5, 5, 5] } }),
  ];
  for (const sort of ['DRAMEnergy', '-DRAMEnergy']) {
    const made = buildReport(aggregate(records, { groupBy: ['job'] }), {
      query: query({ groupBy: ['job'] }),
      factorsOf: () => factors,
      toolVersion: '0.1.0',
      generatedAtMs: 0,
      skippedRecords: 0,
      lines: lineChoice({ sort: [sort], top: undefined, 'min-kwh': undefined }),
    });
    expect(jobs(made)).toEqual([8, 1]);
  }
});

test('lines and (others) are all of the report, whatever is asked for', () => {
  fc.assert(
    fc.property(
      fc.option(fc.integer({ min: 1, max: 8 })),
      fc.option(fc.integer({ min: 0, max: 20 })),
      fc.constantFrom<GroupKey[]>(['job'], ['user'], ['partition', 'cluster'], ['hour'], ['node']),
      fc.constantFrom(...COLUMNS.map(({ name }) => name)),
      fc.boolean(),
      (top, mwh, groupBy, column, descending) => {
        const made = ask(
          {
            sort: [`${descending ? '-' : ''}${column}`],
            top: top === null ? undefined : String(top),
            'min-kwh': mwh === null ? undefined : String(mwh / 1000),
          },
          groupBy,
        );
        const lines = [...made.groups, ...(made.others === undefined ? [] : [made.others])];
        for (const of of [
          (line: (typeof lines)[0]) => line.energy_kwh.total,
          (line: (typeof lines)[0]) => line.co2e_kg,
          (line: (typeof lines)[0]) => line.cpu_seconds,
          (line: (typeof lines)[0]) => line.runs,
        ]) {
          expect(lines.reduce((sum, line) => sum + of(line), 0)).toBeCloseTo(
            of({ ...made.total, lines: 0 }),
            12,
          );
        }
        if (top !== null) expect(made.groups.length).toBeLessThanOrEqual(top);
        for (const { energy_kwh } of made.groups)
          expect(energy_kwh.total).toBeGreaterThanOrEqual((mwh ?? 0) / 1000);
      },
    ),
  );
});

test.each<[Partial<LineOptions>, string]>([
  [{ sort: ['Colour'] }, '"Colour" is no column with an order'],
  [{ sort: ['-'] }, '"-" is no column with an order'],
  [{ sort: ['-Energy:desc'] }, '"-Energy:desc" is no column'],
  [{ sort: ['Energy:down'] }, '"Energy:down" is no column'],
  [{ sort: ['constructor'] }, 'no column'],
  [{ sort: [' , '] }, '--sort names no column'],
  [{ top: '0' }, '--top'],
  [{ top: '-3' }, '--top'],
  [{ top: '1e3' }, '--top'],
  [{ top: '' }, '--top'],
  [{ 'min-kwh': '-1' }, '--min-kwh'],
  [{ 'min-kwh': '5 kWh' }, '--min-kwh'],
  [{ 'min-kwh': 'Infinity' }, '--min-kwh'],
  [{ 'min-kwh': '' }, '--min-kwh'],
])('%j is refused', (given, message) => {
  expect(() => ask(given)).toThrow(
    expect.objectContaining({ code: 'EIT_USAGE', message: expect.stringContaining(message) }),
  );
});

const plain: View = {
  columns: null,
  header: true,
  isOwn: false,
  timeZone: 'UTC',
  skipped: [],
  terminal: null,
};

test.each<[string, ReportFormat, GroupKey[], Partial<View>]>([
  ['lines-table.txt', table, ['job'], {}],
  ['lines-table-user.txt', table, ['user'], { columns: parseColumns('Jobs,User,Energy') }],
  ['lines.json', json, ['job'], {}],
  ['lines.csv', csv, ['job'], {}],
  ['lines.psv', parsable, ['cluster', 'user'], { columns: parseColumns('Jobs,Cluster,User,Energy') }],
])('%s', (name, format, groupBy, view) => {
  expectGolden(name, [...format.render(ask({ top: '2' }, groupBy), { ...plain, ...view })].join(''));
});
