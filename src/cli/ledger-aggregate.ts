import { tmpdir } from 'node:os';
import type { DuckDBConnection } from '@duckdb/node-api';
import { REPORT_LIMITS, withDuckDb } from '../archive/duckdb';
import { countRefused, readHardware, readHosts, readSlices, takenBefore } from '../archive/read-archive';
import type { EitConfig } from '../generated/config';
import type { EitRecord } from '../generated/record';
import { readInbox, type TakenBefore } from '../ledger/inbox';
import type { Skipped } from '../ledger/record-line';
import { type Aggregate, Aggregation, type ReportQuery } from '../report/aggregate';
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
 * @throws EitError EIT_LEDGER_UNREADABLE, EIT_ARCHIVE, EIT_DUCKDB
 */
export async function readAggregate(access: LedgerAccess, query: ReportQuery): Promise<Aggregate> {
  const aggregation = new Aggregation(query);
  const opened = await openLedger(access.config.ledger, query, access.uid);
  if (opened.archives.length === 0) {
    for await (const record of recordsInWindow(access, query)) aggregation.add(record);
    return aggregation.finish();
  }
  await withDuckDb({ ...REPORT_LIMITS, temporaryDir: tmpdir() }, (connection) =>
    addArchives(connection, opened, access, query, aggregation),
  );
  return aggregation.finish();
}

/** What hosts are made of first, then the inbox: so each job of the archive can be added up as soon as it has been read. */
async function addArchives(
  connection: DuckDBConnection,
  { archives, inboxes }: OpenedLedger,
  access: LedgerAccess,
  query: ReportQuery,
  aggregation: Aggregation,
): Promise<void> {
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

/** The records of the inbox of the days asked for and around. */
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
