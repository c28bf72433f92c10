import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { REPORT_LIMITS, withDuckDb } from '../archive/duckdb';
import { readJobFacts } from '../archive/job-facts';
import { readManifest } from '../archive/manifest';
import { keptMonthsIn } from '../archive/kept-months';
import {
  countRefused,
  type ReadableArchive,
  readHardware,
  readHosts,
  readSlices,
  takenBefore,
} from '../archive/read-archive';
import { EitError } from '../errors';
import type { EitConfig } from '../generated/config';
import type { EitRecord } from '../generated/record';
import { readInbox, type TakenBefore } from '../ledger/inbox';
import { ledgerClusters } from '../ledger/inbox-files';
import type { Skipped } from '../ledger/record-line';
import { type Aggregate, Aggregation, needsFacts, type ReportQuery } from '../report/aggregate';
import type { FactsLookup } from '../runs/job-facts';
import { addDays, daysAddedUp } from './ledger-days';
import { addMonths, goneNote, isToldByTotals } from './ledger-months';
import type { Output } from './output';

/** Where a command reads, and how it says how far it is. */
export interface LedgerAccess {
  readonly config: EitConfig;
  readonly skipped: Skipped;
  /** For the progress; null: none is shown. */
  readonly output: Output | null;
}

/**
 * The sums of a query over all that the ledger holds: the archive, and what the inbox has beyond it.
 * @param withFacts whether what Slurm's accounting tells of runs is wanted
 * @throws EitError EIT_LEDGER_UNREADABLE, EIT_ARCHIVE, EIT_DUCKDB
 */
export async function readAggregate(
  access: LedgerAccess,
  query: ReportQuery,
  withFacts = true,
): Promise<Aggregate> {
  const aggregation = new Aggregation(query);
  const archives = await openArchives(access.config.ledger, query.filter.clusters);
  // Whole days have it in their totals, and it need not be read of the millions of runs of a year.
  const areDays = archives.length > 0 && archives.every((archive) => daysAddedUp(archive, query).size > 0);
  if (withFacts && !areDays) aggregation.useFacts(await readFacts(access, query));
  if (archives.length === 0) {
    for await (const record of recordsInWindow(access, query)) aggregation.add(record);
    return aggregation.finish();
  }
  await withDuckDb({ ...REPORT_LIMITS, temporaryDir: tmpdir() }, async (connection) => {
    const jobs = await addArchives(connection, archives, access, query, aggregation);
    if (!withFacts || !areDays) return;
    aggregation.useFacts(await readFacts(access, { ...query, filter: { ...query.filter, jobs } }));
  });
  return aggregation.finish();
}

/**
 * What hosts are made of first, then the inbox: so each job of the archive can be added up as soon as it has been read.
 * @returns where whole days were added up from totals, the jobs that were not
 */
async function addArchives(
  connection: DuckDBConnection,
  archives: readonly ReadableArchive[],
  access: LedgerAccess,
  query: ReportQuery,
  aggregation: Aggregation,
): Promise<Set<number>> {
  const taken = new Map<string, TakenBefore>();
  for (const archive of archives) {
    const { cluster, dir, manifest } = archive;
    if (manifest.data_until !== null) aggregation.seen(Date.parse(manifest.data_until));
    countRefused(manifest, query, access.skipped);
    taken.set(cluster, await takenBefore(dir, manifest));
    await readHardware(connection, archive, query.untilMs, {
      addHardware: (told) => aggregation.addHardware(told),
    });
  }
  const inboxJobs = new Map<string, Set<number>>();
  for await (const record of recordsInWindow(access, query, taken)) {
    aggregation.add(record);
    if (record.kind === 'run') jobsOf(inboxJobs, record.cluster).add(record.job);
  }
  const rest = new Set([...inboxJobs.values()].flatMap((jobs) => [...jobs]));
  for (const archive of archives) {
    const kept = keptMonthsIn(archive, query);
    const months = isToldByTotals(archive, query) ? kept.whole : [];
    await addMonths(connection, archive, query, months, aggregation);
    const left = [...kept.whole, ...kept.cut].filter((month) => !months.includes(month)).sort();
    if (left.length > 0) access.output?.note(goneNote(archive.cluster, left));
    const days = daysAddedUp(archive, query);
    if (days.size > 0) {
      const inbox = jobsOf(inboxJobs, archive.cluster);
      const jobs = await addDays(connection, archive, query, days, inbox, aggregation);
      for (const job of jobs) rest.add(job);
    } else {
      await readSlices(connection, archive, query, {
        addSlice: (cluster, row, atMs) => aggregation.addSlice(cluster, row, atMs),
        endJob: (cluster, job) => aggregation.endJob(cluster, job),
      });
    }
    if (query.withUnattributed || query.policy === 'hybrid') {
      await readHosts(connection, archive, query, {
        addHost: (cluster, row, atMs) => aggregation.addHost(cluster, row, atMs),
      });
    }
  }
  return rest;
}

function jobsOf(jobs: Map<string, Set<number>>, cluster: string): Set<number> {
  let found = jobs.get(cluster);
  if (found === undefined) jobs.set(cluster, (found = new Set()));
  return found;
}

/** The archives of a ledger that can be read. @throws EitError EIT_ARCHIVE, EIT_LEDGER_UNREADABLE */
export async function openArchives(
  ledger: string,
  clusters: ReadonlySet<string> | undefined,
): Promise<ReadableArchive[]> {
  const archives: ReadableArchive[] = [];
  for (const cluster of await ledgerClusters(ledger)) {
    if (clusters !== undefined && !clusters.has(cluster)) continue;
    const dir = join(ledger, cluster);
    const manifest = await readManifest(dir);
    if (manifest !== null) archives.push({ cluster, dir, manifest });
  }
  return archives;
}

/** The records of the inbox of the days asked for and around. */
/**
 * What Slurm's accounting tells of the runs asked for; null where it was never asked. A report that can do without says so and goes on
 * where that cannot be read.
 * @throws EitError EIT_LEDGER_UNREADABLE, EIT_ARCHIVE, EIT_DUCKDB where the query asks for it
 */
async function readFacts({ config, output }: LedgerAccess, query: ReportQuery): Promise<FactsLookup | null> {
  const { filter, sinceMs, untilMs } = query;
  const clusters = filter.clusters === undefined ? undefined : [...filter.clusters];
  try {
    return await readJobFacts(config.ledger, clusters, sinceMs, untilMs, filter);
  } catch (error) {
    const isOfFacts =
      error instanceof EitError && (error.code === 'EIT_ARCHIVE' || error.code === 'EIT_DUCKDB');
    if (!isOfFacts || needsFacts(query)) throw error;
    output?.note(`without names and states of jobs: ${error.code}: ${error.message}`);
    return null;
  }
}

/** The records of the days asked for and around. */
export async function* recordsInWindow(
  { config, skipped, output }: LedgerAccess,
  { filter, sinceMs, untilMs }: Pick<ReportQuery, 'filter' | 'sinceMs' | 'untilMs'>,
  taken?: ReadonlyMap<string, TakenBefore>,
): AsyncGenerator<EitRecord, void, undefined> {
  const progress = output?.progress('reading the ledger, file');
  try {
    yield* readInbox(config.ledger, {
      ...(filter.clusters === undefined ? {} : { clusters: [...filter.clusters] }),
      fromMs: sinceMs,
      toMs: untilMs,
      skipped,
      taken,
      onProgress: (done, all) => progress?.update(done, all),
    });
  } finally {
    progress?.done();
  }
}
