import { tmpdir } from 'node:os';
import type { DuckDBConnection } from '@duckdb/node-api';
import { REPORT_LIMITS, withDuckDb } from '../archive/duckdb';
import { readJobFacts } from '../archive/job-facts';
import { countRefused, readHardware, readHosts, readSlices, takenBefore } from '../archive/read-archive';
import { EitError, isErrno } from '../errors';
import type { EitConfig } from '../generated/config';
import type { EitRecord } from '../generated/record';
import { readInbox, type TakenBefore } from '../ledger/inbox';
import type { Skipped } from '../ledger/record-line';
import { type Aggregate, Aggregation, needsFacts, type ReportQuery } from '../report/aggregate';
import type { FactsLookup } from '../runs/job-facts';
import { type OpenedLedger, openLedger } from './ledger-archives';
import { addDays, daysAddedUp } from './ledger-days';
import type { Output } from './output';

/** Where a command reads, and how it says how far it is. */
export interface LedgerAccess {
  readonly config: EitConfig;
  readonly skipped: Skipped;
  /** Who reads. */
  readonly uid: number;
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
  const opened = await openLedger(access.config.ledger, query, access.uid);
  const { archives } = opened;
  // Whole days have it in their totals, and it need not be read of the millions of runs of a year.
  const areDays = archives.length > 0 && archives.every((archive) => daysAddedUp(archive, query).size > 0);
  if (withFacts && !areDays) aggregation.useFacts(await readFacts(access, query));
  if (archives.length === 0) {
    for await (const record of recordsInWindow(access, query)) aggregation.add(record);
    return aggregation.finish();
  }
  await withDuckDb({ ...REPORT_LIMITS, temporaryDir: tmpdir() }, async (connection) => {
    const jobs = await addArchives(connection, opened, access, query, aggregation);
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
  { archives, inboxes }: OpenedLedger,
  access: LedgerAccess,
  query: ReportQuery,
  aggregation: Aggregation,
): Promise<Set<number>> {
  const taken = new Map<string, TakenBefore>();
  for (const archive of archives) {
    const { cluster, dir, manifest } = archive;
    if (manifest.data_until !== null) aggregation.seen(Date.parse(manifest.data_until));
    countRefused(manifest, query, access.skipped);
    if (inboxes?.has(cluster) ?? true) taken.set(cluster, await takenBefore(dir, manifest));
    await readHardware(connection, archive, query.untilMs, {
      addHardware: (told) => aggregation.addHardware(told),
    });
  }
  const inboxJobs = new Map<string, Set<number>>();
  const filter = inboxes === undefined ? query.filter : { ...query.filter, clusters: inboxes };
  for await (const record of recordsInWindow(access, { ...query, filter }, taken)) {
    aggregation.add(record);
    if (record.kind === 'run') jobsOf(inboxJobs, record.cluster).add(record.job);
  }
  const rest = new Set([...inboxJobs.values()].flatMap((jobs) => [...jobs]));
  for (const archive of archives) {
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
    if (!(error instanceof EitError) || needsFacts(query)) throw error;
    // A private ledger's user reads his own files, which have none of it.
    if (error.code === 'EIT_LEDGER_UNREADABLE' && isErrno(error.cause, 'EACCES')) return null;
    if (error.code !== 'EIT_ARCHIVE' && error.code !== 'EIT_DUCKDB') throw error;
    output?.note(`without names and states of jobs: ${error.code}: ${error.message}`);
    return null;
  }
}

/** The records of the days asked for and around. */
export async function* recordsInWindow(
  { config, skipped, output }: Pick<LedgerAccess, 'config' | 'skipped' | 'output'>,
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
