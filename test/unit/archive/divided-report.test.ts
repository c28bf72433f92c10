import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { cutAt } from '../../../src/archive/job-ranges';
import { slotMsOf } from '../../../src/archive/slot';
import { type Division, type LedgerAccess, readAggregate } from '../../../src/cli/ledger-aggregate';
import { planOf, readPlan, writePlan } from '../../../src/cli/report-plan';
import { readSums, writeSums } from '../../../src/cli/report-sums';
import { addUpRanges } from '../../../src/cli/report-task';
import type { EitConfig } from '../../../src/generated/config';
import type { EitRecord } from '../../../src/generated/record';
import type { EitReport } from '../../../src/generated/report';
import { ledgerClusters } from '../../../src/ledger/inbox-files';
import { Skipped } from '../../../src/ledger/record-line';
import type { ReportQuery } from '../../../src/report/aggregate';
import { buildReport } from '../../../src/report/report';
import { sumsLines } from '../../../src/report/stored-aggregate';
import type { FactsLookup, JobFacts } from '../../../src/runs/job-facts';
import { scaled } from '../../scale';
import { factors, query } from '../report/asked';
import { TestLedger } from './compacted';
import { madeCurve } from './made-curve';
import { anyLife, END_MS } from './random-life';
import { anyExactQuery, WHOLE } from './random-query';

const HOUR_MS = 3_600_000;
const CURVE = madeCurve(WHOLE.sinceMs, WHOLE.untilMs, HOUR_MS);

const GROUPS = [
  ['job'],
  ['job', 'day'],
  ['user', 'hour'],
  ['account', 'partition'],
  ['node'],
  ['week', 'cluster'],
  ['month', 'qos'],
  ['state', 'name'],
  ['array'],
  ['het'],
  ['cpumodel'],
  ['gpumodel', 'user'],
] as const satisfies readonly ReportQuery['groupBy'][];

const anyQuery = fc
  .record({
    asked: anyExactQuery('UTC'),
    /** Most filters find nothing in so little. */
    isFiltered: fc.constantFrom(true, false, false, false),
    groupBy: fc.constantFrom<ReportQuery['groupBy']>(...GROUPS),
    extrapolate: fc.boolean(),
    lost: fc.boolean(),
    embodied: fc.boolean(),
    compareSlurm: fc.boolean(),
  })
  .map(({ asked, isFiltered, ...rest }): Partial<ReportQuery> => ({
    ...asked,
    ...(isFiltered ? {} : { ...WHOLE, filter: {} }),
    timeZone: 'UTC',
    ...rest,
  }));

const anyDivision = fc.record({
  records: anyLife,
  /** Whether some lines of hosts and of every other job are in the inbox alone. */
  hasInbox: fc.boolean(),
  queries: fc.array(anyQuery, { minLength: 3, maxLength: scaled(5, 8) }),
  cuts: fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { maxLength: 4 }),
  isWeighed: fc.boolean(),
});

/** What accounting tells of the jobs of a life: one failed, one of an array, one of a heterogeneous job; nothing of the others. */
const FACTS: FactsLookup = {
  untilMs: END_MS,
  jobIds: [1, 2, 3],
  of: ({ jobId, startedMs }) => {
    const told: JobFacts = {
      ...{
        submitS: null,
        startS: Math.floor(startedMs / 1000),
        endS: null,
        arrayJobId: null,
        arrayTaskId: null,
      },
      ...{ hetJobId: null, hetOffset: null, qos: 'long', allocCpus: 3, name: 'a "b"\u2028,c', sluid: null },
      ...{ reqMemoryBytes: 2 ** 33, timeLimitS: null, slurmEnergyJ: 12_345, state: 'FAILED' },
    };
    if (jobId === 1) return told;
    if (jobId === 2) return { ...told, arrayJobId: 1, arrayTaskId: 7, state: 'CANCELLED' };
    return jobId === 3 ? { ...told, hetJobId: 2, hetOffset: 1, state: 'PREEMPTED', qos: null } : null;
  },
};

