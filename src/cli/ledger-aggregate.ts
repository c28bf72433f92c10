import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { REPORT_LIMITS, withDuckDb } from '../archive/duckdb';
import { namingDamage } from '../archive/damage';
import { readManifest } from '../archive/manifest';
import {
  countRefused,
  type ReadableArchive,
  readHardware,
  readHosts,
  readSlices,
  takenBefore,
} from '../archive/read-archive';
import type { EitConfig } from '../generated/config';
import type { EitRecord } from '../generated/record';
import { InboxChanged, type InboxQuery, listInbox, readInbox, type TakenBefore } from '../ledger/inbox';
import { type InboxFile, ledgerClusters, unreadable } from '../ledger/inbox-files';
import { Skipped } from '../ledger/record-line';
import { type Aggregate, Aggregation, type ReportQuery } from '../report/aggregate';
import { addDays, daysAddedUp } from './ledger-days';
import type { Output } from './output';

/** Compaction removes files once a day at most. */
const MOST_ATTEMPTS = 5;

/** Where a command reads, and how it says how far it is. */
export interface LedgerAccess {
  readonly config: EitConfig;
  readonly skipped: Skipped;
  /** For the progress; null: none is shown. */
  readonly output: Output | null;
}

/**
 * The sums of a query over all that the ledger holds: the archive, and what the inbox has beyond it.
 * @throws EitError EIT_LEDGER_UNREADABLE, EIT_ARCHIVE, EIT_DUCKDB
 */
export async function readAggregate(access: LedgerAccess, query: ReportQuery): Promise<Aggregate> {
  for (let attempt = 1; ; attempt++) {
    const skipped = new Skipped();
    try {
      const aggregate = await readOnce({ ...access, skipped }, query);
      for (const [reason, count] of skipped.byReason) access.skipped.count(reason, count);
      return aggregate;
    } catch (error) {
      // Compaction has removed a file meanwhile: what was in it is in the archive now.
      if (!(error instanceof InboxChanged)) throw error;
      if (attempt === MOST_ATTEMPTS) throw unreadable(error.message, error);
    }
  }
}

async function readOnce(access: LedgerAccess, query: ReportQuery): Promise<Aggregate> {
  const aggregation = new Aggregation(query);
  // Before the manifest is read: what is removed until then is in it.
  const files = await listInbox(access.config.ledger, inboxQuery(access.skipped, query));
  const archives = await openArchives(access.config.ledger, query.filter.clusters);
  if (archives.length === 0) {
    for await (const record of recordsInWindow(access, query, { files })) aggregation.add(record);
    return aggregation.finish();
  }
  await namingDamage(
    () => archives,
    () =>
      withDuckDb({ ...REPORT_LIMITS, temporaryDir: tmpdir() }, (connection) =>
        addArchives(connection, archives, files, access, query, aggregation),
      ),
  );
  return aggregation.finish();
}

/** What hosts are made of first, then the inbox: so each job of the archive can be added up as soon as it has been read. */
async function addArchives(
  connection: DuckDBConnection,
  archives: readonly ReadableArchive[],
  files: readonly InboxFile[],
  access: LedgerAccess,
  query: ReportQuery,
  aggregation: Aggregation,
): Promise<void> {
  const taken = new Map<string, TakenBefore>();
  for (const archive of archives) {
    const { cluster, dir, manifest } = archive;
    if (manifest.data_until !== null) aggregation.seen(Date.parse(manifest.data_until));
    countRefused(manifest, query, access.skipped);
    taken.set(cluster, await takenBefore(dir, manifest));
    await readHardware(connection, archive, {
      addHardware: (told) => aggregation.addHardware(told),
    });
  }
  const inboxJobs = new Map<string, Set<number>>();
  for await (const record of recordsInWindow(access, query, { files, taken })) {
    aggregation.add(record);
    if (record.kind === 'run') jobsOf(inboxJobs, record.cluster).add(record.job);
  }
  for (const archive of archives) {
    const days = daysAddedUp(archive, query);
    if (days.size > 0) {
      await addDays(connection, archive, query, days, jobsOf(inboxJobs, archive.cluster), aggregation);
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
}

function jobsOf(jobs: Map<string, Set<number>>, cluster: string): Set<number> {
  let found = jobs.get(cluster);
  if (found === undefined) jobs.set(cluster, (found = new Set()));
  return found;
}

async function openArchives(
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

function inboxQuery(
  skipped: Skipped,
  { filter, sinceMs, untilMs }: Pick<ReportQuery, 'filter' | 'sinceMs' | 'untilMs'>,
): Pick<InboxQuery, 'clusters' | 'fromMs' | 'toMs' | 'skipped'> {
  return {
    ...(filter.clusters === undefined ? {} : { clusters: [...filter.clusters] }),
    fromMs: sinceMs,
    toMs: untilMs,
    skipped,
  };
}

/** The records of the inbox of the days asked for and around. */
export async function* recordsInWindow(
  { config, skipped, output }: LedgerAccess,
  query: Pick<ReportQuery, 'filter' | 'sinceMs' | 'untilMs'>,
  given: Pick<InboxQuery, 'files' | 'taken'> = {},
): AsyncGenerator<EitRecord, void, undefined> {
  const progress = output?.progress('reading the ledger, file');
  try {
    yield* readInbox(config.ledger, {
      ...inboxQuery(skipped, query),
      ...given,
      onProgress: (done, all) => progress?.update(done, all),
    });
  } finally {
    progress?.done();
  }
}
