import { join } from 'node:path';
import type { RunRecord } from '../../../src/generated/record';
import type { EitReport, GroupKey, QuotaState } from '../../../src/generated/report';
import validate from '../../../src/generated/report-validator';
import { readInbox } from '../../../src/ledger/inbox';
import { Skipped } from '../../../src/ledger/record-line';
import { Aggregation } from '../../../src/report/aggregate';
import { parseColumns } from '../../../src/report/column-choice';
import { csv } from '../../../src/report/csv';
import type { ReportFormat, View } from '../../../src/report/format';
import { FORMATS } from '../../../src/report/formats';
import { json } from '../../../src/report/json';
import { parsable } from '../../../src/report/parsable';
import { buildReport } from '../../../src/report/report';
import { quotaLines, quotaNote } from '../../../src/report/quota-lines';
import { table } from '../../../src/report/table';
import { factors, query, report } from './asked';
import { expectGolden, LEDGERS } from './golden';
import { runRecord } from './records';

const plain: View = {
  columns: null,
  header: true,
  isOwn: true,
  timeZone: 'Europe/Berlin',
  skipped: [],
  terminal: null,
};

function render(format: ReportFormat, made: EitReport, view: Partial<View> = {}): string {
  return [...format.render(made, { ...plain, ...view })].join('');
}

const WINDOWS = {
  'two-clusters': ['2026-01-29T23:00:00Z', '2026-02-28T23:00:00Z'],
  gpus: ['2026-03-10T08:00:00Z', '2026-03-10T23:00:00Z'],
} as const;

