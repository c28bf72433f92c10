import { DateTime } from 'luxon';
import type { LoadedConfig } from '../config/config';
import { EitError } from '../errors';
import type { ReportFigures } from '../generated/report';
import { Skipped } from '../ledger/record-line';
import { SkippedLines } from '../carbon/intensity-line';
import { ALL_LINES } from '../report/line-choice';
import { buildReport } from '../report/report';
import { version } from '../version';
import type { Surroundings } from './command';
import { energyCurves } from './energy-curves';
import { readAggregate } from './ledger-aggregate';
import { readerOf } from './reader';
import { reportQuery } from './report-query';
import { siteFactors } from './site-factors';

/** Jobs run this long at most. */
const LONGEST = 'now-31days';

/**
 * What the ledger has of one job, as far as this user may read it: as eit-report -j would have it.
 * @returns null where it has nothing of it
 * @throws EitError EIT_LEDGER_UNREADABLE and whatever else a report throws
 */
export async function readJobFigures(
  loaded: LoadedConfig,
  surroundings: Surroundings,
  job: number,
): Promise<ReportFigures | null> {
  const reader = readerOf(surroundings, loaded.config);
  const now = DateTime.local();
  const none = {
    user: [],
    account: [],
    partition: [],
    clusters: [],
    nodelist: [],
    qos: [],
    name: [],
    state: [],
  };
  const query = reportQuery(
    {
      ...none,
      jobs: [String(job)],
      starttime: LONGEST,
      endtime: undefined,
      allusers: reader.isAdmin,
      'group-by': [],
      policy: undefined,
      extrapolate: false,
      'compare-slurm': false,
      lost: false,
      embodied: false,
    },
    reader,
    loaded.config.policy,
    now,
  );
  const skipped = new Skipped();
  const access = {
    ...{ config: loaded.config, skipped, output: surroundings.output, uid: reader.uid },
    nowMs: now.toMillis(),
  };
  const factorsIn = siteFactors(loaded);
  const curves = energyCurves({ loaded, factorsIn, nowMs: now.toMillis(), skipped: new SkippedLines() });
  const aggregate = await readAggregate({ ...access, curvesOf: curves.curvesOf }, query);
  const report = buildReport(aggregate, {
    toolVersion: version,
    generatedAtMs: now.toMillis(),
    query,
    factorsOf: factorsIn(query),
    intensitySourcesOf: curves.sourcesOf(query),
    skippedRecords: skipped.total,
    skippedByReason: skipped.byReason,
    lines: ALL_LINES,
    quotas: null,
    equivalents: null,
  });
  return report.total.runs > 0 ? report.total : null;
}

/** The same, with why not in place of an error that a person can do nothing about here. */
export async function tryJobFigures(
  loaded: LoadedConfig,
  surroundings: Surroundings,
  job: number,
): Promise<ReportFigures | string | null> {
  try {
    return await readJobFigures(loaded, surroundings, job);
  } catch (error) {
    if (error instanceof EitError) return error.message;
    throw error;
  }
}
