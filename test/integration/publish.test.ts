import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { EitReport } from '../../src/generated/report';
import type { JobColumns } from '../../src/pages/page-jobs';
import { noOtherUser } from '../test-unless';
import { LEDGER, type Outcome, ReportCommand } from './report-command';

const noAcl = spawnSync('setfacl', ['--version']).status === 0 ? undefined : 'needs setfacl (package acl)';
const missing = noOtherUser ?? noAcl;
const WINDOW = ['-S', '2026-01-01', '-E', '2026-03-01'];

/** The jobs that a page holds. */
function jobsOf(path: string): JobColumns {
  const json = /<script type="application\/json" id="job-data">(.*?)<\/script>/s.exec(
    readFileSync(path, 'utf8'),
  )?.[1];
  return (JSON.parse(json ?? 'null') as { jobs: JobColumns }).jobs;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

(missing === undefined ? describe : describe.skip)(
  `pages${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let command: ReportCommand;
    let pages: string;
    const config = (name: string, more: Readonly<Record<string, unknown>> = {}): string =>
      command.config(name, { ledger: join(command.dir, 'ledger'), publish_dir: pages, ...more });
    const eit = (name: string, ...args: string[]): Promise<Outcome> =>
      command.run(process.execPath, [command.script('eit'), ...args, '--config', join(command.dir, name)]);
    const readable = (path: string, uid: number): boolean =>
      spawnSync('setpriv', [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', 'cat', path]).status === 0;

    beforeAll(() => {
      command = new ReportCommand();
      cpSync(LEDGER, join(command.dir, 'ledger'), { recursive: true });
      pages = join(command.dir, 'pages');
      config('private.yaml', { coordinators: { physics: ['60001'] } });
      config('open.yaml', { privacy: 'open', publish_dir: join(command.dir, 'open') });
    });
    afterAll(() => command.remove());

    test("each user's page is what eit-report tells of him, and he alone may read it", async () => {
      const { status, stderr } = await eit('private.yaml', 'publish', ...WINDOW);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const { stdout } = await eit('private.yaml', 'report', '-a', ...WINDOW, '--json', '--group-by', 'user');
      const { groups, total } = JSON.parse(stdout) as EitReport;
      const uids = readdirSync(join(pages, 'users')).map(Number);
      expect(uids).toHaveLength(groups.length);
      for (const uid of uids) {
        const path = join(pages, 'users', String(uid), 'index.html');
        const jobs = jobsOf(path);
        const user = jobs.texts[jobs.user[0] ?? -1];
        const group = groups.find((one) => one.user === user);
        expect(new Set(jobs.user).size).toBe(1);
        expect(jobs.count).toBe(group?.jobs);
        expect(sum(jobs.kwh) / (group?.energy_kwh.total ?? 0)).toBeCloseTo(1, 4);
        expect(sum(jobs.co2e) / (group?.co2e_kg ?? 0)).toBeCloseTo(1, 4);
        for (const other of [...uids, 60_001, 60_002]) expect(readable(path, other)).toBe(other === uid);
      }
      const site = jobsOf(join(pages, 'site/index.html'));
      expect(site.count).toBe(total.jobs);
      expect(sum(site.kwh) / total.energy_kwh.total).toBeCloseTo(1, 4);
      expect(readable(join(pages, 'site/index.html'), uids[0]!)).toBe(false);
    });

    test("an account's page is for its coordinators, and has neither jobs nor hours", () => {
      const folders = readdirSync(join(pages, 'accounts'));
      expect(folders).toEqual(['physics']);
      const path = join(pages, 'accounts/physics/index.html');
      expect(readable(path, 60_001)).toBe(true);
      expect(readable(path, 60_002)).toBe(false);
      const text = readFileSync(path, 'utf8');
      expect(text).toContain('id="time"');
      expect(text).not.toMatch(/id="(jobs|hours|job-data)"/);
    });

    test('pages of those who have no runs any more are removed; what links lead to is not', async () => {
      const gone = join(pages, 'users/59999');
      mkdirSync(gone);
      writeFileSync(join(gone, 'index.html'), 'old');
      const aside = join(command.dir, 'aside');
      mkdirSync(aside);
      writeFileSync(join(aside, 'kept'), '');
      symlinkSync(aside, join(pages, 'users/59998'));
      const { stdout } = await eit('private.yaml', 'publish', ...WINDOW, '--json');
      expect(JSON.parse(stdout)).toMatchObject({ dir: pages, accounts: 1, removed: 2 });
      expect([
        existsSync(gone),
        existsSync(join(pages, 'users/59998')),
        existsSync(join(aside, 'kept')),
      ]).toEqual([false, false, true]);
    });

    test('with privacy: open everybody may read all', async () => {
      const { status } = await eit('open.yaml', 'publish', ...WINDOW);
      expect(status).toBe(0);
      for (const page of ['site', 'accounts/physics']) {
        expect(readable(join(command.dir, 'open', page, 'index.html'), 60_002)).toBe(true);
        expect(statSync(join(command.dir, 'open', page)).mode & 0o777).toBe(0o755);
      }
      expect(jobsOf(join(command.dir, 'open/accounts/physics/index.html')).count).toBeGreaterThan(0);
    });

    test.each<[string, (dir: string) => void, RegExp]>([
      ['a link', (dir) => symlinkSync('/tmp', dir), /it is a symbolic link/],
      [
        "somebody else's",
        (dir) => {
          mkdirSync(dir);
          spawnSync('chown', ['60001', dir]);
        },
        /it belongs to uid 60001/,
      ],
      [
        'open to others',
        (dir) => {
          mkdirSync(dir);
          spawnSync('chmod', ['1777', dir]);
        },
        /others may write in it/,
      ],
    ])('a folder that is %s is refused', async (name, make, reason) => {
      const dir = join(command.dir, `folder ${name}`);
      make(dir);
      const { status, stderr } = await eit('private.yaml', 'publish', '--dir', dir);
      expect(status).toBe(1);
      expect(stderr).toMatch(/EIT_PAGES/);
      expect(stderr).toMatch(reason);
    });

    test('eit-report --html has what the report has; what is of tables is refused', async () => {
      const dir = join(command.dir, 'mine/new');
      const { status, stdout, stderr } = await eit(
        'private.yaml',
        'report',
        '-a',
        ...WINDOW,
        '-r',
        'gpu',
        '--html',
        dir,
      );
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(/mine\/new\/index\.html: \d+ jobs?\n$/);
      const report = JSON.parse(
        (await eit('private.yaml', 'report', '-a', ...WINDOW, '-r', 'gpu', '--json')).stdout,
      ) as EitReport;
      const jobs = jobsOf(join(dir, 'index.html'));
      expect(jobs.count).toBe(report.total.jobs);
      expect(sum(jobs.kwh) / report.total.energy_kwh.total).toBeCloseTo(1, 4);
      for (const option of ['--json', '--audit', '--top=3']) {
        const refused = await eit('private.yaml', 'report', '--html', dir, option);
        expect([refused.status, refused.stderr]).toEqual([
          2,
          expect.stringContaining('cannot be had together'),
        ]);
      }
    });
  },
);
