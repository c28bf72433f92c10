import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AccessLists, grant } from '../../../src/archive/access-list';
import { treeOf } from '../../../src/archive/ledger-tree';
import { guardCluster, type Privacy } from '../../../src/archive/privacy';
import { setMode } from '../../../src/archive/set-mode';
import { TestLedger } from './compacted';

/** What a link leads to: of a folder of the test's own, with a mode that nothing in a ledger has. */
const ELSEWHERE = 0o751;
const PRIVATE: Privacy = { mode: 'private', adminUids: [], coordinators: new Map() };
const modeOf = (path: string): number => statSync(path).mode & 0o777;

let ledger: TestLedger;
let elsewhere: string;
beforeEach(() => {
  ledger = new TestLedger('two-clusters');
  elsewhere = mkdtempSync(join(tmpdir(), 'eit-elsewhere-'));
  mkdirSync(join(elsewhere, 'sub'));
  writeFileSync(join(elsewhere, 'file'), 'mine');
  writeFileSync(join(elsewhere, 'sub/file.parquet'), 'mine');
  for (const path of ['', 'sub', 'file', 'sub/file.parquet']) chmodSync(join(elsewhere, path), ELSEWHERE);
});
afterEach(() => {
  ledger.remove();
  rmSync(elsewhere, { recursive: true });
});

const untouched = (): void => {
  for (const path of ['', 'sub', 'file', 'sub/file.parquet']) {
    expect([path, modeOf(join(elsewhere, path))]).toEqual([path, ELSEWHERE]);
  }
};

describe.each<[string, Privacy]>([
  ['private', PRIVATE],
  ['open', { mode: 'open' }],
])('%s: no link below a cluster is followed', (_, privacy) => {
  const guard = () => guardCluster(ledger.dir, 'alpha', privacy);

  test('in the inbox, by any name', async () => {
    const inbox = join(ledger.dir, 'alpha/inbox');
    for (const name of ['2026-01-02', 'link']) symlinkSync(elsewhere, join(inbox, name));
    symlinkSync(join(elsewhere, 'file'), join(inbox, '2026-01-03'));
    mkdirSync(join(inbox, 'mine'));
    chmodSync(join(inbox, 'mine'), 0o755);
    chmodSync(join(inbox, '2026-01-31'), 0o755);
    await guard();
    untouched();
    // What is no day is nobody's of ours.
    expect([modeOf(join(inbox, 'mine')), modeOf(join(inbox, '2026-01-31'))]).toEqual([0o755, 0o700]);
  });

  test.each(['inbox', 'state', 'aside', 'parts', 'by-user', 'by-account', 'jobs'])(
    '%s itself',
    async (name) => {
      const folder = join(ledger.dir, 'alpha', name);
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(join(elsewhere, '2026-01-31'));
      chmodSync(join(elsewhere, '2026-01-31'), ELSEWHERE);
      symlinkSync(elsewhere, folder);
      // What cannot be guarded is said: the guard of a private ledger keeps all to the owner then.
      await guard();
      untouched();
      expect(modeOf(join(elsewhere, '2026-01-31'))).toBe(ELSEWHERE);
    },
  );

  test.each(['manifest.json', '.by-account.key'])('%s', async (name) => {
    symlinkSync(join(elsewhere, 'file'), join(ledger.dir, 'alpha', name));
    await guard();
    untouched();
  });

  test('parts below parts', async () => {
    const month = join(ledger.dir, 'alpha/parts/kind=slices');
    mkdirSync(month, { recursive: true });
    symlinkSync(join(elsewhere, 'sub'), join(month, 'month=2026-01'));
    await guard();
    untouched();
  });
});

test('a cluster that the admin has on another disk is followed, one that somebody else linked is not', async () => {
  const cluster = join(ledger.dir, 'alpha');
  const disk = join(elsewhere, 'alpha');
  renameSync(cluster, disk);
  chmodSync(join(disk, 'inbox'), 0o755);
  symlinkSync(disk, cluster);
  await guardCluster(ledger.dir, 'alpha', { mode: 'open' });
  expect([modeOf(disk), modeOf(join(disk, 'inbox'))]).toEqual([0o755, 0o700]);
  if (process.getuid?.() !== 0) return;
  chmodSync(join(disk, 'inbox'), 0o755);
  lchownSync(cluster, 54_321, 54_321);
  await expect(guardCluster(ledger.dir, 'alpha', PRIVATE)).rejects.toMatchObject({
    code: 'EIT_PATH_UNTRUSTED',
  });
  expect([modeOf(disk), modeOf(join(disk, 'inbox'))]).toEqual([0o755, 0o755]);
});

test('compaction ends with EIT_PRIVACY, and publishes nothing, where by-user is a link', async () => {
  symlinkSync(elsewhere, join(ledger.dir, 'alpha/by-user'));
  await expect(
    ledger.compact('alpha', Date.parse('2026-03-02T12:00:00Z'), { privacy: PRIVATE }),
  ).rejects.toMatchObject({ code: 'EIT_PRIVACY' });
  untouched();
  expect(existsSync(join(elsewhere, 'index.json'))).toBe(false);
});

test('a tree begins at a folder, not at a link to one', async () => {
  symlinkSync(elsewhere, join(ledger.dir, 'alpha/link'));
  expect(await treeOf(join(ledger.dir, 'alpha'), 'link')).toEqual([]);
});

test('no list is set through a link', async () => {
  const set: string[] = [];
  const lists: AccessLists = {
    name: 'a test',
    set: async (_, granted) => void set.push(...granted.map(({ path }) => path)),
    read: async (_, paths) => new Map(paths.map((path) => [path, { users: new Map(), others: [] }])),
  };
  symlinkSync(elsewhere, join(ledger.dir, 'alpha/1001'));
  const dir = join(ledger.dir, 'alpha');
  await expect(grant(lists, dir, [{ path: '1001', isFolder: true, uids: [] }])).rejects.toMatchObject({
    code: 'EIT_PRIVACY',
  });
  expect(set).toEqual([]);
  await grant(lists, dir, [{ path: 'inbox', isFolder: true, uids: [] }]);
  expect(set).toEqual(['inbox']);
});

test('setMode keeps special bits, passes over another kind, and says what must be and is not', async () => {
  const folder = join(elsewhere, 'sub');
  chmodSync(folder, 0o2755);
  expect(await setMode(folder, 0o700, 'folder')).toBe(true);
  expect(statSync(folder).mode & 0o7777).toBe(0o2700);
  expect(await setMode(folder, 0o700, 'folder')).toBe(false);
  expect(await setMode(folder, 0o600, 'file')).toBe(false);
  expect(await setMode(join(elsewhere, 'none'), 0o600, 'file')).toBe(false);
  await expect(setMode(join(elsewhere, 'file'), 0o700, 'folder', true)).rejects.toMatchObject({
    code: 'EIT_PRIVACY',
  });
});
