import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPORT_LIMITS, withDuckDb } from '../../src/archive/duckdb';
import { jobsFolder } from '../../src/archive/job-files';
import { JobStore, makeJobsFolder } from '../../src/archive/job-store';
import type { RunRecord } from '../../src/generated/record';
import type { EitReport } from '../../src/generated/report';
import validate from '../../src/generated/report-validator';
import type { SacctJob } from '../../src/slurm/sacct';
import { later, runRecord } from '../unit/report/records';
import { ReportCommand } from './report-command';

const T = '2026-03-02T10:00:00.000Z';
const seconds = (utc: string): number => Date.parse(utc) / 1000;

/** A run of 300 s, as hooks of Slurm 23.02 and later tell it. */
function run(job: number, from: string, given: Partial<RunRecord> = {}): RunRecord {
  const [start, end] = [{ by: 'prolog' as const }, { by: 'epilog' as const, coverage: {} }];
  return runRecord({ job, from, slurm_start: seconds(from), start, end, ...given });
}

const RESIZED = { from: later(T, 4000), started: later(T, 4000), slurm_start: seconds(later(T, 4000)) };
const RECORDS: RunRecord[] = [
  // Three tasks of an array: the last has the array's own id.
  run(101, T),
  run(102, later(T, 600)),
  run(100, later(T, 1200)),
  // A heterogeneous job of two parts.
  run(200, later(T, 1800), { start: { by: 'prolog', het_job: 200 } }),
  run(201, later(T, 1800), { start: { by: 'prolog', het_job: 200 }, node: 'n2', host: 'n2' }),
  // Requeued.
  run(300, later(T, 2400)),
  run(300, later(T, 3000), { restart: 1 }),
  // Given back a node on the way.
  runRecord({ ...RESIZED, job: 400, nodes: 2, start: { by: 'prolog' } }),
  runRecord({
    ...RESIZED,
    job: 400,
    nodes: 2,
    start: { by: 'prolog' },
    end: { by: 'epilog', coverage: {} },
    node: 'n2',
    host: 'n2',
  }),
  runRecord({ ...RESIZED, job: 400, nodes: 1, from: later(T, 4300), end: { by: 'epilog', coverage: {} } }),
  // The id came back, to somebody else.
  run(100, '2026-03-25T10:00:00.000Z', { user: 'bob', uid: 1002 }),
];

function told(jobId: number, afterS: number, given: Partial<SacctJob> = {}): SacctJob {
  const startS = seconds(T) + afterS;
  return {
    ...{ jobId, arrayJobId: null, arrayTaskId: null, hetJobId: null, hetOffset: null, cluster: 'alpha' },
    ...{ submitS: startS - 60, eligibleS: null, startS, endS: startS + 300, state: 'COMPLETED' },
    ...{ cancelledByUid: null, exitCode: 0, exitSignal: 0, qos: null, reservation: null, elapsedS: 300 },
    ...{ suspendedS: 0, nodes: 1, allocCpus: 4, reqCpus: 1, reqMemoryBytes: null, timeLimitS: null },
    ...{ uid: 1001, user: 'alice', account: null, partition: 'cpu', slurmEnergyJ: null, restarts: null },
    ...{ sluid: null, name: 'train' },
    ...given,
  };
}

const FACTS: SacctJob[] = [
  told(101, 0, { arrayJobId: 100, arrayTaskId: 1 }),
  told(102, 600, { arrayJobId: 100, arrayTaskId: 2 }),
  told(100, 1200, { arrayJobId: 100, arrayTaskId: 3 }),
  told(200, 1800, { hetJobId: 200, hetOffset: 0 }),
  told(201, 1800, { hetJobId: 200, hetOffset: 1 }),
  told(300, 2400, { state: 'REQUEUED' }),
  told(300, 3000),
  told(400, 4000, { endS: seconds(T) + 4600 }),
  told(100, seconds('2026-03-25T10:00:00Z') - seconds(T), { uid: 1002, user: 'bob' }),
];

