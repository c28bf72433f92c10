import { readJobFacts } from '../archive/job-facts';
import { EitError } from '../errors';
import type { EitConfig } from '../generated/config';
import type { EitRecord } from '../generated/record';
import { readInbox, type Skipped } from '../ledger/inbox';
import { type Aggregate, Aggregation, needsFacts, type ReportQuery } from '../report/aggregate';
import type { FactsLookup } from '../runs/job-facts';
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
 * @param facts what Slurm's accounting tells of runs
 * @throws EitError EIT_LEDGER_UNREADABLE
 */
export async function readAggregate(
  access: LedgerAccess,
  query: ReportQuery,
  facts: FactsLookup | null,
): Promise<Aggregate> {
  const aggregation = new Aggregation(query, facts);
  for await (const record of recordsInWindow(access, query)) aggregation.add(record);
  return aggregation.finish();
}

/**
 * What Slurm's accounting tells of the runs asked for; null where it was never asked. A report that can do without says so and goes on
 * where that cannot be read.
 * @throws EitError EIT_LEDGER_UNREADABLE, EIT_ARCHIVE, EIT_DUCKDB where the query asks for it
 */
export async function readFacts(
  { config, output }: LedgerAccess,
  query: ReportQuery,
): Promise<FactsLookup | null> {
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