function accessTo(ledger: TestLedger, skipped = new Skipped()): LedgerAccess {
  return {
    config: { ledger: ledger.dir, slot_minutes: slotMsOf('UTC', 0) / 60_000 } as EitConfig,
    ...{ skipped, output: null, uid: process.getuid?.() ?? 0, nowMs: Infinity },
    moreFacts: () => FACTS,
  };
}

async function reported(
  ledger: TestLedger,
  given: Partial<ReportQuery>,
  more: Partial<LedgerAccess>,
): Promise<EitReport> {
  const skipped = new Skipped();
  const asked = query(given);
  const aggregate = await readAggregate({ ...accessTo(ledger, skipped), ...more }, asked);
  return buildReport(aggregate, {
    query: asked,
    factorsOf: () => factors,
    toolVersion: '0.1.0',
    generatedAtMs: 0,
    skippedRecords: skipped.total,
  });
}

/** Each range a task with files of its own, as on nodes. */
async function divided(
  folder: string,
  division: Division,
  access: LedgerAccess,
  cuts: readonly number[],
): Promise<void> {
  const points = [...cuts].sort((a, b) => a - b).map((job) => ({ job, rows: 1 }));
  const clusters = division.archives.map(({ cluster }) => ({
    cluster,
    points: [...points, { job: 9, rows: 1 }],
  }));
  const tasks = cutAt(clusters, clusters.length * (cuts.length + 1));
  const made = await planOf(division, tasks, { nowMs: END_MS, asOfMs: null });
  await writePlan(folder, made);
  const plan = await readPlan(folder);
  expect(plan.query).toEqual(made.query);
  for (const [task, ranges] of plan.tasks.entries()) {
    const added = await addUpRanges(plan, ranges, access, division.weighing);
    await writeSums(folder, task, sumsLines({ plan: plan.id, task }, added));
  }
  for (const task of plan.tasks.keys()) await readSums(folder, { plan: plan.id, task }, division.sink);
}

test(
  'whatever ranges of jobs a report is divided into, it is that of one process, to the digit',
  async () => {
    let tasks = 0;
    await fc.assert(
      fc.asyncProperty(anyDivision, async ({ records, hasInbox, queries, cuts, isWeighed }) => {
        const ledger = new TestLedger();
        const folder = mkdtempSync(join(tmpdir(), 'eit-divided-'));
        try {
          const isTaken = (record: EitRecord, i: number): boolean => {
            if (!hasInbox) return true;
            // What hosts are made of is told by the inbox alone.
            if (record.kind === 'host' && record.hardware !== undefined) return false;
            return (record.kind === 'run' && record.job % 2 === 0) || (i * 61) % 100 < 60;
          };
          ledger.ship(records.filter(isTaken));
          for (const cluster of await ledgerClusters(ledger.dir))
            await ledger.compact(cluster, END_MS, { inboxDays: 3650 });
          ledger.ship(records.filter((record, i) => !isTaken(record, i)));
          const weighed = isWeighed ? { curvesOf: () => () => CURVE } : {};
          for (const asked of queries) {
            const whole = await reported(ledger, asked, weighed);
            const parts = await reported(ledger, asked, {
              ...weighed,
              divide: async (division) => {
                tasks++;
                await divided(folder, division, accessTo(ledger), cuts);
              },
            });
            expect(JSON.stringify(parts)).toBe(JSON.stringify(whole));
          }
        } finally {
          ledger.remove();
          rmSync(folder, { recursive: true });
        }
      }),
      { numRuns: scaled(5, 300), endOnFailure: process.env['EIT_TEST_SHRINK'] !== '1' },
    );
    expect(tasks).toBeGreaterThan(5);
  },
  scaled(600_000, 7_200_000),
);
