import type { EitRecord, RunRecord } from '../../../src/generated/record';
import type { GroupKey } from '../../../src/generated/report';
import validate from '../../../src/generated/report-validator';
import { report } from './asked';
import { hostRecord, later, runRecord } from './records';

const T = '2026-03-02T10:00:00.000Z';
const records: EitRecord[] = [
  runRecord({ job: 1, nodes: 2 }),
  runRecord({ job: 1, nodes: 2, node: 'n2' }),
  runRecord({ job: 10, from: later(T, 3600), partition: 'gpu' }),
  runRecord({ job: 2, user: 'bob', uid: 1002, account: 'biology', from: later(T, 7200) }),
  runRecord({ job: 2, user: 'bob', uid: 1002, account: 'biology', from: later(T, 8000), restart: 1 }),
];

/** Groups without their figures, with jobs/runs and nodes. */
function groups(of: Iterable<EitRecord>, groupBy: GroupKey[], timeZone = 'UTC'): unknown[] {
  const keys = ['job_id', 'user', 'account', 'partition', 'node', 'day', 'month', 'cluster'];
  return report(of, { groupBy, timeZone }).groups.map((group) => [
    ...Object.entries(group).flatMap(([name, value]) => (keys.includes(name) ? [value as unknown] : [])),
    `${group.jobs}/${group.runs}`,
    `${group.nodes_reported}/${group.nodes_expected}`,
  ]);
}

test.each<[GroupKey[], unknown[]]>([
  [
    ['user'],
    [
      ['alice', '2/2', '3/3'],
      ['bob', '1/2', '2/2'],
    ],
  ],
  [
    ['account'],
    [
      ['biology', '1/2', '2/2'],
      ['physics', '2/2', '3/3'],
    ],
  ],
  [
    ['partition'],
    [
      ['cpu', '2/3', '4/4'],
      ['gpu', '1/1', '1/1'],
    ],
  ],
  [['cluster'], [['alpha', '3/4', '5/5']]],
  [['month'], [['2026-03', '3/4', '5/5']]],
  [
    ['node'],
    [
      ['n1', '3/4', '4/4'],
      ['n2', '1/1', '1/1'],
    ],
  ],
  [
    ['user', 'partition'],
    [
      ['alice', 'cpu', '1/1', '2/2'],
      ['alice', 'gpu', '1/1', '1/1'],
      ['bob', 'cpu', '1/2', '2/2'],
    ],
  ],
  [
    ['partition', 'user'],
    [
      ['cpu', 'alice', '1/1', '2/2'],
      ['cpu', 'bob', '1/2', '2/2'],
      ['gpu', 'alice', '1/1', '1/1'],
    ],
  ],
  [
    ['job'],
    [
      [1, 'alice', 'physics', 'cpu', 'alpha', '1/1', '2/2'],
      [2, 'bob', 'biology', 'cpu', 'alpha', '1/2', '2/2'],
      [10, 'alice', 'physics', 'gpu', 'alpha', '1/1', '1/1'],
    ],
  ],
])('by %j', (groupBy, expected) => {
  expect(groups(records, groupBy)).toEqual(expected);
});

test('a run over midnight is in both days, in the zone asked for', () => {
  const night = Array.from({ length: 6 }, (_, i) =>
    runRecord({ from: later('2026-03-31T21:45:00.000Z', i * 300), started: '2026-03-31T21:45:00.000Z' }),
  );
  expect(groups(night, ['day'], 'Europe/Berlin')).toEqual([
    ['2026-03-31', '1/1', '1/1'],
    ['2026-04-01', '1/1', '1/1'],
  ]);
  const byMonth = report(night, { groupBy: ['month'], timeZone: 'Europe/Berlin' });
  expect(byMonth.groups.map(({ elapsed_seconds }) => elapsed_seconds)).toEqual([900, 900]);
  expect(byMonth.total).toMatchObject({ jobs: 1, runs: 1, elapsed_seconds: 1800 });
  expect(groups(night, ['day'], 'UTC')).toEqual([['2026-03-31', '1/1', '1/1']]);
  expect(groups(night, ['day', 'month'], 'Asia/Kathmandu')).toEqual([
    ['2026-04-01', '2026-04', '1/1', '1/1'],
  ]);
});

test('the same job id on two clusters, or recycled, is two lines', () => {
  const twice = [
    runRecord({ cluster: 'beta' }),
    runRecord(),
    runRecord({ from: '2026-03-20T10:00:00.000Z' }),
  ];
  expect(groups(twice, ['job']).map((group) => (group as unknown[])[4])).toEqual(['alpha', 'alpha', 'beta']);
  expect(report(twice, { groupBy: ['job'] }).total.jobs).toBe(3);
});

