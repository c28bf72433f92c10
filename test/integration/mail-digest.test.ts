import { chownSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isErrno } from '../../src/errors';
import { generateLedger } from '../../src/synthetic/generate';
import { until } from '../cluster/until';
import { SMALL } from '../unit/synthetic/small-ledger';
import { runEit, startEit } from './eit-command';
import { MailHome, MailServer } from './mail-home';

const USERS = ['user0001', 'user0002', 'user0003'];
const SEND = ['mail', 'digest', '--month', '2026-01', '--send'];

let home: MailHome;
let server: MailServer;

async function begin(delayMs = 0): Promise<void> {
  server = new MailServer({}, delayMs);
  await server.start();
  home = new MailHome({});
  configure();
  const day = { sinceMs: Date.parse('2026-01-30T00:00:00Z'), untilMs: Date.parse('2026-01-31T00:00:00Z') };
  const plan = { ...SMALL, ...day, hosts: 1, gpusPerNode: 0, jobsPerDay: 20, users: USERS.length };
  generateLedger(join(home.dir, 'ledger'), plan, { withSacct: false });
}

function configure(): void {
  const smtp = { host: '127.0.0.1', port: server.port };
  home.configure(
    { transport: 'smtp', domain: 'example.org', smtp },
    'coordinators: { proj001: [pi, user0001], nobody: [pi] }\ntime_zone: UTC',
  );
}

afterEach(async () => {
  await home.remove();
  await server.stop();
});

const outcomes = (stdout: string): Record<string, string> =>
  Object.fromEntries(
    (JSON.parse(stdout) as { digests: { whose: string; to: string; outcome: string }[] }).digests.map(
      ({ whose, to, outcome }) => [`${whose} ${to}`, outcome],
    ),
  );
const recipients = (): string[] => server.taken.flatMap(({ to }) => to).sort();

test('every user has his own, coordinators that of their account, and nobody a second one', async () => {
  await begin();
  const dry = await runEit([...SEND, '--all', '--dry-run', '--json'], home.config);
  expect([dry.status, dry.stderr]).toEqual([0, '']);
  const addressed = [
    ...USERS.map((user) => `${user} ${user}@example.org`),
    'account proj001 pi@example.org',
    'account proj001 user0001@example.org',
  ];
  expect(outcomes(dry.stdout)).toEqual(Object.fromEntries(addressed.map((one) => [one, 'would be sent'])));
  expect(server.taken).toEqual([]);

  const sent = await runEit([...SEND, '--all', '--json'], home.config);
  expect([sent.status, sent.stderr]).toEqual([0, '']);
  expect(outcomes(sent.stdout)).toEqual(Object.fromEntries(addressed.map((one) => [one, 'sent'])));
  expect(recipients()).toEqual(addressed.map((one) => one.split(' ').at(-1) ?? '').sort());
  const [one] = server.taken.filter(({ to }) => to[0] === 'user0002@example.org');
  expect(one?.headers.get('subject')).toMatch(/^Energy of user0002 in 2026-01: .*Wh, .*CO2e$/);
  expect(one?.text).toContain('THE MOST ENERGY');
  expect(one?.text).toContain('<table role=3D"presentation"');
  // What it says is what a report says.
  const { stdout } = await runEit(['mail', 'digest', '--month', '2026-01', '-u', 'user0002'], home.config);
  expect(stdout).toContain(`Subject: ${one?.headers.get('subject')}`);

  const again = await runEit([...SEND, '--all', '--again', '--json'], home.config);
  expect(again.status).toBe(0);
  expect(new Set(Object.values(outcomes(again.stdout)))).toEqual(new Set(['already']));
  expect(server.taken).toHaveLength(addressed.length);
});

