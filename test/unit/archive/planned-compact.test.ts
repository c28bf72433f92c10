import { appendFileSync, copyFileSync, readdirSync, readFileSync, truncateSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { openArchive } from '../../../src/archive/commit';
import { runTask } from '../../../src/archive/compact-task';
import { readManifest } from '../../../src/archive/manifest';
import { type CompactPlan, filesLeft, makePlan, planFolder, slicesOf } from '../../../src/archive/plan';
import { inboxFiles } from '../../../src/ledger/inbox-files';
import type { ReportQuery } from '../../../src/report/aggregate';
import { TestLedger } from './compacted';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const cluster = 'alpha';
const nowMs = Date.parse('2026-02-01T12:00:00Z');
const WINDOW = { sinceMs: Date.parse('2026-01-01T00:00:00Z'), untilMs: Date.parse('2026-04-01T00:00:00Z') };
const QUERIES: Partial<ReportQuery>[] = [
  { ...WINDOW, groupBy: ['job'] },
  { ...WINDOW, groupBy: ['node', 'day'], policy: 'hybrid' },
  { ...WINDOW, groupBy: ['user', 'partition'], policy: 'allocation' },
];
const patienceMs = 120_000;

describe('a plan divides the inbox', () => {
  test('so that each file is in one task, in their order, and no task is empty', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1e12 }), { minLength: 1 }),
        fc.integer({ min: 1, max: 50 }),
        (sizes, tasks) => {
          const files = sizes.map((bytes, i) => ({ key: String(i), bytes }));
          const slices = slicesOf(files, tasks);
          expect(slices.flat()).toEqual(files.map(({ key }) => key));
          expect(slices.length).toBeLessThanOrEqual(tasks);
          expect(slices.every((slice) => slice.length > 0)).toBe(true);
        },
      ),
    );
  });

  test('into tasks of the same size where files are', () => {
    const files = Array.from({ length: 12 }, (_, i) => ({ key: String(i), bytes: 100 }));
    expect(slicesOf(files, 4).map(({ length }) => length)).toEqual([3, 3, 3, 3]);
  });
});

