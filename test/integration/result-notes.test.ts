import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Outcome, ReportCommand } from './report-command';

const NOT_READ =
  'Not read: 2 lines or files of the ledger (1 newer schema, 1 not JSON; see eit ledger check)';
const SINCE = ['-S', '2026-01-01'];

let command: ReportCommand;
let dir: string;
beforeAll(() => {
  command = new ReportCommand();
  dir = mkdtempSync(join(tmpdir(), 'eit-not-read-'));
  const ledger = join(__dirname, '../fixtures/ledger/two-clusters');
  const quota = '- { per: user, period: year, unit: kWh, each: 5 }';
  command.configText(
    'eit.yaml',
    `ledger: ${ledger}\nquota_dir: ${join(dir, 'quota')}\nquotas:\n  ${quota}\n`,
  );
});
afterAll(() => {
  command.remove();
  rmSync(dir, { recursive: true });
});

const eit = (...args: string[]): Promise<Outcome> =>
  command.run(process.execPath, [command.script('eit'), ...args]);
/** How often stderr says it, in a line of its own. */
const said = ({ stderr }: Outcome): number =>
  stderr.split('\n').filter((line) => line.startsWith('eit: ') && line.endsWith(NOT_READ)).length;

const silent: string[][] = [
  ['report', '-a', ...SINCE, '--csv'],
  ['report', '-a', ...SINCE, '-P'],
  ['report', '-a', ...SINCE, '--csv', '-o', 'user,energy'],
  ['report', '--audit', ...SINCE, '--csv'],
  ['report', '--audit', ...SINCE, '-P'],
  ['quota'],
  ['quota', 'refresh'],
  ['mail', 'show', '101', ...SINCE],
  ['mail', 'digest', '--month', '2026-01', '--account', 'physics'],
];
test.each(silent)('stderr tells of lines that were not read: eit %s %s %s %s', async (...args) => {
  const outcome = await eit(...args);
  expect(said(outcome)).toBe(1);
  expect(outcome.stdout).not.toContain('Not read');
});

const ofSets: string[][] = [
  ['compare', '--set', 'A=101', '--set', 'B=103', '--allow-incomplete'],
  ['statement', '102', '--allow-incomplete'],
  ['badge', '102'],
  ['export', 'sci', '102', '--per', 'job', '--allow-incomplete'],
  ['whatif', '102', '--zone', 'FR', '--allow-incomplete'],
];
test.each(ofSets)('and of sets of runs: eit %s', async (...args) => {
  const outcome = await eit(...args);
  expect(said(outcome)).toBeGreaterThan(0);
  expect(outcome.stdout).not.toContain('Not read');
});

test('where stdout has a place for it stderr says nothing', async () => {
  for (const [args, place] of [
    [['report', '-a', ...SINCE], NOT_READ],
    [['report', '-a', ...SINCE, '--json'], '"skipped_records":2'],
    [['quota', '--json'], '"skipped_records": 2'],
  ] as const) {
    const outcome = await eit(...args);
    expect(said(outcome)).toBe(0);
    expect(outcome.stdout).toContain(place);
  }
});

describe('a window that cuts an hour of the archive', () => {
  // Job 101 of alpha ran from 11:00 to 11:11, Berlin's time.
  const CUT = ['report', '-a', '-S', '2026-01-30T11:03', '-E', '2026-01-30T11:04', '-M', 'alpha'];
  const note =
    '-S or -E lies within 2026-01-30 11:00 to 12:00, of which the archive keeps sums alone: what a run or a host did there counts as a whole, ' +
    'or not at all, by its middle; give the borders of it for exact figures';
  let config: string;
  const report = (args: readonly string[]): Promise<Outcome> => eit(...args, '--config', config);

  beforeAll(async () => {
    const ledger = join(dir, 'ledger');
    cpSync(join(__dirname, '../fixtures/ledger/two-clusters'), ledger, { recursive: true });
    config = command.config('archived.yaml', { ledger, privacy: 'open' });
    expect((await eit('ledger', 'compact', '--config', config)).status).toBe(0);
  });

  test('is told below the table, in JSON and, for programs, on stderr', async () => {
    const table = await report(CUT);
    expect(table.stdout).toContain(`. ${note}.`);
    expect(table.stderr).not.toContain(note);
    const json = await report([...CUT, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      cut_slots: [{ since: '2026-01-30T10:00:00.000Z', until: '2026-01-30T11:00:00.000Z' }],
    });
    for (const format of ['--csv', '-P']) {
      const { stdout, stderr } = await report([...CUT, format]);
      expect(stderr).toContain(`eit: ${note}\n`);
      expect(stdout).not.toContain('archive');
    }
    const set = ['whatif', '--set', 'A=starttime=2026-01-30T11:03;clusters=alpha;user=alice', '--zone', 'FR'];
    expect((await report([...set, '-a', '--allow-incomplete'])).stderr).toContain(`eit: A: ${note}\n`);
  });

  test('is not where the window has the hour’s borders', async () => {
    const { stdout, stderr } = await report(['report', '-a', '-S', '2026-01-30T11:00', '--csv']);
    expect(stdout).toContain('alice');
    expect(stderr).not.toContain('archive');
  });
});
