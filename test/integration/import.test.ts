import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { EitReport } from '../../src/generated/report';
import { type Outcome, ReportCommand } from './report-command';

const FIXTURES = join(__dirname, '../fixtures/imports');

// A bound for what hangs: some tests start many commands.
jest.setTimeout(240_000);

let command: ReportCommand;
let runs: string;
beforeAll(() => {
  command = new ReportCommand();
  runs = join(command.dir, 'runs');
  command.config('eit.yaml', {
    ledger: join(command.dir, 'site'),
    site: { pue: 1.1, zone: 'DE' },
    clusters: { 'imported-eit': { pue: 1.58 } },
  });
});
afterAll(() => command.remove());
beforeEach(() => rmSync(runs, { recursive: true, force: true }));

function eit(...args: string[]): Promise<Outcome> {
  return command.run(process.execPath, [command.script('eit'), ...args]);
}

/** What is in the folder: each file with its text. */
function files(folder: string): Record<string, string> {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    found.map(({ parentPath, name }) => [
      join(parentPath, name),
      readFileSync(join(parentPath, name), 'utf8'),
    ]),
  );
}

async function reported(...args: string[]): Promise<EitReport> {
  const { status, stdout, stderr } = await command.report([
    '--from',
    runs,
    '-S',
    '2019-01-01',
    '--json',
    ...args,
  ]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as EitReport;
}

test("a log with 0.0208162 kWh of GPU and 0.0165005 of CPU is 0.0589604 kWh in a report with the tool's PUE, labelled", async () => {
  const { status, stdout } = await eit(
    'import',
    'eit',
    join(FIXTURES, 'impacttracker-logs/pong'),
    '--to',
    runs,
  );
  expect(status).toBe(0);
  expect(stdout).toMatch(/16\.5 Wh +20\.8 Wh +37\.3 Wh +0\.0589604 kWh +99\.2 % +98\.9 % +new/);
  const { total, groups } = await reported('--group-by', 'job');
  expect(total.energy_kwh.gpu).toBeCloseTo(0.0208162, 9);
  expect(total.energy_kwh.cpu).toBeCloseTo(0.0165005, 9);
  expect(total.energy_kwh.total).toBeCloseTo(0.0589604, 7);
  // 9.5 of 1199.5 s come after the last sample.
  expect(total.coverage).toBeCloseTo(1 - 9.5 / 1199.5, 6);
  expect(total.measured_fraction).toBeGreaterThan(0.98);
  expect(total.measured_fraction).toBeLessThan(1);
  expect(groups).toMatchObject([
    {
      ...{ cluster: 'imported-eit', job_id: 1, jobs: 1, runs: 1, nodes_expected: 1, nodes_reported: 1 },
      cpu_models: ['Intel(R) Xeon(R) CPU E5-2640 v3 @ 2.60GHz'],
      gpu_models: ['GeForce GTX TITAN X'],
      estimated_fraction: 1,
    },
  ]);
});

test('runs of both tools in one folder; what their hosts drew is what the runs were given', async () => {
  expect((await eit('import', 'eit', join(FIXTURES, 'impacttracker-logs'), '--to', runs)).status).toBe(0);
  const csv = join(FIXTURES, 'codecarbon-3.csv');
  const { status, stderr } = await eit(
    'import',
    'codecarbon',
    csv,
    '--to',
    runs,
    '--time-zone',
    'Europe/Paris',
  );
  expect(status).toBe(0);
  expect(stderr).toContain('not imported: ');
  expect(stderr).toContain(':5: duration is "minus"');
  const { groups } = await reported('--group-by', 'cluster');
  expect(groups.map(({ cluster, jobs }) => [cluster, jobs])).toEqual(
    expect.arrayContaining([
      ['imported-eit', 3],
      ['imported-codecarbon', 2],
    ]),
  );
  const audit = await command.report(['--from', runs, '-S', '2019-01-01', '--audit']);
  expect(audit).toMatchObject({ status: 0, stderr: '' });
  const compared = await eit('compare', '--from', runs, '--set', 'A=1,2,3', '--set', 'B=4,5', '--json');
  expect(compared.status).toBe(0);
  const sets = (JSON.parse(compared.stdout) as { of: { jobs: unknown[]; pue: number }[] }).of;
  expect(sets.map(({ jobs, pue }) => [jobs.length, pue])).toEqual([
    [3, 1.58],
    [2, 1.1],
  ]);
});

test('the same log again, also a copy of it elsewhere, adds nothing', async () => {
  const log = join(FIXTURES, 'impacttracker-logs/pong');
  await eit('import', 'eit', log, '--to', runs);
  const before = files(runs);
  const copy = join(command.dir, 'copy');
  cpSync(log, copy, { recursive: true });
  for (const path of [log, copy]) {
    const { status, stdout } = await eit('import', 'eit', path, '--to', runs, '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ runs: [{ job: 1, known: true, grown: false }] });
  }
  expect(files(runs)).toEqual(before);
});

test('two imports at once count on from one another', async () => {
  const logs = ['pong', 'breakout', 'killed'].map((name) => join(FIXTURES, 'impacttracker-logs', name));
  const outcomes = await Promise.all(logs.map((log) => eit('import', 'eit', log, '--to', runs, '--json')));
  const jobs = outcomes.flatMap(({ stdout }) => (JSON.parse(stdout) as { runs: { job: number }[] }).runs);
  expect(jobs.map(({ job }) => job).sort((a, b) => a - b)).toEqual([1, 2, 3]);
});

test('an import that was killed goes on: each run once, with a number of its own and its tags', async () => {
  const many = 100;
  const csv = join(command.dir, 'many.csv');
  const rows = Array.from(
    { length: many },
    (_, i) => `2025-01-01T10:00:00,run-${i},project-${i},${60 + i},0.1\n`,
  );
  writeFileSync(csv, `timestamp,run_id,project_name,duration,energy_consumed\n${rows.join('')}`);
  const args = ['import', 'codecarbon', csv, '--to', runs, '--time-zone', 'UTC', '--json'];
  const child = spawn(process.execPath, [command.script('eit'), ...args], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const isDone = (line: string): boolean => line !== '' && !line.includes('"to_ms":null');
  const done = (): number => {
    const list = join(runs, 'imported.ndjson');
    return existsSync(list) ? readFileSync(list, 'utf8').split('\n').filter(isDone).length : 0;
  };
  while (child.exitCode === null && done() < 10) await new Promise((resolve) => setTimeout(resolve, 2));
  child.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);
  const before = done();
  expect(before).toBeGreaterThanOrEqual(10);
  expect(before).toBeLessThan(many);
  // Its locks are those of a process that has not shown itself for an hour.
  const hourAgo = Date.now() / 1000 - 3600;
  for (const name of readdirSync(runs).filter((one) => one.endsWith('.lock')))
    utimesSync(join(runs, name), hourAgo, hourAgo);

  const { status, stdout } = await eit(...args);
  expect(status).toBe(0);
  const taken = (JSON.parse(stdout) as { runs: { job: number; known: boolean }[] }).runs;
  expect(taken.map(({ job }) => job)).toEqual(Array.from({ length: many }, (_, i) => i + 1));
  expect(taken.filter(({ known }) => known)).toHaveLength(before);
  const facts = readFileSync(join(runs, 'facts.ndjson'), 'utf8').trim().split('\n');
  const tags = facts.map((line) => JSON.parse(line) as { job: number; tags: { project: string } });
  expect(new Set(tags.map(({ job, tags: { project } }) => `${job} ${project}`))).toEqual(
    new Set(Array.from({ length: many }, (_, i) => `${i + 1} project-${i}`)),
  );
  const { total } = await reported('--group-by', 'cluster');
  expect(total.jobs).toBe(many);
  expect(total.energy_kwh.it).toBeCloseTo(0.1 * many, 6);
});

test('a run that is still written down comes as it is, and is said to have grown later', async () => {
  const head = 'timestamp,run_id,duration,energy_consumed\n';
  const csv = join(command.dir, 'growing.csv');
  writeFileSync(csv, `${head}2025-01-01T10:00:00,r,60,0.1\n`);
  await eit('import', 'codecarbon', csv, '--to', runs, '--time-zone', 'UTC');
  const before = files(runs);
  writeFileSync(csv, `${head}2025-01-01T10:00:00,r,60,0.1\n2025-01-01T10:01:00,r,120,0.2\n`);
  const { stderr } = await eit('import', 'codecarbon', csv, '--to', runs, '--time-zone', 'UTC');
  expect(stderr).toContain('job 1 was imported while it ran and is left as it was');
  expect(files(runs)).toEqual(before);
});

test('a hostile log runs nothing, and does not keep others away', async () => {
  const logs = join(command.dir, 'logs');
  const marker = join(command.dir, 'marker');
  cpSync(join(FIXTURES, 'impacttracker-logs/pong'), join(logs, 'good'), { recursive: true });
  const evil = join(logs, 'evil\u001b[31m', 'impacttracker');
  mkdirSync(evil, { recursive: true });
  writeFileSync(join(evil, 'info.pkl'), `cposix\nsystem\n(S'touch ${marker}'\ntR.`);
  writeFileSync(join(evil, 'data.json'), '{"timestamp": 1e999}\n');
  mkdirSync(join(logs, 'links'));
  symlinkSync(logs, join(logs, 'links/loop'));
  const { status, stdout, stderr } = await eit('import', 'eit', logs, '--to', runs);
  expect(status).toBe(0);
  expect(stdout + stderr).not.toContain('\u001b');
  expect(stderr).toMatch(/not imported: .*no sample in data\.json/);
  expect(() => readFileSync(marker)).toThrow('ENOENT');
  expect(Object.keys(files(runs)).filter((path) => path.includes('inbox'))).toHaveLength(1);
});

test("a site's ledger takes no imported run; beside runs of eit run the numbers go on, and eit run goes on in the folder", async () => {
  const csv = join(FIXTURES, 'codecarbon-2.csv');
  mkdirSync(join(runs, 'alpha/inbox'), { recursive: true });
  const refused = await eit('import', 'codecarbon', csv, '--to', runs);
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr).toMatch(/EIT_IMPORT: .* is a site's ledger \(of alpha\)/);
  const own = join(command.dir, 'own-runs');
  const config = command.config('other.yaml', { ledger: join(command.dir, 'nowhere') });
  const measured = (): Promise<Outcome> => eit('run', '--config', config, '--dir', own, '--', 'true');
  await measured();
  const imported = await eit('import', 'codecarbon', csv, '--to', own, '--json');
  expect(JSON.parse(imported.stdout)).toMatchObject({ runs: [{ job: 2 }] });
  const { stderr } = await measured();
  expect(stderr).not.toContain('EIT_RUN');
  const facts = readFileSync(join(own, 'facts.ndjson'), 'utf8').trim().split('\n');
  expect(facts.map((line) => (JSON.parse(line) as { job: number }).job).sort((a, b) => a - b)).toEqual(
    expect.arrayContaining([1, 2, 3]),
  );
  // Which numbers its own runs have stands in the facts alone.
  rmSync(join(own, 'facts.ndjson'));
  const lost = await eit('import', 'codecarbon', join(FIXTURES, 'codecarbon-3.csv'), '--to', own);
  expect(lost).toMatchObject({ status: 1, stdout: '' });
  expect(lost.stderr).toMatch(/EIT_IMPORT: .* has runs and no facts\.ndjson .*bring it back/);
});

test('tags tell what else the log says, and choose runs', async () => {
  const csv = join(FIXTURES, 'codecarbon-3.csv');
  await eit('import', 'codecarbon', csv, '--to', runs, '--time-zone', 'Europe/Paris');
  const { status, stdout } = await eit(
    'compare',
    '--from',
    runs,
    '--set',
    'A=tag=project=resnet',
    '--set',
    'B=2',
    '--json',
  );
  expect(status).toBe(0);
  expect((JSON.parse(stdout) as { of: { jobs: unknown[] }[] }).of[0]?.jobs).toEqual([
    { cluster: 'imported-codecarbon', job_id: 1 },
  ]);
});

test.each([
  [['import'], 2, /EIT_USAGE: a command lacks what it is to do/],
  [['import', 'eit'], 2, /EIT_USAGE: eit import eit needs the folder/],
  [['import', 'codecarbon'], 2, /needs the file/],
  [['import', 'eit', '/nonexistent'], 1, /EIT_IMPORT: cannot read \/nonexistent: .*give a folder/],
  [['import', 'codecarbon', '/nonexistent.csv'], 1, /EIT_IMPORT: cannot read .*no such file/],
  [['import', 'codecarbon', '/dev/zero'], 1, /EIT_IMPORT: cannot read .*no plain file/],
  [['import', 'eit', FIXTURES, '--cpu', 'measured'], 2, /eit import eit takes no --cpu/],
  [['import', 'eit', FIXTURES, '--time-zone', 'Nowhere'], 2, /--time-zone Nowhere is no time zone/],
  [
    ['import', 'codecarbon', join(FIXTURES, 'codecarbon-2.csv'), '--to', join(FIXTURES, 'make.py/x')],
    1,
    /EIT_IMPORT: cannot write to .*make\.py\/x: .*ENOTDIR/,
  ],
])('%j ends with %i and says what to do', async (args, wanted, message) => {
  const { status, stdout, stderr } = await eit(...args);
  expect({ status, stdout }).toEqual({ status: wanted, stdout: '' });
  expect(stderr).toMatch(message);
});
