import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { readAccountArchive } from '../archive/account-archive';
import { daysIn } from '../archive/days';
import { readManifest } from '../archive/manifest';
import { readOwnArchive } from '../archive/own-archive';
import type { ReadableArchive } from '../archive/read-archive';
import { EitError, isErrno } from '../errors';
import { ledgerClusters } from '../ledger/inbox-files';
import type { ReportQuery } from '../report/aggregate';
import { isToldByTotals } from './ledger-days';

/** What of the ledger a reader gets. */
export interface OpenedLedger {
  readonly archives: readonly ReadableArchive[];
  /** Clusters whose inbox he may read, where there can be more than in the archive; absent: all that are asked for. */
  readonly inboxes?: ReadonlySet<string>;
  /** Clusters of which it is the totals of accounts, which tell all that may be asked of them. */
  readonly totalsOf: ReadonlySet<string>;
}

/**
 * Opens what a reader may read of the clusters that are asked for: all, or of a private ledger what was published for him or for coordinators of an account.
 * @param uid whose runs may be read from there
 * @throws EitError EIT_LEDGER_UNREADABLE where others' runs are asked for that he may not read; EIT_ARCHIVE
 */
export async function openLedger(ledger: string, query: ReportQuery, uid: number): Promise<OpenedLedger> {
  const { filter } = query;
  const archives: ReadableArchive[] = [];
  const [inboxes, totalsOf] = [new Set<string>(), new Set<string>()];
  for (const cluster of await ledgerClusters(ledger)) {
    if (filter.clusters !== undefined && !filter.clusters.has(cluster)) continue;
    const dir = join(ledger, cluster);
    const manifest = await readManifest(dir).catch((error: unknown) => {
      if (error instanceof EitError && isErrno(error.cause, 'EACCES')) return 'refused' as const;
      throw error;
    });
    if (manifest === 'refused') {
      const { archive, isTotals } = await openOwn(ledger, dir, cluster, query, uid);
      archives.push(archive);
      if (isTotals) totalsOf.add(cluster);
      continue;
    }
    if (manifest !== null) archives.push({ cluster, dir, manifest });
    // Where nothing was compacted yet there is nothing else, and reading it says why it cannot be read.
    if (manifest === null || (await mayList(join(dir, 'inbox')))) inboxes.add(cluster);
  }
  return archives.length === 0 ? { archives, totalsOf } : { archives, inboxes, totalsOf };
}

async function openOwn(
  ledger: string,
  dir: string,
  cluster: string,
  query: ReportQuery,
  uid: number,
): Promise<{ readonly archive: ReadableArchive; readonly isTotals: boolean }> {
  const { users, accounts } = query.filter;
  if (users?.length === 1 && users[0]?.uid === uid) {
    return { archive: await readOwnArchive(dir, cluster, uid), isTotals: false };
  }
  if (accounts !== undefined) {
    const totals = await readAccountArchive(dir, cluster, accounts);
    if (totals !== null) {
      mustBeTotals(totals, query);
      return { archive: totals, isTotals: true };
    }
  }
  throw new EitError(
    'EIT_LEDGER_UNREADABLE',
    `you may read your own runs only: the ledger ${ledger} is private. Leave out --user and --allusers (who coordinates an account: --allusers --account; an admin to whom it is not open yet: ` +
      `--user ${uid}). Who sees all is named in \`admins\` of eit.yaml, and gets it with the next eit ledger compact`,
  );
}

/** @throws EitError EIT_USAGE where an account's totals do not tell what is asked for */
function mustBeTotals({ manifest }: ReadableArchive, query: ReportQuery): void {
  const { time_zone: timeZone } = manifest;
  const { groupBy, filter } = query;
  const isOfJobs = filter.names !== undefined || groupBy.some((key) => key === 'name' || key === 'array');
  const [first] = daysIn(query.sinceMs, query.sinceMs + 1, timeZone);
  if (!isOfJobs && isToldByTotals(query, timeZone) && first?.fromMs === query.sinceMs) return;
  throw new EitError(
    'EIT_USAGE',
    `of an account you may read its totals by whole days: --group-by any of user, account, partition, qos, state, day, week, month, cluster; from a midnight in ` +
      `${timeZone} on (-S 2026-03-01); without --jobs, --name, --nodelist, --extrapolate, --compare-slurm, --embodied and --policy hybrid`,
  );
}

/** A new cluster has none yet. */
async function mayList(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.R_OK | constants.X_OK);
    return true;
  } catch (error) {
    if (isErrno(error, 'EACCES')) return false;
    if (isErrno(error, 'ENOENT')) return true;
    throw error;
  }
}
