import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { until } from '../../cluster/until';
import { type Outcome, ReportCommand } from '../../integration/report-command';

/** Knows one job, which began a minute ago; a real sacct answers in test/cluster/sacct.test.ts. */
const SACCT = `#!/bin/sh
if [ "$1" = --helpformat ]; then echo JobIDRaw JobID Cluster Submit Start End State JobName; exit 0; fi
for option in "$@"; do case $option in --delimiter=*) d=\${option#*=} ;; esac; done
echo "$*" >> "$0.asked"
[ ! -e "$0.hang" ] || [ "$(wc -l < "$0.asked")" -lt 2 ] || exec sleep 60
t=$(($(date +%s) - 60))
echo "7\${d}7\${d}alpha\${d}$t\${d}$t\${d}Unknown\${d}RUNNING\${d}a name\${d}7"
[ ! -e "$0.damaged" ] || echo "8\${d}damage"
`;

let command: ReportCommand;
let ledger: string;
let sacct: string;

beforeAll(() => {
  command = new ReportCommand();
});
afterAll(() => command.remove());
beforeEach(() => {
  ledger = join(command.dir, 'ledger');
  mkdirSync(join(ledger, 'alpha/inbox'), { recursive: true });
  command.config('eit.yaml', { ledger, cluster: 'alpha' });
  sacct = join(command.dir, 'sacct');
  writeFileSync(sacct, SACCT, { mode: 0o755 });
});
afterEach(() => {
  rmSync(ledger, { recursive: true });
  rmSync(`${sacct}.damaged`, { force: true });
});

const asked = (): string[] =>
  existsSync(`${sacct}.asked`) ? readFileSync(`${sacct}.asked`, 'utf8').trim().split('\n') : [];

const sync = (...args: string[]): Promise<Outcome> =>
  command.run(process.execPath, [command.script('eit'), 'sacct-sync', '--sacct', sacct, ...args]);

test('says in a line what it brought', async () => {
  const { status, stdout, stderr } = await sync('--since', 'now-2hours');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^alpha: 1 row from \d{4}-\d\d-\d\d \d\d:\d\d to .*; 1 file changed\n$/);
});

test('--json tells it to programs', async () => {
  const { stdout } = await sync('--since', 'now-2hours', '--json');
  expect(JSON.parse(stdout)).toEqual([
    {
      cluster: 'alpha',
      since: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      until: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      rows: 1,
      not_started: 0,
      unreadable: 0,
      files: [expect.stringMatching(/ledger\/alpha\/jobs\/\d{4}-\d\d\.parquet$/) as string],
    },
  ]);
});

test('rows that cannot be read are told, and the others kept', async () => {
  writeFileSync(`${sacct}.damaged`, '');
  const { status, stdout, stderr } = await sync('--since', 'now-2hours');
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr: 'eit: alpha: 1 row of sacct left out, as not readable\n',
  });
  expect(stdout).toContain('1 row');
});

test('several clusters of one slurmdbd, by name', async () => {
  const { status, stdout } = await sync('-M', 'beta,alpha', '--since', 'now-1hours');
  expect(status).toBe(0);
  expect(stdout.split('\n').map((line) => line.split(':')[0])).toEqual(['beta', 'alpha', '']);
});

afterEach(() => rmSync(`${sacct}.hang`, { force: true }));

test('Ctrl-C leaves the days before, and the next one goes on there at once', async () => {
  writeFileSync(`${sacct}.hang`, '');
  rmSync(`${sacct}.asked`, { force: true });
  const temporary = join(command.dir, 'tmp');
  mkdirSync(temporary);
  const child = spawn(
    process.execPath,
    [command.script('eit'), 'sacct-sync', '--sacct', sacct, '--since', 'now-3days'],
    {
      env: { ...process.env, EIT_CONFIG: join(command.dir, 'eit.yaml'), TMPDIR: temporary },
      stdio: 'ignore',
      detached: true,
    },
  );
  const ended = new Promise((resolve) => child.on('close', (_, signal) => resolve(signal)));
  await until('the second day to be asked for', 30_000, () => asked().length === 2 || undefined);
  expect(readdirSync(temporary)).toHaveLength(1);
  // As a terminal does: all that runs there.
  process.kill(-child.pid!, 'SIGINT');
  // What it waits for may be gone before its own signal is there: then it says so and ends.
  expect(['SIGINT', null]).toContain(await ended);
  expect(readdirSync(temporary)).toEqual([]);
  rmSync(`${sacct}.hang`);
  const { status, stderr } = await sync();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  // From the end of the first day, less two hours.
  const [, second, third] = asked().map(
    (line) => Date.parse(`${/--starttime=(\S+)/.exec(line)?.[1]}Z`) / 1000,
  );
  expect(third).toBe(second! - 7200);
});

test.each<[string, string[], RegExp]>([
  ['a time that is none', ['--since', 'yesterday'], /^eit: EIT_TIME_FORM: "yesterday" is not a time/],
  ['a time that lies ahead', ['--since', 'now+1hours'], /^eit: EIT_USAGE: --since "now\+1hours" lies ahead/],
  [
    'a cluster that is a path',
    ['-M', '../x'],
    /^eit: EIT_USAGE: --clusters: "\.\.\/x" cannot be the name of a cluster/,
  ],
  ['a wrong option', ['--sinse', 'now'], /^eit: EIT_USAGE: .*Did you mean --since\?/],
])('%s ends with 2', async (_, args, message) => {
  const { status, stdout, stderr } = await sync(...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(message);
});

test('a cluster that nothing names is asked for', async () => {
  command.config('eit.yaml', { ledger });
  const { status, stderr } = await sync();
  expect(status).toBe(2);
  expect(stderr).toMatch(/EIT_USAGE: the name of the cluster is not known here: set `cluster` in eit.yaml/);
});

test('without sacct it ends with 1 and says where to look', async () => {
  const { status, stderr } = await sync('--sacct', '/nothing/sacct');
  expect(status).toBe(1);
  expect(stderr).toMatch(/^eit: EIT_SACCT: \/nothing\/sacct cannot be started: .*Is slurmdbd up/);
});

(process.getuid?.() === 0 ? test : test.skip)(
  'root leaves no files in the ledger of another user (needs root)',
  async () => {
    chownSync(ledger, 12_345, 0);
    const { status, stderr } = await sync();
    expect(status).toBe(2);
    expect(stderr).toMatch(/belongs to uid 12345.*setpriv --reuid 12345/);
  },
);

test('a report shows the names, and goes without where they are damaged', async () => {
  await sync('--since', 'now-2hours');
  const whole = await command.report(['-a', '--group-by', 'name']);
  expect({ status: whole.status, stderr: whole.stderr.match(/EIT_/) }).toEqual({ status: 0, stderr: null });
  const month = new Date(Date.now() - 60_000).toISOString().slice(0, 7);
  const path = join(ledger, `alpha/jobs/${month}.parquet`);
  chmodSync(path, 0o600);
  writeFileSync(path, 'damage');
  const plain = await command.report(['-a']);
  expect(plain.status).toBe(0);
  expect(plain.stderr).toContain('without names and states of jobs: EIT_ARCHIVE');
  const named = await command.report(['-a', '--group-by', 'name']);
  expect(named.status).toBe(1);
  expect(named.stderr).toMatch(/^eit-report: EIT_ARCHIVE: cannot read what sacct told in/);
});
