import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import validateDoctor from '../../src/generated/doctor-validator';
import { hostRecord } from '../unit/report/records';
import { runEit } from './eit-command';
import { noOtherUser, testUnless } from '../test-unless';
import { appendByDay } from './recent-ledger';

const asRoot = testUnless(noOtherUser);

let dir: string;
let config: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-status-ledger-'));
  config = join(dir, 'eit.yaml');
  configure();
});
afterEach(() => rmSync(dir, { recursive: true }));

function configure(...more: string[]): void {
  const folders = ['ledger', 'state', 'var', 'spool'].map((name) => join(dir, name));
  const keys = ['ledger', 'state_dir', 'var_dir', 'spool_dir'];
  const lines = [...keys.map((key, i) => `${key}: ${folders[i]}`), 'site: { zone: DE }', ...more];
  writeFileSync(config, `${lines.join('\n')}\n`);
}

/** A host's line that ended so many seconds ago. */
function record(host: string, secondsAgo: number, seq = 0): void {
  const inbox = join(dir, 'ledger/alpha/inbox');
  mkdirSync(inbox, { recursive: true, mode: 0o700 });
  const endMs = Date.now() - secondsAgo * 1000;
  const iso = (ms: number): string => new Date(ms).toISOString();
  const one = hostRecord({ host, nodes: [host], seq, from: iso(endMs - 300_000), to: iso(endMs) });
  appendByDay(inbox, `${host}.ndjson`, JSON.stringify(one));
}

function sinfo(text: string): string {
  const path = join(dir, 'sinfo');
  writeFileSync(path, `#!/bin/sh\ncat <<'END'\n${text}\nEND\n`);
  chmodSync(path, 0o755);
  return path;
}

interface Status {
  readonly ok: boolean;
  readonly hosts: readonly {
    host: string;
    silent: boolean;
    coverage_24h: number | null;
    slurm_state: string | null;
  }[];
  readonly never_seen: readonly { node: string }[];
}

async function status(...args: string[]): Promise<{ status: number | null; json: Status }> {
  const { stdout, stderr, ...ended } = await runEit(['status', '--ledger', '--json', ...args], config);
  expect(stderr).toBe('');
  return { ...ended, json: JSON.parse(stdout) as Status };
}

test('who is silent, who never sent anything, and how long a host may say nothing', async () => {
  record('n1', 60);
  record('n2', 1000);
  const asked = `--sinfo=${sinfo('n1|mixed\nn2|idle\nn3|idle\nn4|down*')}`;
  const first = await status(asked);
  expect(first.status).toBe(1);
  expect(first.json.hosts.map(({ host, silent, slurm_state }) => [host, silent, slurm_state])).toEqual([
    ['n1', false, 'mixed'],
    ['n2', true, 'idle'],
  ]);
  expect(first.json.never_seen.map(({ node }) => node)).toEqual(['n3']);

  const patient = await status('--sinfo=none', '--silent-for=1h');
  expect({ status: patient.status, ok: patient.json.ok }).toEqual({ status: 0, ok: true });
  const wrong = await runEit(['status', '--ledger', '--silent-for', 'soon'], config);
  expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining('such as 90s, 15m') as string });
});

test('a host of which only the archive knows is there with its last record, and coverage is of the archive', async () => {
  record('n1', 60);
  // Taken in, and its file gone, as after a week.
  record('old', 5 * 86_400);
  const compacted = await runEit(['ledger', 'compact'], config);
  expect(compacted.stderr).toBe('');
  const day = new Date(Date.now() - 5 * 86_400_000).toISOString().slice(0, 10);
  rmSync(join(dir, 'ledger/alpha/inbox', day), { recursive: true });
  const { json } = await status('--sinfo=none');
  expect(json.hosts.map(({ host, silent }) => [host, silent])).toEqual([
    ['n1', false],
    ['old', true],
  ]);
  // Five minutes of a day.
  expect(json.hosts[0]?.coverage_24h).toBeCloseTo(300 / 86_400, 4);
  expect((await status('--sinfo=none', '--days=3')).json.hosts.map(({ host }) => host)).toEqual(['n1']);
});

