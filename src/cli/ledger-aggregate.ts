import type { EitConfig } from '../generated/config';
import type { EitRecord } from '../generated/record';
import { readInbox } from '../ledger/inbox';
import type { Skipped } from '../ledger/record-line';
import { type Aggregate, Aggregation, type ReportQuery } from '../report/aggregate';
import type { Output } from './output';

/** Where a command reads, and how it says how far it is. */
export interface LedgerAccess {
  readonly config: EitConfig;
  readonly skipped: Skipped;
  /** For the progress; null: none is shown. */
  readonly output: Output | null;
}

/**
 * The sums of a query over all that the ledger holds.
 * @throws EitError EIT_LEDGER_UNREADABLE
 */
export async function readAggregate(access: LedgerAccess, query: ReportQuery): Promise<Aggregate> {
  const aggregation = new Aggregation(query);
  for await (const record of recordsInWindow(access, query)) aggregation.add(record);
  return aggregation.finish();
}

/** The records of the days asked for and around. */
export async function* recordsInWindow(
  { config, skipped, output }: LedgerAccess,
  { filter, sinceMs, untilMs }: Pick<ReportQuery, 'filter' | 'sinceMs' | 'untilMs'>,
): AsyncGenerator<EitRecord, void, undefined> {
  const progress = output?.progress('reading the ledger, file');
  try {
    yield* readInbox(config.ledger, {
      ...(filter.clusters === undefined ? {} : { clusters: [...filter.clusters] }),
      fromMs: sinceMs,
      toMs: untilMs,
      skipped,
      onProgress: (done, all) => progress?.update(done, all),
    });
  } finally {
    progress?.done();
  }
}