let command: ReportCommand;
beforeAll(async () => {
  command = new ReportCommand();
  const config = (name: string): string => {
    const ledger = join(command.dir, name);
    RECORDS.forEach((record, i) => {
      const host = record.host;
      const folder = join(ledger, 'alpha/inbox', record.to.slice(0, 10));
      mkdirSync(folder, { recursive: true });
      const line = JSON.stringify({
        ...record,
        seq: i,
        instance: host === 'n1' ? 'aaaaaaaaaaaa' : 'bbbbbbbbbbbb',
      });
      writeFileSync(join(folder, `${host}.ndjson`), `${line}\n`, { flag: 'a' });
    });
    command.config(`${name}.yaml`, { ledger, admins: [String(process.getuid?.())] });
    return ledger;
  };
  config('untold');
  const ledger = config('told');
  const folder = jobsFolder(ledger, 'alpha');
  makeJobsFolder(folder);
  await withDuckDb(REPORT_LIMITS, async (connection) => {
    const store = await JobStore.open(connection);
    const rows = await store.appender();
    rows.add(FACTS);
    rows.close();
    await store.merge(folder, 0o600);
  });
});
afterAll(() => command.remove());

const WINDOW = ['-a', '-S', '2026-03-01', '-E', '2026-04-01'];

async function lines(ledger: 'told' | 'untold', ...args: string[]): Promise<string[]> {
  const config = join(command.dir, `${ledger}.yaml`);
  const { status, stdout, stderr } = await command.report([...WINDOW, '-n', '--config', config, ...args]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trimEnd().split('\n');
}

/** Of jobs what the table calls them, whose they are and how many runs they have. */
async function shownJobs(ledger: 'told' | 'untold', ...args: string[]): Promise<string[]> {
  const shown = await lines(ledger, '-o', 'JobID%8,User,Runs', ...args);
  return shown
    .slice(
      0,
      shown.findIndex((line) => /^-+$/.test(line)),
    )
    .map((line) => line.trim().split(/ +/).join(' '));
}

test.each<[string, string[]]>([
  // As sacct: the array, and whoever else had the id.
  ['100', ['100_3 alice 1', '100 bob 1', '100_1 alice 1', '100_2 alice 1']],
  ['100_2', ['100_2 alice 1']],
  ['100_[1-2]', ['100_1 alice 1', '100_2 alice 1']],
  ['100_[1,3%5],300', ['100_3 alice 1', '100_1 alice 1', '300 alice 2']],
  ['100_[1-3:2]', ['100_3 alice 1', '100_1 alice 1']],
  ['101', ['100_1 alice 1']],
  ['200', ['200+0 alice 1', '200+1 alice 1']],
  ['200+1', ['200+1 alice 1']],
  ['201', ['200+1 alice 1']],
  ['400', ['400 alice 1']],
])('-j %s', async (asked, want) => {
  expect(await shownJobs('told', '-j', asked)).toEqual(want);
});

test('an id alone is found without sacct, and is that of one job', async () => {
  expect(await shownJobs('untold', '-j', '101,300')).toEqual(['101 alice 1', '300 alice 2']);
});

test.each([
  ['told', '100_[4-9],200+2', 'no runs of job "100_[4-9]", "200+2" between', /^/],
  ['untold', '100_1', 'no runs of job "100_1" between', /come with eit sacct-sync/],
])('of what is not there (%s, -j %s) it says so', async (ledger, asked, note, below) => {
  const config = join(command.dir, `${ledger}.yaml`);
  const { status, stdout, stderr } = await command.report([...WINDOW, '--config', config, '-j', asked]);
  expect(status).toBe(0);
  expect(stderr).toContain(note);
  expect(stdout).toMatch(below);
});

test('requeues are runs of one job, a recycled id is another job, a resized job is one run', async () => {
  const config = join(command.dir, 'told.yaml');
  const { stdout } = await command.report([...WINDOW, '--config', config, '--group-by', 'job', '--json']);
  const report = JSON.parse(stdout) as EitReport;
  expect(validate(report)).toBe(true);
  const found = report.groups.map(({ job_id, user, jobs, runs }) => [job_id, user, jobs, runs]);
  expect(found).toEqual([
    [100, 'alice', 1, 1],
    [100, 'bob', 1, 1],
    ...[101, 102, 200, 201].map((id) => [id, 'alice', 1, 1]),
    [300, 'alice', 1, 2],
    [400, 'alice', 1, 1],
  ]);
  expect(report.total).toMatchObject({ jobs: 8, runs: 9 });
  expect(report.groups.at(-1)).toMatchObject({ elapsed_seconds: 600, nodes_expected: 2, nodes_reported: 2 });
});

test('the parts of a heterogeneous job are added up by --group-by het', async () => {
  for (const ledger of ['told', 'untold'] as const) {
    expect(await lines(ledger, '--group-by', 'het', '-P', '-o', 'HetJobID,Jobs,CPUTime')).toEqual([
      '200|2|600',
      '|6|2700',
    ]);
  }
});
