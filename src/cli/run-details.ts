import { tmpdir } from 'node:os';
import type { RunDetails } from '../appendix/run-details';
import type { PowerSeries } from '../appendix/run-curves';
import { namingDamage } from '../archive/damage';
import { REPORT_LIMITS, withDuckDb } from '../archive/duckdb';
import { readHardware, type ReadableArchive, readSlices } from '../archive/read-archive';
import { readSeries } from '../archive/read-series';
import { EitError, isErrno } from '../errors';
import { InboxChanged, listInbox, readInbox } from '../ledger/inbox';
import { type InboxFile, unreadable } from '../ledger/inbox-files';
import { Skipped } from '../ledger/record-line';
import { midpointMs } from '../runs/slice-row';
import type { ReportQuery } from '../report/aggregate';
import { openLedger } from './ledger-archives';
import type { Output } from './output';

/** Compaction removes files once a day at most. */
const MOST_ATTEMPTS = 5;

const DAY_MS = 86_400_000;

export interface DetailsAccess {
  readonly ledger: string;
  readonly uid: number;
  readonly output: Output;
}

/**
 * Reads all that the ledger holds of some jobs, once for all of them: of the days of which the inbox still has a host's records these, of others
 * what the archive keeps of them.
 * @param query of these jobs; its times hold all of their runs
 * @param make called before each attempt to read
 * @throws EitError EIT_LEDGER_UNREADABLE, EIT_ARCHIVE, EIT_DUCKDB
 */
export async function readRunDetails(
  access: DetailsAccess,
  query: ReportQuery,
  make: () => RunDetails,
): Promise<RunDetails> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readOnce(access, query, make());
    } catch (error) {
      // Compaction has removed a file meanwhile: what was in it is in the archive now.
      if (!(error instanceof InboxChanged)) throw error;
      if (attempt === MOST_ATTEMPTS) throw unreadable(error.message, error);
    }
  }
}

async function readOnce(
  { ledger, uid, output }: DetailsAccess,
  query: ReportQuery,
  details: RunDetails,
): Promise<RunDetails> {
  const skipped = new Skipped();
  const { filter, sinceMs: fromMs, untilMs: toMs } = query;
  const clusters = filter.clusters === undefined ? undefined : [...filter.clusters];
  const list = (): Promise<InboxFile[]> => listInbox(ledger, { clusters, fromMs, toMs, skipped });
  // Of a private ledger most read the archive only.
  const listed = await list().catch((error: unknown) => {
    if (error instanceof EitError && isErrno(error.cause, 'EACCES')) return null;
    throw error;
  });
  const { archives, inboxes } = await openLedger(ledger, query, uid);
  const files = (listed ?? []).filter(({ cluster }) => inboxes?.has(cluster) ?? true);
  const held = new Set(files.map(({ cluster, host, day }) => dayKey(cluster, host, day)));
  const isInInbox = (cluster: string, host: string, atMs: number): boolean =>
    held.has(dayKey(cluster, host, dayOf(atMs)));
  if (archives.length > 0) await readArchives(archives, query, details, isInInbox);
  if (files.length > 0) {
    const progress = output.progress('reading records of the runs, file');
    try {
      const records = readInbox(ledger, {
        clusters,
        fromMs,
        toMs,
        skipped,
        files,
        onProgress: (done, all) => progress.update(done, all),
      });
      for await (const record of records) {
        // What the archive has already told: a line's folder is by its end, its slot by its middle.
        const atMs = record.kind === 'series' ? Date.parse(record.to) : midpointMs(record);
        if (record.kind === 'host' || archives.length === 0 || isInInbox(record.cluster, record.host, atMs))
          details.addRecord(record);
      }
    } finally {
      progress.done();
    }
  }
  details.finish();
  return details;
}

async function readArchives(
  archives: readonly ReadableArchive[],
  query: ReportQuery,
  details: RunDetails,
  isInInbox: (cluster: string, host: string, atMs: number) => boolean,
): Promise<void> {
  await namingDamage(
    () => archives,
    () =>
      withDuckDb({ ...REPORT_LIMITS, temporaryDir: tmpdir() }, async (connection) => {
        for (const archive of archives) {
          await readHardware(connection, archive, { addHardware: (told) => details.addHardware(told) });
          await readSlices(
            connection,
            archive,
            { ...query, allPolicies: true },
            {
              addSlice: (cluster, row, atMs) => {
                if (!isInInbox(cluster, row.host, atMs)) details.addSlice(cluster, row, atMs);
              },
            },
          );
          await readSeries(connection, archive, query, (row) => {
            if (isInInbox(archive.cluster, row.host, row.toMs)) return;
            details.addCurve(archive.cluster, row, JSON.parse(row.series) as PowerSeries);
          });
        }
      }),
  );
}

function dayKey(cluster: string, host: string, day: string): string {
  return `${cluster}\0${host}\0${day}`;
}

/** Of the folder in which a record of that time lies. */
function dayOf(ms: number): string {
  return new Date(Math.max(0, Math.min(ms, Date.UTC(9999, 0) - DAY_MS))).toISOString().slice(0, 10);
}
