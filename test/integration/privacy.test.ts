import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { REPORT_LIMITS, sqlText, withDuckDb } from '../../src/archive/duckdb';
import { rowsOf } from '../../src/archive/part';
import { appendSeries } from '../../src/carbon/intensity-store';
import type { EitReport } from '../../src/generated/report';
import { CLUSTERS, missing, PrivateLedger, TOP, who, without } from './private-ledger';
import { mustRun, type TestUser } from './test-users';

if (missing !== undefined) {
  test.skip(`users read their own runs and nobody else's (skipped: ${missing})`, () => undefined);
} else {
  describe('a private ledger', () => {
    let it: PrivateLedger;
    let before: unknown;
    beforeAll(async () => {
      it = new PrivateLedger();
      const { stdout } = await it.report(null, ['-u', it.alice.name, '--json']);
      before = without(stdout);
      const done = await it.compact();
      expect(done).toMatchObject({ status: 0, stderr: '' });
    }, 120_000);
    afterAll(() => it.remove());

    const own = ({ uid }: TestUser, cluster = 'alpha') => join(it.ledger, cluster, 'by-user', String(uid));

    test('lets a user read what is his and what is nobody’s secret, and list his own folder only', async () => {
      const common = CLUSTERS.flatMap((cluster) =>
        readdirSync(join(it.ledger, cluster, 'by-user'))
          .filter((name) => !/^\d+$/.test(name))
          .map((name) => `${cluster}/by-user/${name}`),
      );
      expect(
        common.filter(
          (path) => !/\/(index\.json|(hardware|hosts-\d{4}-\d\d)-[0-9a-f]{16}\.parquet)$/.test(path),
        ),
      ).toEqual([]);
      const hers = CLUSTERS.flatMap((cluster) => it.files(own(it.alice, cluster), '.parquet'));
      const his = ['alpha', 'epsilon'].flatMap((cluster) => it.files(own(it.bob, cluster), '.parquet'));
      expect(hers.map((path) => path.slice(it.ledger.length + 1))).toEqual([
        `alpha/by-user/${it.alice.uid}/2026-01.parquet`,
        `beta/by-user/${it.alice.uid}/2026-01.parquet`,
        `epsilon/by-user/${it.alice.uid}/2026-03.parquet`,
      ]);
      const below = (paths: string[]) => paths.map((path) => path.slice(it.ledger.length + 1));
      expect(await it.readable(it.alice)).toEqual([...common, ...below(hers), 'clusters.json'].sort());
      expect(await it.readable(it.bob)).toEqual([...common, ...below(his), 'clusters.json'].sort());
      expect(await it.listable(it.alice)).toEqual(
        CLUSTERS.map((cluster) => `${cluster}/by-user/${it.alice.uid}`),
      );
      // Root and the ledger's user could read more: there is something to be kept from her.
      expect(it.files(it.ledger, '.ndjson').length).toBeGreaterThan(0);
      expect(it.files(join(it.ledger, 'alpha/parts'), '.parquet').length).toBeGreaterThan(0);
    });

    test('tells everybody what hosts are made of, of all that can be told', async () => {
      const models = ['-o', 'JobID,CPUModel,GPUModel', '-M', 'epsilon'];
      const { stdout } = await it.report(it.alice, models);
      expect(stdout).toMatch(/NVIDIA|AMD|Intel/);
      expect(stdout).toBe((await it.report(null, ['-u', it.alice.name, ...models])).stdout);
    });

    test('gives a user the report that root gets of her, to the digit', async () => {
      for (const more of [
        [],
        ['--group-by', 'day'],
        ['--group-by', 'account,partition'],
        ['--policy', 'hybrid'],
      ]) {
        const hers = await it.report(it.alice, ['--json', ...more]);
        expect(hers).toMatchObject({ status: 0, stderr: '' });
        const roots = await it.report(null, ['-u', it.alice.name, '--json', ...more]);
        expect(without(hers.stdout)).toEqual(without(roots.stdout));
        if (more.length === 0) expect(without(hers.stdout)).toEqual(before);
      }
      expect((before as { total: { jobs: number } }).total.jobs).toBeGreaterThan(2);
    });

    test.each([
      ['-u bob', (): string[] => ['-u', it.bob.name]],
      ['-u UID', (): string[] => ['-u', String(it.bob.uid)]],
      ['-u alice,bob', (): string[] => ['-u', `${it.alice.name},${it.bob.name}`]],
      ['-a', (): string[] => ['-a']],
    ])('tells who asks for others (%s) that they are not his to read', async (_, args) => {
      const { status, stdout, stderr } = await it.report(it.alice, args());
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toContain('EIT_LEDGER_UNREADABLE: you may read your own runs only');
    });

    test('gives her no run of his by job, account or partition', async () => {
      for (const args of [
        ['-j', '103'],
        ['-A', 'biology'],
        ['-r', 'gpu', '-M', 'alpha'],
      ]) {
        const { stdout } = await it.report(it.alice, ['--json', ...args]);
        expect(JSON.parse(stdout)).toMatchObject({ groups: [], total: { jobs: 0 } });
      }
    });

    test('is closed to cat, DuckDB, links and /proc', async () => {
      const his = join(own(it.bob), '2026-01.parquet');
      const part = it.files(join(it.ledger, 'alpha/parts'), '.parquet')[0] ?? '';
      const inbox = it.files(join(it.ledger, 'alpha/inbox'), '.ndjson')[0] ?? '';
      const home = join(it.dir, 'alice');
      mkdirSync(home);
      chownSync(home, it.alice.uid, it.alice.gid);
      const duck = `
        const { DuckDBInstance } = require(${JSON.stringify(join(TOP, 'node_modules/@duckdb/node-api'))});
        DuckDBInstance.create(':memory:').then((db) => db.connect())
          .then((c) => c.runAndReadAll("SELECT count(*) FROM read_parquet('" + process.argv[1] + "')"))
          .then((r) => console.log(String(r.getRows()[0][0])), (e) => { console.error(e.message); process.exit(3); });`;
      for (const target of [his, part, inbox]) {
        expect(await it.as(it.alice, 'cat', target)).toMatchObject({ status: 1, stdout: '' });
        const link = join(home, 'link');
        expect((await it.as(it.alice, 'ln', '-s', target, link)).status).toBe(0);
        expect(await it.as(it.alice, 'cat', link)).toMatchObject({ status: 1, stdout: '' });
        rmSync(link);
        expect((await it.as(it.alice, 'ln', target, link)).status).not.toBe(0);
        expect((await it.as(it.alice, 'mv', target, link)).status).not.toBe(0);
        expect((await it.as(it.alice, 'stat', target)).status).not.toBe(0);
      }
      expect(await it.as(it.alice, process.execPath, '-e', duck, his)).toMatchObject({
        status: 3,
        stdout: '',
      });
      const herOwn = await it.as(
        it.alice,
        process.execPath,
        '-e',
        duck,
        join(own(it.alice), '2026-01.parquet'),
      );
      expect(Number(herOwn.stdout)).toBeGreaterThan(0);

      // What a process of bob's has open is not hers to open again.
      const holder = spawn('sh', ['-c', 'exec 9<"$0" && echo "$$" && read end', his], who(it.bob));
      const [pid] = (await once(holder.stdout, 'data')) as [Buffer];
      const again = await it.as(it.alice, 'cat', `/proc/${String(pid).trim()}/fd/9`);
      expect(again).toMatchObject({ status: 1, stdout: '' });
      expect((await it.as(it.bob, 'cat', `/proc/${String(pid).trim()}/fd/9`)).status).toBe(0);
      holder.stdin.end();
      await once(holder, 'close');
    });

    test('takes nothing from a user: no file, no folder, no change of rights', async () => {
      const places = [
        it.ledger,
        join(it.ledger, 'alpha'),
        join(it.ledger, 'alpha/inbox'),
        join(it.ledger, 'alpha/by-user'),
        own(it.alice),
      ];
      for (const place of places) {
        const mine = join(place, '2026-02.parquet');
        expect((await it.as(it.alice, 'touch', mine)).status).not.toBe(0);
        expect((await it.as(it.alice, 'mkdir', mine)).status).not.toBe(0);
        expect((await it.as(it.alice, 'ln', '-s', '/etc/passwd', mine)).status).not.toBe(0);
        expect((await it.as(it.alice, 'setfacl', '-m', `u:${it.bob.uid}:rwx`, place)).status).not.toBe(0);
        expect((await it.as(it.alice, 'chmod', '0777', place)).status).not.toBe(0);
      }
      const hers = join(own(it.alice), '2026-01.parquet');
      expect((await it.as(it.alice, 'sh', '-c', `echo x >>"$0"`, hers)).status).not.toBe(0);
      expect((await it.as(it.alice, 'rm', '-f', hers)).status).not.toBe(0);
    });

    test('is open to an admin, whose report is root’s, but for the inbox and the state', async () => {
      const hers = await it.report(it.ada, ['--json']);
      expect(hers).toMatchObject({ status: 0, stderr: '' });
      const roots = await it.report(null, ['--json']);
      expect(without(hers.stdout)).toEqual(without(roots.stdout));
      const readable = await it.readable(it.ada);
      expect(readable.filter((path) => /inbox|state|aside|by-user\/\d/.test(path))).toEqual([]);
      expect(readable).toEqual(expect.arrayContaining(['alpha/manifest.json']));
    });

    test('who is no admin any more is shut out by the next compaction, a new one let in', async () => {
      it.configure({ admins: [it.bob.name] });
      expect(await it.compact()).toMatchObject({ status: 0 });
      const refused = await it.report(it.ada, ['-a']);
      expect(refused.stderr).toContain('EIT_LEDGER_UNREADABLE');
      expect((await it.readable(it.ada)).filter((path) => /parts|manifest/.test(path))).toEqual([]);
      expect((await it.report(it.bob, ['-a', '--json'])).status).toBe(0);
      it.configure({});
      expect(await it.compact()).toMatchObject({ status: 0 });
      expect((await it.report(it.bob, ['-a'])).status).toBe(1);
    });

    test('lets a coordinator read the totals of his account, as root has them, and no job of it or its id', async () => {
      it.configure({
        coordinators: { biology: [it.ada.name, it.alice.name], 'a/../b': [it.alice.name] },
        admins: [],
      });
      expect(await it.compact()).toMatchObject({ status: 0 });
      for (const keys of ['user,partition', 'day,user', 'account,month']) {
        const args = ['-a', '-A', 'biology', '--group-by', keys, '--json'];
        const hers = await it.report(it.alice, args);
        expect(hers).toMatchObject({ status: 0, stderr: '' });
        const roots = await it.report(null, args);
        const [told, known] = [hers, roots].map(
          ({ stdout }) => JSON.parse(stdout) as Record<string, unknown>,
        );
        expect([told?.['groups'], told?.['total']]).toEqual([known?.['groups'], known?.['total']]);
        expect((told as { total: { jobs: number } }).total.jobs).toBeGreaterThan(2);
      }
      // Her own runs have the intensity of their hours; of the account she is told days.
      const hour = (at: number, gPerKwh: number) => ({
        ...{ zone: 'WORLD', basis: 'average-lifecycle' as const, flow: 'consumption' as const },
        start: new Date(at).toISOString(),
        end: new Date(at + 3_600_000).toISOString(),
        g_per_kwh: gPerKwh,
        ...{ source: 'a test', estimated: false, fetched_at: '2026-03-01T00:00:00.000Z' },
      });
      const series = join(it.ledger, '_intensity');
      const begin = Date.parse('2026-01-01T00:00:00Z');
      const hours = Array.from({ length: 31 * 24 }, (_, i) => hour(begin + i * 3_600_000, 10 + i));
      await appendSeries(series, 'WORLD', hours);
      const byHour = ['-S', '2026-01-01', '-E', '2026-02-01', '--group-by', 'user', '--json'];
      const hersAlone = ['-u', it.alice.name, ...byHour];
      const [hersByHour, rootsByHour, ofAccount] = [
        await it.report(it.alice, hersAlone),
        await it.report(null, hersAlone),
        await it.report(it.alice, ['-a', '-A', 'biology', ...byHour]),
      ].map(({ stdout, stderr }) => ({ report: JSON.parse(stdout) as EitReport, stderr }));
      expect(rootsByHour!.report.factors.intensity_by_origin?.series).toBeGreaterThan(0);
      expect(hersByHour!.report.total).toEqual(rootsByHour!.report.total);
      expect(ofAccount!.stderr).toContain(
        "an account's totals tell no hours: CO2e is by the average of the year",
      );
      expect(ofAccount!.report.total.energy_kwh.total).toBeGreaterThan(0);
      expect(ofAccount!.report.factors.intensity_by_origin).toBeUndefined();
      rmSync(series, { recursive: true });

      const files = it.files(join(it.ledger, 'alpha/by-account/biology'), '.parquet');
      const ids = await withDuckDb(REPORT_LIMITS, (connection) =>
        rowsOf(
          connection,
          `SELECT DISTINCT job::VARCHAR AS job, run_key FROM read_parquet([${files.map(sqlText).join(', ')}])`,
        ),
      );
      expect(ids.length).toBeGreaterThanOrEqual(3);
      expect(JSON.stringify(ids)).not.toMatch(/"10[346]"/);
      const jobs = await it.report(it.alice, ['-a', '-A', 'biology', '--group-by', 'job']);
      expect(jobs).toMatchObject({ status: 2, stdout: '' });
      expect(jobs.stderr).toContain('EIT_USAGE: of an account you may read its totals by whole days');
      expect((await it.report(it.alice, ['-a', '-A', 'biology,physics'])).status).toBe(1);
      expect((await it.report(it.bob, ['-a', '-A', 'biology'])).stderr).toContain('EIT_LEDGER_UNREADABLE');
      expect((await it.readable(it.bob)).filter((path) => path.includes('by-account'))).toEqual([]);
      expect((await it.readable(it.alice)).filter((path) => path.includes('parts/'))).toEqual([]);
      expect(readdirSync(join(it.ledger, 'alpha/by-account')).sort()).toEqual(['a%2F%2E%2E%2Fb', 'biology']);

      it.configure({});
      expect(await it.compact()).toMatchObject({ status: 0 });
      expect((await it.readable(it.alice)).filter((path) => path.includes('by-account'))).toEqual([]);
      expect((await it.report(it.alice, ['-a', '-A', 'biology'])).status).toBe(1);
    });

    const spoilt: [string, () => void][] = [
      ['a file’s list is stripped', () => mustRun('setfacl', ['-b', join(own(it.alice), '2026-01.parquet')])],
      ['a folder’s list is stripped', () => mustRun('setfacl', ['-b', own(it.alice)])],
      ['a folder is opened', () => chmodSync(own(it.alice), 0o755)],
      [
        'somebody else is let in',
        () => mustRun('setfacl', ['-R', '-m', `u:${it.bob.uid}:rX`, own(it.alice)]),
      ],
      ['parts are opened', () => mustRun('chmod', ['-R', 'a+rX', join(it.ledger, 'alpha')])],
      ['the ledger is opened', () => chmodSync(it.ledger, 0o755)],
    ];
    test.each(spoilt)('%s: the next compaction mends it', async (_, spoil) => {
      const [hers, his] = [await it.readable(it.alice), await it.readable(it.bob)];
      const listable = await it.listable(it.bob);
      spoil();
      const isSpoilt = async () =>
        JSON.stringify([
          await it.readable(it.alice),
          await it.readable(it.bob),
          await it.listable(it.bob),
        ]) !== JSON.stringify([hers, his, listable]);
      expect(await isSpoilt()).toBe(true);
      expect(await it.compact()).toMatchObject({ status: 0 });
      expect(await isSpoilt()).toBe(false);
    });

    test('by whom it does not belong to, compaction publishes nothing', async () => {
      expect((await it.compact(it.ada)).status).toBe(1);
    });

    test('new lines of a month make her file anew, and his stays', async () => {
      const [hers, his] = [it.alice, it.bob].map((user) => join(own(user), '2026-01.parquet')) as [
        string,
        string,
      ];
      const inodes = () => [statSync(hers).ino, statSync(his).ino];
      const [ino, hisIno] = inodes();
      const file = join(it.ledger, 'alpha/inbox/2026-01-31/a1.ndjson');
      const line =
        readFileSync(file, 'utf8')
          .split('\n')
          .find((text) => text.includes(it.alice.name)) ?? '';
      const late = { ...(JSON.parse(line) as object), job: 9999, instance: 'f'.repeat(12), seq: 0 };
      writeFileSync(file, `${JSON.stringify(late)}\n`, { flag: 'a' });
      expect(await it.compact()).toMatchObject({ status: 0 });
      expect(inodes()[0]).not.toBe(ino);
      expect(inodes()[1]).toBe(hisIno);
      const report = await it.report(it.alice, ['-j', '9999', '--json']);
      expect(JSON.parse(report.stdout)).toMatchObject({ total: { jobs: 1 } });
      expect((await it.readable(it.bob)).filter((path) => path.includes(`/${it.alice.uid}/`))).toEqual([]);
    });

    test('open: everybody reads what was compacted, and nobody the inbox', async () => {
      it.configure({ privacy: 'open' });
      expect(await it.compact()).toMatchObject({ status: 0 });
      const roots = await it.report(null, ['--json', '-a', '--group-by', 'user']);
      const hers = await it.report(it.alice, ['--json', '-a', '--group-by', 'user']);
      const { groups } = without(hers.stdout) as { groups: unknown };
      expect(groups).toEqual((without(roots.stdout) as { groups: unknown }).groups);
      expect((await it.readable(it.alice)).filter((path) => /inbox|state|aside/.test(path))).toEqual([]);
      it.configure({});
      expect(await it.compact()).toMatchObject({ status: 0 });
      expect((await it.report(it.alice, ['-a'])).status).toBe(1);
    });

    test('on a file system without access lists: nothing is published, and what to do is said', async () => {
      const bare = join(it.dir, 'bare');
      mkdirSync(bare);
      mustRun('mount', ['-t', 'ramfs', 'none', bare]);
      try {
        const ledger = join(bare, 'ledger');
        it.fill(ledger);
        it.configure({ ledger });
        const { status, stderr } = await it.compact();
        expect(status).toBe(1);
        expect(stderr).toMatch(/EIT_PRIVACY: nothing is published for users: .*keeps no access lists/);
        expect(stderr).toContain('privacy: open');
        expect(existsSync(join(ledger, 'alpha/by-user'))).toBe(false);
        // What was taken is safe and the owner's.
        expect(existsSync(join(ledger, 'alpha/manifest.json'))).toBe(true);
        expect((await it.report(it.alice, [])).stderr).toMatch(/Nothing has been published for users yet/);
        it.configure({ ledger, privacy: 'open' });
        expect(await it.compact()).toMatchObject({ status: 0 });
        expect((await it.report(it.alice, ['--json'])).status).toBe(0);
      } finally {
        mustRun('umount', [bare]);
        it.configure({});
      }
    });
  });
}