describe('what tasks take in and another process commits', () => {
  let ledger: TestLedger;
  beforeEach(() => {
    ledger = new TestLedger('two-clusters');
  });
  afterEach(() => ledger.remove());

  const dir = (): string => join(ledger.dir, cluster);
  const files = () => inboxFiles(ledger.dir, cluster, {});
  const reports = async () => {
    const all = [];
    for (const asked of QUERIES) all.push(await ledger.report(asked));
    return all;
  };

  /** A task a file. */
  async function plan(): Promise<CompactPlan> {
    const modes = { folder: 0o755, file: 0o644 };
    const archive = await openArchive(dir(), modes, { slotMs: HOUR_MS, timeZone: 'UTC' });
    const left = await filesLeft(await files(), archive.state);
    expect(left.length).toBeGreaterThan(2);
    return makePlan(
      archive,
      left.map(({ key }) => [key]),
    );
  }
  const run = (made: CompactPlan, task: number) =>
    runTask({ ledger: ledger.dir, cluster, plan: made.id, task, nowMs, privacy: { mode: 'open' } });
  async function runAll(made: CompactPlan): Promise<void> {
    for (const task of made.tasks.keys()) await run(made, task);
  }

  test(
    'is the archive that one process would have made',
    async () => {
      const [first] = await files();
      appendFileSync(first!.path, 'no record\n{"half":');
      const alone = new TestLedger('two-clusters');
      const before = await reports();
      try {
        copyFileSync(first!.path, join(alone.dir, cluster, 'inbox', first!.day, `${first!.host}.ndjson`));
        const expected = await alone.compact(cluster, nowMs);
        const made = await plan();
        await runAll(made);
        expect(await reports()).toEqual(before);
        expect(await ledger.compactPlan(cluster, nowMs, made.id)).toEqual({
          ...expected,
          parts: expect.any(Number),
          merges: expect.any(Number),
        });
        expect(expected.refused).toBe(3);
        const [ours, theirs] = [
          (await readManifest(dir()))!,
          (await readManifest(join(alone.dir, cluster)))!,
        ];
        expect([ours.sums, ours.refused, ours.data_until]).toEqual([
          theirs.sums,
          theirs.refused,
          theirs.data_until,
        ]);
        expect(await reports()).toEqual(
          await (async () => {
            const all = [];
            for (const asked of QUERIES) all.push(await alone.report(asked));
            return all;
          })(),
        );
        expect(ledger.warnings).toEqual([]);
        // What was taken is known: nothing comes twice.
        expect(await ledger.compact(cluster, nowMs)).toMatchObject({ records: 0, duplicates: 0 });
      } finally {
        alone.remove();
      }
    },
    patienceMs,
  );

  test(
    'a task that failed, and one whose part is not whole, leave their files for the next time',
    async () => {
      const before = await reports();
      const made = await plan();
      await runAll(made);
      const { parts } = await run(made, 1);
      truncateSync(join(dir(), parts[0]!.path), 10);
      const unplanned = made.tasks.length - 1;
      for (const name of readdirSync(planFolder(dir(), made.id))) {
        if (name === `${unplanned}.json`) truncateSync(join(planFolder(dir(), made.id), name), 100);
      }
      const done = await ledger.compactPlan(cluster, nowMs, made.id);
      expect(done.records).toBeGreaterThan(0);
      expect(ledger.warnings).toEqual([
        expect.stringMatching(
          /^task 1 of plan [0-9a-f]{16} is left for the next time: its parts\/.* is not as it was written$/,
        ),
        expect.stringMatching(/^task \d+ of plan .* is left for the next time: SyntaxError/),
      ]);
      expect(await reports()).toEqual(before);
      expect((await ledger.compact(cluster, nowMs)).records).toBeGreaterThan(0);
      expect(await reports()).toEqual(before);
    },
    patienceMs,
  );

  test(
    'a file that somebody copied to another day counts once, though two tasks had it',
    async () => {
      const [first] = await files();
      copyFileSync(first!.path, join(dir(), 'inbox', (await files()).at(-1)!.day, 'copy.ndjson'));
      const before = await reports();
      const made = await plan();
      await runAll(made);
      await ledger.compactPlan(cluster, nowMs, made.id);
      expect(ledger.warnings).toEqual([expect.stringContaining('has records of another task')]);
      const { records, duplicates } = await ledger.compact(cluster, nowMs);
      expect(records).toBe(0);
      expect(duplicates).toBeGreaterThan(0);
      expect(await reports()).toEqual(before);
    },
    patienceMs,
  );

  test(
    'is refused where another compaction was there meanwhile, and where it is committed already',
    async () => {
      const made = await plan();
      await runAll(made);
      const alone = await ledger.compact(cluster, nowMs);
      expect(alone.records).toBeGreaterThan(0);
      const before = await reports();
      const refused = { code: 'EIT_LEDGER_LOCKED', message: expect.stringContaining('Nothing is lost') };
      await expect(ledger.compactPlan(cluster, nowMs, made.id)).rejects.toMatchObject(refused);
      await expect(run(made, 0)).rejects.toMatchObject(refused);
      expect(await reports()).toEqual(before);
    },
    patienceMs,
  );

  test(
    'of a plan that nobody commits nothing is read, and after a day nothing is left',
    async () => {
      const before = await reports();
      const made = await plan();
      await run(made, 0);
      const partsOf = () =>
        readdirSync(join(dir(), 'parts'), { recursive: true, encoding: 'utf8' }).filter((name) =>
          name.endsWith('.parquet'),
        );
      const left = partsOf();
      expect(left.length).toBeGreaterThan(0);
      expect(await reports()).toEqual(before);
      await ledger.compact(cluster, nowMs);
      expect(partsOf()).toEqual(expect.arrayContaining(left));
      const longAgo = new Date(nowMs - 2 * DAY_MS);
      for (const name of left) utimesSync(join(dir(), 'parts', name), longAgo, longAgo);
      utimesSync(planFolder(dir(), made.id), longAgo, longAgo);
      await ledger.compact(cluster, nowMs);
      expect(partsOf().filter((name) => left.includes(name))).toEqual([]);
      expect(readdirSync(join(dir(), 'pending'))).toEqual([]);
      await expect(run(made, 0)).rejects.toMatchObject({
        code: 'EIT_ARCHIVE',
        message: expect.stringContaining('it is gone'),
      });
    },
    patienceMs,
  );

  test(
    'workers beside each other give the same, and what a dead one leaves is taken in by the first process',
    async () => {
      const before = await reports();
      const asked: number[] = [];
      const records = (await readLines(await files())).length;
      const done = await ledger.compact(cluster, nowMs, {
        workers: {
          count: 3,
          leastBytes: 1,
          run: async (id, task) => {
            asked.push(task);
            if (task !== 1)
              await runTask({
                ledger: ledger.dir,
                cluster,
                plan: id,
                task,
                nowMs,
                privacy: { mode: 'open' },
              });
          },
        },
      });
      expect(asked.sort((a, b) => a - b)).toEqual([0, 1, 2]);
      expect(done.records + done.duplicates + done.refused).toBe(records);
      expect(ledger.warnings).toEqual([expect.stringContaining('task 1')]);
      expect(await reports()).toEqual(before);
    },
    patienceMs,
  );
});

async function readLines(files: Awaited<ReturnType<typeof inboxFiles>>): Promise<string[]> {
  return files.flatMap(({ path }) => readFileSync(path, 'utf8').split('\n').slice(0, -1));
}
