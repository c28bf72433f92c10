import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { SkippedLines } from '../carbon/intensity-line';
import { REPORT_LIMITS, withDuckDb } from '../archive/duckdb';
import { namingDamage } from '../archive/damage';
import type { ClusterJobs } from '../archive/job-ranges';
import { readHardware, readSlices } from '../archive/read-archive';
import { loadConfig, type LoadedConfig } from '../config/config';
import { describeError, EitError } from '../errors';
import { writeWhole } from '../archive/whole-file';
import { Skipped } from '../ledger/record-line';
import { Aggregation } from '../report/aggregate';
import { sumsLines } from '../report/stored-aggregate';
import type { WeightCurve, Weighing } from '../runs/slot-weights';
import type { Surroundings } from './command';
import { energyCurves } from './energy-curves';
import { lastGiven } from './given';
import { type LedgerAccess, readFacts } from './ledger-aggregate';
import { curveStamp, mustBeAsPlanned, type PlannedArchive, readPlan, type ReportPlan } from './report-plan';
import { failureName, writeSums } from './report-sums';
import { siteFactors } from './site-factors';

const OWN_FILE = 0o600;

/** What the jobs of `eit-report --slurm` do: a task of a plan. Who waits for it is told by a file why it failed. */
export async function runReportTask(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const folder = lastGiven(argv['plan']) ?? '';
  const text = lastGiven(argv['task']) ?? '';
  if (!folder.startsWith('/') || !/^\d{1,6}$/.test(text))
    throw new EitError('EIT_USAGE', '--plan and --task are for the jobs of --slurm: a folder and a number');
  const task = Number(text);
  try {
    const plan = await readPlan(folder);
    const ranges = plan.tasks[task];
    if (ranges === undefined) throw new EitError('EIT_USAGE', `--task: the plan has no task ${task}`);
    const path = lastGiven(argv['config']);
    const loaded = loadConfig({ ...(path === undefined ? {} : { path }), env: surroundings.env });
    const added = await addUpRanges(
      plan,
      ranges,
      {
        // Wherever this node's eit.yaml has its ledger: what sacct told is beside the archive.
        config: { ...loaded.config, ledger: dirname(plan.archives[0]?.dir ?? loaded.config.ledger) },
        skipped: new Skipped(),
        output: surroundings.output,
        uid: process.getuid?.() ?? 0,
        nowMs: plan.nowMs,
      },
      weighingOf(plan, ranges, loaded),
    );
    await writeSums(folder, task, sumsLines({ plan: plan.id, task }, added));
    return 0;
  } catch (error) {
    const words = `${describeError(error)} (on ${hostname()})`;
    await writeWhole(join(folder, failureName(task)), words, OWN_FILE).catch(() => undefined);
    throw error;
  }
}

/**
 * Adds up the runs of some jobs with what all tasks of a plan have in common.
 * @throws EitError EIT_ARCHIVE, EIT_DUCKDB
 */
export async function addUpRanges(
  plan: ReportPlan,
  ranges: readonly ClusterJobs[],
  access: LedgerAccess,
  weighing: Weighing | null,
): Promise<ReturnType<Aggregation['finishPart']>> {
  const { query } = plan;
  const aggregation = new Aggregation(query, null, weighing);
  for (const told of plan.hardware) aggregation.addHardware(told);
  const archives = plan.archives.filter(({ cluster }) => ranges.some((range) => range.cluster === cluster));
  for (const archive of archives) await mustBeAsPlanned(archive);
  await namingDamage(
    () => archives,
    () =>
      withDuckDb({ ...REPORT_LIMITS, temporaryDir: tmpdir() }, async (connection) => {
        for (const archive of archives) {
          await readHardware(connection, archive, {
            addHardware: (told) => aggregation.addHardware(told),
          });
        }
        for (const range of ranges) {
          const archive = archives.find(({ cluster }) => cluster === range.cluster);
          if (archive === undefined) throw new Error(`the plan has no archive of ${range.cluster}`);
          await addRange(connection, archive, plan, range, access, aggregation);
        }
      }),
  );
  for (const archive of archives) await mustBeAsPlanned(archive);
  return aggregation.finishPart();
}

async function addRange(
  connection: DuckDBConnection,
  archive: PlannedArchive,
  { query }: ReportPlan,
  { cluster, from, below }: ClusterJobs,
  access: LedgerAccess,
  aggregation: Aggregation,
): Promise<void> {
  const asked = {
    ...query,
    filter: { ...query.filter, clusters: new Set([cluster]), jobRange: { from, below } },
  };
  aggregation.useFacts(await readFacts(access, asked));
  const except = new Set(archive.exceptJobs);
  const jobs = new Set<number>();
  await readSlices(connection, archive, asked, {
    addSlice: (of, row, atMs) => {
      if (except.has(row.job)) return;
      jobs.add(row.job);
      aggregation.addSlice(of, row, atMs);
    },
    endJob: (of, job) => {
      jobs.delete(job);
      aggregation.endJob(of, job);
    },
  });
  // What is told of them is of this range alone.
  for (const job of jobs) aggregation.endJob(cluster, job);
}

/** @throws EitError EIT_INTENSITY where factors are others here than where the plan was made */
function weighingOf(plan: ReportPlan, ranges: readonly ClusterJobs[], loaded: LoadedConfig): Weighing {
  const { query, nowMs } = plan;
  const factorsIn = siteFactors(loaded);
  const curveAsOf = (asOfMs: number | null) =>
    energyCurves({
      ...{ loaded, factorsIn, nowMs, skipped: new SkippedLines() },
      ...(asOfMs === null ? {} : { asOfMs }),
    }).curvesOf(query);
  const archives = plan.archives.filter(({ cluster }) => ranges.some((range) => range.cluster === cluster));
  // Values may have come since then, of which the report knows nothing.
  const tried = [curveAsOf(plan.asOfMs), curveAsOf(plan.asOfMs ?? nowMs)];
  const curves = new Map<string, WeightCurve | null>();
  for (const { cluster, curve: stamp } of archives) {
    const same = tried.find((of) => curveStamp(of(cluster), query, nowMs) === stamp);
    if (same === undefined) {
      throw new EitError(
        'EIT_INTENSITY',
        `${cluster}: PUE, price or carbon intensity by time are others here than where the report is made: do all nodes have the same ` +
          'eit.yaml and read the same intensity_dir?',
      );
    }
    curves.set(cluster, same(cluster));
  }
  const slots = new Map(archives.map(({ cluster, manifest }) => [cluster, manifest.slot_ms]));
  return {
    curveOf: (cluster) => curves.get(cluster) ?? null,
    slotMsOf: (cluster) => slots.get(cluster) ?? 3_600_000,
  };
}
