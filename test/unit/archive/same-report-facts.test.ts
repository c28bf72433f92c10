import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { REPORT_LIMITS, withDuckDb } from '../../../src/archive/duckdb';
import { jobsFolder } from '../../../src/archive/job-files';
import { JobStore, makeJobsFolder } from '../../../src/archive/job-store';
import { POLICIES } from '../../../src/attribution/policy';
import type { ReportQuery } from '../../../src/report/aggregate';
import type { SacctJob } from '../../../src/slurm/sacct';
import { SACCT_FIELDS } from '../../../src/synthetic/sacct-text';
import { SmallLedger } from '../synthetic/small-ledger';
import { TestLedger } from './compacted';
import { madeCurve } from './made-curve';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SINCE_MS = Date.parse('2026-01-30T00:00:00Z');
const UNTIL_MS = Date.parse('2026-02-03T00:00:00Z');

/** A row of the text that the synthetic ledger has for sacct; the name is last, and can have anything in it. */
function jobOf(line: string): SacctJob {
  const cells = line.split('|');
  const name = cells.slice(SACCT_FIELDS.length - 1).join('|');
  const cell = (field: (typeof SACCT_FIELDS)[number]) => cells[SACCT_FIELDS.indexOf(field)] ?? '';
  const seconds = (text: string) => {
    const ms = Date.parse(`${text}Z`);
    return Number.isNaN(ms) ? null : ms / 1000;
  };
  const array = /^(\d+)_(\d+)$/.exec(cell('JobID'));
  return {
    jobId: Number(cell('JobIDRaw')),
    arrayJobId: array === null ? null : Number(array[1]),
    arrayTaskId: array === null ? null : Number(array[2]),
    ...{ hetJobId: null, hetOffset: null, cluster: 'small', eligibleS: null, cancelledByUid: null },
    submitS: seconds(cell('Submit')),
    startS: seconds(cell('Start')),
    endS: seconds(cell('End')),
    state: cell('State').split(' ')[0] ?? '',
    qos: cell('QOS'),
    ...{ exitCode: 0, exitSignal: 0, reservation: null, elapsedS: null, suspendedS: null, nodes: null },
    allocCpus: Number(cell('AllocCPUS')),
    ...{ reqCpus: null, reqMemoryBytes: 8 * 2 ** 30, timeLimitS: null, restarts: null, sluid: null },
    uid: Number(cell('UID')),
    user: cell('User'),
    account: cell('Account'),
    partition: cell('Partition'),
    slurmEnergyJ: null,
    name,
  };
}

const ledger = new TestLedger();
beforeAll(async () => {
  const small = new SmallLedger({ jobsPerDay: 100 });
  renameSync(join(small.folder, 'small'), join(ledger.dir, 'small'));
  const jobs = readFileSync(join(small.folder, 'sacct.txt'), 'utf8').split('\n').slice(1, -1).map(jobOf);
  small.remove();
  const folder = jobsFolder(ledger.dir, 'small');
  makeJobsFolder(folder);
  await withDuckDb(REPORT_LIMITS, async (connection) => {
    const store = await JobStore.open(connection);
    const rows = await store.appender();
    rows.add(jobs);
    rows.close();
    await store.merge(folder, 0o600);
  });
}, 60_000);
afterAll(() => ledger.remove());

const QUERIES: Partial<ReportQuery>[] = [
  { groupBy: ['user', 'partition'] },
  { groupBy: ['account', 'partition'], lost: true },
  { groupBy: ['state'] },
  { groupBy: ['qos', 'account'] },
  { groupBy: ['name', 'month'] },
  { groupBy: ['array'] },
  { groupBy: ['day', 'partition'] },
  { groupBy: ['month', 'user'], lost: true },
  { groupBy: ['user'], filter: { states: new Set(['FAILED', 'COMPLETED']) } },
  { groupBy: ['user'], filter: { qos: new Set(['normal']), accounts: new Set(['physics']) } },
  // Days are cut at both ends.
  { groupBy: ['user'], sinceMs: SINCE_MS + 5 * 3_600_000, untilMs: UNTIL_MS - 7 * 3_600_000 },
];

const WEIGHED = { curve: madeCurve(SINCE_MS, UNTIL_MS, 3_600_000), zone: 'UTC' };

test("reports with what Slurm's accounting tells are the same from the inbox, from slices and from totals", async () => {
  const asked = QUERIES.map((given, i) => ({
    sinceMs: SINCE_MS,
    untilMs: UNTIL_MS,
    ...given,
    policy: POLICIES[i % POLICIES.length]!,
  }));
  const before = [];
  // Every other one is by the hour too.
  const weighed = (i: number) => (i % 2 === 0 ? WEIGHED : undefined);
  for (const [i, given] of asked.entries()) before.push(await ledger.report(given, undefined, weighed(i)));
  expect(before[2]!.groups.length).toBeGreaterThan(2);
  expect(before[0]!.slurm?.failed.runs).toBeGreaterThan(0);
  expect(before[1]!.groups.some(({ slurm }) => (slurm?.lost?.failed_kwh ?? 0) > 0)).toBe(true);

  // An hour after the last day: it has no totals yet.
  for (const nowMs of [UNTIL_MS + HOUR_MS, UNTIL_MS + 40 * DAY_MS]) {
    await ledger.compact('small', nowMs);
    for (const [i, given] of asked.entries()) {
      expect(await ledger.report(given, undefined, weighed(i))).toEqual(before[i]);
    }
  }
  expect(ledger.warnings).toEqual([]);
}, 300_000);
