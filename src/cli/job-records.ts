import { loadEquivalents } from '../carbon/equivalents';
import { SkippedLines } from '../carbon/intensity-line';
import type { LoadedConfig } from '../config/config';
import { dataPath } from '../data-path';
import type { SummaryContext } from '../mail/job-summary';
import type { AddedRun, ReportQuery } from '../report/aggregate';
import type { RunFilter } from '../runs/run-filter';
import { Skipped } from '../ledger/record-line';
import { version } from '../version';
import { energyCurves } from './energy-curves';
import { type LedgerAccess, readAggregate } from './ledger-aggregate';
import { siteFactors } from './site-factors';

/** Which jobs' runs are wanted, and from when. */
export interface JobsWanted {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly filter: RunFilter;
  readonly timeZone: string;
}

/** The runs found, and what turns them into a summary. */
export interface JobRecords {
  readonly added: readonly AddedRun[];
  readonly context: Omit<SummaryContext, 'quotas' | 'missingNodes'>;
  /** What of the ledger was not read. */
  readonly skipped: Skipped;
}

/** How the ledger is read for jobs. */
export interface JobAccess extends Pick<LedgerAccess, 'output' | 'uid' | 'moreFacts'> {
  readonly loaded: LoadedConfig;
  readonly nowMs: number;
}

/**
 * Reads the ledger once for all the jobs.
 * @throws EitError as a report does
 */
export async function readJobRecords(access: JobAccess, wanted: JobsWanted): Promise<JobRecords> {
  const { loaded, nowMs, output, uid, moreFacts } = access;
  const { config } = loaded;
  const query: ReportQuery = {
    ...wanted,
    groupBy: ['job'],
    policy: config.policy,
    withUnattributed: false,
    extrapolate: false,
  };
  const factorsIn = siteFactors(loaded);
  const curves = energyCurves({ loaded, factorsIn, nowMs, skipped: new SkippedLines() });
  const skipped = new Skipped();
  let added: AddedRun[] = [];
  const { dataUntilMs } = await readAggregate(
    {
      config,
      skipped,
      output,
      uid,
      nowMs,
      curvesOf: curves.curvesOf,
      ...(moreFacts === undefined ? {} : { moreFacts }),
      watchRuns: () => {
        added = [];
        return (run) => added.push(run);
      },
    },
    query,
  );
  return {
    added,
    skipped,
    context: {
      factorsOf: factorsIn(query),
      intensitySourcesOf: curves.sourcesOf(query),
      equivalents: loadEquivalents(dataPath()),
      toolVersion: version,
      nowMs,
      dataUntilMs,
    },
  };
}
