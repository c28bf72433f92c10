import fc from 'fast-check';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  lstatSync,
  lutimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EitRecord } from '../../src/generated/record';
import type { EitReport } from '../../src/generated/report';
import type { ReportQuery } from '../../src/report/aggregate';
import { scaled } from '../scale';
import { TestLedger } from '../unit/archive/compacted';
import { anyLife } from '../unit/archive/random-life';
import { WHOLE } from '../unit/archive/random-query';
import { noMounts, testUnless } from './hook-home';
import { LedgerCommand } from './ledger-command';

const CLUSTER = 'alpha';
const QUERIES: Partial<ReportQuery>[] = [
  { ...WHOLE, groupBy: ['job'] },
  { ...WHOLE, groupBy: ['user', 'month', 'cluster'], policy: 'allocation' },
  { ...WHOLE, groupBy: ['node', 'day'], policy: 'hybrid' },
];
// Each command and each report takes a second, more beside other work.
jest.setTimeout(scaled(600_000, 3_600_000));

const records = largest(fc.sample(anyLife, { seed: 7, numRuns: 20 }));

let command: LedgerCommand;
let expected: EitReport[];
beforeAll(async () => {
  command = new LedgerCommand();
  const plain = someLedger();
  expected = await reports(plain);
  plain.remove();
  expect(expected[0]?.total.energy_kwh.it).toBeGreaterThan(0);
});
afterAll(() => command.remove());

/** Always the same: some days of three hosts, with lines that are none. */
function someLedger(): TestLedger {
  const ledger = new TestLedger();
  ledger.ship(records);
  const [first, second] = records;
  ledger.damage(first!, `no record\n${'x'.repeat(1_100_000)}\nno record\n`);
  ledger.damage(second!, '\n{"half');
  ledger.ship([second!]);
  return ledger;
}

async function reports(ledger: TestLedger): Promise<EitReport[]> {
  const found: EitReport[] = [];
  for (const query of QUERIES) found.push(await ledger.report(query));
  return found;
}

function largest(lives: readonly (readonly EitRecord[])[]): readonly EitRecord[] {
  const alpha = lives.map((life) => life.filter(({ cluster }) => cluster === CLUSTER));
  return alpha.reduce((a, b) => (b.length > a.length ? b : a));
}

/** As after five minutes without a sign of who holds them. */
function ageLocks(ledger: string): void {
  const longAgo = new Date(Date.now() - 600_000);
  const folders = [ledger, ...readdirSync(ledger).map((name) => join(ledger, name))];
  const names = folders.flatMap((dir) =>
    lstatSync(dir).isDirectory() && !dir.endsWith('.lock')
      ? readdirSync(dir).map((name) => join(dir, name))
      : [],
  );
  // A host's lock is a link to nowhere.
  for (const path of [...folders, ...names]) {
    if (path.endsWith('.lock')) lutimesSync(path, longAgo, longAgo);
  }
}

async function compacts(ledger: string): Promise<void> {
  expect(await command.run(ledger, 'compact')).toMatchObject({ status: 0 });
}

/** How long a compaction of the fixture takes here, now. */
async function usualMs(): Promise<number> {
  const ledger = someLedger();
  const beginMs = performance.now();
  await compacts(ledger.dir);
  ledger.remove();
  return performance.now() - beginMs;
}

/** Of all lines that compaction refused, those that `check` lists. */
async function refused(ledger: string): Promise<unknown[]> {
  const { status, stdout } = await command.run(ledger, 'check', '--json');
  expect(status).toBe(0);
  return (JSON.parse(stdout) as { refused: unknown[] }[]).flatMap(({ refused: lines }) => lines);
}

test('a compaction that is killed, again and again, at any moment, loses nothing and counts nothing twice', async () => {
  const longestMs = 1.1 * (await usualMs());
  const whole = someLedger();
  await compacts(whole.dir);
  const refusedOnce = await refused(whole.dir);
  whole.remove();
  expect(refusedOnce.length).toBeGreaterThan(0);

  let killed = 0;
  for (let nth = 0; nth < scaled(2, 84); nth++) {
    const ledger = someLedger();
    for (let kill = 0; kill < 6; kill++) {
      const { child, ended } = command.start(ledger.dir, ['compact']);
      await sleep(60 + Math.random() * longestMs);
      child.kill('SIGKILL');
      if ((await ended).signal === 'SIGKILL') killed++;
      const asked = kill % QUERIES.length;
      expect(await ledger.report(QUERIES[asked]!)).toEqual(expected[asked]);
      ageLocks(ledger.dir);
    }
    await compacts(ledger.dir);
    expect(await reports(ledger)).toEqual(expected);
    expect(await refused(ledger.dir)).toEqual(refusedOnce);
    ledger.remove();
  }
  expect(killed).toBeGreaterThan(0);
});

test('of two compactions at once one does it and the other one leaves', async () => {
  const ledger = someLedger();
  const outcomes = await Promise.all([
    command.run(ledger.dir, 'compact'),
    command.run(ledger.dir, 'compact'),
  ]);
  expect(outcomes.map(({ status }) => status).sort((a, b) => Number(a) - Number(b))).toEqual([0, 1]);
  expect(outcomes.find(({ status }) => status === 1)?.stderr).toContain('EIT_LEDGER_LOCKED');
  expect(await reports(ledger)).toEqual(expected);
  ledger.remove();
});

