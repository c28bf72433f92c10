import type { EitRecord } from '../../../src/generated/record';
import type { GroupKey } from '../../../src/generated/report';
import { report } from './asked';
import { later, runRecord } from './records';

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
