import { resolve } from 'node:path';
import type { DateTime } from 'luxon';
import { SkippedLines } from '../carbon/intensity-line';
import type { LoadedConfig } from '../config/config';
import { Skipped } from '../ledger/record-line';
import { jobsOfGroups, PageSums } from '../pages/page-sums';
import { renderPage } from '../pages/page';
import { writePage } from '../pages/page-file';
import type { ReportQuery } from '../report/aggregate';
import type { View } from '../report/format';
import { buildReport } from '../report/report';
import { visible } from '../report/printable';
import { counted } from '../report/units';
import { version } from '../version';
import { energyCurves } from './energy-curves';
import { type LedgerAccess, readAggregate } from './ledger-aggregate';
import { hoursOf, MOST_JOBS } from './page-hours';
import { quotasOfReport } from './quota-data';
import { emptyNotes } from './report-notes';
import { isOwnQuery, type Reader } from './report-query';
import { siteFactors } from './site-factors';

export interface ReportPageOptions {
  readonly loaded: LoadedConfig;
  readonly access: LedgerAccess;
  readonly query: ReportQuery;
  readonly reader: Reader;
  readonly view: () => View;
  readonly now: DateTime;
  readonly asOfMs: number | undefined;
}

/**
 * `eit-report --html DIR`: reads the ledger twice, by job and day and by hour, and writes the page.
 * @returns the exit status
 * @throws EitError EIT_PAGES where the folder cannot be written, and what reading a ledger throws
 */
export async function writeReportPage(dir: string, options: ReportPageOptions): Promise<number> {
  const { loaded, access, query, reader, view, now, asOfMs } = options;
  const { output } = access;
  const nowMs = now.toMillis();
  const factorsIn = siteFactors(loaded);
  const factorsOf = factorsIn(query);
  const damaged = new SkippedLines();
  const curves = energyCurves({
    ...{ loaded, factorsIn, nowMs, skipped: damaged },
    ...(asOfMs === undefined ? {} : { asOfMs }),
  });
  const { curvesOf } = curves;
  const byJob: ReportQuery = { ...query, groupBy: ['job', 'day'] };
  const aggregate = await readAggregate({ ...access, curvesOf }, byJob);
  const sums = new PageSums({ factorsOf, extrapolate: query.extrapolate, mostJobs: MOST_JOBS });
  for (const job of jobsOfGroups(aggregate.groups)) sums.addJob(job);
  sums.dropSmallJobs();
  const byHour: ReportQuery = {
    ...query,
    groupBy: ['hour', 'cluster'],
    withUnattributed: false,
    extrapolate: false,
    embodied: false,
  };
  const { skipped } = access;
  const hours = await readAggregate({ ...access, curvesOf, skipped: new Skipped() }, byHour);
  for (const group of hours.groups) sums.hours.add(group, factorsOf);
  const quotas = await quotasOfReport(query, reader, {
    ...{ loaded, output, factorsIn, curvesOf, nowMs, uid: reader.uid },
  });
  const report = buildReport(
    { ...aggregate, groups: [] },
    {
      query: byJob,
      factorsOf,
      intensitySourcesOf: curves.sourcesOf(query),
      ...(asOfMs === undefined ? {} : { factorsAsOfMs: asOfMs }),
      toolVersion: version,
      generatedAtMs: nowMs,
      skippedRecords: skipped.total,
      skippedByReason: skipped.byReason,
      quotas,
    },
  );
  const text = renderPage({
    title: titleOf(query, reader),
    report,
    view: view(),
    sums,
    hours: hoursOf(sums.hours, query, { curvesOf, dataUntilMs: aggregate.dataUntilMs }),
    listsJobs: true,
    factorsOf,
    extrapolate: query.extrapolate,
    links: [],
  });
  const path = writePage(resolve(dir), text);
  await output?.write([`${visible(path)}: ${counted(report.total.jobs, 'job')}\n`]);
  for (const note of emptyNotes(query, aggregate)) output?.note(note);
  if (damaged.count > 0)
    output?.note(
      `${counted(damaged.count, 'line')} of the intensity series not read: ${damaged.places.join('; ')}`,
    );
  return 0;
}

/** Whose runs the page is of. */
function titleOf(query: ReportQuery, reader: Reader): string {
  const { users, accounts, partitions, clusters, nodes, jobs } = query.filter;
  const asked = [
    users &&
      (isOwnQuery(query, reader)
        ? `my jobs${reader.name === null ? '' : ` (${reader.name})`}`
        : names(
            'user',
            users.map(({ name, uid }) => name ?? `uid:${uid}`),
          )),
    accounts && names('account', [...accounts]),
    partitions && names('partition', [...partitions]),
    clusters && names('cluster', [...clusters]),
    nodes && names('node', [...nodes]),
    jobs && 'some jobs',
  ].filter((text) => text !== undefined);
  return `Energy and CO2eq: ${asked.length === 0 ? 'all jobs' : asked.join(', ')}`;
}

function names(kind: string, values: readonly string[]): string {
  const some = values.slice(0, 5).join(', ');
  return `${kind}${values.length === 1 ? '' : 's'} ${some}${values.length > 5 ? ` and ${values.length - 5} more` : ''}`;
}
