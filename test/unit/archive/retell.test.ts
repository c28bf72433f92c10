import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { checkArchive } from '../../../src/archive/check-archive';
import type { Compacted } from '../../../src/archive/compact';
import { REPORT_LIMITS, withDuckDb } from '../../../src/archive/duckdb';
import { jobsFolder } from '../../../src/archive/job-files';
import { readManifest } from '../../../src/archive/manifest';
import { prune } from '../../../src/archive/prune';
import { isToldAnew } from '../../../src/archive/retell';
import type { EitRecord } from '../../../src/generated/record';
import { ledgerClusters } from '../../../src/ledger/inbox-files';
import type { ReportQuery } from '../../../src/report/aggregate';
import type { SacctJob } from '../../../src/slurm/sacct';
import { scaled } from '../../scale';
import { later, runRecord } from '../report/records';
import { TestLedger } from './compacted';
import { anyLife, END_MS } from './random-life';
import { runsOf, tell, toldJob } from './told-jobs';

const DAY_MS = 86_400_000;
const patienceMs = 300_000;

const WINDOW = { sinceMs: Date.parse('2026-02-20T00:00:00Z'), untilMs: Date.parse('2026-04-10T00:00:00Z') };
const NOW_MS = Date.parse('2026-04-20T12:00:00Z');

/** A run, a line each six hours. */
function lines(job: number, started: string, hours: number): EitRecord[] {
  const count = Math.ceil(hours / 6);
  return Array.from({ length: count }, (_, k) =>
    runRecord({
      ...{
        job,
        started,
        slurm_start: Date.parse(started) / 1000,
        seq: job * 1000 + k,
        nodes: 1,
        cpu_us: 1e9,
      },
      from: later(started, k * 6 * 3600),
      seconds: Math.min(6, hours - 6 * k) * 3600,
      ...(k === 0 ? { start: { by: 'prolog' as const } } : {}),
      ...(k === count - 1 ? { end: { by: 'epilog' as const, coverage: {} } } : {}),
    }),
  );
}

/** Short ones, one of several days, one over the end of the month. */
const RUNS: readonly (readonly [job: number, started: string, hours: number])[] = [
  [1, '2026-03-02T08:00:00.000Z', 5],
  [2, '2026-03-02T20:00:00.000Z', 80],
  [3, '2026-03-10T08:00:00.000Z', 2],
  [4, '2026-03-30T08:00:00.000Z', 60],
  [5, '2026-04-03T08:00:00.000Z', 2],
];
const RECORDS = RUNS.flatMap((run) => lines(...run));
const cluster = RECORDS[0]!.cluster;

/** As sacct tells them when they are over. */
const OVER: readonly SacctJob[] = RUNS.map(([job, started, hours], i) => {
  const startS = Date.parse(started) / 1000;
  return toldJob(job, startS, startS + hours * 3600, {
    state: ['COMPLETED', 'FAILED', 'TIMEOUT', 'CANCELLED', 'COMPLETED'][i]!,
    qos: i % 2 === 0 ? 'normal' : 'high',
    arrayJobId: i < 2 ? 1 : null,
    allocCpus: 2 + i,
  });
});
const RUNNING = OVER.map((job) => ({ ...job, endS: null, elapsedS: null, state: 'RUNNING' }));
const [firstJob] = OVER;

const QUERIES: readonly Partial<ReportQuery>[] = [
  { groupBy: ['state'] },
  { groupBy: ['qos'] },
  { groupBy: ['name'] },
  { groupBy: ['array'] },
  { groupBy: ['account'], lost: true },
  { groupBy: ['day', 'state'] },
  { groupBy: ['month', 'user'], lost: true },
  { groupBy: ['user'], filter: { qos: new Set(['high']), states: new Set(['FAILED', 'CANCELLED']) } },
  // Days are cut at both ends.
  { groupBy: ['state'], sinceMs: WINDOW.sinceMs + 11 * DAY_MS, untilMs: WINDOW.untilMs - 9 * DAY_MS },
];

