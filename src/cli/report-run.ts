import { DateTime } from 'luxon';
import { loadEquivalents } from '../carbon/equivalents';
import { loadConfig } from '../config/config';
import { Skipped } from '../ledger/record-line';
import { parseColumns, type SelectedColumn } from '../report/column-choice';
import { columnHelp, EMBODIED, LOST } from '../report/columns';
import { fallbacksLine } from '../report/fallbacks-line';
import type { ReportFormat, View } from '../report/format';
import { FORMATS } from '../report/formats';
import { buildReport } from '../report/report';
import { SkippedLines } from '../carbon/intensity-line';
import { EitError } from '../errors';
import { counted } from '../report/units';
import { parseSlurmTime } from '../slurm/time-form';
import { auditArchive } from './archive-audit';
import type { Surroundings } from './command';
import { allGiven, lastGiven } from './given';
import { readAggregate } from './ledger-aggregate';
import { energyCurves } from './energy-curves';
import { noteCut, noteNotRead } from './result-notes';
import { auditStatus, checkAudit, readAudit } from './report-audit';
import { quotasOfReport } from './quota-data';
import { readerOf } from './reader';
import { lineChoice } from './report-lines';
import { emptyNotes } from './report-notes';
import { isOwnQuery, type QueryOptions, reportQuery } from './report-query';
import { slurmDivision } from './report-slurm';
import { siteFactors } from './site-factors';
import { terminalOf } from './terminal';
import { dataPath } from '../data-path';
import { version } from '../version';

/** Reads the ledger and prints the report, or the audit. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { env, output } = surroundings;
  if (argv['helpformat'] === true) {
    await output.write([columnHelp()]);
    return 0;
  }
  if (argv['plan'] !== undefined || argv['task'] !== undefined)
    return (await import('./report-task')).runReportTask(argv, surroundings);
  const format = chosenFormat(argv);
  if (argv['equivalents'] === true && format.showsEquivalents !== true) {
    throw new EitError('EIT_USAGE', '--equivalents is of the table and --json: leave the other format out');
  }
  const columns =
    allGiven(argv['format']).length > 0 ? parseColumns(allGiven(argv['format']).join(',')) : null;
  const lines = lineChoice({
    sort: allGiven(argv['sort']),
    top: lastGiven(argv['top']),
    'min-kwh': lastGiven(argv['min-kwh']),
  });
  const path = lastGiven(argv['config']);
  const site = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const now = DateTime.local();
  const from = lastGiven(argv['from']);
  const given = queryOptions(argv, columns);
  const folder =
    from === undefined
      ? null
      : (await import('./report-folder')).reportFolder(site, from, given, { output, nowMs: now.toMillis() });
  const { loaded, asked } = folder ?? { loaded: site, asked: given };
  const reader = readerOf(surroundings, loaded.config);
  const query = reportQuery(asked, reader, loaded.config.policy, now);
  const factorsAsOfMs = asOfMs(lastGiven(argv['factors-as-of']), now);
  const bySlurm = slurmDivision(argv, surroundings, {
    ...{ loaded, nowMs: now.toMillis() },
    asOfMs: factorsAsOfMs ?? null,
  });
  const isAudit = argv['audit'] === true;
  if (isAudit) checkAudit(argv, reader);

  const skipped = new Skipped();
  const access = {
    ...{ config: loaded.config, skipped, output, uid: reader.uid, nowMs: now.toMillis() },
    ...(folder === null ? {} : { moreFacts: folder.moreFacts }),
  };
  const made = { toolVersion: version, generatedAtMs: now.toMillis() };
  const view = (): View => ({
    columns,
    header: argv['noheader'] !== true,
    isOwn: isOwnQuery(query, reader),
    timeZone: query.timeZone,
    skipped: skipped.byReason,
    terminal: terminalOf(argv, surroundings),
  });
  if (isAudit && argv['html'] === undefined) {
    const archived = await auditArchive(access, query);
    const audit = await readAudit(access, query, archived, () => ({
      ...made,
      skippedRecords: skipped.total,
    }));
    await output.write(format.renderAudit(audit, view()));
    if (format.showsNotes !== true) noteNotRead(output, skipped);
    return auditStatus(audit, query, output);
  }

  const pageDir = lastGiven(argv['html']);
  if (pageDir !== undefined) {
    checkPageOptions(argv, format);
    const { writeReportPage } = await import('./report-page');
    return writeReportPage(pageDir, {
      loaded,
      access,
      query,
      reader,
      view,
      now,
      asOfMs: factorsAsOfMs,
    });
  }

  const factorsIn = siteFactors(loaded);
  const factorsOf = factorsIn(query);
  const damaged = new SkippedLines();
  const curves = energyCurves({
    loaded,
    factorsIn,
    nowMs: now.toMillis(),
    ...(factorsAsOfMs === undefined ? {} : { asOfMs: factorsAsOfMs }),
    skipped: damaged,
  });
  const aggregate = await readAggregate(
    {
      ...{ ...access, curvesOf: curves.curvesOf },
      ...(bySlurm === null ? {} : { divide: bySlurm.divide }),
    },
    query,
  );
  bySlurm?.tellUnused();
  const quotas =
    format.showsQuotas === true && argv['quotas'] === true
      ? await quotasOfReport(query, reader, {
          loaded,
          output,
          factorsIn,
          curvesOf: curves.curvesOf,
          nowMs: now.toMillis(),
          uid: reader.uid,
        })
      : null;
  const report = buildReport(aggregate, {
    ...made,
    query,
    factorsOf,
    intensitySourcesOf: curves.sourcesOf(query),
    ...(factorsAsOfMs === undefined ? {} : { factorsAsOfMs }),
    skippedRecords: skipped.total,
    skippedByReason: skipped.byReason,
    lines,
    quotas,
    equivalents: argv['equivalents'] === true ? loadEquivalents(dataPath()) : null,
  });
  await output.write(format.render(report, view()));
  const fallbacks =
    format.tellsFactors === true
      ? null
      : fallbacksLine(report, columns?.map(({ column }) => column.name) ?? null);
  if (fallbacks !== null) output.note(fallbacks);
  for (const note of emptyNotes(query, aggregate)) output.note(note);
  if (format.showsNotes !== true) {
    noteCut(output, report, query.timeZone);
    noteNotRead(output, skipped);
  }
  if (damaged.count > 0)
    output.note(`${notRead(damaged)} of the intensity series not read: ${damaged.places.join('; ')}`);
  return 0;
}

/** What is chosen for a table has no place in a page. */
const NOT_OF_PAGES = [
  'group-by',
  'sort',
  'top',
  'min-kwh',
  'format',
  'noheader',
  'audit',
  'equivalents',
  'compare-slurm',
] as const;

