import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processWithOpen } from '../../src/cli/lock-holder';
import type { EitRecord } from '../../src/generated/record';
import { until } from '../cluster/until';
import { AgentHome } from './agent-home';
import { noMounts, testUnless } from './hook-home';

const [USER, OWN_GROUP, ADMINS] = [61_234, 61_234, 61_235];
const TOP = join(__dirname, '..', '..');
/** A machine that knows the user, with the group by which the ledger lets them in. */
const WITH_USER =
  'mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/group" /etc/group && shift && exec "$@"';

let home: AgentHome;
let ledger: string;
let units: ChildProcess[];

beforeEach(() => {
  units = [];
  home = new AgentHome();
  ledger = join(home.dir, 'shared/ledger');
  chmodSync(home.dir, 0o755);
  mkdirSync(ledger, { recursive: true });
  const passwd = `eit-ledger:x:${USER}:${OWN_GROUP}::/nonexistent:/usr/sbin/nologin\neit:x:61236:61236::/:/bin/false\n`;
  writeFileSync(join(home.dir, 'passwd'), readFileSync('/etc/passwd', 'utf8') + passwd);
  const groups = `eit-ledger:x:${OWN_GROUP}:\neit-admins:x:${ADMINS}:eit-ledger\n`;
  writeFileSync(join(home.dir, 'group'), readFileSync('/etc/group', 'utf8') + groups);
});
afterEach(async () => {
  for (const unit of units) unit.kill('SIGKILL');
  const pid = shipper();
  if (pid !== null) process.kill(pid, 'SIGKILL');
  await home.remove();
});

const configure = (...more: string[]) => home.configure(['cluster: lab', `ledger: ${ledger}`, ...more]);
/** As with root_squash: of root's rights nothing is left there but those of the group. */
const squash = () => {
  chownSync(ledger, 65_534, ADMINS);
  chmodSync(ledger, 0o2770);
};
const before = () => ['unshare', '-m', 'sh', '-c', WITH_USER, 'sh', home.dir];
const start = () => home.start({ before: before() });
const shipper = () => processWithOpen(join(home.spoolDir, '.shipper/lock'), '/proc')?.pid ?? null;
const lines = (): EitRecord[] => {
  const dir = join(ledger, 'lab/inbox');
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ndjson'))
    .flatMap((file) => readFileSync(join(dir, file), 'utf8').split('\n').slice(0, -1))
    .map((line) => JSON.parse(line) as EitRecord);
};
const more = async (what: string) => {
  const count = lines().length;
  await until(
    what,
    30_000,
    () => lines().length > count || undefined,
    () => home.agentLog() + home.stderr,
  );
};
const owner = (path: string) => {
  const { uid, gid, mode } = statSync(path);
  return [uid, gid, (mode & 0o7777).toString(8)];
};
/** Stretches so long that nothing but the end of a run is carried while a test runs. */
const longStretches = () => {
  const config = readFileSync(home.config, 'utf8');
  writeFileSync(home.config, config.replace('record_seconds: 1,', 'record_seconds: 3600,'));
};
const hasEnd = (job: number) =>
  lines().some((one) => one.kind === 'run' && one.job === job && one.end !== undefined);
const asUser = (script: string) => {
  const args = [`--reuid=${USER}`, `--regid=${OWN_GROUP}`, '--clear-groups', 'sh', '-c', script];
  return spawnSync('setpriv', args, { encoding: 'utf8' });
};

testUnless(noMounts)(
  'the shipper alone is ledger_user, with their groups, and may read the spool and no more',
  async () => {
    configure('ledger_user: eit-ledger');
    squash();
    await start();
    await more('records');
    const status = readFileSync(`/proc/${shipper()}/status`, 'utf8');
    expect(/^Uid:\s+(.*)$/m.exec(status)?.[1]).toBe([USER, USER, USER, USER].join('\t'));
    expect(/^Groups:\s+(.*?) *$/m.exec(status)?.[1]?.split(' ').map(Number)).toEqual([OWN_GROUP, ADMINS]);
    expect(/^CapEff:\s+(.*)$/m.exec(status)?.[1]).toBe('0000000000000000');
    expect(owner(home.spoolDir)).toEqual([0, OWN_GROUP, '750']);
    expect(owner(join(home.spoolDir, 'lab'))).toEqual([0, OWN_GROUP, '750']);
    for (const name of readdirSync(join(home.spoolDir, 'lab')))
      expect(owner(join(home.spoolDir, 'lab', name))).toEqual([0, OWN_GROUP, '640']);
    expect(owner(join(home.spoolDir, '.shipper'))).toEqual([USER, OWN_GROUP, '700']);
    expect(statSync(join(ledger, 'lab')).uid).toBe(USER);
    const forbidden = asUser(
      `cd ${home.spoolDir}; touch x lab/x; rm -f lab/*.ndjson; mv lab y; mv .shipper z; cat ${home.varDir}/agent-checkpoint.json`,
    );
    expect(forbidden.stderr.match(/Permission denied/g)?.length).toBeGreaterThanOrEqual(6);
    expect(home.spooled().length).toBeGreaterThan(0);
  },
);

