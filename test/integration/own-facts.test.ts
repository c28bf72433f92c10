import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectGolden } from '../unit/report/golden';
import { later, runRecord } from '../unit/report/records';
import { type Outcome, ReportCommand } from './report-command';

const T = '2026-03-02T10:00:00.000Z';

let command: ReportCommand;
let facts: string;
beforeAll(() => {
  command = new ReportCommand();
  facts = join(command.dir, 'share/eit/facts.ndjson');
  // Ten jobs of 100 to 109 kJ; job 3 also on another cluster.
  let seq = 0;
  const write = (cluster: string, job: number, kj: number): void => {
    const folder = join(command.dir, 'ledger', cluster, 'inbox/2026-03-02');
    mkdirSync(folder, { recursive: true });
    const from = later(T, job * 600);
    const line = runRecord({
      ...{ cluster, job, from, started: from, seconds: 200 },
      ...{ start: { by: 'prolog' }, end: { by: 'epilog', coverage: {} } },
      measured_uj: { 'package-0': [kj * 1e9, 1, 1] },
    });
    writeFileSync(join(folder, 'n1.ndjson'), `${JSON.stringify({ ...line, seq: seq++ })}\n`, { flag: 'a' });
  };
  for (let job = 1; job <= 10; job++) write('alpha', job, 99 + job);
  write('beta', 3, 500);
  command.config('eit.yaml', {
    ledger: join(command.dir, 'ledger'),
    admins: [String(process.getuid?.())],
    site: { pue: 1, zone: 'DE' },
  });
});
afterAll(() => command.remove());

function eit(...args: string[]): Promise<Outcome> {
  return command.run(process.execPath, [command.script('eit'), ...args], {
    env: { XDG_DATA_HOME: join(command.dir, 'share') },
  });
}

interface Sets {
  of: { name: string; jobs: { cluster: string; job_id: number }[]; energy_kwh: number }[];
  sets: { values: number[] }[];
  unit: string;
}

