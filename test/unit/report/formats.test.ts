import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EitReport, GroupKey } from '../../../src/generated/report';
import validate from '../../../src/generated/report-validator';
import { readInbox, Skipped } from '../../../src/ledger/inbox';
import { Aggregation } from '../../../src/report/aggregate';
import { parseColumns } from '../../../src/report/columns';
import { csv } from '../../../src/report/csv';
import type { ReportFormat, View } from '../../../src/report/format';
import { FORMATS } from '../../../src/report/formats';
import { json } from '../../../src/report/json';
import { parsable } from '../../../src/report/parsable';
import { buildReport } from '../../../src/report/report';
import { table } from '../../../src/report/table';
import { factors, query, report } from './asked';
import { runRecord } from './records';

const FIXTURES = join(__dirname, '../../fixtures/ledger');
const plain: View = { columns: null, header: true, timeZone: 'Europe/Berlin', skipped: [], terminal: null };

function render(format: ReportFormat, made: EitReport, view: Partial<View> = {}): string {
  return [...format.render(made, { ...plain, ...view })].join('');
}

async function fixtureReport(groupBy: GroupKey[]): Promise<{ made: EitReport; skipped: Skipped }> {
  const asked = query({
    sinceMs: Date.parse('2026-01-29T23:00:00Z'),
    untilMs: Date.parse('2026-02-28T23:00:00Z'),
    timeZone: 'Europe/Berlin',
    groupBy,
  });
  const skipped = new Skipped();
  const aggregation = new Aggregation(asked);
  const records = readInbox(join(FIXTURES, 'two-clusters'), {
    fromMs: asked.sinceMs,
    toMs: asked.untilMs,
    skipped,
  });
  for await (const record of records) aggregation.add(record);
  const beta = {
    ...factors,
    pue: 1.58,
    zone: 'FR',
    intensityGPerKwh: 44,
    defaultsUsed: ['pue 1.58 (default: a test; set site.pue)'],
  };
  const made = buildReport(aggregation.finish(), {
    query: asked,
    factorsOf: (cluster) => (cluster === 'beta' ? beta : factors),
    toolVersion: '0.1.0',
    generatedAtMs: Date.parse('2026-03-01T12:00:00Z'),
    skippedRecords: skipped.total,
  });
  return { made, skipped };
}

/** Compares with a file; `UPDATE_GOLDEN=1` writes it anew, to be looked at in the diff. */
function expectGolden(name: string, text: string): void {
  const path = join(FIXTURES, 'golden', name);
  if (process.env['UPDATE_GOLDEN']) writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, 'utf8'));
}

const terminal = { width: 200, bars: true, colours: true };
test.each<[string, ReportFormat, GroupKey[], Partial<View>]>([
  ['table-user-partition.txt', table, ['user', 'partition'], {}],
  ['table-job.txt', table, ['job'], {}],
  ['table-node-month.txt', table, ['node', 'month'], {}],
  ['table-terminal.txt', table, ['day'], { terminal }],
  [
    'table-columns.txt',
    table,
    ['user'],
    { columns: parseColumns('User%4,jobs,ENERGY%10,CO2e%-9,Quality'), header: false },
  ],
  ['report.json', json, ['job', 'day'], {}],
  ['report.csv', csv, ['user', 'cluster'], {}],
  ['report-job.csv', csv, ['job'], {}],
  ['report.psv', parsable, ['account', 'month'], {}],
])('%s', async (name, format, groupBy, view) => {
  const { made, skipped } = await fixtureReport(groupBy);
  expect(validate(made)).toBe(true);
  expectGolden(name, render(format, made, { skipped: skipped.byReason, ...view }));
});

test('JSON is the report itself', async () => {
  const { made } = await fixtureReport(['job', 'day']);
  const parsed: unknown = JSON.parse(render(json, made));
  expect(parsed).toEqual(made);
  expect(validate(parsed)).toBe(true);
  expect(JSON.parse(render(json, report([])))).toMatchObject({ groups: [] });
});