let ledgers: TestLedger[] = [];
function ledgerOf(records: readonly EitRecord[] = RECORDS): TestLedger {
  const ledger = new TestLedger();
  ledgers.push(ledger);
  ledger.ship(records);
  return ledger;
}
afterEach(() => {
  for (const ledger of ledgers) ledger.remove();
  ledgers = [];
});

/** Byte by byte, but for how far the data go: of a window an inbox is not read to its end. */
async function reports(ledger: TestLedger, queries = QUERIES): Promise<string[]> {
  const texts = [];
  for (const given of queries) {
    texts.push(JSON.stringify({ ...(await ledger.report({ ...WINDOW, ...given })), data_until: null }));
  }
  return texts;
}

const compacted = async (ledger: TestLedger, nowMs = NOW_MS): Promise<Compacted> =>
  ledger.compact(cluster, nowMs);
const manifestOf = async (ledger: TestLedger) => (await readManifest(join(ledger.dir, cluster)))!;
const pathsOf = async (ledger: TestLedger, kind: string) =>
  (await manifestOf(ledger)).parts
    .filter((part) => part.kind === kind)
    .map(({ path }) => path)
    .sort();

async function problemsOf(ledger: TestLedger): Promise<readonly string[]> {
  const dir = join(ledger.dir, cluster);
  return withDuckDb(
    REPORT_LIMITS,
    async (connection) => (await checkArchive(connection, dir, cluster, NOW_MS)).problems,
  );
}

/** What reports of runs one by one say, of a ledger that was never compacted. */
async function expected(told: readonly SacctJob[]): Promise<string[]> {
  const ledger = ledgerOf();
  await tell(ledger, cluster, told);
  return reports(ledger);
}

test(
  'compact, then sync, then compact: reports are those of sync, then compact, and of runs one by one',
  async () => {
    const ledger = ledgerOf();
    await compacted(ledger);
    expect((await reports(ledger))[0]).toContain('(unknown)');
    await tell(ledger, cluster, OVER);
    expect(await compacted(ledger)).toMatchObject({ records: 0, derivedDays: 0, retoldDays: 10 });

    const other = ledgerOf();
    await tell(other, cluster, OVER);
    expect(await compacted(other)).toMatchObject({ derivedDays: 33, retoldDays: 0 });
    const found = await reports(ledger);
    expect(found).toEqual(await reports(other));
    expect(found).toEqual(await expected(OVER));
    expect(found[0]).not.toContain('(unknown)');
    expect(await problemsOf(ledger)).toEqual([]);
  },
  patienceMs,
);

test(
  'jobs that ran when days were added up have their final states after the next compaction',
  async () => {
    const ledger = ledgerOf();
    await tell(ledger, cluster, RUNNING);
    await compacted(ledger);
    expect((await reports(ledger))[0]).toContain('RUNNING');
    await tell(ledger, cluster, OVER);
    await compacted(ledger);
    expect(await reports(ledger)).toEqual(await expected(OVER));
  },
  patienceMs,
);

test(
  'a second compaction does nothing, also after a sync that brought nothing new, or jobs that no day has',
  async () => {
    const ledger = ledgerOf();
    await compacted(ledger);
    await tell(ledger, cluster, OVER);
    await compacted(ledger);
    const before = await manifestOf(ledger);
    expect(await compacted(ledger)).toMatchObject({ merges: 0, derivedDays: 0, retoldDays: 0 });
    expect(await tell(ledger, cluster, OVER)).toEqual([]);
    expect(await compacted(ledger)).toMatchObject({ derivedDays: 0, retoldDays: 0 });
    expect(await manifestOf(ledger)).toEqual(before);

    // Of jobs that are not measured, or run today, there is a new file each hour.
    const startS = Date.parse('2026-04-02T10:00:00Z') / 1000;
    expect(
      await tell(ledger, cluster, [toldJob(77, startS, null), toldJob(78, startS, startS + 9)]),
    ).toHaveLength(1);
    expect(await isToldAnew(join(ledger.dir, cluster))).toBe(true);
    expect(await compacted(ledger)).toMatchObject({ derivedDays: 0, retoldDays: 0 });
    expect((await manifestOf(ledger)).parts).toEqual(before.parts);
    expect(await isToldAnew(join(ledger.dir, cluster))).toBe(false);
  },
  patienceMs,
);

