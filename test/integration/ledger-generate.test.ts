import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EitReport } from '../../src/generated/report';
import { ReportCommand } from './report-command';

const UJ_PER_KWH = 3.6e12;

let command: ReportCommand;
let dir: string;
beforeAll(() => {
  command = new ReportCommand();
  dir = mkdtempSync(join(tmpdir(), 'eit-generate-'));
});
afterAll(() => {
  command.remove();
  rmSync(dir, { recursive: true });
});

const ledger = (...args: string[]) =>
  command.run(process.execPath, [command.script('eit'), 'ledger', ...args]);

test('a report of a generated ledger has the sums of its expected.json', async () => {
  const folder = join(dir, 'made-up');
  const size = ['--hosts', '3', '--days', '2', '--jobs-per-day', '200', '--users', '5'];
  const made = await ledger('generate', folder, ...size, '--since', '2026-03-30', '--json');
  expect(made).toMatchObject({ status: 0, stderr: '' });
  const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
    total: { jobs: number; runs: number; uj: Record<'usage', Record<'cpu' | 'dram' | 'gpu', string>> };
    by_user_partition: unknown[];
  };
  const { jobs, runs, uj } = expected.total;
  expect(JSON.parse(made.stdout)).toMatchObject({ folder, jobs, runs });

  const config = command.config('made-up.yaml', { ledger: folder });
  const times = ['-S', '2026-03-30', '-E', '2026-04-01', '--json'];
  // Days are UTC's.
  const asked = await command.report(['--config', config, '-a', ...times], { env: { TZ: 'UTC' } });
  expect(asked).toMatchObject({ status: 0, stderr: '' });
  const { total, groups } = JSON.parse(asked.stdout) as EitReport;
  expect(total).toMatchObject({ jobs, runs });
  expect(groups).toHaveLength(expected.by_user_partition.length);
  for (const name of ['cpu', 'dram', 'gpu'] as const) {
    expect(total.energy_kwh[name]).toBeCloseTo(Number(uj.usage[name]) / UJ_PER_KWH, 9);
  }

  const audit = await command.report(['--config', config, '--audit', ...times.slice(0, 4)], {
    env: { TZ: 'UTC' },
  });
  expect(audit.stdout).toContain('Every one of 6 days of hosts adds up to the millijoule.');
  expect(audit.status).toBe(0);
});

test('for a person it says what was written and how to look at it', async () => {
  const folder = join(dir, 'shown');
  const { status, stdout } = await ledger('generate', folder, '--hosts', '1', '--days', '1', '--sacct');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^\d+ jobs in \d+ runs: \d+ lines, [\d.]+ MB, in [\d.]+ s\.\n/);
  expect(stdout).toContain(`${folder} is a ledger`);
  expect(readFileSync(join(folder, 'sacct.txt'), 'utf8')).toMatch(/^JobIDRaw\|.*\|JobName\n\d/);
});

test.each([
  [[], 'a command lacks what it is to do'],
  [['generate'], 'needs the folder to write to'],
  [['generate', '/nowhere', '--hosts', '0'], '--hosts takes a whole number from 1 to 20000, not "0"'],
  [['generate', '/nowhere', '--days', 'x'], '--days takes a whole number'],
  [['generate', '/nowhere', '--late-fraction', '1.5'], '--late-fraction takes a number from 0 to 1'],
  [['generate', '/nowhere', '--cluster', '../up'], '--cluster takes at most 64 letters'],
  [['generate', '/nowhere', '--since', '2026-02-01', '--until', '2026-01-01'], 'does not lie behind --since'],
  [
    ['generate', '/nowhere', '--since', '2026-01-01', '--until', '2026-02-01', '--days', '3'],
    'leave one out',
  ],
  [['generate', '/nowhere', 'more'], 'Too many non-option arguments'],
])('eit ledger %j is refused with what is wrong', async (args, message) => {
  const { status, stdout, stderr } = await ledger(...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain('EIT_USAGE');
  expect(stderr).toContain(message);
});

test('a folder with something in it is refused and left as it is', async () => {
  writeFileSync(join(dir, 'file'), 'precious');
  const { status, stderr } = await ledger('generate', dir);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^eit: EIT_LEDGER_EXISTS: .* is not empty \(file\)/);
  expect(readFileSync(join(dir, 'file'), 'utf8')).toBe('precious');
});