test('a compaction that stood still until another one took over commits nothing more', async () => {
  const longestMs = await usualMs();
  const refusals: string[] = [];
  for (let nth = 0; nth < scaled(2, 60); nth++) {
    const ledger = someLedger();
    const { child, ended } = command.start(ledger.dir, ['compact', '-M', CLUSTER]);
    const lockPath = join(ledger.dir, CLUSTER, '.compact.lock');
    while (!existsSync(lockPath) && child.exitCode === null) await sleep(1);
    await sleep((Math.random() * longestMs) / 3);
    child.kill('SIGSTOP');
    ageLocks(ledger.dir);
    await compacts(ledger.dir);
    child.kill('SIGCONT');
    const { status, stderr } = await ended;
    if (status !== 0) {
      expect(stderr).toContain('EIT_LEDGER_LOCKED');
      refusals.push(stderr);
    }
    expect(await reports(ledger)).toEqual(expected);
    await compacts(ledger.dir);
    expect(await reports(ledger)).toEqual(expected);
    ledger.remove();
  }
  expect(refusals.length).toBeGreaterThan(0);
});

test('compaction while the shipper appends', async () => {
  const source = someLedger();
  const ledger = new TestLedger();
  const whole = {
    ...WHOLE,
    groupBy: ['job'] as ReportQuery['groupBy'],
    filter: { clusters: new Set([CLUSTER]) },
  };
  const { total } = await source.report(whole);
  mkdirSync(join(ledger.dir, CLUSTER, 'inbox'), { recursive: true });
  const shipper = command.startProgram(process.execPath, [
    join(__dirname, 'shipping-loop.mjs'),
    command.bundled('src/ledger/append.ts'),
    command.bundled('src/ledger/durable.ts'),
    source.dir,
    ledger.dir,
    CLUSTER,
  ]);
  let takings = 0;
  let beforeKwh = 0;
  while (shipper.child.exitCode === null) {
    await compacts(ledger.dir);
    takings++;
    const { it } = (await ledger.report(whole)).total.energy_kwh;
    expect(it).toBeGreaterThanOrEqual(beforeKwh);
    expect(it).toBeLessThanOrEqual(total.energy_kwh.it);
    beforeKwh = it;
  }
  expect(await shipper.ended).toMatchObject({ status: 0, stderr: '' });
  expect(takings).toBeGreaterThan(1);
  await compacts(ledger.dir);
  expect(await ledger.report(whole)).toEqual(await source.report(whole));
  source.remove();
  ledger.remove();
});

/** Runs `eit ledger compact` on a copy of a ledger on a disk of its own, and copies back what is there then. */
async function onDisk(
  ledger: TestLedger,
  mount: string,
  then = ':',
): Promise<{ readonly status: number | null; readonly stderr: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'eit-disk-'));
  for (const name of ['disk', 'back']) mkdirSync(join(dir, name));
  const main = command.bundled('test/integration/ledger-main.ts');
  const script =
    `set -e; ${mount} ${dir}/disk; echo '{"ledger":"${dir}/disk/ledger"}' > ${dir}/eit.yaml; ` +
    `[ -e ${dir}/disk/ledger ] || cp -a ${ledger.dir} ${dir}/disk/ledger; cd ${dir}/disk; ${then}; cd /; ` +
    `status=0; EIT_CONFIG=${dir}/eit.yaml ${process.execPath} ${main} compact || status=$?; ` +
    `cp -a ${dir}/disk/ledger/. ${dir}/back/; exit $status`;
  const outcome = await command.startProgram('unshare', ['-m', 'sh', '-c', script]).ended;
  rmSync(ledger.dir, { recursive: true });
  cpSync(join(dir, 'back'), ledger.dir, { recursive: true, preserveTimestamps: true });
  rmSync(dir, { recursive: true });
  return outcome;
}

testUnless(noMounts)('where the disk fills, compaction says so, and nothing is lost', async () => {
  let full = 0;
  for (let nth = 0; nth < scaled(3, 100); nth++) {
    const ledger = someLedger();
    // What is there then: of the least no part can be written.
    const kb = nth === 0 ? 40 : 40 + Math.floor(Math.random() * 400);
    const { status, stderr } = await onDisk(
      ledger,
      'mount -t tmpfs -o size=64m tmpfs',
      `mount -o remount,size=$(($(df -k --output=used . | tail -n 1) + ${kb}))k .`,
    );
    if (status !== 0) {
      full++;
      expect({ kb, stderr }).toEqual({
        kb,
        stderr: expect.stringMatching(/EIT_LEDGER_UNWRITABLE: .*(ENOSPC|No space)/),
      });
    }
    expect(await reports(ledger)).toEqual(expected);
    ageLocks(ledger.dir);
    await compacts(ledger.dir);
    expect(await reports(ledger)).toEqual(expected);
    ledger.remove();
  }
  expect(full).toBeGreaterThan(0);
});

testUnless(noMounts)('a ledger that is read-only is said to be, and reports are as they were', async () => {
  const ledger = someLedger();
  const { status, stderr } = await onDisk(
    ledger,
    `f() { cp -a ${ledger.dir} $1/ledger; mount --bind $1 $1; mount -o remount,bind,ro $1; }; f`,
  );
  expect(status).toBe(1);
  expect(stderr).toMatch(/EIT_LEDGER_UNWRITABLE: .*EROFS/);
  expect(await reports(ledger)).toEqual(expected);
  ledger.remove();
});