test(
  'days of the jobs that are told anew are made anew, and no others; hours never are',
  async () => {
    const ledger = ledgerOf();
    await tell(ledger, cluster, OVER);
    await compacted(ledger);
    const [days, hours] = [await pathsOf(ledger, 'rundays'), await pathsOf(ledger, 'hours')];
    expect(days).toHaveLength(2);
    await tell(ledger, cluster, [{ ...firstJob!, name: 'by another name' }]);
    expect(await compacted(ledger)).toMatchObject({ derivedDays: 0, retoldDays: 1 });
    const after = await pathsOf(ledger, 'rundays');
    expect(after.filter((path) => days.includes(path))).toEqual(
      days.filter((path) => path.includes('2026-04')),
    );
    expect(await pathsOf(ledger, 'hours')).toEqual(hours);
    expect((await reports(ledger))[2]).toContain('by another name');

    // Of a run of four days all are: a report of each tells its state.
    await tell(ledger, cluster, [{ ...OVER[1]!, state: 'NODE_FAIL' }]);
    expect(await compacted(ledger)).toMatchObject({ retoldDays: 5 });
    expect(await problemsOf(ledger)).toEqual([]);
  },
  patienceMs,
);

test(
  'what is told no more, of months that were veiled or whose file is away, stays in totals',
  async () => {
    const ledger = ledgerOf();
    await tell(ledger, cluster, OVER);
    await compacted(ledger);
    const before = await pathsOf(ledger, 'rundays');
    renameSync(jobsFolder(ledger.dir, cluster), join(ledger.dir, 'elsewhere'));
    await compacted(ledger);
    expect(await pathsOf(ledger, 'rundays')).toEqual(before);
  },
  patienceMs,
);

test(
  'one that is ended at any point leaves the rest due',
  async () => {
    for (let end = 0; end < 2; end++) {
      const ledger = ledgerOf();
      await compacted(ledger);
      await tell(ledger, cluster, OVER);
      const ended = ledger.compact(cluster, NOW_MS, {
        onProgress: (step) => {
          if (step.at === 'told' && step.done === end) throw new Error('the plug was pulled');
        },
      });
      await expect(ended).rejects.toThrow('the plug was pulled');
      expect(await problemsOf(ledger)).toEqual([]);
      expect(await isToldAnew(join(ledger.dir, cluster))).toBe(true);
      // What was made anew before is not again: April has two days that March has not.
      expect(await compacted(ledger)).toMatchObject({ retoldDays: end === 0 ? 10 : 8 });
      expect(await reports(ledger)).toEqual(await expected(OVER));
      expect(await compacted(ledger)).toMatchObject({ retoldDays: 0 });
    }
  },
  patienceMs,
);

test(
  'a damaged file of what sacct told keeps nothing else from being done, and its days due',
  async () => {
    const ledger = ledgerOf();
    await compacted(ledger);
    await tell(ledger, cluster, OVER);
    const folder = jobsFolder(ledger.dir, cluster);
    const path = join(
      folder,
      readdirSync(folder)
        .filter((name) => name.endsWith('.parquet'))
        .sort()[0]!,
    );
    const whole = readFileSync(path);
    writeFileSync(path, 'damage');
    expect(await compacted(ledger)).toMatchObject({ retoldDays: 0 });
    expect(ledger.warnings).toEqual([
      expect.stringContaining(
        'totals of days were not compared with what sacct told: cannot read what sacct told in',
      ) as string,
    ]);
    writeFileSync(path, whole);
    expect(await compacted(ledger)).toMatchObject({ retoldDays: 10 });
    expect(await reports(ledger)).toEqual(await expected(OVER));
  },
  patienceMs,
);

