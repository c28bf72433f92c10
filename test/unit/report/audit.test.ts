import Ajv from 'ajv';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EitRecord, HostRecord, RunRecord } from '../../../src/generated/record';
import { readInbox } from '../../../src/ledger/inbox';
import { Skipped } from '../../../src/ledger/record-line';
import { type Audit, isBalanced } from '../../../src/report/audit';
import { AuditAggregation } from '../../../src/report/audit-aggregation';
import { joules } from '../../../src/report/audit-columns';
import { csv } from '../../../src/report/csv';
import type { ReportFormat, View } from '../../../src/report/format';
import { json } from '../../../src/report/json';
import { parsable } from '../../../src/report/parsable';
import type { ReportQuery } from '../../../src/report/aggregate';
import { table } from '../../../src/report/table';
import { query } from './asked';
import { expectGolden, LEDGERS } from './golden';
import { hostRecord, later, runRecord } from './records';

const T = '2026-03-02T10:00:00.000Z';
const plain: View = {
  columns: null,
  header: true,
  isOwn: false,
  timeZone: 'Europe/Berlin',
  skipped: [],
  terminal: null,
};
const context = {
  toolVersion: '0.1.0',
  generatedAtMs: Date.parse('2026-05-06T12:00:00Z'),
  skippedRecords: 0,
};

function audit(records: Iterable<EitRecord>, given: Partial<ReportQuery> = {}): Audit {
  const aggregation = new AuditAggregation(query(given));
  for (const record of records) aggregation.add(record);
  return aggregation.finish(context);
}

function render(format: ReportFormat, made: Audit, view: Partial<View> = {}): string {
  return [...format.renderAudit(made, { ...plain, ...view })].join('');
}

const uj = (amount: number): [number, number, number] => [amount, amount + 1, amount + 2];

/** A run's line of 10 J on n1. */
function run(given: Partial<RunRecord> & { seconds?: number } = {}): RunRecord {
  return runRecord({ measured_uj: { 'package-0': [10e6, 11e6, 12e6] }, ...given });
}

/** Lines of each host and day with their differences in J, and the lines missing. */
function outcome({ rows }: Audit): unknown[] {
  return rows.map(({ host, day, all, linesMissing }) => [
    host,
    day,
    joules(all.differenceUj, 3),
    linesMissing,
  ]);
}

describe('the ledger of the fixtures', () => {
  let made: Audit;
  const skipped = new Skipped();
  beforeAll(async () => {
    const asked = query({
      sinceMs: Date.parse('2026-05-03T22:00:00Z'),
      untilMs: Date.parse('2026-05-05T22:00:00Z'),
      timeZone: 'Europe/Berlin',
    });
    const aggregation = new AuditAggregation(asked);
    const ledger = join(LEDGERS, 'audit');
    const { sinceMs: fromMs, untilMs: toMs } = asked;
    for await (const record of readInbox(ledger, { fromMs, toMs, skipped })) aggregation.add(record);
    made = aggregation.finish(context);
  });

  test.each<[string, ReportFormat]>([
    ['audit-table.txt', table],
    ['audit.json', json],
    ['audit.csv', csv],
    ['audit.psv', parsable],
  ])('%s', (name, format) => {
    expectGolden(name, render(format, made));
  });

  test('JSON is as the schema says', () => {
    const path = join(__dirname, '../../../schemas/report.schema.json');
    const schema = JSON.parse(readFileSync(path, 'utf8')) as { definitions: object };
    const ajv = new Ajv({ strict: true, allowUnionTypes: true });
    const validate = ajv.compile({ definitions: schema.definitions, $ref: '#/definitions/audit' });
    expect([validate(JSON.parse(render(json, made))), validate.errors]).toEqual([true, null]);
  });
});

