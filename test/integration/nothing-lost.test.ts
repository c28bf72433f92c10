import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readCheckpoint } from '../../src/agent/checkpoint';
import { processWithOpen } from '../../src/cli/lock-holder';
import type { EitRecord, RunRecord } from '../../src/generated/record';
import { readInbox } from '../../src/ledger/inbox';
import { Skipped } from '../../src/ledger/record-line';
import { readPruned } from '../../src/ledger/pruned';
import { until } from '../cluster/until';
import { scaled } from '../scale';
import { AgentHome } from './agent-home';
import { noMounts, testUnless } from './hook-home';

const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const noFaketime = existsSync(FAKETIME) ? undefined : 'needs the package faketime';
const noFuse =
  noMounts ??
  (existsSync('/dev/fuse') && spawnSync('bindfs', ['--version']).status === 0
    ? undefined
    : 'needs /dev/fuse and the package bindfs');
const noFreeze =
  noMounts ??
  (spawnSync('mkfs.ext4', ['-V']).status === 0 && spawnSync('losetup', ['-f']).status === 0
    ? undefined
    : 'needs mkfs.ext4 and loop devices');
const DAY_MS = 86_400_000;

let home: AgentHome;
const mounts: string[] = [];
const children: ChildProcess[] = [];
const frozen: string[] = [];
/** A ledger on shared storage, as far as EIT can tell: not below var_dir, so it never makes it. */
let ledger: string;

beforeEach(() => {
  home = new AgentHome();
  ledger = join(home.dir, 'shared/ledger');
  home.configure(['cluster: lab', `ledger: ${ledger}`]);
  mkdirSync(ledger, { recursive: true });
});
afterEach(async () => {
  thaw();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  killShipper();
  for (const dir of mounts.splice(0).toReversed()) spawnSync('umount', ['-l', dir]);
  await home.remove();
});

function thaw(): void {
  for (const dir of frozen.splice(0)) spawnSync('fsfreeze', ['-u', dir]);
}

/** As /proc/PID/task/TID/stat has them: D is one that waits in the kernel and takes no signal. */
function threadStates(pid: number): string[] {
  const dir = `/proc/${pid}/task`;
  if (!existsSync(dir)) return [];
  return readdirSync(dir).map(
    (tid) => /\) (\S)/.exec(readFileSync(`${dir}/${tid}/stat`, 'latin1'))?.[1] ?? '',
  );
}

/** Mounts a memory file system of so many kilobytes. */
function mountSmall(dir: string, kilobytes: number): void {
  mkdirSync(dir, { recursive: true });
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', dir]).status).toBe(0);
  mounts.push(dir);
}

function remount(dir: string, how: 'ro' | 'rw'): void {
  expect(spawnSync('mount', ['-o', `remount,${how}`, dir]).status).toBe(0);
}

const shipper = () => processWithOpen(join(home.spoolDir, '.shipper/lock'), '/proc')?.pid ?? null;
function killShipper(): void {
  const pid = shipper();
  if (pid !== null) process.kill(pid, 'SIGKILL');
}

async function inbox(fromMs = Date.now() - 30 * DAY_MS): Promise<{ records: EitRecord[]; skipped: Skipped }> {
  const skipped = new Skipped();
  const records: EitRecord[] = [];
  const query = { fromMs, toMs: Date.now() + 30 * DAY_MS, skipped };
  for await (const record of readInbox(ledger, query)) records.push(record);
  return { records, skipped };
}

const oldHosts = async () =>
  (await inbox(0)).records.filter(({ instance, kind }) => kind === 'host' && instance.startsWith('2026010'));
