import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { REPORT_LIMITS, sqlText, withDuckDb } from '../../../src/archive/duckdb';
import { JOB_COLUMNS } from '../../../src/archive/job-columns';
import { jobFactsFiles, jobsFolder } from '../../../src/archive/job-files';
import { JobStore, makeJobsFolder } from '../../../src/archive/job-store';
import type { SacctJob } from '../../../src/slurm/sacct';

let ledger: string;
beforeEach(() => {
  ledger = mkdtempSync(join(tmpdir(), 'eit-store-'));
});
afterEach(() => rmSync(ledger, { recursive: true }));

const FEBRUARY_S = Date.parse('2026-02-28T12:00:00Z') / 1000;

const job = fc
  .record({
    jobId: fc.integer({ min: 1, max: 3 }),
    submitS: fc.constantFrom(null, 5, 6),
    startDay: fc.constantFrom(null, 0, 1),
    ended: fc.boolean(),
    energyJ: fc.constantFrom(null, 7, 2 ** 53 - 1),
    name: fc.string({ unit: 'binary', maxLength: 5 }).map((text) => text.replaceAll('\0', '')),
  })
  .map(({ jobId, submitS, startDay, ended, energyJ, name }): SacctJob => {
    const startS = startDay === null ? null : FEBRUARY_S + startDay * 86_400;
    return {
      ...{ jobId, arrayJobId: null, arrayTaskId: null, hetJobId: null, hetOffset: null, cluster: 'alpha' },
      ...{ submitS, eligibleS: null, startS, endS: ended ? FEBRUARY_S + 90_000 : null, state: 'RUNNING' },
      ...{ cancelledByUid: null, exitCode: 0, exitSignal: 0, qos: null, reservation: null, elapsedS: 60 },
      ...{ suspendedS: 0, nodes: 1, allocCpus: 1, reqCpus: 1, reqMemoryBytes: null, timeLimitS: null },
      ...{ uid: 1, user: 'alice', account: null, partition: 'cpu', slurmEnergyJ: energyJ, restarts: null },
      ...{ sluid: null, name },
    };
  });

/** Merges as one call of sacct after the other. */
async function merge(calls: readonly (readonly SacctJob[])[]): Promise<string[][]> {
  const folder = jobsFolder(ledger, 'alpha');
  makeJobsFolder(folder);
  const changed: string[][] = [];
  for (const jobs of calls) {
    await withDuckDb({ ...REPORT_LIMITS, threads: 1 }, async (connection) => {
      const store = await JobStore.open(connection);
      const rows = await store.appender();
      rows.add(jobs);
      rows.close();
      changed.push(await store.merge(folder, 0o600));
    });
  }
  return changed;
}

async function kept(): Promise<unknown[][]> {
  const files = await jobFactsFiles(ledger, 'alpha', Date.parse('2030-01-01'));
  if (files.length === 0) return [];
  const list = files.map(sqlText).join(', ');
  return withDuckDb(REPORT_LIMITS, async (connection) => {
    const names = JOB_COLUMNS.map(({ name }) => name).join(', ');
    return (await connection.runAndReadAll(`SELECT ${names} FROM read_parquet([${list}])`)).getRows();
  });
}

/** Rows as texts, numbers alike whether DuckDB or we have them. */
const sorted = (rows: readonly unknown[][]): string[] =>
  rows
    .map((row) =>
      JSON.stringify(
        row.map((value) => (typeof value === 'bigint' || typeof value === 'number' ? `${value}` : value)),
      ),
    )
    .sort();

test('whatever calls of sacct bring, each run is there once, as it came last', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(job, { maxLength: 6 }), { maxLength: 4 }), async (calls) => {
      rmSync(join(ledger, 'alpha'), { recursive: true, force: true });
      await merge(calls);
      const last = new Map<string, unknown[]>();
      for (const each of calls.flat()) {
        if (each.startS === null) continue;
        last.set(
          `${each.jobId} ${each.submitS} ${each.startS}`,
          JOB_COLUMNS.map((column) => column.of(each)),
        );
      }
      expect(sorted(await kept())).toEqual(sorted([...last.values()]));
    }),
    { numRuns: 25 },
  );
});

test('the same again changes no file', async () => {
  const jobs = fc.sample(job, { numRuns: 30, seed: 7 });
  const [first, second] = await merge([jobs, jobs]);
  expect(first?.map((path) => path.slice(-15))).toEqual(['2026-02.parquet', '2026-03.parquet']);
  expect(second).toEqual([]);
});

test('a file of an older version, with fewer columns, is read and written anew', async () => {
  const folder = jobsFolder(ledger, 'alpha');
  makeJobsFolder(folder);
  await withDuckDb(REPORT_LIMITS, (connection) =>
    connection.run(
      `COPY (SELECT 9::BIGINT AS job_id, 1::BIGINT AS submit_s, ${FEBRUARY_S}::BIGINT AS start_s, 'old' AS name)
       TO ${sqlText(join(folder, '2026-02.parquet'))} (FORMAT parquet)`,
    ),
  );
  await merge([fc.sample(job, { numRuns: 30, seed: 7 })]);
  expect(sorted(await kept()).filter((row) => row.startsWith('["9"'))).toHaveLength(1);
});

test('a file that is being written elsewhere, or was left half, is not read', async () => {
  await merge([fc.sample(job, { numRuns: 30, seed: 7 })]);
  const before = await kept();
  writeFileSync(join(jobsFolder(ledger, 'alpha'), '2026-02.parquet.tmp'), 'half');
  expect(await kept()).toEqual(before);
  await merge([fc.sample(job, { numRuns: 30, seed: 7 })]);
  expect(statSync(join(jobsFolder(ledger, 'alpha'), '2026-02.parquet')).isFile()).toBe(true);
});