describe('names that someone chose to do harm', () => {
  const names = [
    'a\u001b]0;owned\u0007',
    '\u009b2J',
    'line\nbreak\r\n',
    '\u202eevil',
    'a|b',
    'a,b"c',
    "it's",
    '=cmd()',
    '+1',
    '-1',
    '@x',
    '\t=1',
    '<b>&',
    ' lead',
    '日本語',
    'x'.repeat(256),
  ];
  const made = report(names.map((user, i) => runRecord({ job: i + 1, user, uid: i })));

  test.each(FORMATS.map((format) => [format.option?.name ?? 'table', format] as const))(
    '%s is free of what a terminal obeys, and each group is one line',
    (name, format) => {
      const text = render(format, made);
      expect(text.replaceAll(/\r?\n/g, '')).not.toMatch(/\p{Cc}|[\u202a-\u202e]/u);
      const figures = text.split('\n').filter((line) => /[\d}]/.test(line) && !/Counted|Jobs/.test(line));
      if (name !== 'json') expect(figures.length).toBe(names.length + (name === 'table' ? 1 : 0));
    },
  );

  test('JSON keeps the names as they are', () => {
    const parsed = JSON.parse(render(json, made)) as EitReport;
    expect(new Set(parsed.groups.map(({ user }) => user))).toEqual(new Set(names));
  });

  test('CSV has the same number of fields in each line and no formula', () => {
    const rows = parseCsv(render(csv, made));
    expect(new Set(rows.map((row) => row.length)).size).toBe(1);
    for (const [user = ''] of rows) expect(user).not.toMatch(/^[=+\-@\t]/);
    const users = rows.map(([user]) => user);
    expect(users).toEqual(expect.arrayContaining(["'=cmd()", "'-1", 'a,b"c', "it's", '\\u{9}=1']));
  });

  test('-P has the same number of fields in each line', () => {
    const lines = render(parsable, made).trimEnd().split('\n');
    expect(lines).toHaveLength(names.length + 1);
    expect(new Set(lines.map((line) => line.split('|').length)).size).toBe(1);
    expect(lines.some((line) => line.startsWith('a\\x7cb|'))).toBe(true);
  });

  test('the table keeps its columns', () => {
    const lines = render(table, made).split('\n');
    const rule = lines[1] ?? '';
    expect(rule.length).toBeLessThan(200);
    expect(lines.some((line) => line.includes('x'.repeat(40)) && line.includes('+ '))).toBe(true);
  });
});

test('no header', () => {
  const made = report([runRecord()]);
  for (const format of [csv, parsable, table]) {
    const withHeader = render(format, made);
    expect(withHeader).toContain(format === table ? 'User' : 'Energy_kWh');
    expect(
      withHeader.endsWith(render(format, made, { header: false }).split('\n').slice(-2).join('\n')),
    ).toBe(true);
    expect(render(format, made, { header: false })).not.toMatch(/^User/);
  }
});

test('a terminal without colours or bars has neither, and a narrow one no bar', () => {
  const made = report([runRecord()]);
  const bare = render(table, made);
  expect(render(table, made, { terminal: { width: 300, bars: false, colours: false } })).toBe(bare);
  expect(
    render(table, made, { terminal: { width: bare.indexOf('\n') + 8, bars: true, colours: false } }),
  ).toBe(bare);
  expect(render(table, made, { terminal: { width: 300, bars: true, colours: false } })).toContain(
    '█'.repeat(20),
  );
});

test('a narrow terminal gets the totals rather than broken lines', () => {
  const made = report([runRecord({ measured_uj: { 'package-0': [1e9, 0, 0], 'dram-0': [1e9, 0, 0] } })]);
  const header = (width: number): string =>
    render(table, made, { terminal: { width, bars: true, colours: false } }).split('\n')[0] ?? '';
  expect(header(100)).toContain('DRAMEnergy');
  expect(header(80)).not.toContain('DRAMEnergy');
  expect(header(80)).toContain('CPUEnergy');
  expect(header(50)).toMatch(/^User +Jobs +Energy +CO2e +Coverage +Quality$/);
});

/** RFC 4180, enough of it to read back what we write. */
function parseCsv(text: string): string[][] {
  return text
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
        ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? '',
      ),
    );
}