test('what no server takes is sent by the next run, what it refuses is kept with the reason', async () => {
  await begin();
  const { port } = server;
  await server.stop();
  const down = await runEit([...SEND, '--all'], home.config);
  expect(down.status).toBe(1);
  expect(down.stdout.match(/ not sent .*ECONNREFUSED/g)).toHaveLength(USERS.length + 2);
  expect(down.stdout).toContain('Run it again');
  server = new MailServer({
    onRcptTo: ({ address }, _session, done) =>
      address.startsWith('user0003')
        ? done(Object.assign(new Error('no such user'), { responseCode: 550 }))
        : done(),
  });
  await server.start(port);
  const up = await runEit([...SEND, '--all'], home.config);
  expect(up.status).toBe(1);
  expect(recipients()).toHaveLength(USERS.length + 1);
  expect(up.stdout).toMatch(/user0003 +user0003@example.org +failed +.*no such user/);
  const next = await runEit([...SEND, '--user', 'user0003'], home.config);
  expect(next.stdout).toMatch(/failed +.*no such user/);
  await server.stop();
  server = new MailServer();
  await server.start(port);
  const forced = await runEit([...SEND, '--user', 'user0003', '--again'], home.config);
  expect([forced.status, recipients()]).toEqual([0, ['user0003@example.org']]);
});

test('runs that are killed at random instants send none twice, and what may have arrived is told', async () => {
  await begin(150);
  let killed = 0;
  for (const letters of [1, 2, 4]) {
    const { child, ended } = startEit([...SEND, '--all'], home.config);
    let isOver = false;
    void ended.then(() => (isOver = true));
    // In the moments around a letter's end; a run that has nothing left to send ends by itself.
    await until(`letter ${letters}`, 60_000, () => isOver || server.taken.length >= letters || undefined);
    await sleep(Math.random() * 200);
    killed += killInner(child.pid ?? 0);
    await ended;
  }
  expect(killed).toBeGreaterThan(0);
  const last = await runEit([...SEND, '--all', '--json'], home.config);
  const found = outcomes(last.stdout);
  expect(Object.keys(found)).toHaveLength(USERS.length + 2);
  expect([...server.counts().values()].every((times) => times === 1)).toBe(true);
  const sure = Object.values(found).filter((outcome) => ['sent', 'already'].includes(outcome)).length;
  const unsure = Object.values(found).filter((outcome) => outcome === 'unsure').length;
  expect(sure + unsure).toBe(USERS.length + 2);
  expect(last.status).toBe(unsure > 0 ? 1 : 0);
  expect(server.taken.length).toBeGreaterThanOrEqual(sure);
});

/** Kills the process that a launcher runs, if it still does. Returns how many were killed. */
function killInner(launcher: number): number {
  try {
    const inner = Number(readFileSync(`/proc/${launcher}/task/${launcher}/children`, 'latin1').trim());
    if (inner === 0) return 0;
    process.kill(inner, 'SIGKILL');
    return 1;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return 0;
    throw error;
  }
}

test('what cannot be is said, and nothing is sent', async () => {
  await begin();
  const said = async (...args: string[]): Promise<[number | null, string]> => {
    const { status, stderr } = await runEit(['mail', 'digest', ...args], home.config);
    return [status, stderr];
  };
  const month = new Date().toISOString().slice(0, 7);
  expect(await said('--send', '--month', month)).toEqual([2, expect.stringContaining('is not over')]);
  expect(await said('--all')).toEqual([2, expect.stringContaining('--all goes with --send')]);
  expect(await said('--send', '--all', '--user', 'ada')).toEqual([2, expect.stringContaining('one of them')]);
  expect(await said('--send', '--month', '2026-01', '--account', 'proj002')).toEqual([
    2,
    expect.stringContaining('has no coordinators in eit.yaml'),
  ]);
  chownSync(home.mailDir, 65_534, 65_534);
  expect(await said('--send', '--month', '2026-01')).toEqual([
    1,
    expect.stringContaining('belongs to user 65534'),
  ]);
  expect(server.taken).toEqual([]);
});