async function compared(...args: string[]): Promise<Sets> {
  const { status, stdout, stderr } = await eit('compare', ...args, '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Sets;
}

test('tags choose runs, and the sums are theirs alone, also where an id is on two clusters', async () => {
  expect((await eit('tag', '1,2,4,5', 'set=a', 'lr=0.1')).stdout).toBe('4 jobs: set=a, lr=0.1\n');
  expect((await eit('tag', '6,7,8', 'set=b')).status).toBe(0);
  const one = await command.run(process.execPath, [command.script('eit'), 'tag', '9', 'set=b', '--json'], {
    env: { XDG_DATA_HOME: join(command.dir, 'share') },
  });
  expect(JSON.parse(one.stdout)).toEqual({
    ...{ schema: 1, file: facts },
    ...{ jobs: [{ cluster: 'alpha', job_id: 9 }], tags: { set: 'b' } },
  });
  const { of } = await compared('--set', 'A=tag=set=a', '--set', 'B=tag=set=b;jobs=1,6,7,9');
  expect(of.map(({ jobs }) => jobs.map(({ job_id: id }) => id))).toEqual([
    [1, 2, 4, 5],
    [6, 7, 9],
  ]);
  expect(of.map(({ energy_kwh: kwh }) => kwh)).toEqual([
    expect.closeTo((100 + 101 + 103 + 104) / 3600, 9),
    expect.closeTo((105 + 106 + 108) / 3600, 9),
  ]);
  // Both jobs 3 are named, then the one of beta takes it back in a line of its own.
  await eit('tag', '3', 'set=c');
  const said = readFileSync(facts, 'utf8').trimEnd().split('\n');
  expect(
    said
      .slice(-2)
      .map((line) => (JSON.parse(line) as { cluster: string }).cluster)
      .sort(),
  ).toEqual(['alpha', 'beta']);
  const beta = said.find((line) => line.includes('"beta"')) ?? '';
  appendFileSync(facts, `${beta.replace('{"set":"c"}', '{"set":null}')}\n`);
  const again = await compared('--set', 'C=tag=set=c', '--set', 'B=tag=set');
  expect(again.of[0]).toMatchObject({
    jobs: [{ cluster: 'alpha', job_id: 3 }],
    energy_kwh: expect.closeTo(102 / 3600, 9) as number,
  });
  expect(again.of[1]?.jobs).toHaveLength(9);
});

test('what was measured is a figure like others, also of a series, and says its unit', async () => {
  for (let job = 1; job <= 4; job++) await eit('metric', String(job === 3 ? 10 : job), `acc=${90 + job}%`);
  writeFileSync(join(command.dir, 'log.csv'), 'epoch,loss\n1,3\n2,1\n3,2\n');
  await eit('metric', '6,7', '--csv', join(command.dir, 'log.csv'), '--column', 'loss', '--best', 'min');
  const { sets, unit } = await compared('--set', 'A=1,2', '--set', 'B=jobs=4,10', '--by', 'acc');
  expect({ unit, values: sets.map(({ values }) => values) }).toEqual({
    unit: '%',
    values: [
      [91, 92],
      [94, 93],
    ],
  });
  const best = await compared('--set', 'A=6', '--set', 'B=7', '--by', 'loss:best');
  expect(best.sets.map(({ values }) => values)).toEqual([[1], [1]]);
  const last = await compared('--set', 'A=6', '--set', 'B=7', '--by', 'loss');
  expect(last.sets.map(({ values }) => values)).toEqual([[2], [2]]);
  const { stdout } = await eit(
    'compare',
    '--set',
    'A=jobs=1,2,4,10',
    '--correlate',
    'acc,energy',
    '--over',
    'runs',
  );
  expect(stdout).toContain('Energy against acc, over runs');
  expect((await eit('compare', '--set', 'A=1', '--set', 'B=5', '--by', 'acc')).stderr).toContain(
    'acc is not told of job 5 in B',
  );
  await eit('metric', '5', 'acc=0.95');
  expect((await eit('compare', '--set', 'A=1', '--set', 'B=5', '--by', 'acc')).stderr).toContain(
    'acc has several units: % of job 1, none of job 5',
  );
});

test('operations against energy, a point a run: the picture of docs/run.md', async () => {
  const own = join(command.dir, 'fpos.ndjson');
  const lines = Array.from({ length: 10 }, (_, i) => ({
    ...{ schema: 1, cluster: 'alpha', job: i + 1, at: T, tags: { set: i < 5 ? 'small' : 'large' } },
    metrics: { fpos: { unit: 'PFPOs', points: [[null, 2 + i + (i % 3)]] } },
  }));
  writeFileSync(own, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const plot = join(command.dir, 'run.svg');
  const args = ['--set', 'small=tag=set=small', '--set', 'large=tag=set=large', '--correlate', 'fpos,energy'];
  const { status, stdout } = await command.run(
    process.execPath,
    [command.script('eit'), 'compare', ...args, '--over', 'runs', '--plot', plot],
    { env: { EIT_FACTS: own } },
  );
  expect(status).toBe(0);
  // numpy.corrcoef of these ten points.
  expect(stdout).toContain("across runs: Pearson's r: 0.962");
  expectGolden('../../../../docs/run.svg', readFileSync(plot, 'utf8'));
});

test('many at once lose nothing', async () => {
  const own = join(command.dir, 'many.ndjson');
  const said = await Promise.all(
    Array.from({ length: 6 }, (_, i) =>
      command.run(process.execPath, [command.script('eit'), 'metric', '1', `m${i}=${i}`], {
        env: { EIT_FACTS: own },
      }),
    ),
  );
  expect(said.map(({ status }) => status)).toEqual(said.map(() => 0));
  expect(readFileSync(own, 'utf8').trimEnd().split('\n')).toHaveLength(6);
  expect(existsSync(`${own}.lock`)).toBe(false);
});

test('a job that the ledger has not yet is taken at its word, where the cluster is known', async () => {
  const env = { EIT_FACTS: join(command.dir, 'waiting.ndjson'), SLURM_CLUSTER_NAME: 'alpha' };
  const tag = (...args: string[]): Promise<Outcome> =>
    command.run(process.execPath, [command.script('eit'), 'tag', ...args], { env });
  const said = await tag('4711', 'set=a');
  expect(said).toMatchObject({ status: 0, stdout: 'job 4711: set=a\n' });
  expect(said.stderr).toContain(
    'not in the ledger yet, or not yours to see: taken at your word as a job of alpha',
  );
  const listed = await tag('--list');
  expect(listed.stdout).toMatch(/^Cluster +JobID +Tags\nalpha +4711 +set=a\n$/);
  expect((await tag('4711_[1-2]', 'set=a')).stderr).toContain('EIT_RUN_SET');
});

test('a damaged line costs nobody else anything and stays where it is', async () => {
  appendFileSync(facts, '{"half":');
  const before = readFileSync(facts, 'utf8');
  const { status, stderr } = await eit('tag', '10', 'set=z');
  expect(status).toBe(0);
  expect(stderr).toContain('1 line not read: line ');
  const after = readFileSync(facts, 'utf8');
  expect(after.startsWith(`${before}\n{`)).toBe(true);
  expect((await eit('tag', '10', '--list')).stdout).toContain('set=z');
});

test.each([
  [['tag'], 'say of which job: eit tag 1234 set=resnet'],
  [['tag', '1'], 'say what it is: eit tag 1234 set=resnet'],
  [['tag', '1', 'set'], 'is no tag: give key=value'],
  [['metric', '1', '--csv', 'x'], '--csv FILE and --column NAME belong together'],
  [['metric', '1', '--file', '/nonexistent.json'], 'cannot read /nonexistent.json'],
  [['tag', '1', 'a=b', '--from', '/nonexistent'], '--from /nonexistent: there is no such folder'],
  [['metric', '1', 'a=1', '--list'], '--list shows what was said'],
  [
    ['compare', '--set', 'A=tag=set=none', '--set', 'B=1'],
    'none of them has the tag set=none; eit tag JOB set=none',
  ],
  [['compare', '--set', 'A=1', '--set', 'B=2', '--by', 'ac'], 'is no figure of a job'],
  [
    ['compare', '--set', 'A=1', '--set', 'B=2', '--by', 'acc:median'],
    'acc:last, acc:best, acc:mean, acc:max, acc:min',
  ],
  [['compare', '--set', 'A=6', '--set', 'B=7', '--by', 'loss:top'], 'of loss there is loss:last'],
])('%j says what to do', async (args, message) => {
  const { status, stderr } = await eit(...args);
  expect(status).not.toBe(0);
  expect(stderr).toContain(message);
});
