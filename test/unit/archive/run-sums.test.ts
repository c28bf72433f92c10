import { renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { checkArchive } from '../../../src/archive/check-archive';
import { REPORT_LIMITS, withDuckDb } from '../../../src/archive/duckdb';
import type { InnerKey } from '../../../src/archive/group-sql';
import { MANIFEST_FILE, readManifest } from '../../../src/archive/manifest';
import {
  countTotals,
  daysWithTotals,
  namesInTotals,
  totalsByGroup,
} from '../../../src/archive/run-day-groups';
import { summedParts, type TotalsQuery } from '../../../src/archive/totals';
import { runsElsewhere } from '../../../src/archive/runs-elsewhere';
import { jobsApart, jobTable, partsWith } from '../../../src/archive/totals-jobs';
import { POLICIES } from '../../../src/attribution/policy';
import type { RunRecord } from '../../../src/generated/record';
import type { ReportQuery } from '../../../src/report/aggregate';
import { scaled } from '../../scale';
import { later, runRecord } from '../report/records';
import { TestLedger } from './compacted';
import { anyLife, END_MS } from './random-life';

const DAY_MS = 86_400_000;
jest.setTimeout(scaled(600_000, 7_200_000));

const WINDOW = { sinceMs: Date.parse('2026-03-01T00:00:00Z'), untilMs: Date.parse('2026-05-01T00:00:00Z') };

/** Lines of one run on one node, an hour each. */
function hourly(
  run: Partial<RunRecord> & { readonly started: string },
  hours: number,
  ends = true,
): Partial<RunRecord>[] {
  return Array.from({ length: hours }, (_, k) => ({
    ...{ slurm_start: Date.parse(run.started) / 1000, ...run },
    from: later(run.started, k * 3600),
    seconds: 3600,
    ...(k === 0 ? { start: { by: 'prolog' as const } } : {}),
    ...(ends && k === hours - 1 ? { end: { by: 'epilog' as const, coverage: {} } } : {}),
  }));
}

/** Runs and jobs that one month, or one day, tells nothing certain of. */
const LIVES: Readonly<Record<string, Partial<RunRecord>[]>> = {
  'runs of one day, of several, and over the end of the month': [
    ...hourly({ job: 1, started: '2026-03-10T02:00:00.000Z' }, 5),
    ...hourly({ job: 2, started: '2026-03-10T20:00:00.000Z' }, 40),
    ...hourly({ job: 3, started: '2026-03-31T20:00:00.000Z' }, 10),
  ],
  'jobs requeued on the same day, another day, in another month, and by another name of the partition': [
    ...hourly({ job: 1, started: '2026-03-10T02:00:00.000Z' }, 2),
    ...hourly({ job: 1, restart: 1, started: '2026-03-10T05:00:00.000Z' }, 2),
    ...hourly({ job: 2, started: '2026-03-12T02:00:00.000Z' }, 2),
    ...hourly({ job: 2, restart: 1, started: '2026-03-14T02:00:00.000Z' }, 30),
    ...hourly({ job: 3, started: '2026-03-30T02:00:00.000Z' }, 2),
    ...hourly({ job: 3, restart: 1, started: '2026-04-02T02:00:00.000Z' }, 2),
    ...hourly({ job: 3, restart: 2, started: '2026-04-03T02:00:00.000Z' }, 30),
    ...hourly({ job: 4, started: '2026-03-20T02:00:00.000Z' }, 2),
    ...hourly({ job: 4, restart: 1, started: '2026-03-20T06:00:00.000Z', partition: 'gpu' }, 2),
  ],
  'a job id that comes back, to the same user and to another': [
    ...hourly({ job: 1, started: '2026-03-10T02:00:00.000Z' }, 2),
    ...hourly({ job: 1, started: '2026-03-15T02:00:00.000Z' }, 2),
    ...hourly({ job: 1, started: '2026-04-15T02:00:00.000Z', uid: 1002, user: 'bob' }, 2),
    ...hourly({ job: 1, restart: 1, started: '2026-04-16T02:00:00.000Z', uid: 1002, user: 'bob' }, 2),
  ],
  'a run that nothing tells the end of, and one whose second node is silent': [
    ...hourly({ job: 1, started: '2026-03-10T02:00:00.000Z' }, 30, false),
    ...hourly({ job: 2, started: '2026-03-12T02:00:00.000Z', nodes: 2 }, 30),
  ],
  'a run whose second node says something after days': [
    ...hourly({ job: 1, started: '2026-03-10T02:00:00.000Z', nodes: 2 }, 30),
    ...hourly({ job: 1, started: '2026-03-10T02:00:00.000Z', nodes: 2, node: 'n2' }, 400).slice(300),
  ],
  'a Slurm that tells neither account nor how often a job was restarted': [
    ...hourly({ job: 1, started: '2026-03-10T02:00:00.000Z' }, 2),
    ...hourly({ job: 1, started: '2026-03-10T05:00:00.000Z' }, 2),
    ...hourly({ job: 2, started: '2026-03-31T21:00:00.000Z' }, 2),
    ...hourly({ job: 2, started: '2026-04-01T02:00:00.000Z' }, 2),
  ].map(
    ({ account: _, slurm_start: __, ...line }) =>
      ({ ...line, account: undefined }) as unknown as Partial<RunRecord>,
  ),
  'a run whose lines say different things of it': [
    ...hourly({ job: 1, started: '2026-03-10T20:00:00.000Z' }, 10).map((line, k) =>
      k < 6 ? line : { ...line, partition: 'gpu' },
    ),
    ...hourly({ job: 1, restart: 1, started: '2026-04-10T20:00:00.000Z' }, 2),
    ...hourly({ job: 2, started: '2026-03-11T20:00:00.000Z' }, 2),
  ],
};

const QUERIES: Partial<ReportQuery>[] = [
  { groupBy: ['user', 'partition'] },
  { groupBy: ['user', 'month'] },
  { groupBy: ['day'] },
  { groupBy: ['partition'], filter: { users: [{ uid: 1001, name: 'alice' }] } },
  { groupBy: ['account'], untilMs: Date.parse('2026-04-01T00:00:00Z') },
  {
    groupBy: ['user'],
    sinceMs: Date.parse('2026-03-10T21:00:00Z'),
    untilMs: Date.parse('2026-04-02T00:00:00Z'),
  },
];

test.each(Object.entries(LIVES))('%s: the report is that of the records', async (_life, lines) => {
  const ledger = new TestLedger();
  try {
    const records = lines.map(
      (line, seq) =>
        JSON.parse(JSON.stringify(runRecord({ ...line, seq, host: line.node ?? 'n1' }))) as RunRecord,
    );
    const [late, early] = [records.slice(-1), records.slice(0, -1)];
    ledger.ship(early);
    const reports = async () => {
      const found = [];
      for (const [i, given] of QUERIES.entries()) {
        // The inbox is read around the window only: of what lies beyond it the archive alone knows.
        const { data_until: _until, ...report } = await ledger.report({
          ...WINDOW,
          ...given,
          policy: POLICIES[i % 2]!,
        });
        found.push(report);
      }
      return found;
    };
    // Each day by itself, then months, then a line that makes one day anew.
    const nights = [...new Set(early.map(({ to }) => to.slice(0, 10)))].sort();
    const before = await reports();
    for (const night of nights.slice(0, 2)) {
      await ledger.compact('alpha', Date.parse(night) + DAY_MS + 3 * 3_600_000);
      expect(await reports()).toEqual(before);
    }
    await ledger.compact('alpha', Date.parse('2026-05-10T00:00:00Z'));
    expect(await reports()).toEqual(before);

    ledger.ship(late);
    const after = await reports();
    expect(after).not.toEqual(before);
    await ledger.compact('alpha', Date.parse('2026-05-10T00:10:00Z'));
    expect(await reports()).toEqual(after);
    expect(await problems(ledger)).toEqual([]);
    const manifest = await readManifest(join(ledger.dir, 'alpha'));
    const kinds = manifest!.parts.map(({ kind }) => kind);
    expect(summedParts(manifest!.parts)).toHaveLength(kinds.filter((kind) => kind === 'rundays').length);
  } finally {
    ledger.remove();
  }
});

/** What `eit ledger check` finds wrong with the archive. */
async function problems(ledger: TestLedger): Promise<readonly string[]> {
  return withDuckDb(
    REPORT_LIMITS,
    async (connection) =>
      (await checkArchive(connection, join(ledger.dir, 'alpha'), 'alpha', Infinity)).problems,
  );
}

test.each(['rundays', 'hours', 'runsums', 'openruns'])(
  'a µJ more in %s than the slices have is found, and made anew where its part is taken out of the manifest',
  async (kind) => {
    const ledger = new TestLedger();
    try {
      const lines = LIVES['runs of one day, of several, and over the end of the month']!;
      ledger.ship(lines.map((line, seq) => runRecord({ ...line, seq })));
      await ledger.compact('alpha', Date.parse('2026-05-10T00:00:00Z'));
      expect(await problems(ledger)).toEqual([]);
      const dir = join(ledger.dir, 'alpha');
      const manifest = (await readManifest(dir))!;
      const part = manifest.parts.find((one) => one.kind === kind)!;
      const path = join(dir, part.path);
      await withDuckDb(REPORT_LIMITS, (connection) =>
        connection.run(
          `COPY (SELECT * REPLACE (cpu_measured_usage_uj + (row_number() OVER () = 1)::BIGINT AS cpu_measured_usage_uj)
           FROM read_parquet('${path}')) TO '${path}.tmp' (FORMAT parquet)`,
        ),
      );
      renameSync(`${path}.tmp`, path);
      // As if it had been written so.
      const { sha256: _, ...rest } = part;
      const damaged = { ...rest, bytes: statSync(path).size };
      const others = manifest.parts.filter((one) => one !== part);
      writeFileSync(join(dir, MANIFEST_FILE), JSON.stringify({ ...manifest, parts: [...others, damaged] }));
      const found = await problems(ledger);
      expect(found.length).toBeGreaterThan(0);
      expect(found[0]).toMatch(
        /^parts\/kind=.*: the totals of 2026-0\d-\d\d to .* expected \d+ uJ, found \d+ uJ/,
      );

      const named = new Set(found.flatMap((text) => text.match(/parts\/\S+?\.parquet/g) ?? []));
      const left = others.filter((one) => !named.has(one.path));
      writeFileSync(join(dir, MANIFEST_FILE), JSON.stringify({ ...manifest, parts: left }));
      await ledger.compact('alpha', Date.parse('2026-05-10T00:10:00Z'));
      expect(await problems(ledger)).toEqual([]);
    } finally {
      ledger.remove();
    }
  },
);

const KEYS: InnerKey[][] = [[], ['user'], ['uid', 'partition'], ['account', 'month'], ['month']];

test('whatever ran, sums of parts and their runs one by one come to the same', async () => {
  const summed = { runs: 0 };
  const property = fc.asyncProperty(
    anyLife,
    fc.constantFrom('UTC', 'Europe/Berlin'),
    fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 2 }),
    fc.constantFrom({}, { users: [{ name: 'alice' }] }, { partitions: new Set(['cpu']) }),
    async (records, timeZone, days, filter) => {
      const ledger = new TestLedger();
      try {
        ledger.ship(JSON.parse(JSON.stringify(records)) as typeof records);
        for (const day of [...days.sort((a, b) => a - b), 60])
          await ledger.compact('alpha', END_MS + (day - 6) * DAY_MS, { timeZone, inboxDays: 90 });
        const dir = join(ledger.dir, 'alpha');
        const manifest = (await readManifest(dir))!;
        const archive = { cluster: 'alpha', dir, manifest };
        await withDuckDb(REPORT_LIMITS, async (connection) => {
          for (const [policy] of POLICIES.entries()) {
            const all = { days: daysWithTotals(archive), policy, filter, exceptJobs: null };
            const apart = await jobsApart(connection, archive, all);
            const one: TotalsQuery = {
              ...all,
              exceptJobs: apart.size === 0 ? null : await jobTable(connection, 'except_jobs', apart),
              notSummed: new Set(manifest.parts.map(({ path }) => path)),
            };
            expect(await jobsApart(connection, archive, { ...all, notSummed: one.notSummed! })).toEqual(
              apart,
            );
            const notSummed =
              one.exceptJobs === null
                ? new Set<string>()
                : await partsWith(connection, archive, all, one.exceptJobs);
            const known = { ...one, notSummed };
            const sums = { ...known, elsewhere: await runsElsewhere(connection, archive, known) };
            for (const keys of KEYS) {
              const byText = (a: object, b: object) => (textOf(a) < textOf(b) ? -1 : 1);
              const [expected, found] = [
                await totalsByGroup(connection, archive, keys, one),
                await totalsByGroup(connection, archive, keys, sums),
              ].map((groups) => groups.sort((a, b) => byText(a.keys, b.keys)));
              expect(found).toEqual(expected);
              for (const { sums: ofGroup } of found!) summed.runs += ofGroup.runs;
            }
            expect(await countTotals(connection, archive, sums)).toEqual(
              await countTotals(connection, archive, one),
            );
            const names = async (query: TotalsQuery) =>
              (await namesInTotals(connection, archive, query)).map(textOf).sort();
            expect(await names(sums)).toEqual(await names(one));
          }
        });
      } finally {
        ledger.remove();
      }
    },
  );
  const options = { numRuns: scaled(3, 300), endOnFailure: process.env['EIT_TEST_SHRINK'] !== '1' };
  // Of a few lives it can be that a filter leaves none of their runs: then some more.
  for (let times = 0; times < 8 && summed.runs === 0; times++) await fc.assert(property, options);
  expect(summed.runs).toBeGreaterThan(0);
});

function textOf(value: object): string {
  return JSON.stringify(value);
}