async function fixtureReport(
  groupBy: GroupKey[],
  ledger: keyof typeof WINDOWS = 'two-clusters',
): Promise<{ made: EitReport; skipped: Skipped }> {
  const [since, until] = WINDOWS[ledger];
  const asked = query({
    sinceMs: Date.parse(since),
    untilMs: Date.parse(until),
    timeZone: 'Europe/Berlin',
    groupBy,
  });
  const skipped = new Skipped();
  const aggregation = new Aggregation(asked);
  const records = readInbox(join(LEDGERS, ledger), {
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

const GPU_COLUMNS = 'JobID,GPUTime,GPUBusy,GPUUtil,GPUMem,GPUThrottled,GPUIdle,GPUModel,CPUModel';
test.each<[string, ReportFormat, GroupKey[], Partial<View>]>([
  ['gpus-table.txt', table, ['job'], {}],
  ['gpus-terminal.txt', table, ['user'], { terminal: { width: 120, bars: true, colours: false } }],
  ['gpus-narrow.txt', table, ['job'], { terminal: { width: 80, bars: true, colours: false } }],
  ['gpus-columns.txt', table, ['job'], { columns: parseColumns(GPU_COLUMNS) }],
  ['gpus.json', json, ['user'], {}],
  ['gpus.csv', csv, ['job'], {}],
  ['gpus.psv', parsable, ['user'], {}],
])('%s', async (name, format, groupBy, view) => {
  const { made } = await fixtureReport(groupBy, 'gpus');
  expect(validate(made)).toBe(true);
  expectGolden(name, render(format, made, view));
});

const QUOTAS: QuotaState[] = [
  {
    per: 'account',
    name: 'physics\u001b[31m|"x',
    unit: 'kgCO2e',
    period: 'year',
    since: '2025-12-31T23:00:00.000Z',
    until: '2026-12-31T23:00:00.000Z',
    limit: 10_000,
    used: 10_182.4,
    share: 1.01824,
    forecast: 61_300,
    state: 'over',
    data_until: '2026-03-01T11:55:00.000Z',
    unknown: 1.5,
  },
  {
    per: 'user',
    name: 'alice',
    uid: 1001,
    unit: 'kWh',
    period: 'month',
    since: '2026-02-28T23:00:00.000Z',
    until: '2026-03-31T22:00:00.000Z',
    limit: 500,
    used: 499.99,
    share: 0.99998,
    forecast: 9_999,
    state: 'within',
    data_until: '2026-03-01T11:55:00.000Z',
    unknown: 0,
  },
  {
    per: 'qos',
    name: 'high',
    unit: 'EUR',
    period: '30 days',
    since: '2026-01-30T11:55:00.000Z',
    until: null,
    limit: 100,
    used: 0.004,
    share: 0.00004,
    forecast: null,
    state: 'within',
    data_until: '2026-03-01T11:55:00.000Z',
    unknown: 0,
  },
];

test.each<[string, ReportFormat, Partial<View>]>([
  ['quotas-table.txt', table, {}],
  ['quotas-terminal.txt', table, { terminal }],
  ['quotas-narrow.txt', table, { terminal: { width: 80, bars: true, colours: false } }],
  ['quotas.json', json, {}],
])('%s', async (name, format, view) => {
  const { made } = await fixtureReport(['month']);
  const withQuotas = { ...made, quotas: QUOTAS };
  expect(validate(withQuotas)).toBe(true);
  expectGolden(name, render(format, withQuotas, view));
});

test('what is for spreadsheets has no quotas in it', async () => {
  const { made } = await fixtureReport(['month']);
  for (const format of [csv, parsable]) {
    expect(render(format, { ...made, quotas: QUOTAS })).toBe(render(format, made));
  }
});

test('a limit of 0 is a full bar, and no share', () => {
  const [quota] = QUOTAS;
  const none = { ...quota!, limit: 0, share: null, used: 0, data_until: null, unknown: 0 };
  const view = { ...plain, terminal: { width: 200, bars: true, colours: false } };
  expect(quotaLines([none], view)[1]?.text).toMatch(/ 0 g +0 g +- +61\.3 t .* █{20}$/);
  expect(quotaNote([none], view)).toMatch(/^Quotas: no data yet, /);
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

describe('on a terminal', () => {
  const shown = (made: EitReport, width: number, given: Partial<View> = {}): string[] =>
    render(table, made, { terminal: { width, bars: true, colours: false }, ...given })
      .trimEnd()
      .split('\n');
  const header = (made: EitReport, width: number): string => shown(made, width)[0] ?? '';

  test('without colours or bars has neither, and a narrow one no bar', () => {
    const made = report([runRecord()]);
    const tableLines = render(table, made).split('\n').slice(0, 5);
    const bare = { width: 300, bars: false, colours: false };
    expect(render(table, made, { terminal: bare }).split('\n').slice(0, 5)).toEqual(tableLines);
    expect(shown(made, (tableLines[0]?.length ?? 0) + 8).slice(0, 5)).toEqual(tableLines);
    expect(shown(made, 300).join('\n')).toContain('█'.repeat(20));
  });

  test('a narrow one gets the totals rather than broken lines', () => {
    const made = report([runRecord({ measured_uj: { 'package-0': [1e9, 0, 0], 'dram-0': [1e9, 0, 0] } })]);
    expect(header(made, 100)).toContain('DRAMEnergy');
    expect(header(made, 80)).not.toContain('DRAMEnergy');
    expect(header(made, 80)).toMatch(/Elapsed +CPUEnergy/);
    expect(header(made, 62)).toMatch(/Jobs +CPUEnergy/);
    expect(header(made, 50)).toMatch(/^User +Jobs +Energy +CO2e +Coverage +Quality$/);
  });

  test('figures of GPUs are there where one was read, and go before the length of the runs', () => {
    const gpu = { ms: 300_000, by: 'cgroup', busy_ms: 150_000, idle_uj: [1e9, 1e9, 1e9] } as const;
    const measured_uj = { 'package-0': [1e9, 0, 0], 'gpu-3b:00.0': [9e9, 0, 0] } as RunRecord['measured_uj'];
    const made = report([runRecord({ gpus: 1, measured_uj, gpu: { ...gpu, idle_uj: [...gpu.idle_uj] } })]);
    expect(header(made, 110)).toMatch(/CPUEnergy +GPUEnergy +GPUIdle +GPUUtil +Energy/);
    expect(header(made, 90)).toMatch(/CPUEnergy +GPUEnergy +GPUUtil +Energy/);
    expect(header(made, 80)).toMatch(/Elapsed +CPUEnergy +GPUEnergy +Energy/);
    expect(header(made, 72)).toMatch(/GPUEnergy +Energy/);
    expect(header(made, 72)).not.toContain('Elapsed');
    expect(header(report([runRecord({ measured_uj })]), 110)).toMatch(/CPUEnergy +GPUEnergy +Energy/);
    expect(header(report([runRecord()]), 110)).not.toContain('GPU');
  });

  test('no bar has the room that a figure was denied', () => {
    const made = report([runRecord()]);
    const whole = header(made, 300).indexOf('Share') - 2;
    for (let width = 40; width < whole; width++) {
      expect(header(made, width)).not.toContain('Share');
      // What has no room is said.
      expect(shown(made, width).join('\n').includes('No room for')).toBe(
        !header(made, width).includes('Elapsed'),
      );
    }
    expect(header(made, whole + 10)).toContain('Share');
  });

  test.each([40, 80, 126, 200])('no line below the table is wider than %i columns', async (width) => {
    const { made, skipped } = await fixtureReport(['user']);
    const lines = shown(made, width, { skipped: skipped.byReason });
    const below = lines.slice(lines.findIndex((line) => line.startsWith('Charged')));
    expect(below.length).toBeGreaterThan(2);
    for (const line of below) expect(line.length).toBeLessThanOrEqual(width);
    const whole = render(table, made, { skipped: skipped.byReason }).trimEnd().split('\n').slice(-2);
    expect(below.join(' ').replaceAll(/ +/g, ' ')).toBe(whole.join(' '));
  });

  test.each([40, 60, 80, 200])(
    'coverage below 99 %% is in the line and in the total, at %i columns',
    (width) => {
      const made = report([
        runRecord(),
        runRecord({ job: 2, user: 'bob', missing_ms: { 'package-0': 9_000 } }),
      ]);
      const lines = shown(made, width);
      expect(lines.find((line) => line.startsWith('bob'))).toMatch(/ 97 % /);
      expect(lines.find((line) => line.startsWith('Total'))).toMatch(/ 98\.5 % /);
    },
  );
});

test('a table that was asked for without coverage tells of it below', () => {
  const poor = runRecord({ job: 2, user: 'bob', missing_ms: { 'package-0': 9_000 } });
  const columns = parseColumns('User,Energy');
  expect(render(table, report([runRecord(), poor]), { columns })).toContain(
    '\nCoverage: of all 98.5 %, lowest of a line 97 %.\n',
  );
  expect(render(table, report([runRecord({ nodes: 2 })]), { columns })).toContain(
    '\nCoverage: of all 50 %, nodes 1/2.\n',
  );
  expect(render(table, report([runRecord()]), { columns })).not.toContain('Coverage');
});

test('what a model says of whole nodes is not called the CPU’s, for people', () => {
  const modelled = runRecord({ measured_uj: {}, modelled_uj: { 'package-0': [5, 5, 5] } });
  const made = report([modelled]);
  expect(render(table, made)).toMatch(/^User .* NodeEnergy +Energy /);
  expect(render(table, made)).toContain('Counted: the whole node but its GPUs, at the wall, by a model;');
  expect(render(table, made)).not.toContain('CPUEnergy');
  // Programs look for one name, and who asks for it by name gets it.
  expect(render(csv, made)).toContain('CPUEnergy_kWh');
  expect(render(table, made, { columns: parseColumns('CPUEnergy') })).toMatch(/^CPUEnergy\n/);
  const mixed = report([modelled, runRecord({ job: 2, seq: 9 })]);
  expect(render(table, mixed)).toMatch(/^User .* CPUEnergy +Energy /);
  // The first that a narrow terminal goes without.
  const narrow = render(table, made, { terminal: { width: 50, bars: true, colours: false } }).split('\n');
  expect(narrow[0]).not.toContain('NodeEnergy');
  expect(narrow.join(' ').replaceAll(/ +/g, ' ')).toContain(
    'No room for Elapsed, NodeEnergy: a wider terminal shows them, and -o takes any column.',
  );
});

test('whose jobs they are is said to who asks for more than his own', () => {
  const made = report([runRecord()], { groupBy: ['job'] });
  expect(render(table, made, { isOwn: false })).toMatch(/^JobID +User +Partition/);
  expect(render(table, made, { isOwn: true })).toMatch(/^JobID +Partition/);
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