describe('runs are added up from their own lines', () => {
  test('and what they, idle and system got is the counter', () => {
    const made = audit([run(), hostRecord({ seq: 1 })]);
    expect(outcome(made)).toEqual([['n1', '2026-03-02', '0.000', 0]]);
    expect(made.total).toMatchObject({ counterUj: 60000000n, runsUj: 10000000n, differenceUj: 0n });
    expect(made.rows.every(isBalanced)).toBe(true);
  });

  test.each(['usage', 'allocation', 'hybrid'] as const)('under policy %s', (policy) => {
    expect(outcome(audit([run(), hostRecord({ seq: 1 })], { policy }))).toEqual([
      ['n1', '2026-03-02', '0.000', 0],
    ]);
  });

  test('modelled energy too', () => {
    const modelled = run({ measured_uj: {}, modelled_uj: { 'package-0': [10e6, 0, 0] } });
    expect(outcome(audit([modelled, hostRecord({ seq: 1 })]))).toEqual([['n1', '2026-03-02', '0.000', 0]]);
  });

  test.each<[string, EitRecord[], unknown]>([
    ['a line is lost', [hostRecord({ seq: 1 })], ['n1', '2026-03-02', '10.000', 1]],
    [
      'a line is doubled',
      [run(), run({ seq: 1 }), hostRecord({ seq: 2 })],
      ['n1', '2026-03-02', '-10.000', 0],
    ],
    [
      'a microjoule is nothing to the millijoule',
      [run({ measured_uj: { 'package-0': [10e6 - 499, 0, 0] } }), hostRecord({ seq: 1 })],
      ['n1', '2026-03-02', '0.000', 0],
    ],
    [
      'half a millijoule is one',
      [run({ measured_uj: { 'package-0': [10e6 - 500, 0, 0] } }), hostRecord({ seq: 1 })],
      ['n1', '2026-03-02', '0.001', 0],
    ],
  ])('where %s', (_, records, expected) => {
    const made = audit(records);
    expect(outcome(made)).toEqual([expected]);
    expect(made.rows.every(isBalanced)).toBe(!/[1-9]/.test((expected as string[])[2] ?? ''));
  });

  test('a difference in one class is not made up for by another', () => {
    const host = hostRecord({ seq: 1 });
    host.domains['dram-0'] = { ...host.domains['package-0']!, class: 'dram' };
    const wrong = run({ measured_uj: { 'package-0': [9e6, 0, 0], 'dram-0': [11e6, 0, 0] } });
    const made = audit([wrong, host]);
    expect(made.total.differenceUj).toBe(0n);
    expect(made.rows.every(isBalanced)).toBe(false);
  });

  test('a domain is of the class that its host says', () => {
    const { 'package-0': domain } = hostRecord().domains;
    const host = hostRecord({ seq: 1, domains: { accel0: { ...domain!, class: 'gpu' } } });
    const [row] = audit([run({ measured_uj: { accel0: [10e6, 0, 0] } }), host]).rows;
    expect([...(row?.classes ?? [])].map(([name, sums]) => [name, sums.differenceUj])).toEqual([['gpu', 0n]]);
  });

  test('sums beyond 2^53 µJ are exact', () => {
    const big = Number.MAX_SAFE_INTEGER;
    const { 'package-0': domain } = hostRecord().domains;
    const lines = Array.from({ length: 40 }, (_, i) => [
      run({ seq: 2 * i, measured_uj: { 'package-0': [big, 0, 0] } }),
      hostRecord({
        seq: 2 * i + 1,
        domains: {
          'package-0': {
            ...domain!,
            counter_uj: big,
            runs_uj: [big, 0, 0],
            idle_uj: [0, 0, 0],
            system_uj: [0, 0, 0],
          },
        },
      }),
    ]).flat();
    const { total } = audit(lines);
    expect(total).toMatchObject({ counterUj: BigInt(big) * 40n, differenceUj: 0n });
  });
});

