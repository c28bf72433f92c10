import { DateTime } from 'luxon';
import { type QueryOptions, type Reader, reportQuery } from '../../../src/cli/report-query';

const now = DateTime.fromISO('2026-03-20T15:00:00', { zone: 'Europe/Berlin' });
const alice: Reader = { uid: 1001, name: 'alice', isAdmin: false };
const admin: Reader = { uid: 0, name: 'root', isAdmin: true };

const none: QueryOptions = {
  user: [],
  account: [],
  partition: [],
  jobs: [],
  clusters: [],
  nodelist: [],
  qos: [],
  name: [],
  state: [],
  starttime: undefined,
  endtime: undefined,
  allusers: false,
  'group-by': [],
  policy: undefined,
  extrapolate: false,
  'compare-slurm': false,
  lost: false,
  embodied: false,
};

function ask(given: Partial<QueryOptions> = {}, reader = admin) {
  return reportQuery({ ...none, ...given }, reader, 'usage', now);
}

const local = (ms: number): string | null =>
  DateTime.fromMillis(ms, { zone: now.zone }).toFormat('yyyy-MM-dd HH:mm');

test('without times it is this month, local, until now', () => {
  expect([ask().sinceMs, ask().untilMs].map(local)).toEqual(['2026-03-01 00:00', '2026-03-20 15:00']);
});

test('times are sacct’s', () => {
  const asked = ask({ starttime: 'now-7days', endtime: '0315' });
  expect([asked.sinceMs, asked.untilMs].map(local)).toEqual(['2026-03-13 15:00', '2026-03-15 00:00']);
});

test.each<[string, Reader, Partial<QueryOptions>, unknown]>([
  ['an ordinary user', alice, {}, [{ uid: 1001, name: 'alice' }]],
  ['an ordinary user with -a', alice, { allusers: true }, undefined],
  ['an admin', admin, {}, undefined],
  [
    '-u',
    admin,
    { user: ['bob,1234', 'carol'] },
    [{ name: 'bob' }, { uid: 1234, name: '1234' }, { name: 'carol' }],
  ],
  ['-u of oneself', alice, { user: ['alice'] }, [{ uid: 1001, name: 'alice' }]],
  ['-u with -a', alice, { user: ['bob'], allusers: true }, [{ name: 'bob' }]],
  ['a user whom the system has no name for', { ...alice, name: null }, {}, [{ uid: 1001, name: undefined }]],
])('users of %s', (_, reader, options, users) => {
  expect(ask(options, reader).filter.users).toEqual(users);
});

test.each<[string, Reader, Partial<QueryOptions>, string[]]>([
  ['an ordinary user', alice, {}, ['job']],
  ['an ordinary user with -a', alice, { allusers: true }, ['user', 'partition']],
  ['an admin', admin, {}, ['user', 'partition']],
  ['one user', admin, { user: ['bob'] }, ['job']],
  ['two users', admin, { user: ['bob,carol'] }, ['user', 'partition']],
  ['jobs by id', admin, { jobs: ['1,2'] }, ['job']],
  ['--group-by', admin, { 'group-by': ['Month,user', 'user'] }, ['month', 'user']],
])('groups of %s', (_, reader, options, groupBy) => {
  expect(ask(options, reader).groupBy).toEqual(groupBy);
});

test('lists take commas, repeats and host lists', () => {
  const { filter } = ask({
    account: ['a,b', ' c '],
    partition: ['cpu'],
    jobs: ['1,2', '3'],
    clusters: ['alpha'],
    nodelist: ['n[1-2]', 'm1'],
  });
  expect(filter).toEqual({
    users: undefined,
    accounts: new Set(['a', 'b', 'c']),
    partitions: new Set(['cpu']),
    jobs: new Set([1, 2, 3]),
    selections: [1, 2, 3].map((job) => ({ text: String(job), job })),
    clusters: new Set(['alpha']),
    nodes: new Set(['n1', 'n2', 'm1']),
  });
  expect(ask({ clusters: ['all'] }).filter.clusters).toBeUndefined();
});

test('what no user pays is told to admins who ask for all runs', () => {
  expect(ask().withUnattributed).toBe(true);
  expect(ask({ nodelist: ['n1'], clusters: ['alpha'] }).withUnattributed).toBe(true);
  for (const options of [{ user: ['bob'] }, { account: ['a'] }, { partition: ['p'] }, { jobs: ['1'] }]) {
    expect(ask(options).withUnattributed).toBe(false);
  }
  expect(ask({ allusers: true }, alice).withUnattributed).toBe(false);
});

test.each<[Partial<QueryOptions>, string, string]>([
  [{ starttime: 'soon' }, 'EIT_TIME_FORM', 'YYYY-MM-DD'],
  [{ starttime: 'now', endtime: 'now-1day' }, 'EIT_USAGE', '--endtime'],
  [{ user: [','] }, 'EIT_USAGE', '--user is empty'],
  [{ jobs: ['12.batch'] }, 'EIT_USAGE', 'no job id'],
  [{ jobs: [','] }, 'EIT_USAGE', '--jobs is empty'],
  [{ jobs: ['0'] }, 'EIT_USAGE', 'no job id'],
  [{ jobs: ['99999999999999999999'] }, 'EIT_USAGE', 'no job id'],
  [{ nodelist: ['n[1-'] }, 'EIT_HOSTLIST', 'n[1-'],
  [{ 'group-by': ['user,wckey'] }, 'EIT_USAGE', 'job, user, account'],
  [{ policy: 'fair' }, 'EIT_USAGE', 'usage, allocation, hybrid'],
])('%j is refused with the right form', (options, code, message) => {
  expect(() => ask(options)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message) }),
  );
});

test('QOS, names and states are those of sacct, states in either form', () => {
  const { filter, withUnattributed, compareSlurm } = ask({
    qos: ['high,normal'],
    name: ['train.py, lead'],
    state: ['cd,OUT_OF_MEMORY', 'f'],
    'compare-slurm': true,
  });
  expect(filter.qos).toEqual(new Set(['high', 'normal']));
  expect(filter.names).toEqual(new Set(['train.py', ' lead']));
  expect(filter.states).toEqual(new Set(['COMPLETED', 'OUT_OF_MEMORY', 'FAILED']));
  expect([withUnattributed, compareSlurm]).toEqual([false, true]);
});

test.each(['XX', 'constructor', 'COMPLETE'])('--state %s is refused with those that there are', (state) => {
  expect(() => ask({ state: [state] })).toThrow(
    expect.objectContaining({ code: 'EIT_USAGE', message: expect.stringContaining('CD (COMPLETED)') }),
  );
});
