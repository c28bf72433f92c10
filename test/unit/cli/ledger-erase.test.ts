import {
  chmodSync,
  chownSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  mkdirSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Outcome, ReportCommand } from '../../integration/report-command';
import type { TestLedger } from '../archive/compacted';
import { wholeLedger } from '../archive/whole-ledger';

const LONG = 120_000;
const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

let command: ReportCommand;
let ledger: TestLedger;
let quotaDir: string;
beforeAll(() => {
  command = new ReportCommand();
});
afterAll(() => command.remove());
beforeEach(async () => {
  ledger = await wholeLedger();
  quotaDir = join(command.dir, 'quota');
  mkdirSync(join(quotaDir, 'user'), { recursive: true });
  writeFileSync(join(quotaDir, 'user/1001'), 'eit-quota 1 0 within 0\nend\n');
  writeFileSync(join(quotaDir, 'user/1002'), 'eit-quota 1 0 within 0\nend\n');
  writeFileSync(join(quotaDir, 'users'), 'eit-quota-users 1\n1001 alice\n1002 bob\nend\n');
  configure();
});
afterEach(() => {
  ledger.remove();
  rmSync(quotaDir, { recursive: true });
});

/** @param more lines of eit.yaml */
function configure(more = ''): void {
  command.configText('eit.yaml', `cluster: alpha\nledger: ${ledger.dir}\nquota_dir: ${quotaDir}\n${more}`);
}

const eit = (...args: string[]): Promise<Outcome> =>
  command.run(process.execPath, [command.script('eit'), 'ledger', ...args]);

test(
  'export writes all of one user and of nobody else, for its owner alone, as JSON and as CSV',
  async () => {
    await eit('compact');
    for (const format of ['json', 'csv']) {
      const to = join(command.dir, `alice-${format}`);
      const { status, stdout, stderr } = await eit(
        'export',
        '--user',
        'alice',
        '--to',
        to,
        '--format',
        format,
      );
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const [alpha] = JSON.parse(stdout) as { cluster: string; files: Record<string, number> }[];
      expect(alpha).toMatchObject({
        cluster: 'alpha',
        uids: [1001],
        files: { [`series.${format}`]: 1, [`jobs.${format}`]: 2, 'refused.ndjson': 2 },
      });
      expect(statSync(join(to, 'alpha')).mode & 0o077).toBe(0);
      const files = readdirSync(join(to, 'alpha'));
      for (const name of files) {
        const path = join(to, 'alpha', name);
        expect(statSync(path).mode & 0o077).toBe(0);
        expect(readFileSync(path, 'utf8')).not.toMatch(/\b(bob|carol|1002)\b/);
      }
      const energy = readFileSync(join(to, 'alpha', `energy.${format}`), 'utf8');
      if (format === 'json') {
        const rows = JSON.parse(energy) as { user: string; job: number; cpu_measured_usage_uj: number }[];
        expect(new Set(rows.map(({ job }) => job))).toEqual(new Set([101, 102, 105, 901]));
        expect(rows).toHaveLength(alpha!.files['energy.json']!);
      }
      expect(readFileSync(join(to, 'quota/users'), 'utf8')).toBe('1001 alice\n');
      expect(readdirSync(join(to, 'quota/user'))).toEqual(['1001']);

      const again = await eit('export', '--user', 'alice', '--to', to);
      expect(again.status).toBe(2);
      expect(again.stderr).toContain('is there already: name a new folder');
    }
  },
  LONG,
);

test(
  'erase says what there is, and does it with --yes',
  async () => {
    await eit('compact');
    const counted = await eit('erase', '--user', 'alice');
    expect(counted).toMatchObject({ status: 0, stderr: 'eit: nothing was erased: --yes does it\n' });
    expect(counted.stdout).toMatch(
      /^alpha: there are \d+ rows of energy, 1 curves, 3 jobs as sacct told, 2 refused/,
    );
    const done = await eit('erase', '--user', 'alice', '--yes');
    expect(done).toMatchObject({ status: 0, stderr: '' });
    expect(done.stdout).toMatch(
      /^alpha: erased [1-9]\d* rows of energy, 1 curves, 3 jobs as sacct told, 2 refused/,
    );
    expect(done.stdout).toMatch(/\nbeta: erased [1-9]/);
    expect(readFileSync(join(quotaDir, 'users'), 'utf8')).toBe('eit-quota-users 1\n1002 bob\nend\n');
    expect(readdirSync(join(quotaDir, 'user'))).toEqual(['1002']);
    const checked = await eit('check');
    expect(checked.status).toBe(0);
    expect((await eit('erase', '--user', '', '--yes')).status).toBe(2);
  },
  LONG,
);

test(
  'prune goes by the config',
  async () => {
    await eit('compact');
    configure('keep: { series_days: 1 }\n');
    const would = await eit('prune', '--dry-run');
    expect(would.stdout).toMatch(/alpha: 2 curves of runs from before \d{4}-\d\d-\d\d would go\.\n/);
    const did = await eit('prune', '--json');
    expect(JSON.parse(did.stdout)).toMatchObject([
      { cluster: 'alpha', series: { rows: 2 }, pseudonyms: null },
      {},
    ]);
    expect((await eit('prune')).stdout).toMatch(/alpha: 0 curves/);
  },
  LONG,
);

(isRoot ? test : test.skip)(
  'root leaves files of the owner, and others may do nothing (skipped: needs root)',
  async () => {
    await eit('compact');
    for (const name of ['', ...readdirSync(ledger.dir, { recursive: true, encoding: 'utf8' })])
      chownSync(join(ledger.dir, name), NOBODY, NOBODY);
    for (const name of ['', ...readdirSync(quotaDir, { recursive: true, encoding: 'utf8' })])
      chownSync(join(quotaDir, name), NOBODY, NOBODY);
    expect(await eit('erase', '--user', 'alice', '--yes')).toMatchObject({ status: 0, stderr: '' });
    for (const name of readdirSync(ledger.dir, { recursive: true, encoding: 'utf8' }))
      expect([name, statSync(join(ledger.dir, name)).uid]).toEqual([name, NOBODY]);

    chmodSync(ledger.dir, 0o755);
    chmodSync(command.dir, 0o755);
    const asOther = (...args: string[]) =>
      command.run('setpriv', [
        ...['--reuid=12345', '--regid=12345', '--clear-groups', process.execPath],
        ...[command.script('eit'), 'ledger', ...args],
      ]);
    for (const args of [
      ['prune'],
      ['erase', '--user', 'bob', '--yes'],
      ['export', '--user', 'bob', '--to', '/tmp/eit-none'],
    ]) {
      const { status, stderr } = await asOther(...args);
      expect(stderr).toContain(`(uid ${NOBODY}) and root, not for uid 12345`);
      expect(status).toBe(1);
    }
  },
  LONG,
);
