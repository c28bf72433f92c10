import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkArchive } from '../../../src/archive/check-archive';
import { REPORT_LIMITS, withDuckDb } from '../../../src/archive/duckdb';
import { readManifest } from '../../../src/archive/manifest';
import { TestLedger } from './compacted';

const NOW_MS = Date.parse('2026-01-20T12:00:00Z');
const WINDOW = { sinceMs: Date.parse('2026-01-01T00:00:00Z'), untilMs: Date.parse('2026-04-01T00:00:00Z') };
jest.setTimeout(180_000);

let ledger: TestLedger;
let dir: string;
beforeEach(async () => {
  ledger = new TestLedger('two-clusters');
  dir = join(ledger.dir, 'alpha');
  await ledger.compact('alpha', NOW_MS);
});
afterEach(() => ledger.remove());

async function check(): Promise<readonly string[]> {
  const found = await withDuckDb(REPORT_LIMITS, (connection) =>
    checkArchive(connection, dir, 'alpha', NOW_MS),
  );
  return found.problems;
}

async function slices(): Promise<string> {
  const manifest = await readManifest(dir);
  return manifest!.parts.find(({ kind }) => kind === 'slices')!.path;
}

test('an archive that is whole has no problem', async () => {
  expect(await check()).toEqual([]);
});

const flip = (path: string, at: number): void => {
  const bytes = readFileSync(path);
  bytes[at < 0 ? bytes.length + at : at]! ^= 0x40;
  writeFileSync(path, bytes);
};

test.each([
  ['missing', rmSync, /missing/],
  ['truncated', (path: string) => truncateSync(path, 100), /100 bytes long/],
  ['of other bytes at its end', (path: string) => flip(path, -6), /bytes that were written/],
])('a part that is %s is named by reports, by check and by compaction', async (_, damage, words) => {
  const part = await slices();
  damage(join(dir, part));
  await expect(ledger.report({ ...WINDOW, groupBy: ['job'] })).rejects.toMatchObject({
    code: 'EIT_ARCHIVE',
    message: expect.stringContaining(part),
  });
  const problems = await check();
  expect(problems[0]).toContain(part);
  expect(problems[0]).toMatch(words);
  // Two months later it would be merged, and the inbox removed.
  await expect(ledger.compact('alpha', NOW_MS + 60 * 86_400_000)).rejects.toMatchObject({
    code: 'EIT_ARCHIVE',
    message: expect.stringContaining(part),
  });
});

test('no byte of a part can change without check seeing it, and merging takes in none that did', async () => {
  const part = await slices();
  const path = join(dir, part);
  const good = readFileSync(path);
  for (let i = 0; i < 12; i++) {
    flip(path, Math.floor((i * good.length) / 12));
    expect((await check())[0]).toContain(part);
    await expect(ledger.compact('alpha', NOW_MS + 60 * 86_400_000)).rejects.toMatchObject({
      code: 'EIT_ARCHIVE',
    });
    writeFileSync(path, good);
  }
  await ledger.compact('alpha', NOW_MS + 60 * 86_400_000);
  expect(await check()).toEqual([]);
});

test.each([
  ['no JSON', '{"schema":1,'],
  ['nothing', ''],
  ['of a shape that it cannot have', '{"schema":1,"parts":[{"path":"../../etc/passwd"}]}'],
])('a manifest that is %s is said to be damaged', async (_, text) => {
  writeFileSync(join(dir, 'manifest.json'), text);
  for (const fails of [() => ledger.report(WINDOW), () => ledger.compact('alpha', NOW_MS)]) {
    await expect(fails()).rejects.toMatchObject({
      code: 'EIT_ARCHIVE',
      message: expect.stringContaining('manifest.json'),
    });
  }
  expect((await check())[0]).toContain('manifest.json');
});

test('a manifest restored without the state that it names is said to be so', async () => {
  const before = readFileSync(join(dir, 'manifest.json'));
  const state = (await readManifest(dir))!.state;
  await ledger.compact('alpha', NOW_MS + 60 * 86_400_000);
  await ledger.compact('alpha', NOW_MS + 70 * 86_400_000);
  writeFileSync(join(dir, 'manifest.json'), before);
  rmSync(join(dir, state), { force: true });
  const wrong = { code: 'EIT_ARCHIVE', message: expect.stringContaining(state) };
  await expect(ledger.report(WINDOW)).rejects.toMatchObject(wrong);
  await expect(ledger.compact('alpha', NOW_MS)).rejects.toMatchObject(wrong);
  expect((await check()).join(' ')).toContain(state);
});