describe('a line of a run belongs to', () => {
  const night = '2026-03-02T23:50:00.000Z';
  /** A host's line that begins so many stretches after 23:50, and a run's before it. */
  const host = (seq: number, stretch: number, given: Partial<HostRecord> = {}): HostRecord =>
    hostRecord({ seq, from: later(night, 300 * stretch), ...given });
  const of = (seq: number, stretch: number, given: Partial<RunRecord> = {}): RunRecord =>
    run({ seq, from: later(night, 300 * stretch), seconds: 300, ...given });

  test('the next host line, also where its own time is of the day before', () => {
    // The run ended at 23:59:59; the host's line is from 23:59:58 to 00:05.
    const last = hostRecord({ seq: 3, from: '2026-03-02T23:59:58.000Z', to: '2026-03-03T00:05:00.000Z' });
    const made = audit([of(0, 0), host(1, 0), run({ seq: 2, from: later(night, 540), seconds: 59 }), last]);
    expect(outcome(made)).toEqual([
      ['n1', '2026-03-02', '0.000', 0],
      ['n1', '2026-03-03', '0.000', 0],
    ]);
  });

  test('the line that the next agent wrote, where one was killed', () => {
    const b = { instance: 'b'.repeat(12) };
    const made = audit([of(0, 0), host(1, 0), of(2, 1), host(0, 1, b), of(1, 2, b), host(2, 2, b)]);
    expect(outcome(made)).toEqual([
      ['n1', '2026-03-02', '0.000', 0],
      ['n1', '2026-03-03', '0.000', 0],
    ]);
  });

  test('the next agent’s line, though it is of the next day', () => {
    const late = hostRecord({
      seq: 0,
      instance: 'b'.repeat(12),
      from: later(night, 300),
      to: later(night, 7200),
    });
    expect(outcome(audit([of(0, 0), host(1, 0), of(2, 1), late]))).toEqual([
      ['n1', '2026-03-02', '0.000', 0],
      ['n1', '2026-03-03', '0.000', 0],
    ]);
  });

  test('none yet: the stretch in hand, which is no difference', () => {
    const made = audit([of(0, 0), host(1, 0), of(2, 1), of(3, 1, { job: 2 })]);
    expect(outcome(made)).toEqual([['n1', '2026-03-02', '0.000', 0]]);
    expect(made.open).toEqual([
      { cluster: 'alpha', host: 'n1', sinceMs: Date.parse(later(night, 300)), lines: 2, runsUj: 20000000n },
    ]);
    expect(render(table, made)).toContain('Not closed yet: 2 lines of runs on alpha/n1 since ');
  });

  test('a host line outside the time asked for: then it is not of the audit', () => {
    const records = [of(0, 0), host(1, 0), of(2, 1), host(3, 1), of(4, 2), host(5, 2), of(6, 3)];
    const since = Date.parse(later(night, 300));
    const made = audit(records, { sinceMs: since, untilMs: since + 300_000 });
    expect(outcome(made)).toEqual([['n1', '2026-03-02', '0.000', 0]]);
    expect(made.total.counterUj).toBe(60000000n);
    expect(made.open).toEqual([]);
  });
});

