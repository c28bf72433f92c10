import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { NowRun, NowSnapshot } from '../../src/generated/now';
import validateNow from '../../src/generated/now-validator';
import { until } from '../cluster/until';
import { noOtherUser, testUnless } from '../test-unless';
import { AgentHome } from './agent-home';
import { type TestUser, TestUsers } from './test-users';

const EIT = join(__dirname, '../../dist/eit.js');
const AGENT = 'agent: { interval_seconds: 10, live_seconds: 0.5, record_seconds: 10, linger_seconds: 60 }';

const users = new TestUsers();
let home: AgentHome;
let worker: NodeJS.Timeout | undefined;

/** An agent, and a host whose counters go up by 2 J and 50 ms of CPU time each 50 ms, 4/5 of it job 7's. */
async function begin(
  more: readonly string[] = [],
  job: Readonly<Record<string, string>> = {},
): Promise<void> {
  home = new AgentHome([AGENT, ...more]);
  // Another user has to get to the config.
  chmodSync(home.dir, 0o755);
  await home.start();
  home.hook('prolog', 7, job);
  let cpuS = 0;
  worker = setInterval(() => {
    cpuS += 0.04;
    home.spend(2, 0.05);
    home.setCpu(7, cpuS);
  }, 50);
}

afterEach(async () => {
  clearInterval(worker);
  await home.remove();
});
afterAll(() => users.remove());

