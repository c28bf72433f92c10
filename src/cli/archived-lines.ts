import { tmpdir } from 'node:os';
import { namingDamage } from '../archive/damage';
import { REPORT_LIMITS, withDuckDb } from '../archive/duckdb';
import { type ReadableArchive, readSlices, takenBefore } from '../archive/read-archive';
import { POLICIES } from '../attribution/policy';
import type { RunRecord } from '../generated/record';
import { recordOfRow, WholeRows } from '../leaderboard/row-record';
import type { TakenBefore } from '../ledger/inbox';
import type { ReportQuery } from '../report/aggregate';
import { version } from '../version';
import { openLedger } from './ledger-archives';

/** What the archive has of some jobs, and what of the inbox that is. */
export interface ArchivedLines {
  readonly records: readonly RunRecord[];
  readonly taken: ReadonlyMap<string, TakenBefore>;
  /** Clusters whose inbox the reader may read; absent: all. */
  readonly inboxes: ReadonlySet<string> | undefined;
}

/**
 * Records that say what the archive has of jobs, one a fragment and slot of time.
 * @param uid who reads
 * @throws EitError EIT_LEDGER_UNREADABLE, EIT_ARCHIVE, EIT_DUCKDB
 */
export async function archivedLines(ledger: string, query: ReportQuery, uid: number): Promise<ArchivedLines> {
  const { archives, inboxes } = await openLedger(ledger, query, uid);
  const taken = new Map<string, TakenBefore>();
  const records: RunRecord[] = [];
  if (archives.length > 0)
    await namingDamage(
      () => archives,
      () =>
        withDuckDb({ ...REPORT_LIMITS, temporaryDir: tmpdir() }, async (connection) => {
          for (const archive of archives) {
            const { cluster, dir, manifest } = archive;
            if (inboxes?.has(cluster) ?? true) taken.set(cluster, await takenBefore(dir, manifest));
            const rows = await wholeRows(connection, archive, query);
            for (const row of rows.all) records.push(recordOfRow(cluster, row, records.length, version));
          }
        }),
    );
  return { records, taken, inboxes };
}

/** The archive's columns are of one policy at a time. */
async function wholeRows(
  connection: Parameters<typeof readSlices>[0],
  archive: ReadableArchive,
  query: ReportQuery,
): Promise<WholeRows> {
  const rows = new WholeRows();
  for (const policy of POLICIES)
    await readSlices(
      connection,
      archive,
      { ...query, policy },
      {
        addSlice: (_, row) => rows.add(policy, row),
      },
    );
  return rows;
}