describe('what was found out', () => {
  const four = [0, 1, 2, 3].flatMap((i) => [
    run({ seq: 2 * i, from: later(T, 300 * i) }),
    hostRecord({ seq: 2 * i + 1, from: later(T, 300 * i) }),
  ]);
  const without = (...seqs: number[]) => four.filter(({ seq }) => !seqs.includes(seq));

  test('missing numbers, at the beginning, in between and after the last host line', () => {
    expect(outcome(audit(without(2)))).toEqual([['n1', '2026-03-02', '10.000', 1]]);
    expect(outcome(audit(without(0, 4)))).toEqual([['n1', '2026-03-02', '20.000', 2]]);
    const { 'package-0': domain } = hostRecord().domains;
    // The killed agent's two stretches in one line of the next one.
    const two = { ...domain!, counter_uj: 70e6, runs_uj: uj(20e6) };
    const ids = { seq: 0, instance: 'b'.repeat(12) };
    const b = hostRecord({ ...ids, from: later(T, 600), to: later(T, 1200), domains: { 'package-0': two } });
    const ofKilled = [...without(4, 5, 7), b];
    expect(outcome(audit(ofKilled))).toEqual([['n1', '2026-03-02', '10.000', 2]]);
  });

  test('a lost host line: runs got what no counter grew by', () => {
    const made = audit(without(3));
    expect(outcome(made)).toEqual([['n1', '2026-03-02', '-10.000', 1]]);
    expect(made.rows[0]).toMatchObject({ hostGapMs: 300_000, hostImbalanceUj: 0n });
    expect(render(table, made)).toMatch(
      /why: 1 line of this host is missing .*no line of the host itself for 00:05:00/,
    );
  });

  test('host lines that do not add up by themselves', () => {
    const { 'package-0': domain } = hostRecord().domains;
    const host = hostRecord({ seq: 1, domains: { 'package-0': { ...domain!, counter_uj: 61e6 } } });
    const made = audit([run(), host]);
    expect(made.rows[0]?.hostImbalanceUj).toBe(1000000n);
    expect(render(table, made)).toContain("the host's own lines do not add up by 1.000 J");
  });

  test('nothing: then that is said', () => {
    expect(render(table, audit([run(), run({ seq: 1 }), hostRecord({ seq: 2 })]))).toContain(
      'no line is missing; a line of a run was doubled or changed',
    );
  });

  test('time missing is the worst domain’s, by class and in all, and the reasons are told once a host', () => {
    const lines = [0, 1].map((i) => {
      const host = hostRecord({ seq: i, from: later(T, 300 * i) });
      const domain = { ...host.domains['package-0']!, runs_uj: uj(0), counter_uj: 50e6 };
      host.domains = {
        'package-0': { ...domain, missing_ms: 1000, missing_reason: 'EIO' },
        'package-1': { ...domain, missing_ms: 3000, missing_reason: 'EIO' },
        'dram-0': { ...domain, class: 'dram', missing_ms: 2000, note: 'shows\u001b what package-0 does' },
      };
      return host;
    });
    const made = audit(lines, { policy: 'usage' });
    const [row] = made.rows;
    expect([row?.classes.get('cpu'), row?.classes.get('dram'), row?.all].map((s) => s?.missingMs)).toEqual([
      6000, 4000, 6000,
    ]);
    const text = render(table, made);
    expect(text.match(/alpha\/n1: package-1: not read for 6 s: EIO/g)).toHaveLength(1);
    expect(text.match(/alpha\/n1: dram-0: shows\\u\{1b\} what package-0 does/g)).toHaveLength(1);
    expect(text).toContain('alpha/n1: dram-0: not read for 4 s: no reason was recorded');
  });

  test('a note that many hosts share is one line', () => {
    const lines = Array.from({ length: 20 }, (_, i) => {
      const host = hostRecord({ host: `n${i + 10}` });
      host.domains['package-0'] = { ...host.domains['package-0']!, note: 'mirrors package-1' };
      return host;
    });
    expect(render(table, audit(lines)).match(/.*mirrors package-1.*/g)).toEqual([
      'alpha/n10, alpha/n11, alpha/n12, alpha/n13, alpha/n14, alpha/n15, alpha/n16, alpha/n17 and 12 more: ' +
        'package-0: mirrors package-1',
    ]);
  });
});

describe('-N', () => {
  const records = [
    run({ node: 'a', host: 'h1' }),
    run({ node: 'b', host: 'h1', seq: 1 }),
    hostRecord({ host: 'h1', seq: 2, nodes: ['a'] }),
    hostRecord({ host: 'h2', nodes: ['c'] }),
  ];
  const hosts = (...nodes: string[]): string[] =>
    audit(records, { filter: { nodes: new Set(nodes) } }).rows.map(({ host }) => host);

  test('takes hosts by their own names and by those of all nodes on them', () => {
    expect([hosts('a'), hosts('b'), hosts('h1'), hosts('c', 'a'), hosts('x')]).toEqual([
      ['h1'],
      ['h1'],
      ['h1'],
      ['h1', 'h2'],
      [],
    ]);
  });

  test('takes all runs of a host, not just those of the node', () => {
    const made = audit(records, { filter: { nodes: new Set(['a']) } });
    expect(made.total.runsUj).toBe(20000000n);
  });
});

test('names are free of what a terminal obeys, and each line has its fields', () => {
  const names = ['a\u001b[2J', 'b|c', 'd,e"f', '=cmd()', '\u202eevil'];
  const made = audit(names.map((host) => hostRecord({ host, nodes: [host] })));
  for (const format of [table, csv, parsable, json]) {
    expect(render(format, made).replaceAll(/\r?\n/g, '')).not.toMatch(/\p{Cc}|[\u202a-\u202e]/u);
  }
  const fields = render(parsable, made)
    .trimEnd()
    .split('\n')
    .map((line) => line.split('|').length);
  expect(new Set(fields)).toEqual(new Set([10]));
  expect(render(csv, made)).toContain("'=cmd()");
});