test('a run without a name for its user, account or partition has a line of its own', () => {
  const bare = runRecord({ uid: 1234 });
  for (const key of ['user', 'account', 'partition'] as const) delete bare[key];
  expect(groups([bare], ['user', 'account', 'partition'])).toEqual([
    ['uid:1234', '(unknown)', '(unknown)', '1/1', '1/1'],
  ]);
  delete bare.uid;
  expect(groups([bare], ['user'])).toEqual([['(unknown)', '1/1', '1/1']]);
});

test('a record is in the window that its middle is in', () => {
  const cut = { sinceMs: Date.parse(T) + 150_000, untilMs: Date.parse(T) + 450_000 };
  const line = (after: number): EitRecord => runRecord({ from: later(T, after), started: T });
  expect(report([line(0)], cut).total.runs).toBe(1);
  expect(report([line(-1)], cut).total.runs).toBe(0);
  expect(report([line(299.999)], cut).total.runs).toBe(1);
  expect(report([line(300)], cut).total.runs).toBe(0);
});

describe('filters', () => {
  const set = <T>(...values: T[]): Set<T> => new Set(values);
  test.each([
    ['a user by name', { users: [{ name: 'bob' }] }, 2],
    ['a user by uid', { users: [{ uid: 1001 }] }, 2],
    ['a uid that is right and a name that is not', { users: [{ uid: 1002, name: 'alice' }] }, 2],
    ['users', { users: [{ name: 'bob' }, { name: 'alice' }] }, 4],
    ['nobody', { users: [{ name: 'eve' }] }, 0],
    ['accounts', { accounts: set('biology') }, 2],
    ['partitions', { partitions: set('gpu') }, 1],
    ['jobs', { jobs: set(1, 10) }, 2],
    ['clusters', { clusters: set('beta') }, 0],
    ['nodes', { nodes: set('n2') }, 1],
    ['several at once', { users: [{ name: 'alice' }], partitions: set('gpu') }, 1],
  ])('%s', (_, filter, runs) => {
    expect(report(records, { filter }).total.runs).toBe(runs);
  });

  test('by node counts the part on that node, and knows from the list who should have told', () => {
    const start = { by: 'prolog', nodelist: 'n[1-4]' } as const;
    const large = [runRecord({ nodes: 4, start }), runRecord({ nodes: 4, node: 'n3', start })];
    expect(report(large, { filter: { nodes: set('n1', 'n2') } }).total).toMatchObject({
      nodes_expected: 2,
      nodes_reported: 1,
      coverage: 0.5,
      cpu_seconds: 300,
    });
  });
});

test('data are until the newest record read, in the window or not', () => {
  const made = report([runRecord(), runRecord({ from: '2026-05-01T00:00:00.000Z' })]);
  expect(made.data_until).toBe('2026-05-01T00:05:00.000Z');
  expect(made.total.runs).toBe(1);
});

test('the hour that clocks show twice is two, and a day of 25 hours has 25', () => {
  // Berlin, from 25 October 00:00 (22:00 UTC) on: 25 hours.
  const start = '2026-10-24T22:00:00.000Z';
  const all = Array.from({ length: 25 * 12 }, (_, i) =>
    runRecord({ from: later(start, i * 300), started: start }),
  );
  const asked = {
    sinceMs: Date.parse(start) - 86_400_000,
    untilMs: Date.parse(start) + 2 * 86_400_000,
    timeZone: 'Europe/Berlin',
  };
  const byHour = report(all, { ...asked, groupBy: ['hour'] });
  expect([validate(byHour), validate.errors]).toEqual([true, null]);
  expect(byHour.groups.map(({ hour }) => hour).slice(1, 5)).toEqual([
    '2026-10-25T01:00+02:00',
    '2026-10-25T02:00+02:00',
    '2026-10-25T02:00+01:00',
    '2026-10-25T03:00+01:00',
  ]);
  expect(byHour.groups.map(({ elapsed_seconds }) => elapsed_seconds)).toEqual(
    Array.from({ length: 25 }, () => 3600),
  );
  for (const [groupBy, of] of [
    [['day'], '2026-10-25'],
    [['week'], '2026-W43'],
  ] as const) {
    const [line, ...more] = report(all, { ...asked, groupBy }).groups;
    expect([line?.day ?? line?.week, line?.elapsed_seconds, more]).toEqual([of, 25 * 3600, []]);
  }
  expect(byHour.total).toEqual(report(all, { ...asked, groupBy: ['day'] }).total);
});

test('hours are of the zone, and change no total where lines lack', () => {
  const lacks = [0, 1, 5, 6].map((i) => runRecord({ from: later(T, i * 3600), started: T }));
  const zone = 'Asia/Kathmandu';
  const { groups: found, total } = report(lacks, { groupBy: ['hour'], timeZone: zone });
  expect(found.map(({ hour }) => hour)).toEqual([
    '2026-03-02T15:00+05:45',
    '2026-03-02T16:00+05:45',
    '2026-03-02T20:00+05:45',
    '2026-03-02T21:00+05:45',
  ]);
  expect(total).toEqual(report(lacks, { groupBy: ['day'], timeZone: zone }).total);
  expect(total.coverage).toBeLessThan(0.1);
});

