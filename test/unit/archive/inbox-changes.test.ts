import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EitRecord } from '../../../src/generated/record';
import { report } from '../report/asked';
import { later, runRecord } from '../report/records';
import { checkArchive } from '../../../src/archive/check-archive';
import { REPORT_LIMITS, withDuckDb } from '../../../src/archive/duckdb';
import { TestLedger } from './compacted';

const DAY_MS = 86_400_000;
const T = '2026-03-02T10:00:00.000Z';
const NOW_MS = Date.parse(T) + 3_600_000;
jest.setTimeout(180_000);

let ledger: TestLedger;
beforeEach(() => (ledger = new TestLedger()));
afterEach(() => ledger.remove());

/** Lines of 300 s of one run. */
const lines = (from: number, to: number, given: Partial<EitRecord & { job: number }> = {}): EitRecord[] =>
  Array.from({ length: to - from }, (_, i) =>
    runRecord({
      started: T,
      from: later(T, (from + i) * 300),
      seq: from + i,
      slurm_start: 1,
      ...(given as object),
    }),
  );

async function mustReport(records: EitRecord[]): Promise<void> {
  for (const groupBy of [['job'], ['user', 'day']] as const) {
    const { generated_at: _a, ...found } = await ledger.report({ groupBy: [...groupBy] });
    const { generated_at: _b, ...expected } = report(records, { groupBy: [...groupBy] });
    expect({ ...found, skipped_records: 0 }).toEqual(expected);
  }
}

test('a host that returns after three days and appends to a day already compacted', async () => {
  ledger.ship(lines(0, 6));
  await ledger.compact('alpha', NOW_MS + 2 * DAY_MS);
  await mustReport(lines(0, 6));
  ledger.ship(lines(4, 12));
  await mustReport(lines(0, 12));
  await ledger.compact('alpha', NOW_MS + 3 * DAY_MS);
  await mustReport(lines(0, 12));
});

test('a host that returns to a day whose inbox file was removed', async () => {
  ledger.ship(lines(0, 6));
  await ledger.compact('alpha', NOW_MS);
  expect(await ledger.compact('alpha', NOW_MS + 9 * DAY_MS)).toMatchObject({ removedInboxFiles: 1 });
  // It knows not what was carried over, and carries all of it again.
  ledger.ship(lines(0, 12));
  await mustReport(lines(0, 12));
  await ledger.compact('alpha', NOW_MS + 10 * DAY_MS);
  await mustReport(lines(0, 12));
  expect(await ledger.compact('alpha', NOW_MS + 11 * DAY_MS)).toMatchObject({ records: 0 });
  await mustReport(lines(0, 12));
  expect(existsSync(ledger.inboxFile(lines(0, 1)[0]!))).toBe(false);
});

test('an agent restarted after its spool was pruned', async () => {
  ledger.ship(lines(0, 6));
  await ledger.compact('alpha', NOW_MS);
  await ledger.compact('alpha', NOW_MS + 9 * DAY_MS);
  // Its numbers begin at 0 again, under another name.
  const anew = lines(6, 12).map((record) => ({ ...record, instance: 'ba9876543210', seq: record.seq - 6 }));
  ledger.ship(anew);
  await ledger.compact('alpha', NOW_MS + 10 * DAY_MS);
  await mustReport([...lines(0, 6), ...anew]);
});

describe('an inbox file that does not hold any more what was taken from it stays, with a warning:', () => {
  const path = (): string => ledger.inboxFile(lines(0, 1)[0]!);
  const textOf = (records: EitRecord[]): string =>
    records.map((record) => `${JSON.stringify(record)}\n`).join('');

  test.each<[string, () => void]>([
    ['shrunk', () => truncateSync(path(), textOf(lines(0, 3)).length)],
    ['replaced', () => writeFileSync(path(), textOf(lines(0, 6)).replaceAll('3000000000', '3000000001'))],
    ['emptied', () => truncateSync(path(), 0)],
  ])('%s', async (_, change) => {
    ledger.ship(lines(0, 6));
    await ledger.compact('alpha', NOW_MS);
    change();
    await mustReport(lines(0, 6));
    for (const days of [9, 10]) {
      expect(await ledger.compact('alpha', NOW_MS + days * DAY_MS)).toMatchObject({ removedInboxFiles: 0 });
      expect(ledger.warnings.at(-1)).toContain(path());
    }
    expect(existsSync(path())).toBe(true);
    await mustReport(lines(0, 6));
  });

  test('one that a full disk made shorter and that holds all again goes', async () => {
    ledger.ship(lines(0, 6));
    await ledger.compact('alpha', NOW_MS);
    truncateSync(path(), textOf(lines(0, 3)).length);
    await ledger.compact('alpha', NOW_MS);
    ledger.ship(lines(3, 8));
    expect(await ledger.compact('alpha', NOW_MS + 9 * DAY_MS)).toMatchObject({ removedInboxFiles: 1 });
    expect(ledger.warnings).toEqual([]);
    await mustReport(lines(0, 8));
  });
});

test('refused lines are listed once, at their place, however often what holds them is read', async () => {
  const [record] = lines(0, 1) as [EitRecord];
  const before = `${JSON.stringify(record)}\n${'x'.repeat(1_100_000)}\n`;
  ledger.damage(record, `${before}\xff no record\nno record\n`);
  await ledger.compact('alpha', NOW_MS);
  // What a compaction told that was killed before it had committed.
  const aside = join(ledger.dir, 'alpha/aside');
  const [told] = readdirSync(aside) as [string];
  writeFileSync(join(aside, 'killed.ndjson'), readFileSync(join(aside, told)));
  const { refused } = await withDuckDb(REPORT_LIMITS, (connection) =>
    checkArchive(connection, join(ledger.dir, 'alpha'), 'alpha', Infinity),
  );
  const atLong = JSON.stringify(record).length + 1;
  expect(refused.map(({ offset, reason }) => [offset, reason])).toEqual([
    [atLong, 'line over 1 MB'],
    [before.length, 'not JSON'],
    [before.length + Buffer.byteLength('\xff no record\n'), 'not JSON'],
  ]);
});