/** @throws EitError EIT_USAGE */
function checkPageOptions(argv: Readonly<Record<string, unknown>>, format: ReportFormat): void {
  const given = NOT_OF_PAGES.find((name) => argv[name] !== undefined && argv[name] !== false);
  const other = format.option?.name ?? given;
  if (other !== undefined) {
    throw new EitError(
      'EIT_USAGE',
      `--html and --${other} cannot be had together: a page has its own tables; leave --${other} out`,
    );
  }
}

function notRead({ count, files }: SkippedLines): string {
  const lines = count - files;
  return [
    ...(lines > 0 ? [counted(lines, 'line')] : []),
    ...(files > 0 ? [counted(files, 'file')] : []),
  ].join(' and ');
}

/** @throws EitError EIT_TIME_FORM */
function asOfMs(text: string | undefined, now: DateTime): number | undefined {
  return text === undefined ? undefined : parseSlurmTime(text, { now }).toMillis();
}

function chosenFormat(argv: Readonly<Record<string, unknown>>): ReportFormat {
  const [chosen, ...more] = FORMATS.filter(
    ({ option }) => option !== undefined && argv[option.name] === true,
  );
  if (more.length > 0) {
    const names = [chosen, ...more].map((format) => `--${format?.option?.name ?? ''}`);
    throw new EitError('EIT_USAGE', `${names.join(' and ')} cannot be had together: choose one`);
  }
  const format = chosen ?? FORMATS.find(({ option }) => option === undefined);
  if (format === undefined) throw new Error('no format is the default');
  return format;
}

function queryOptions(
  argv: Readonly<Record<string, unknown>>,
  columns: readonly SelectedColumn[] | null,
): QueryOptions {
  return {
    user: allGiven(argv['user']),
    account: allGiven(argv['account']),
    partition: allGiven(argv['partition']),
    jobs: allGiven(argv['jobs']),
    clusters: allGiven(argv['clusters']),
    nodelist: allGiven(argv['nodelist']),
    qos: allGiven(argv['qos']),
    name: allGiven(argv['name']),
    state: allGiven(argv['state']),
    starttime: lastGiven(argv['starttime']),
    endtime: lastGiven(argv['endtime']),
    allusers: argv['allusers'] === true,
    'group-by': allGiven(argv['group-by']),
    policy: lastGiven(argv['policy']),
    extrapolate: argv['extrapolate'] === true,
    'compare-slurm': argv['compare-slurm'] === true,
    lost: argv['lost'] === true || columns?.some(({ column }) => isOneOf(LOST, column.name)) === true,
    embodied: argv['embodied'] === true || columns?.some(({ column }) => column.name === EMBODIED) === true,
  };
}

function isOneOf(names: readonly string[], name: string): boolean {
  return names.includes(name);
}