test('whatever the order of the lines, and wherever agents were killed: what adds up, adds up', () => {
  /** Lines of a host over two nights, each stretch with some runs, and an agent that is killed now and then. */
  const history = fc
    .array(
      fc.record({
        runs: fc.array(fc.nat(1e9), { maxLength: 3 }),
        rest: fc.nat(1e9),
        ends: fc.boolean(),
        killed: fc.boolean(),
      }),
      { minLength: 1, maxLength: 40 },
    )
    .map((stretches) => {
      const records: EitRecord[] = [];
      let [instance, seq] = [0, 0];
      const ids = () => ({ instance: String(instance).padStart(12, '0'), seq: seq++ });
      stretches.forEach(({ runs, rest, ends, killed }, i) => {
        const from = later('2026-03-01T00:00:00.000Z', 7200 * i);
        for (const [job, energy] of runs.entries()) {
          // Some runs end before their stretch does.
          const seconds = ends ? 3000 + job : 7200;
          const measured_uj = { 'package-0': uj(energy) };
          records.push(run({ ...ids(), job: job + 1, from, seconds, measured_uj }));
        }
        if (killed) [instance, seq] = [instance + 1, 0];
        const runsUj = runs.reduce((sum, energy) => sum + energy, 0);
        const domain = {
          ...hostRecord().domains['package-0']!,
          counter_uj: runsUj + rest,
          runs_uj: uj(runsUj),
          idle_uj: uj(0),
          system_uj: uj(rest),
        };
        records.push(
          hostRecord({
            ...ids(),
            from,
            to: later(from, 7200),
            ms: 7_200_000,
            domains: { 'package-0': domain },
          }),
        );
      });
      return records;
    });
  const shuffled = history.chain((records) =>
    fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })),
  );
  fc.assert(
    fc.property(
      shuffled,
      fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kolkata'),
      ([inOrder, others], timeZone) => {
        const made = audit(inOrder, { timeZone });
        expect(audit(others, { timeZone })).toEqual(made);
        expect(made.rows.map(({ all, linesMissing }) => [all.differenceUj, linesMissing])).toEqual(
          made.rows.map(() => [0n, 0]),
        );
        expect(made.open).toEqual([]);
      },
    ),
  );
});

test('numbers are numbers, also below 0', () => {
  const made = audit([run(), run({ seq: 1 }), hostRecord({ seq: 2 })]);
  expect(render(csv, made)).toContain(
    'alpha,n1,2026-03-02,cpu,60.000000,20.000000,20.000000,30.000000,-10.000000,0\r\n',
  );
});

test('how many days do not add up is said, as differences may even out', () => {
  const lost = hostRecord({ seq: 1 });
  const doubled = [run({ host: 'n2' }), run({ host: 'n2', seq: 1 }), hostRecord({ host: 'n2', seq: 2 })];
  const made = audit([lost, ...doubled]);
  expect(made.total.differenceUj).toBe(0n);
  expect(render(table, made)).toContain('2 of 2 days of hosts do not add up.');
  expect(render(table, audit([run(), lost]))).toContain(
    'Every one of 1 day of hosts adds up to the millijoule.',
  );
});

test('on a terminal what is below the table is no wider', () => {
  const made = audit([run(), run({ seq: 1 }), hostRecord({ seq: 2 })]);
  const terminal = { width: 60, bars: true, colours: false };
  const lines = render(table, made, { terminal }).trimEnd().split('\n');
  const below = lines.filter((line) => !/^(Cluster|alpha|Total|-)/.test(line));
  expect(below.length).toBeGreaterThan(4);
  for (const line of below) expect(line.length).toBeLessThanOrEqual(60);
});

test.each([
  [0n, '0.000', '0.000000'],
  [-499n, '0.000', '-0.000499'],
  [1n, '0.000', '0.000001'],
  [-500n, '-0.001', '-0.000500'],
  [1234567890123456789n, '1234567890123.457', '1234567890123.456789'],
])('%s µJ are %s J', (amount, human, raw) => {
  expect([joules(amount, 3), joules(amount, 6)]).toEqual([human, raw]);
});