/** Each line as it lies in the ledger, repetitions too. */
const rawLines = () =>
  readdirSync(ledger, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ndjson'))
    .flatMap((file) => readFileSync(join(ledger, file), 'utf8').split('\n').slice(0, -1));

function configureSpool(megabytes: number): void {
  home.configure(['cluster: lab', `ledger: ${ledger}`, `spool_max_mb: ${megabytes}`]);
}

interface Books {
  readonly counterUj: number;
  readonly givenUj: number;
  readonly givenToRunsUj: number;
  readonly runsUj: number;
}

/** Of records: what the counter grew by, what hosts' lines gave out, to runs and in all, and what runs' lines hold (policy usage). */
function books(records: readonly EitRecord[]): Books {
  const sums = { counterUj: 0, givenUj: 0, givenToRunsUj: 0, runsUj: 0 };
  for (const record of records) {
    if (record.kind === 'run') sums.runsUj += record.measured_uj['package-0']?.[0] ?? 0;
    if (record.kind !== 'host') continue;
    const { counter_uj, runs_uj, idle_uj, system_uj } = record.domains['package-0']!;
    sums.counterUj += counter_uj;
    sums.givenToRunsUj += runs_uj[0];
    sums.givenUj += runs_uj[0] + idle_uj[0] + system_uj[0];
  }
  return sums;
}

/** Waits until the ledger's records, each once, hold so many joules of the counter; then they may hold no more. */
async function arrived(energyJ: number, boundMs = 45_000): Promise<EitRecord[]> {
  let records: EitRecord[] = [];
  await until(
    `${energyJ} J in the ledger`,
    boundMs,
    async () => {
      if (!existsSync(ledger)) return undefined;
      ({ records } = await inbox());
      return books(records).counterUj >= energyJ * 1e6 || undefined;
    },
    () => `${JSON.stringify(books(records))}\n${home.agentLog()}`,
  );
  // What is still under way must not make it more.
  await sleep(2500);
  ({ records } = await inbox());
  expect(books(records)).toMatchObject({ counterUj: energyJ * 1e6, givenUj: energyJ * 1e6 });
  return records;
}

/** Waits until the agent has read the counters after now, by what it writes to the disk of its own. */
async function ticked(): Promise<void> {
  const from = Date.now();
  const readAtMs = () => readCheckpoint(home.varDir)?.state.at?.wallMs ?? 0;
  await until(
    'a reading',
    20_000,
    () => readAtMs() > from || undefined,
    () => home.agentLog(),
  );
}

const logged = (text: string) => home.agentLog().split(text).length - 1;
const spent = async (energyJ: number, busyS = 1) => {
  home.spend(energyJ, busyS);
  await sleep(1300);
};

test('agent and shipper killed at random instants: no joule is lost, none counted twice', async () => {
  await home.start();
  home.hook('prolog', 7);
  await ticked();
  const kills = scaled(9, 500);
  let [spentJ, cpuS] = [0, 0];
  for (let kill = 0; kill < kills; kill++) {
    cpuS += 2;
    home.setCpu(7, cpuS);
    home.spend(50, 2);
    spentJ += 50;
    await sleep(Math.random() * 1500);
    // The agent with or without its shipper, or the shipper alone.
    if (kill % 3 !== 0) killShipper();
    if (kill % 3 !== 1) {
      await home.end('SIGKILL');
      await home.start();
    }
  }
  await ticked();
  home.removeCgroup(7);
  home.hook('epilog', 7);
  await arrived(spentJ, 400_000);
  await home.end('SIGTERM');
  // All that is in the spool, which keeps a week, is in the ledger, as it is there.
  const missing = async () => {
    const byIdentity = new Map((await inbox()).records.map((one) => [`${one.instance}/${one.seq}`, one]));
    return home.spooled().filter((one) => {
      const there = byIdentity.get(`${one.instance}/${one.seq}`);
      if (there !== undefined) expect(there).toEqual(one);
      return there === undefined;
    });
  };
  await until('the last records', 400_000, async () => (await missing()).length === 0 || undefined);
  const { records } = await inbox();
  const { runsUj, ...ofHost } = books(records);
  // A reading may fall between the job's CPU time and the host's energy: then some of it is nobody's.
  expect(runsUj).toBeGreaterThan(0.5 * spentJ * 1e6);
  expect(ofHost).toEqual({ counterUj: spentJ * 1e6, givenUj: spentJ * 1e6, givenToRunsUj: runsUj });
  expect(records.filter((one) => one.kind === 'run' && one.end !== undefined)).toHaveLength(1);
});

testUnless(noMounts)(
  'a spool’s disk that fills up: records wait in memory and arrive when there is room',
  async () => {
    mountSmall(home.spoolDir, 256);
    await home.start();
    await ticked();
    await spent(10);
    writeFileSync(join(home.spoolDir, 'ballast'), fullOf(home.spoolDir));
    await spent(20);
    await until('the error', 20_000, () => logged('kept in memory and tried again') > 0 || undefined);
    await spent(30);
    await home.end('SIGKILL');
    await home.start();
    await spent(40);
    rmSync(join(home.spoolDir, 'ballast'));
    await arrived(100);
    expect(logged('records are written again')).toBeGreaterThan(0);
  },
);

testUnless(noMounts)(
  'a ledger that fills up in the middle of a line, and one that is read-only',
  async () => {
    mountSmall(ledger, 128);
    await home.start();
    await ticked();
    await spent(10);
    await arrived(10);
    writeFileSync(join(ledger, 'ballast'), fullOf(ledger));
    await spent(20);
    await until('the error', 20_000, () => logged('ENOSPC') > 0 || undefined);
    rmSync(join(ledger, 'ballast'));
    await arrived(30);
    remount(ledger, 'ro');
    await spent(30);
    await until('the error', 20_000, () => logged('EROFS') > 0 || undefined);
    // The shipper's end, which it cannot say at the ledger, must not keep the next one out.
    killShipper();
    await spent(40);
    remount(ledger, 'rw');
    await arrived(100);
    expect((await inbox()).skipped.total).toBe(0);
  },
);

test('a ledger that goes away and comes back: nothing is made in its place', async () => {
  await home.start();
  await ticked();
  await spent(10);
  await arrived(10);
  renameSync(ledger, `${ledger}.away`);
  await spent(20);
  await until('the error', 20_000, () => logged('is it mounted?') > 0 || undefined);
  expect(existsSync(ledger)).toBe(false);
  await home.end('SIGKILL');
  await home.start();
  await spent(30);
  renameSync(`${ledger}.away`, ledger);
  await arrived(60);
});

testUnless(noFuse)(
  'a ledger whose server does not answer holds up the shipper alone, also over a restart of the agent',
  async () => {
    const real = join(home.dir, 'real');
    mkdirSync(real);
    const bindfs = spawn('bindfs', ['-f', '--no-allow-other', real, ledger], { stdio: 'ignore' });
    mounts.push(ledger);
    children.push(bindfs);
    await until('the mount', 10_000, () => spawnSync('mountpoint', ['-q', ledger]).status === 0 || undefined);
    await home.start();
    home.hook('prolog', 7);
    await ticked();
    home.setCpu(7, 1);
    await spent(10);
    await arrived(10);

    bindfs.kill('SIGSTOP');
    home.setCpu(7, 2);
    await spent(20);
    await sleep(3000);
    const hung = shipper();
    expect(hung).not.toBeNull();
    await ticked();
    await home.end('SIGTERM');
    // It hangs on, and holds its lock: the next agent starts no other, and measures.
    await home.start();
    expect(shipper()).toBe(hung);
    home.setCpu(7, 3);
    await spent(30);
    await ticked();
    home.removeCgroup(7);
    home.hook('epilog', 7);
    await until('the event to be taken', 20_000, () => home.events().length === 0 || undefined);
    expect(shipper()).toBe(hung);

    bindfs.kill('SIGCONT');
    const records = await arrived(60);
    const { runsUj, givenToRunsUj } = books(records);
    expect(runsUj).toBe(givenToRunsUj);
    expect(runsUj).toBeGreaterThan(0);
  },
);

testUnless(noFreeze)(
  'a shipper that not even SIGKILL ends: no second one writes, and nothing is lost',
  async () => {
    const image = join(home.dir, 'image');
    writeFileSync(image, '');
    truncateSync(image, 16 << 20);
    expect(spawnSync('mkfs.ext4', ['-q', image]).status).toBe(0);
    expect(spawnSync('mount', ['-o', 'loop', image, ledger]).status).toBe(0);
    mounts.push(ledger);
    await home.start();
    await ticked();
    await spent(10);
    await arrived(10);

    // What writes there now waits in the kernel.
    expect(spawnSync('fsfreeze', ['-f', ledger]).status).toBe(0);
    frozen.push(ledger);
    await spent(20);
    const inKernel = () => {
      const pid = shipper();
      return pid !== null && threadStates(pid).includes('D') ? pid : undefined;
    };
    const hung = await until('the shipper to hang', 20_000, inKernel);
    process.kill(hung, 'SIGKILL');
    await home.end('SIGKILL');
    await home.start();
    await spent(30);
    await ticked();
    // Dead but for the write it waits in, it still holds its lock.
    await sleep(11_000);
    const lock = join(home.spoolDir, '.shipper/lock');
    expect(spawnSync('flock', ['-n', lock, 'true']).status).toBe(1);
    expect(threadStates(hung)).toContain('D');

    thaw();
    await arrived(60);
    expect(shipper()).not.toBe(hung);
  },
);

testUnless(noFaketime)(
  'a host whose clock is moved back and forth: no joule is lost or counted twice',
  async () => {
    const clock = new MovedClock(home);
    await clock.start();
    await sleep(1500);
    for (const offset of ['+2h', '-1d', '+0', '+3d', '-10m', '+0']) {
      await spent(10);
      clock.move(offset);
      await sleep(1500);
    }
    await spent(10);
    await arrived(70, 90_000);
  },
);

testUnless(noFaketime)(
  'a host that returns after three days brings what it had not carried over',
  async () => {
    const clock = new MovedClock(home);
    renameSync(ledger, `${ledger}.away`);
    clock.move('-3d');
    await clock.start();
    await sleep(1500);
    home.hook('prolog', 7);
    await sleep(1500);
    home.setCpu(7, 1);
    await spent(10);
    await home.end('SIGKILL');
    killShipper();
    // The host was off: another boot, whose counter begins anew.
    const file = join(home.varDir, 'agent-checkpoint.json');
    const checkpoint = JSON.parse(readFileSync(file, 'utf8')) as { boot: string };
    writeFileSync(file, JSON.stringify({ ...checkpoint, boot: 'ffffffff' }));
    home.energyUj = 0;
    home.spend(0, 0);
    clock.move('+0');
    renameSync(`${ledger}.away`, ledger);
    await clock.start();
    await sleep(1500);
    await spent(20);
    const records = await arrived(30);
    const ended = records.find((one) => one.kind === 'run' && one.end !== undefined);
    expect(ended).toMatchObject({ job: 7, end: { by: 'reboot' } });
    expect(Date.now() - Date.parse(ended!.to)).toBeGreaterThan(2.9 * DAY_MS);
    expect(existsSync(join(ledger, 'lab/inbox', ended!.to.slice(0, 10)))).toBe(true);
  },
);

test('an agent that is started after its spool was pruned: energy is what went last, and no sequence number comes twice', async () => {
  configureSpool(1);
  renameSync(ledger, `${ledger}.away`);
  await home.start();
  home.hook('prolog', 7);
  await ticked();
  home.setCpu(7, 1);
  await spent(10);
  await home.end('SIGKILL');
  // Days without the ledger, as this host would have had them: each kind has its share.
  const [of = null] = home.spooled().filter(({ kind }) => kind === 'host');
  const old = (day: string, kind: '' | '.series', record: object) => {
    const lines = Array.from(
      { length: kind === '' ? 250 : 600 },
      (_, seq) => `${JSON.stringify({ ...record, seq })}\n`,
    );
    writeFileSync(join(home.spoolDir, `lab/${day}${kind}.0.ndjson`), lines.join(''));
  };
  const run = home.spooled().find(({ kind }) => kind === 'run') as RunRecord;
  const { cluster, host, boot, tool, node, job, started } = run;
  for (const day of ['2026-01-01', '2026-01-02']) {
    const times = {
      instance: `${day.replaceAll('-', '')}abcd`,
      from: `${day}T00:00:00.000Z`,
      to: `${day}T00:05:00.000Z`,
    };
    const series = {
      power_w: { 'package-0': Array<number>(60).fill(99.5) },
      cpus_busy: Array<number>(60).fill(1),
    };
    const end_ms = Array.from({ length: 60 }, (_, i) => i * 10_000);
    old(day, '', { ...of, ...times, domains: {}, context: { looks: 1 } });
    old(day, '.series', {
      schema: 1,
      kind: 'series',
      cluster,
      host,
      boot,
      tool,
      node,
      job,
      started,
      ...times,
      instance: `${day.replaceAll('-', '')}ef01`,
      end_ms,
      ...series,
    });
  }
  await home.start();
  await until('the pruning', 20_000, () => logged('the spool is larger than spool_max_mb') > 0 || undefined);
  const pruned = readPruned(home.spoolDir)!;
  expect(pruned.seriesLines).toBeGreaterThan(0);
  expect(pruned).toMatchObject({ energyLines: 0, hostUj: 0 });
  home.setCpu(7, 2);
  await spent(20);
  await home.end('SIGKILL');
  await home.start();
  renameSync(`${ledger}.away`, ledger);
  home.removeCgroup(7);
  home.hook('epilog', 7);
  await arrived(30);
  await until('the old ones', 20_000, async () => (await oldHosts()).length === 500 || undefined);
  // Whatever instance wrote it: readInbox gives each identity once, so what lies there twice has to be the same line.
  const lines = new Map<string, string>();
  for (const line of rawLines()) {
    const { instance, seq } = JSON.parse(line) as EitRecord;
    expect(lines.get(`${instance}/${seq}`) ?? line).toBe(line);
    lines.set(`${instance}/${seq}`, line);
  }
});

/** An agent with its children whose clock is not the machine's; how long things take stays true. */
class MovedClock {
  readonly #home: AgentHome;
  readonly #file: string;

  constructor(of: AgentHome) {
    this.#home = of;
    this.#file = join(of.dir, 'clock');
    this.move('+0');
  }

  move(offset: string): void {
    writeFileSync(this.#file, `${offset}\n`);
  }

  async start(): Promise<void> {
    await this.#home.start({
      env: {
        LD_PRELOAD: FAKETIME,
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
        FAKETIME_TIMESTAMP_FILE: this.#file,
        FAKETIME_NO_CACHE: '1',
        NO_FAKE_STAT: '1',
      },
    });
  }
}

/** As much as still fits; the last bytes are left to no one. */
function fullOf(dir: string): Buffer {
  const { stdout } = spawnSync('stat', ['-f', '-c', '%a %S', dir], { encoding: 'utf8' });
  const [blocks = 0, size = 0] = stdout.trim().split(' ').map(Number);
  return Buffer.alloc(blocks * size);
}