test('a machine on which no agent ever ran, and which has the ledger, is asked for the ledger', async () => {
  record('n1', 60);
  const { stdout } = await runEit(['status', '--sinfo=none'], config);
  expect(stdout).toMatch(/^1 host, 0 silent for more than 00:15:00\.$/m);
  expect((await runEit(['status', '--no-ledger'], config)).stdout).toMatch(/^Agent +no agent runs$/m);
  mkdirSync(join(dir, 'state'));
  expect((await runEit(['status'], config)).stdout).toMatch(/^Agent +no agent runs$/m);
});

test('the doctor of the ledger sees the same, and its JSON is as the schema says', async () => {
  record('n1', 60);
  record('n2', 10_000);
  const {
    stdout,
    stderr,
    status: exit,
  } = await runEit(
    ['doctor', '--role', 'head', '--topic', 'setup,energy,ledger,clock,archive,hosts,carbon', '--json'],
    config,
  );
  expect(stderr).toBe('');
  const report: unknown = JSON.parse(stdout);
  if (!validateDoctor(report)) throw new Error(JSON.stringify(validateDoctor.errors));
  expect(report.roles).toEqual(['head']);
  const of = (name: string) => report.checks.find((check) => check.name === name);
  expect(of('hosts')).toMatchObject({ topic: 'hosts', verdict: 'warning' });
  expect(of('hosts')?.text).toContain('1 of 2 silent for more than 00:15:00: n2');
  expect(of('ledger clock')).toMatchObject({ topic: 'clock', verdict: 'ok' });
  expect(of('archive alpha')).toMatchObject({ verdict: 'warning' });
  expect(of('zone')).toMatchObject({ topic: 'carbon', verdict: 'ok' });
  // Nothing of a node's.
  expect(report.checks.map(({ topic }) => topic)).not.toContain('energy');
  expect(exit).toBe(report.ok ? 0 : 1);
});

asRoot(
  "root looks at another user's ledger as that user, and an ordinary user is told what he may not see",
  async () => {
    record('n1', 60);
    chmodSync(dir, 0o755);
    const [uid, gid] = ['-u', '-g'].map((option) =>
      execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }).trim(),
    );
    execFileSync('chown', ['-R', `${uid}:${gid}`, join(dir, 'ledger')]);
    const asRootSeen = await runEit(['doctor', '--role=head', '--topic=ledger', '--json'], config);
    expect(JSON.parse(asRootSeen.stdout)).toMatchObject({
      checks: [{ name: 'ledger', verdict: 'ok', text: `${dir}/ledger can be written, as uid ${uid}` }],
    });

    execFileSync('chown', ['-R', 'root', join(dir, 'ledger')]);
    chmodSync(join(dir, 'ledger'), 0o711);
    const head = await runEit(['doctor', '--role=head', '--topic=hosts', '--json'], config, {}, 'nobody');
    expect(JSON.parse(head.stdout)).toMatchObject({ ok: true, checks: [{ verdict: 'unknown' }] });
    const login = await runEit(['doctor', '--role=login', '--topic=ledger', '--json'], config, {}, 'nobody');
    expect(JSON.parse(login.stdout)).toMatchObject({ ok: true, checks: [{ name: 'ledger', verdict: 'ok' }] });
  },
);

test('a topic is looked at alone', async () => {
  const { stdout, status: exit } = await runEit(
    ['doctor', '--role', 'login', '--topic', 'carbon,clock'],
    config,
  );
  expect(stdout.split('\n').filter((line) => /^[a-z]+$/.test(line))).toEqual(['clock', 'carbon']);
  expect(exit).toBe(0);
  const wrong = await runEit(['doctor', '--topic', 'weather'], config);
  expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining('weather') as string });
});
