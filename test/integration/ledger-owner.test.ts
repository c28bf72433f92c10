import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noOtherUser } from '../test-unless';
import { LEDGER, type Outcome, ReportCommand } from './report-command';
import { mustRun, type TestUser, TestUsers } from './test-users';

const missing =
  noOtherUser ??
  (spawnSync('setfacl', ['--version']).status === 0 ? undefined : 'needs setfacl (package acl)');

/** From so many bytes on an inbox is divided among workers (src/cli/compact-workers.ts). */
const WORTH_WORKERS_BYTES = 64e6;

(missing === undefined ? describe : describe.skip)(
  `root on the ledger of another user${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    const command = new ReportCommand();
    const users = new TestUsers();
    let owner: TestUser;
    let dir: string;
    let ledger: string;
    let config: string;

    beforeAll(() => {
      owner = users.make('owner');
    });
    afterAll(() => {
      users.remove();
      command.remove();
    });
    beforeEach(() => {
      dir = mkdtempSync(join(tmpdir(), 'eit-owner-'));
      chmodSync(dir, 0o755);
      ledger = join(dir, 'ledger');
      cpSync(LEDGER, ledger, { recursive: true });
      config = join(dir, 'eit.yaml');
      writeFileSync(config, JSON.stringify({ ledger, admins: [] }));
      belongsTo(owner, ledger);
    });
    afterEach(() => rmSync(dir, { recursive: true, force: true }));

    const belongsTo = ({ uid, gid }: { uid: number; gid: number }, path: string): void => {
      mustRun('chmod', ['-R', 'go=', path]);
      mustRun('chown', ['-R', `${uid}:${gid}`, path]);
    };
    const eit = (
      args: readonly string[],
      as: { uid?: number; gid?: number } = {},
      env = {},
    ): Promise<Outcome> =>
      command.run(process.execPath, [command.script('eit'), ...args, '--config', config], {
        ...as,
        cwd: '/',
        env,
      });
    const asOwner = () => ({ uid: owner.uid, gid: owner.gid });
    /** Whose the files and folders below one are. */
    const uidsBelow = (top: string): number[] => [
      ...new Set(
        ['.', ...(readdirSync(top, { recursive: true }) as string[])].map(
          (path) => lstatSync(join(top, path)).uid,
        ),
      ),
    ];

    test('a compaction of root’s leaves nothing of root’s, and the owner’s goes on', async () => {
      const roots = await eit(['ledger', 'compact', '--json']);
      expect(roots).toMatchObject({ status: 0, stderr: '' });
      expect(JSON.parse(roots.stdout)).toMatchObject(
        expect.arrayContaining([
          expect.objectContaining({ cluster: 'alpha', published: expect.any(Number) }),
        ]),
      );
      expect(readdirSync(join(ledger, 'alpha/by-user')).filter((name) => /^\d+$/.test(name))).not.toEqual([]);
      expect(uidsBelow(ledger)).toEqual([owner.uid]);
      expect(await eit(['ledger', 'compact'], asOwner())).toMatchObject({ status: 0, stderr: '' });
      expect((await eit(['ledger', 'check'], asOwner())).status).toBe(0);
    });

    test('root’s workers are the owner too', async () => {
      // Two hosts with much to read and nothing to take in.
      const day = join(ledger, 'alpha/inbox/2026-01-31');
      for (const host of ['w1', 'w2'])
        writeFileSync(join(day, `${host}.ndjson`), `${' '.repeat(WORTH_WORKERS_BYTES / 2)}\n`);
      belongsTo(owner, ledger);
      const done = await eit(['ledger', 'compact', '--workers', '2', '--clusters', 'alpha']);
      expect(done).toMatchObject({ status: 0, stderr: '' });
      const [plan = ''] = readdirSync(join(ledger, 'alpha/pending'));
      expect(readdirSync(join(ledger, 'alpha/pending', plan)).sort()).toEqual([
        '0.json',
        '1.json',
        'plan.json',
      ]);
      expect(uidsBelow(ledger)).toEqual([owner.uid]);
    });

    test('with --slurm sbatch is the owner’s, by each of his ids', async () => {
      const bin = join(dir, 'bin');
      mkdirSync(bin);
      const sbatch = `#!/bin/sh\necho "$(id -ru) $(id -u) $(id -rg) $(id -G)" >>'${ledger}/submitted'\ncat >/dev/null\necho 17\n`;
      writeFileSync(join(bin, 'sbatch'), sbatch, { mode: 0o755 });
      const PATH = `${bin}:${process.env['PATH'] ?? ''}`;
      const { status, stdout } = await eit(
        ['ledger', 'compact', '--slurm', '--clusters', 'alpha'],
        {},
        { PATH },
      );
      expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringContaining('job 17') });
      const { uid, gid } = owner;
      expect(mustRun('sort', ['-u', join(ledger, 'submitted')])).toBe(`${uid} ${uid} ${gid} ${gid}`);
      expect(uidsBelow(ledger)).toEqual([uid]);
    });

    test('a ledger of root’s stays root’s', async () => {
      belongsTo({ uid: 0, gid: 0 }, ledger);
      expect(await eit(['ledger', 'compact'])).toMatchObject({ status: 0, stderr: '' });
      expect(uidsBelow(ledger)).toEqual([0]);
    });

    test('an owner whom this machine has no name for', async () => {
      const nobody = { uid: 3_999_999_999, gid: 3_999_999_998 };
      belongsTo(nobody, ledger);
      expect(await eit(['ledger', 'compact'])).toMatchObject({ status: 0, stderr: '' });
      expect(uidsBelow(ledger)).toEqual([nobody.uid]);
    });

    test('root’s refresh of quotas is his who owns quota_dir, though the ledger is another’s', async () => {
      const [quota, other] = [join(dir, 'quota'), users.make('quota')];
      mkdirSync(quota);
      const limits = '- { per: user, period: year, unit: kWh, each: 5 }';
      writeFileSync(config, `ledger: ${ledger}\nquota_dir: ${quota}\nquotas:\n  ${limits}\n`);
      belongsTo(other, quota);
      expect(await eit(['quota', 'refresh'])).toMatchObject({ status: 0 });
      expect(readdirSync(quota)).toContain('users');
      expect(uidsBelow(quota)).toEqual([other.uid]);
    });

    test('root’s intensities are refused where the ledger is another’s', async () => {
      const csv = join(dir, 'grid.csv');
      writeFileSync(csv, 'start,end,g_per_kwh\n2026-03-01T00:00Z,2026-03-01T01:00Z,350\n');
      const args = ['intensity', 'import', csv, '--zone', 'DE', '--basis', 'average-lifecycle'];
      expect(await eit(args)).toMatchObject({
        status: 2,
        stderr: expect.stringContaining(`uid ${owner.uid}`),
      });
      expect(uidsBelow(ledger)).toEqual([owner.uid]);
    });
  },
);