function start(args: readonly string[], uid: number): ChildProcess {
  return spawn(process.execPath, [EIT, ...args], {
    uid,
    gid: uid,
    cwd: '/',
    env: { PATH: process.env.PATH, EIT_CONFIG: home.config, LANG: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function eit(
  args: readonly string[],
  uid = 0,
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = start(args, uid);
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => (said[name] += text));
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { status, ...said };
}

async function look(uid = 0): Promise<NowSnapshot> {
  const { status, stdout, stderr } = await eit(['top', '--once', '--json'], uid);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const snapshot: unknown = JSON.parse(stdout);
  if (!validateNow(snapshot)) throw new Error(JSON.stringify(validateNow.errors));
  return snapshot;
}

function energyJ(run: NowRun | undefined): number {
  return run?.domains.reduce((sum, { energy_j: ofDomain }) => sum + ofDomain, 0) ?? NaN;
}

test('watts are those of the counter, joules grow and are those of the records at the end', async () => {
  await begin();
  const first = await look();
  expect(first).toMatchObject({
    scope: 'all',
    policy: 'usage',
    cluster: 'lab',
    totals: { runs: 1, cpus: 2 },
  });
  expect(first.runs).toHaveLength(1);
  expect(first.runs[0]).toMatchObject({ job: 7, user: 'ada', uid: 1000, node: 'n1', cpus: 1, ended: null });
  const [domain] = first.totals.domains;
  expect(domain).toMatchObject({ name: 'package-0', class: 'cpu', quality: 'measured', source: 'powercap' });
  // The timer of a busy machine is late: of its 40 W some are missing.
  expect(domain?.power_w).toBeGreaterThan(5);
  expect(domain?.power_w).toBeLessThan(60);
  const parts = (domain?.runs_w ?? NaN) + (domain?.idle_w ?? NaN) + (domain?.system_w ?? NaN);
  expect(parts).toBeCloseTo(domain?.power_w ?? NaN, 1);
  expect(first.runs[0]?.domains[0]?.power_w).toBeCloseTo(domain?.runs_w ?? NaN, 1);

  const second = await look();
  expect(energyJ(second.runs[0])).toBeGreaterThan(energyJ(first.runs[0]));
  home.hook('epilog', 7);
  home.removeCgroup(7);
  clearInterval(worker);
  const records = await home.ended(7);
  const recordedJ = records.reduce((sum, { measured_uj: uj }) => sum + (uj['package-0']?.[0] ?? 0) / 1e6, 0);
  // Told of for half a minute more.
  const last = await look();
  expect(last.runs[0]?.ended).not.toBeNull();
  expect(energyJ(last.runs[0])).toBeCloseTo(recordedJ, 2);
  expect(last.totals.runs).toBe(0);
});

test('energy goes on over the lines of a run: records of each stretch and what is in hand', async () => {
  await begin(
    ['agent: { interval_seconds: 0.2, live_seconds: 0.5, record_seconds: 1, linger_seconds: 60 }'].slice(1),
  );
  await look();
  await until('a record of the run', 30_000, () => home.runs(7).length > 0 || undefined);
  const recordedJ = home
    .runs(7)
    .reduce((sum, { measured_uj: uj }) => sum + (uj['package-0']?.[0] ?? 0) / 1e6, 0);
  const after = await look();
  expect(energyJ(after.runs[0])).toBeGreaterThan(recordedJ);
  expect(after.totals.domains[0]?.energy_j).toBeGreaterThan(energyJ(after.runs[0]));
});

test('nothing is written while nobody looks', async () => {
  await begin();
  const now = join(home.stateDir, 'now');
  await until('the FIFO', 10_000, () => (existsSync(now) && readdirSync(now).length > 0) || undefined);
  expect(readdirSync(now)).toEqual(['ask']);
});

test('as a table, where the output is no terminal', async () => {
  await begin();
  const { status, stdout, stderr } = await eit(['top']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^eit top - \S+ .* 1 job /);
  expect(stdout).toMatch(/^ +7 ada +\d+\.\d+ .*\d mWh/m);
  expect(stdout).not.toContain('\x1b');
});

test('without an agent it says what to do', async () => {
  await begin();
  await home.end();
  const { status, stderr } = await eit(['top', '--once']);
  expect(status).toBe(1);
  expect(stderr).toContain('EIT_LIVE: no agent of this host can be asked');
});

describe('who sees what', () => {
  let owner: TestUser;
  let stranger: TestUser;
  let admin: TestUser;
  beforeAll(() => {
    if (noOtherUser !== undefined) return;
    owner = users.make('owner');
    stranger = users.make('stranger');
    admin = users.make('admin');
  });
  const job = (): Record<string, string> => ({
    SLURM_JOB_UID: String(owner.uid),
    SLURM_JOB_USER: owner.name,
  });

  testUnless(noOtherUser)(
    'a user the totals and the own jobs, an admin all, whoever else was asked for',
    async () => {
      await begin([`admins: [${admin.name}]`], job());
      // All of them look, so that all that is ever written is there.
      const [own, none, all] = await Promise.all([look(owner.uid), look(stranger.uid), look(admin.uid)]);
      expect(own).toMatchObject({ scope: 'own', totals: { runs: 1 }, runs: [{ job: 7, user: owner.name }] });
      expect(none).toMatchObject({ scope: 'none', totals: { runs: 1 }, runs: [] });
      expect(all).toMatchObject({ scope: 'all', runs: [{ job: 7 }] });
      // Nor by looking for the files.
      const paths = readdirSync(join(home.stateDir, 'now'), { recursive: true, encoding: 'utf8' });
      expect(paths).toContain(`${owner.uid}/own.json`);
      const readable = await readableBy(
        stranger,
        paths.map((path) => join(home.stateDir, 'now', path)),
      );
      expect(readable).toEqual(['totals.json']);
    },
  );

  testUnless(noOtherUser)('with privacy: open everybody all', async () => {
    await begin(['privacy: open'], job());
    expect(await look(stranger.uid)).toMatchObject({ scope: 'all', runs: [{ job: 7 }] });
  });

  testUnless(noOtherUser)('a user can neither write nor stop answers, nor fill the folder', async () => {
    await begin([], job());
    const folder = join(home.stateDir, 'now');
    const script = `
      cd ${folder}
      for i in 1 2 3; do head -c 1000000 /dev/zero | timeout 1 dd of=ask conv=notrunc bs=65536 2>/dev/null; done
      seq 1 100000 | timeout 1 dd of=ask conv=notrunc bs=65536 2>/dev/null
      echo x > totals.json; echo x > new; ln -s /etc/passwd link; rm -f ask; mv ask other; chmod 777 ask; cat ask
      exit 0`;
    const looking = look(stranger.uid);
    const child = spawn('bash', ['-c', script], { uid: stranger.uid, gid: stranger.gid, stdio: 'ignore' });
    await new Promise((resolve) => child.on('close', resolve));
    await looking;
    // Among the numbers can be the owner's, of whom there is something to tell: to nobody else.
    const named = new Set(['ask', 'totals.json', String(owner.uid)]);
    expect(readdirSync(folder).filter((name) => !named.has(name))).toEqual([]);
    expect(await look(owner.uid)).toMatchObject({ scope: 'own', runs: [{ job: 7 }] });
    expect(home.agentLog()).not.toMatch(/ error /);
  });
});

/** Names of the files that a user can read. */
async function readableBy({ uid, gid }: TestUser, paths: readonly string[]): Promise<string[]> {
  const child = spawn(
    'bash',
    ['-c', 'for path; do [ -f "$path" ] && [ -r "$path" ] && echo "${path##*/}"; done', '-', ...paths],
    {
      uid,
      gid,
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  await new Promise((resolve) => child.on('close', resolve));
  return text.split('\n').filter((name) => name !== '');
}