testUnless(noMounts)(
  'links that the ledger’s user plants lead root nowhere, also when root is the shipper again',
  async () => {
    const secret = join(home.dir, 'secret');
    mkdirSync(secret, { mode: 0o700 });
    const text = 'a key of root’s\n';
    writeFileSync(join(secret, 'key'), text, { mode: 0o600 });
    configure('ledger_user: eit-ledger');
    squash();
    await start();
    await more('records');
    await home.end();
    await until('the shipper to end', 20_000, () => shipper() === null || undefined);
    for (const name of ['shipped.json', 'shipped.json.tmp', 'ledger-lock'])
      expect(asUser(`cd ${home.spoolDir}/.shipper && ln -sf ${secret}/key ${name}`).stderr).toBe('');
    await start();
    await more('records in spite of the links');
    await home.end();
    await until('the shipper to end', 20_000, () => shipper() === null || undefined);
    for (const [name, target] of [
      ['shipped.json', 'key'],
      ['shipped.json.tmp', 'key'],
      ['ledger-lock', 'made'],
      ['lock', 'made'],
    ])
      expect(asUser(`cd ${home.spoolDir}/.shipper && ln -sf ${secret}/${target} ${name}`).stderr).toBe('');

    configure();
    chownSync(ledger, 0, 0);
    await start();
    await more('records by root');
    expect(readFileSync(join(secret, 'key'), 'utf8')).toBe(text);
    expect(readdirSync(secret)).toEqual(['key']);
    expect(owner(join(home.spoolDir, '.shipper'))).toEqual([0, 0, '700']);
    expect(owner(home.spoolDir)[2]).toBe('700');
  },
);

testUnless(noMounts)(
  'a user whom the host does not know, or whom the hooks trust: measuring goes on, records wait',
  async () => {
    configure('ledger_user: nobody-knows-me');
    await home.start();
    await until('the error', 20_000, () => home.agentLog().includes('EIT_LEDGER_USER') || undefined);
    await until('records', 20_000, () => home.spooled().length > 2 || undefined);
    expect(home.agentLog()).toContain('getent passwd nobody-knows-me finds no such user');
    expect(lines()).toEqual([]);
    await home.end();
    configure('ledger_user: eit');
    await start();
    await until(
      'the refusal',
      20_000,
      () => home.agentLog().includes('trust this user like root') || undefined,
    );
    await home.end();
    // Once it is known all of them come.
    configure('ledger_user: eit-ledger');
    squash();
    const count = home.spooled().length;
    await start();
    await until('all of them', 30_000, () => lines().length >= count || undefined);
  },
);

testUnless(noMounts)(
  'a spool that belongs to somebody else is not root’s to write to: said, with the mending',
  async () => {
    configure('ledger_user: eit-ledger');
    squash();
    mkdirSync(home.spoolDir, { mode: 0o700 });
    chownSync(home.spoolDir, USER, OWN_GROUP);
    const child = home.spawnAgent({ before: before() });
    const status = await new Promise((resolve) => child.once('exit', resolve));
    expect(status).toBe(2);
    expect(home.stderr).toMatch(/EIT_PATH_UNTRUSTED.*chown root/s);
  },
);

testUnless(noMounts)(
  'the shipper as a unit of its own: the agent starts none; a run’s end is carried before the stretch is',
  async () => {
    configure('ledger_user: eit-ledger', 'shipper: unit');
    longStretches();
    squash();
    await start();
    home.hook('prolog', 6);
    home.hook('epilog', 6);
    await until('records', 20_000, () => home.spooled().length > 0 || undefined);
    expect(shipper()).toBeNull();
    home.hook('prolog', 7);
    const unit = () => {
      const lock = ['flock', '-n', '-E', '75', join(home.spoolDir, '.shipper/lock')];
      const args = [`--reuid=${USER}`, `--regid=${OWN_GROUP}`, `--groups=${ADMINS}`, ...lock];
      const child = spawn(
        'setpriv',
        [...args, process.execPath, join(TOP, 'dist/eit-shipper.js'), '--unit'],
        {
          env: { PATH: process.env.PATH, EIT_CONFIG: home.config },
          stdio: ['ignore', 'ignore', 'inherit'],
        },
      );
      units.push(child);
      return child;
    };
    unit();
    await until('the shipper', 20_000, () => shipper() ?? undefined);
    // There is never a second.
    const second = unit();
    expect(await new Promise((resolve) => second.once('exit', resolve))).toBe(75);
    await until('the first run', 30_000, () => hasEnd(6) || undefined);
    home.hook('epilog', 7);
    await until('the second', 30_000, () => hasEnd(7) || undefined);

    // It carries what there is when it is told to end.
    await home.end();
    const pid = shipper()!;
    process.kill(pid, 'SIGTERM');
    await until('the unit to end', 20_000, () => !existsSync(`/proc/${pid}`) || undefined);
    await sleep(100);
    expect(lines().length).toBeGreaterThanOrEqual(home.spooled().length);
  },
);

test('the agent’s shipper carries a run’s end before the stretch is over', async () => {
  configure();
  longStretches();
  await home.start();
  for (const job of [6, 7]) {
    home.hook('prolog', job);
    home.hook('epilog', job);
    await until(`the end of job ${job}`, 30_000, () => hasEnd(job) || undefined);
  }
});

testUnless(noMounts)('a shipper that runs as another than ledger_user does nothing', () => {
  configure('shipper: unit');
  squash();
  mkdirSync(join(home.spoolDir, '.shipper'), { recursive: true });
  chownSync(join(home.spoolDir, '.shipper'), USER, OWN_GROUP);
  writeFileSync(join(home.spoolDir, '.shipper/lock'), '');
  const { stderr } = spawnSync(process.execPath, [join(TOP, 'dist/eit-shipper.js')], {
    env: { PATH: process.env.PATH, EIT_CONFIG: home.config },
    input: '',
    encoding: 'utf8',
  });
  expect(stderr).toContain(
    `EIT_LEDGER_USER: the shipper runs as uid 0, but ${home.spoolDir}/.shipper belongs to uid ${USER}`,
  );
  expect(readdirSync(ledger)).toEqual([]);
});