test.each([
  ['2024-12-30T00:00:00.000Z', '2025-W01'],
  ['2024-12-29T00:00:00.000Z', '2024-W52'],
  ['2027-01-03T00:00:00.000Z', '2026-W53'],
  ['2026-01-01T00:00:00.000Z', '2026-W01'],
])('%s is in %s', (from, week) => {
  const window = { sinceMs: Date.parse(from), untilMs: Date.parse(from) + 86_400_000 };
  expect(report([runRecord({ from })], { ...window, groupBy: ['week'] }).groups[0]?.week).toBe(week);
});

describe('by model', () => {
  const host = (node: string, cpu: string, gpus: Record<string, string>): EitRecord => {
    const plain = hostRecord();
    const gpu = { ...plain.domains['package-0']!, class: 'gpu' } as const;
    return hostRecord({
      host: node,
      nodes: [node],
      from: '2026-03-01T00:00:00.000Z',
      domains: {
        ...plain.domains,
        ...Object.fromEntries(Object.keys(gpus).map((domain) => [domain, gpu])),
      },
      hardware: {
        threads: 1,
        cpu,
        gpus: Object.fromEntries(Object.entries(gpus).map(([domain, model]) => [domain, { model }])),
      },
    });
  };
  const on = (node: string, given: Partial<RunRecord>): EitRecord =>
    runRecord({ node, host: node, ...given });
  const uj = (gpus: Record<string, number>): RunRecord['measured_uj'] =>
    Object.fromEntries(
      Object.entries({ 'package-0': 1e9, ...gpus }).map(([domain, of]) => [domain, [of, of, of] as never]),
    );
  const all: EitRecord[] = [
    host('n1', 'Epyc', { 'gpu-1': 'A100', 'gpu-2': 'A100' }),
    host('n2', 'Xeon', { 'gpu-1': 'H100', 'gpu-2': 'A100' }),
    host('n3', 'Xeon', {}),
    on('n1', { job: 1, nodes: 3, gpus: 2, measured_uj: uj({ 'gpu-1': 2e9, 'gpu-2': 3e9 }) }),
    on('n2', { job: 1, nodes: 3, gpus: 1, measured_uj: uj({ 'gpu-1': 7e9 }) }),
    on('n2', { job: 2, gpus: 2, measured_uj: uj({ 'gpu-1': 11e9, 'gpu-2': 13e9 }) }),
    on('n3', { job: 3, measured_uj: uj({}) }),
    on('n9', { job: 4, gpus: 1, measured_uj: uj({ 'gpu-1': 17e9 }) }),
  ];

  test.each<[GroupKey, unknown[]]>([
    [
      'gpumodel',
      [
        ['(none)', 1e9, 1, '1/1'],
        ['(unknown)', 18e9, 1, '1/1'],
        ['A100', 6e9, 1, '1/1'],
        ['A100, H100', 25e9, 1, '1/1'],
        ['H100', 8e9, 1, '1/1'],
      ],
    ],
    [
      'cpumodel',
      [
        ['(unknown)', 18e9, 1, '1/1'],
        ['Epyc', 6e9, 1, '1/1'],
        ['Xeon', 34e9, 3, '3/3'],
      ],
    ],
  ])('%s: each part is in one line, and the lines are the total', (key, want) => {
    const { groups: found, total } = report(all, { groupBy: [key], withUnattributed: false });
    expect(
      found.map((line) => [
        line[key === 'gpumodel' ? 'gpu_model' : 'cpu_model'],
        Math.round(line.energy_kwh.it * 3.6e12),
        line.runs,
        `${line.nodes_reported}/${line.nodes_expected}`,
      ]),
    ).toEqual(want);
    expect(found.reduce((sum, line) => sum + line.energy_kwh.it, 0)).toBeCloseTo(total.energy_kwh.it, 12);
    // Of job 1 a node is silent, and nobody knows of which model.
    expect(total).toMatchObject({ nodes_expected: 6, nodes_reported: 5 });
  });

  test('a run of one model has its silent nodes in its line', () => {
    const [line] = report([...all.slice(0, 1), on('n1', { nodes: 4 })], { groupBy: ['cpumodel'] }).groups;
    expect(line).toMatchObject({ cpu_model: 'Epyc', nodes_expected: 4, coverage: 0.25 });
  });
});

test('parts of a heterogeneous job are jobs, and added up by their first', () => {
  const start = { by: 'prolog', het_job: 20 } as const;
  const het = [20, 21].map((job) => runRecord({ job, start }));
  expect(groups([...het, runRecord({ job: 22 })], ['job']).length).toBe(3);
  const found = report([...het, runRecord({ job: 22 })], { groupBy: ['het'] }).groups;
  expect(found.map(({ het_job_id, jobs, cpu_seconds }) => [het_job_id, jobs, cpu_seconds])).toEqual([
    [20, 2, 600],
    [null, 1, 300],
  ]);
});
