import { chmodSync, existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { REPORT_LIMITS, sqlText, withDuckDb } from '../../src/archive/duckdb';
import { rowsOf } from '../../src/archive/part';
import type { EitReport } from '../../src/generated/report';
import { missing, PrivateLedger, type SacctRow, without } from './private-ledger';
import type { Outcome } from './report-command';
import { mustRun, type TestUser } from './test-users';

const CLUSTER = 'alpha';
/** All that only sacct tells. */
const ASKED: readonly (readonly [string, readonly string[]])[] = [
  ['--group-by state', ['--group-by', 'state']],
  ['--group-by qos,name', ['--group-by', 'qos,name']],
  ['--state', ['--state', 'FAILED']],
  ['-q', ['-q', 'long']],
  ['--name', ['--name', 'work of alice']],
  ['--lost', ['--lost', '--group-by', 'account']],
  ['--compare-slurm', ['--compare-slurm']],
];

if (missing !== undefined) {
  test.skip(`what sacct told is read by whom it concerns (skipped: ${missing})`, () => undefined);
} else {
  describe('what sacct told, in a private ledger', () => {
    let it: PrivateLedger;
    let eve: TestUser;
    let rows: SacctRow[];
    beforeAll(async () => {
      it = new PrivateLedger();
      eve = it.users.make('eve');
      rows = it.sacctRows(CLUSTER);
      expect(await it.sync(CLUSTER, rows)).toMatchObject({ status: 0, stderr: '' });
      expect(await it.compact()).toMatchObject({ status: 0, stderr: '' });
    }, 120_000);
    afterAll(() => it.remove());

    const jobs = () => join(it.ledger, CLUSTER, 'jobs');
    const ownFile = ({ uid }: TestUser) => join(it.ledger, CLUSTER, `by-user/${uid}/jobs-2026-01.parquet`);
    const hasNoErrno = ({ stderr }: Outcome) => expect(stderr).not.toMatch(/EACCES|permission denied/i);
    const alone = (args: readonly string[]) => ['-M', CLUSTER, '--json', ...args];
    const groupsOf = ({ stdout }: Outcome) => {
      const { groups, total } = JSON.parse(stdout) as EitReport;
      return { groups, total };
    };

    test('is the owner’s and the admins’, and of each user his own', async () => {
      const told = async (user: TestUser) =>
        (await it.readable(user)).filter((path) => /\/jobs[/-]/.test(path));
      expect(await told(it.ada)).toEqual(
        ['2026-01.parquet', '2026-02.parquet', 'sync.json'].map((name) => `${CLUSTER}/jobs/${name}`),
      );
      const own = (user: TestUser, months: readonly string[]) =>
        months.map((month) => `${CLUSTER}/by-user/${user.uid}/jobs-${month}.parquet`);
      expect(await told(it.alice)).toEqual(own(it.alice, ['2026-01']));
      expect(await told(it.bob)).toEqual(own(it.bob, ['2026-01', '2026-02']));
      expect(await told(eve)).toEqual([]);
      expect(await it.readable(eve)).not.toContain(`${CLUSTER}/by-user/.jobs.json`);
      const uids = await withDuckDb(REPORT_LIMITS, (connection) =>
        rowsOf(
          connection,
          `SELECT DISTINCT uid::INTEGER AS uid FROM read_parquet(${sqlText(ownFile(it.alice))})`,
        ),
      );
      expect(uids).toEqual([{ uid: it.alice.uid }]);
      expect([statSync(jobs()).mode & 0o007, statSync(join(jobs(), 'sync.json')).mode & 0o007]).toEqual([
        0, 0,
      ]);
    });

    test.each(ASKED)('a user with %s has the report that root gets of her', async (_, args) => {
      const hers = await it.report(it.alice, alone(args));
      expect(hers).toMatchObject({ status: 0, stderr: '' });
      const roots = await it.report(null, alone(['-u', it.alice.name, ...args]));
      expect(without(hers.stdout)).toEqual(without(roots.stdout));
      expect(groupsOf(hers).total.jobs).toBeGreaterThan(0);
    });

    test('a user has names, states and QOS as columns', async () => {
      const args = ['-M', CLUSTER, '-o', 'JobID,JobName,State,QOS,CPUEff'];
      const hers = await it.report(it.alice, args);
      expect(hers).toMatchObject({ status: 0, stderr: '' });
      expect(hers.stdout).toMatch(/work of alice +(COMPLETED|FAILED) +long/);
      expect(hers.stdout).toBe((await it.report(null, ['-u', it.alice.name, ...args])).stdout);
    });

    test.each(ASKED)('an admin with %s has root’s report', async (_, args) => {
      const hers = await it.report(it.ada, alone(['-a', ...args]));
      expect(hers).toMatchObject({ status: 0, stderr: '' });
      expect(without(hers.stdout)).toEqual(without((await it.report(null, alone(['-a', ...args]))).stdout));
    });

    test.each(ASKED)('a stranger with %s has an empty report, and nobody else’s', async (_, args) => {
      const his = await it.report(eve, alone(args));
      expect(his.status).toBe(0);
      hasNoErrno(his);
      expect(groupsOf(his).total.jobs).toBe(0);
      for (const others of [['-u', it.alice.name], ['-a']]) {
        const refused = await it.report(eve, alone([...others, ...args]));
        expect(refused).toMatchObject({ status: 1, stdout: '' });
        expect(refused.stderr).toContain('you may read your own runs only');
        hasNoErrno(refused);
      }
    });

    describe('a coordinator', () => {
      beforeAll(async () => {
        it.configure({ coordinators: { biology: [eve.name] } });
        expect(await it.compact()).toMatchObject({ status: 0 });
      });
      afterAll(async () => {
        it.configure({});
        expect(await it.compact()).toMatchObject({ status: 0 });
      });
      const ofAccount = (args: readonly string[]) => alone(['-a', '-A', 'biology', ...args]);

      test.each([
        ['--group-by state', ['--group-by', 'state,qos']],
        ['--state', ['--group-by', 'user', '--state', 'FAILED']],
        ['-q', ['--group-by', 'user', '-q', 'normal']],
        ['--lost', ['--group-by', 'account', '--lost']],
      ])('with %s has root’s figures, from the totals', async (_, args) => {
        const hers = await it.report(eve, ofAccount(args));
        expect(hers).toMatchObject({ status: 0, stderr: '' });
        expect(groupsOf(hers)).toEqual(groupsOf(await it.report(null, ofAccount(args))));
        expect(groupsOf(hers).total.jobs).toBeGreaterThan(0);
      });

      test.each([
        ['--name', ['--group-by', 'user', '--name', 'work of bob']],
        ['--group-by name', ['--group-by', 'name']],
        ['--group-by array', ['--group-by', 'array']],
        ['--compare-slurm', ['--group-by', 'user', '--compare-slurm']],
        ['a task', ['--group-by', 'user', '-j', '103_1']],
      ])('with %s is told that totals do not say it', async (_, args) => {
        const refused = await it.report(eve, ofAccount(args));
        expect(refused).toMatchObject({ status: 2, stdout: '' });
        expect(refused.stderr).toContain('EIT_USAGE: of an account you may read its totals by whole days');
        hasNoErrno(refused);
      });
    });

    test('quotas per QOS: an admin has them, a user is told that hers are not all', async () => {
      const quotas = [
        { per: 'qos', period: 'year', unit: 'kWh', limits: { long: 5 } },
        { per: 'account', period: 'year', unit: 'kWh', each: 5 },
        { per: 'user', period: 'year', unit: 'kWh', each: 5 },
      ];
      it.configure({ quotas });
      const quota = async (user: TestUser) =>
        it.as(user, process.execPath, it.command.script('eit'), 'quota', '--json');
      const hers = await quota(it.ada);
      expect(hers.status).toBe(0);
      expect(hers.stderr).not.toMatch(/EIT_|not shown/);
      expect(hers.stdout).toContain('"name": "long"');
      for (const told of [await quota(it.alice), await it.report(it.alice, ['-E', 'now', '--json'])]) {
        expect(told.status).toBe(0);
        expect(told.stderr).toMatch(/: quotas of accounts, QOS are not shown: the ledger is private/);
        expect(told.stderr.match(/are not shown/g)).toHaveLength(1);
      }
      it.configure({ quotas: quotas.slice(0, 1) });
      const none = await quota(it.alice);
      expect(none.stderr).toContain('no quota concerns you');
      expect(none.stderr).not.toContain('the site has no quotas');
      it.configure({});
    });

    test('what sacct tells anew is the user’s with the next compaction, and others’ files stay', async () => {
      const inode = statSync(ownFile(it.bob)).ino;
      const before = statSync(ownFile(it.alice)).ino;
      expect(await it.compact()).toMatchObject({ status: 0, stderr: '' });
      expect([statSync(ownFile(it.alice)).ino, statSync(ownFile(it.bob)).ino]).toEqual([before, inode]);
      const changed = rows.map((row) => (row['UID'] === it.alice.uid ? { ...row, State: 'TIMEOUT' } : row));
      expect(await it.sync(CLUSTER, changed)).toMatchObject({ status: 0, stderr: '' });
      expect(await it.compact()).toMatchObject({ status: 0, stderr: '' });
      expect(statSync(ownFile(it.bob)).ino).toBe(inode);
      const hers = groupsOf(await it.report(it.alice, alone(['--state', 'TIMEOUT', '--group-by', 'job'])));
      expect(hers.groups.length).toBeGreaterThan(0);
      expect((await it.readable(it.bob)).filter((path) => path.includes(`/${it.alice.uid}/`))).toEqual([]);
      // As an erasure leaves it: nothing is hers any more.
      const whose = rows.map((row) => (row['UID'] === it.bob.uid ? { ...row, UID: it.alice.uid } : row));
      expect(await it.sync(CLUSTER, whose)).toMatchObject({ status: 0 });
      expect(await it.compact()).toMatchObject({ status: 0, stderr: '' });
      expect(existsSync(ownFile(it.bob))).toBe(false);
      expect(await it.sync(CLUSTER, rows)).toMatchObject({ status: 0 });
      expect(await it.compact()).toMatchObject({ status: 0, stderr: '' });
      expect(existsSync(ownFile(it.bob))).toBe(true);
    });

    test('before it is published: a note where columns want it, a clear error where the question is of it', async () => {
      rmSync(join(it.ledger, CLUSTER, 'by-user/sync.json'));
      mustRun('setfacl', ['-b', jobs()]);
      chmodSync(jobs(), 0o700);
      const asked: [TestUser, string[]][] = [
        [it.alice, ['-M', CLUSTER]],
        [it.ada, ['-M', CLUSTER, '-a']],
      ];
      for (const [user, args] of asked) {
        const columns = await it.report(user, [...args, '-o', 'User,State']);
        expect(columns.status).toBe(0);
        expect(columns.stderr).toMatch(
          /^eit-report: without names and states of jobs: EIT_LEDGER_UNREADABLE: what Slurm's accounting told of jobs of alpha .* is not yours to read: the ledger is private\. The next eit ledger compact .*\n$/,
        );
        for (const [, more] of ASKED) {
          const refused = await it.report(user, [...args, ...more]);
          expect(refused).toMatchObject({ status: 1, stdout: '' });
          expect(refused.stderr).toContain('is not yours to read: the ledger is private');
          hasNoErrno(refused);
        }
      }
      expect(await it.compact()).toMatchObject({ status: 0, stderr: '' });
      for (const [user, args] of asked)
        expect(await it.report(user, [...args, '--group-by', 'state'])).toMatchObject({
          status: 0,
          stderr: '',
        });
    });

    test('an older ledger’s is closed, whatever mode it has', async () => {
      mustRun('setfacl', ['-R', '-b', jobs()]);
      mustRun('chmod', ['-R', 'a+rX', jobs()]);
      expect((await it.readable(eve)).some((path) => path.includes('/jobs/'))).toBe(true);
      expect(await it.compact()).toMatchObject({ status: 0, stderr: '' });
      expect((await it.readable(eve)).some((path) => path.includes('/jobs/'))).toBe(false);
      expect((await it.report(it.ada, alone(['-a', '--group-by', 'state']))).status).toBe(0);
    });

    test('open: everybody reads it, the group too; private again: nobody, by compaction or by eit sacct-sync', async () => {
      const byState = alone(['-a', '--group-by', 'state']);
      it.configure({ privacy: 'open' });
      expect(await it.compact()).toMatchObject({ status: 0, stderr: '' });
      const roots = groupsOf(await it.report(null, byState));
      for (const user of [eve, { ...eve, gid: it.owner.gid }]) {
        const report = await it.report(user, byState);
        expect(report.status).toBe(0);
        expect(groupsOf(report)).toEqual(roots);
      }
      expect(
        await it.sync(
          CLUSTER,
          rows.map((row) => ({ ...row, State: 'TIMEOUT' })),
        ),
      ).toMatchObject({ status: 0 });
      expect((await it.report(eve, byState)).status).toBe(0);

      it.configure({});
      expect(await it.sync(CLUSTER, rows)).toMatchObject({ status: 0, stderr: '' });
      expect((await it.readable(eve)).some((path) => path.includes('/jobs/'))).toBe(false);
      expect(await it.compact()).toMatchObject({ status: 0, stderr: '' });
      expect((await it.readable(eve)).some((path) => path.includes('/jobs/'))).toBe(false);
      expect((await it.report(eve, byState)).stderr).toContain('EIT_LEDGER_UNREADABLE');
      const hers = await it.report(it.alice, alone(['--group-by', 'state']));
      expect(hers).toMatchObject({ status: 0, stderr: '' });
      expect(groupsOf(hers)).toEqual(
        groupsOf(await it.report(null, alone(['-u', it.alice.name, '--group-by', 'state']))),
      );
    });
  });
}
