import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { LEDGER, ReportCommand } from './report-command';
import { noOtherUser, testUnless } from '../test-unless';

let command: ReportCommand;
beforeAll(() => {
  command = new ReportCommand();
});
afterAll(() => command.remove());

const SINCE = ['-S', '2026-01-01', '-E', '2026-03-01'];
const asRoot = testUnless(noOtherUser);

test.each([
  [['-u', 'eve'], 'user "eve"'],
  [['-r', 'nowhere'], 'partition "nowhere"'],
  [['-j', '4711'], 'job 4711'],
  [['-M', 'gamma'], 'cluster "gamma"'],
])('%j: an empty report, exit status 0 and a note', async (args, what) => {
  const { status, stdout, stderr } = await command.report([...SINCE, ...args, '--json']);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ groups: [], total: { jobs: 0 } });
  expect(stderr).toMatch(
    new RegExp(`^eit-report: no runs of ${what} between 2026-01-01 00:00 and 2026-03-01 00:00; .*\n$`),
  );
});

test.each([
  [['--usr', 'x'], 'EIT_USAGE: Unknown argument: usr. Did you mean --user? See eit-report --help.'],
  [['alice'], 'EIT_USAGE: Too many non-option arguments'],
  [['-S'], 'EIT_USAGE: Not enough arguments following: S'],
  [['-S', '2026-13-01'], 'EIT_TIME_FORM: "2026-13-01" is not a time. It can be: HH:MM'],
  [['-S', 'now', '-E', 'now-1day'], 'EIT_USAGE: --endtime'],
  [['--json', '--csv'], 'EIT_USAGE: --json and --csv cannot be had together'],
  [['--group-by', 'colour'], 'EIT_USAGE: --group-by: "colour" is none of job, user'],
  [['--sort', '-Colour'], 'EIT_USAGE: --sort: "-Colour" is no column with an order. Give -Energy'],
  [['--top', 'all'], 'EIT_USAGE: --top: "all" is no number of lines'],
  [['--min-kwh', '1 J'], 'EIT_USAGE: --min-kwh: "1 J" is no energy'],
  [['--audit', '--top', '3'], 'EIT_USAGE: --audit adds up whole hosts: it cannot be had with --top'],
  [['-o', 'Colour'], 'EIT_USAGE: --format: "Colour" is no column'],
  [['-j', '12_'], 'EIT_USAGE: --jobs: "12_" is no job id'],
  [['-N', 'n[1-'], 'EIT_HOSTLIST'],
  [['--policy', 'fair'], 'EIT_USAGE: --policy'],
  [['--audit', '-u', 'alice'], 'EIT_USAGE: --audit adds up whole hosts: it cannot be had with --user'],
  [
    ['--audit', '--group-by', 'day'],
    'EIT_USAGE: --audit adds up whole hosts: it cannot be had with --group-by',
  ],
  [['--audit', '-o', 'Host'], 'EIT_USAGE: '],
  [['--config', '/nonexistent/eit.yaml'], 'EIT_CONFIG_UNREADABLE'],
  [['-S', '\u001b[2J\u202e'], 'EIT_TIME_FORM: "\\u001b[2J\\u{202e}"'],
])('%j: the right form, exit status 2', async (args, message) => {
  const { status, stdout, stderr } = await command.report(args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(`eit-report: ${message}`);
  expect(stderr.trimEnd()).not.toMatch(/\p{Cc}|\u202e/u);
});

test.each([
  [[], 'no command given (there are: report'],
  [['reprot'], 'Unknown argument: reprot. Did you mean report?'],
  [['report', '--usr', 'x'], 'Did you mean --user?'],
])('eit %j', async (args, message) => {
  const { status, stderr } = await command.run(process.execPath, [command.script('eit'), ...args]);
  expect(status).toBe(2);
  expect(stderr).toContain(message);
});

test('a missing ledger is named, with how to mend it', async () => {
  const config = command.config('missing.yaml', { ledger: '/nonexistent/ledger' });
  const { status, stdout, stderr } = await command.report(['--config', config]);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(/^eit-report: EIT_LEDGER_UNREADABLE: .*\/nonexistent\/ledger.*mounted/);
});

test('EIT_DEBUG shows where an error is from', async () => {
  const env = { EIT_DEBUG: '1' };
  expect((await command.report(['-S', 'x'], { env })).stderr).toMatch(/\n {4}at /);
  expect((await command.report(['-S', 'x'])).stderr).not.toMatch(/\n {4}at /);
});

test('a reader that goes away is no error', async () => {
  const child = spawn(process.execPath, [command.script('eit-report'), '--helpformat'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [status] = (await once(child, 'close')) as [number];
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('a full disk is one', async () => {
  const full = openSync('/dev/full', 'w');
  const { status, stderr } = await command.report([...SINCE, '--csv'], { stdio: ['ignore', full, 'pipe'] });
  closeSync(full);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^eit-report: cannot write the output: .*ENOSPC/);
});

describe('an ordinary user', () => {
  const nobody = { uid: 65_534, gid: 65_534 };

  asRoot('is shown his own runs, and nothing of the hosts', async () => {
    const { status, stdout, stderr } = await command.report([...SINCE, '--json'], nobody);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      group_by: ['job'],
      groups: [],
      unattributed: { idle_kwh: null },
    });
    expect(stderr).toContain('no runs of user');
  });

  asRoot('is shown with -a what he may read, and nothing of the hosts', async () => {
    const { stdout } = await command.report([...SINCE, '--json', '-a'], nobody);
    expect(JSON.parse(stdout)).toMatchObject({ total: { jobs: 8 }, unattributed: { idle_kwh: null } });
  });

  asRoot('is not shown the audit', async () => {
    const { status, stdout, stderr } = await command.report([...SINCE, '--audit'], nobody);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('EIT_USAGE: --audit is for admins');
  });

  asRoot('whom the config makes an admin sees all', async () => {
    const config = command.config('admins.yaml', { ledger: LEDGER, admins: ['65534'] });
    const { stdout } = await command.report([...SINCE, '--json', '--config', config], nobody);
    expect(JSON.parse(stdout)).toMatchObject({
      total: { jobs: 8 },
      unattributed: { idle_kwh: expect.any(Number) },
    });
  });

  asRoot('who may not read the ledger is told whom to ask', async () => {
    const config = command.config('closed.yaml', { ledger: '/root' });
    const { status, stderr } = await command.report(['--config', config], nobody);
    expect(status).toBe(1);
    expect(stderr).toMatch(/EIT_LEDGER_UNREADABLE: .*You may not read it/);
  });
});