test(
  'totals of months, which are all that is left, say what was told until then',
  async () => {
    const asked: Partial<ReportQuery>[] = [
      { groupBy: ['user'], sinceMs: Date.parse('2026-03-01'), untilMs: Date.parse('2026-04-01') },
    ];
    const kept = { ledger: '', cluster, keep: { energy_months: 1 }, timeZone: 'UTC', isDryRun: false };
    const pruned = async (steps: readonly ('tell' | 'compact')[]) => {
      const ledger = ledgerOf();
      for (const step of steps) {
        if (step === 'tell') await tell(ledger, cluster, OVER);
        else await compacted(ledger);
      }
      const nowMs = Date.parse('2026-05-10T00:00:00Z');
      await prune({ ...kept, ledger: ledger.dir, nowMs, privacy: { mode: 'open' } });
      await compacted(ledger, nowMs);
      return { ledger, told: await reports(ledger, asked) };
    };
    const right = await pruned(['tell', 'compact']);
    const late = await pruned(['compact', 'tell']);
    expect(late.told).toEqual(right.told);
    // Told when the month is gone: nothing is to be made anew, and nothing tries.
    await tell(
      late.ledger,
      cluster,
      OVER.map((job) => ({ ...job, allocCpus: 99 })),
    );
    await compacted(late.ledger, Date.parse('2026-05-11T00:00:00Z'));
    expect(await reports(late.ledger, asked)).toEqual(right.told);
  },
  patienceMs,
);

const ANY_QUERIES: readonly Partial<ReportQuery>[] = [
  ...QUERIES.slice(0, 8),
  {
    groupBy: ['state'],
    sinceMs: Date.parse('2026-03-28T00:00:00Z'),
    untilMs: Date.parse('2026-03-31T00:00:00Z'),
  },
];

const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('tell' as const), of: fc.nat(), salt: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('compact' as const), days: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('ship' as const), share: fc.nat(100) }) },
);

test('whatever the order of syncs, lines and compactions, the last compaction makes reports those of runs one by one', async () => {
  await fc.assert(
    fc.asyncProperty(anyLife, fc.array(step, { maxLength: 8 }), async (life, steps) => {
      const ledger = ledgerOf([]);
      const inbox = ledgerOf(life);
      const runs = runsOf(life);
      const clusters = [...new Set(life.map((record) => record.cluster))];
      let shipped = 0;
      let nowMs = END_MS;
      const ship = (count: number): void => {
        ledger.ship(life.slice(shipped, count));
        shipped = Math.max(shipped, count);
      };
      ship(Math.floor(life.length / 2));
      for (const each of steps) {
        if (each.do === 'ship') ship(Math.floor((life.length * each.share) / 100));
        else if (each.do === 'compact') {
          nowMs += each.days * DAY_MS;
          for (const name of await ledgerClusters(ledger.dir))
            await ledger.compact(name, nowMs, { inboxDays: 3650 });
        } else {
          for (const name of clusters) {
            const jobs = runs
              .filter((run, i) => run.cluster === name && (i + each.of) % 3 > 0)
              .map((run, i) => {
                const isOver = (i + each.salt) % 3 > 0;
                return toldJob(run.jobId, run.startS, isOver ? run.endS : null, {
                  sluid: run.sluid,
                  state: isOver ? ['COMPLETED', 'FAILED', 'REQUEUED'][each.salt % 3]! : 'RUNNING',
                  qos: each.salt === 4 ? null : `q${each.salt % 2}`,
                  name: `n${(i * each.salt) % 4}`,
                  arrayJobId: each.salt === 3 ? 1 : null,
                  allocCpus: 1 + (each.salt % 2),
                });
              });
            for (const to of [ledger, inbox]) await tell(to, name, jobs);
          }
        }
      }
      ship(life.length);
      for (const name of clusters) await ledger.compact(name, nowMs + 40 * DAY_MS);
      expect(await reports(ledger, ANY_QUERIES)).toEqual(await reports(inbox, ANY_QUERIES));
      for (const name of clusters) {
        expect(await ledger.compact(name, nowMs + 40 * DAY_MS)).toMatchObject({
          derivedDays: 0,
          retoldDays: 0,
        });
      }
      for (const made of ledgers) made.remove();
      ledgers = [];
    }),
    { numRuns: scaled(12, 1000) },
  );
}, 900_000);
