import { Fragments } from '../../../src/runs/fragments';
import type { RunRecord } from '../../../src/generated/record';
import { joinRuns } from '../../../src/runs/runs';
import { later, runRecord } from '../report/records';

const T = '2026-03-02T10:00:00.000Z';
const SLUID = 's0123456789ABC';

type Given = Parameters<typeof runRecord>[0] & { after?: number };

/** A fragment of job 1 that begins some seconds after T. */
function line({ after = 0, ...given }: Given): RunRecord {
  return runRecord({ from: later(T, after), node: 'n1', ...given });
}

/** Nodes of each run, with the number of the job it belongs to. */
function join(...records: RunRecord[]): string[] {
  const fragments = new Fragments('usage', () => '');
  for (const record of records) fragments.add(record);
  const jobs: string[] = [];
  return joinRuns(fragments.jobs.flatMap(({ cluster, job }) => fragments.take(cluster, job))).map((run) => {
    if (!jobs.includes(run.jobKey)) jobs.push(run.jobKey);
    const nodes = run.fragments.map(({ node }) => node).sort();
    return `${nodes.join('+')} job ${jobs.indexOf(run.jobKey)}`;
  });
}

// Slurm before 22.05 tells a hook neither account nor restart count.
const old = { account: undefined as never };

test.each<[string, Given[], string[]]>([
  ['lines of one fragment', [{}, { from: later(T, 300), started: T }], ['n1 job 0']],
  [
    'two nodes with one SLUID, whatever the times',
    [{ sluid: SLUID }, { node: 'n2', after: 9000, sluid: SLUID }],
    ['n1+n2 job 0'],
  ],
  [
    'two SLUIDs at one time',
    [{ sluid: SLUID }, { node: 'n2', sluid: 's0123456789ABD' }],
    ['n1 job 0', 'n2 job 1'],
  ],
  [
    'two nodes with one start time of Slurm',
    [{ slurm_start: 5 }, { node: 'n2', after: 9000, slurm_start: 5 }],
    ['n1+n2 job 0'],
  ],
  [
    'two start times of Slurm',
    [{ slurm_start: 5 }, { node: 'n2', slurm_start: 6 }],
    ['n1 job 0', 'n2 job 1'],
  ],
  ['two nodes that overlap', [{ nodes: 2 }, { node: 'n2', after: 3, nodes: 2 }], ['n1+n2 job 0']],
  [
    'a node that follows within five minutes',
    [{ nodes: 2 }, { node: 'n2', after: 599, nodes: 2 }],
    ['n1+n2 job 0'],
  ],
  [
    'a node that follows later',
    [{ nodes: 2 }, { node: 'n2', after: 601, nodes: 2 }],
    ['n1 job 0', 'n2 job 1'],
  ],
  [
    'closeness that grows with the run',
    [{ nodes: 3 }, { node: 'n2', after: 500, nodes: 3 }, { node: 'n3', after: 1000, nodes: 3 }],
    ['n1+n2+n3 job 0'],
  ],
  ['the same node again', [{ nodes: 2 }, { after: 310, nodes: 2 }], ['n1 job 0', 'n1 job 1']],
  [
    'one more node than the run has',
    [{ nodes: 1 }, { node: 'n2', after: 310, nodes: 1 }],
    ['n1 job 0', 'n2 job 1'],
  ],
  ['another restart count', [{}, { node: 'n2', after: 60, restart: 1 }], ['n1 job 0', 'n2 job 0']],
  ['a requeue on the same node', [{}, { after: 400, restart: 1 }], ['n1 job 0', 'n1 job 0']],
  ['a recycled job id', [{}, { after: 4_000_000 }], ['n1 job 0', 'n1 job 1']],
  [
    'a recycled job id of someone else',
    [{ uid: 1 }, { after: 900, uid: 2, restart: 1 }],
    ['n1 job 0', 'n1 job 1'],
  ],
  [
    'another user at the same time',
    [
      { uid: 1, nodes: 2 },
      { node: 'n2', uid: 2, nodes: 2 },
    ],
    ['n1 job 0', 'n2 job 1'],
  ],
  ['an old Slurm’s requeue', [{ ...old }, { after: 900, ...old }], ['n1 job 0', 'n1 job 0']],
  ['an old Slurm’s recycled id', [{ ...old }, { after: 90_000, ...old }], ['n1 job 0', 'n1 job 1']],
  ['another cluster', [{}, { cluster: 'beta', node: 'n2' }], ['n1 job 0', 'n2 job 1']],
  [
    'a fragment that only an epilog told of joins the run that Slurm named',
    [
      { slurm_start: 5, nodes: 2 },
      { node: 'n2', after: 2 },
    ],
    ['n1+n2 job 0'],
  ],
])('%s', (_, given, runs) => {
  const records = given.map((g) => {
    const record = line(g);
    if (record.account === undefined) delete record.account;
    return record;
  });
  expect(join(...records)).toEqual(runs);
  expect(join(...records.toReversed())).toEqual(runs);
});

test('a run knows what any of its fragments tells', () => {
  const bare = line({ node: 'n2', after: 1, nodes: 2 });
  delete bare.user;
  delete bare.account;
  delete bare.partition;
  const fragments = new Fragments('usage', () => '');
  fragments.add(bare);
  fragments.add(line({ nodes: 2, start: { by: 'prolog', nodelist: 'n[1-2]' } }));
  expect(joinRuns(fragments.jobs.flatMap(({ cluster, job }) => fragments.take(cluster, job)))).toMatchObject([
    { user: 'alice', account: 'physics', partition: 'cpu', nodes: 2, nodeNames: ['n1', 'n2'] },
  ]);
});

test.each<[string, Partial<RunRecord>, { user?: string; nodes?: number | null }]>([
  ['a user without a name is named by uid', { user: undefined as never }, { user: 'uid:1001' }],
  [
    'a node list says how many nodes',
    { nodes: undefined as never, start: { by: 'prolog', nodelist: 'n[1-7]' } },
    { nodes: 7 },
  ],
  [
    'a broken node list says nothing',
    { nodes: undefined as never, start: { by: 'prolog', nodelist: 'n[1-' } },
    { nodes: null },
  ],
])('%s', (_, given, expected) => {
  const record = runRecord(given);
  for (const key of ['user', 'nodes'] as const) if (record[key] === undefined) delete record[key];
  const fragments = new Fragments('usage', () => '');
  fragments.add(record);
  expect(joinRuns(fragments.jobs.flatMap(({ cluster, job }) => fragments.take(cluster, job)))).toMatchObject([
    expected,
  ]);
});
