import { DateTime } from 'luxon';
import type { Options } from 'yargs';
import { POLICIES } from '../attribution/policy';
import { loadConfig } from '../config/config';
import { Skipped } from '../ledger/record-line';
import { parseColumns } from '../report/column-choice';
import { columnHelp } from '../report/columns';
import type { ReportFormat, View } from '../report/format';
import { FORMATS } from '../report/formats';
import { buildReport } from '../report/report';
import { EitError } from '../errors';
import type { CommandModule, Surroundings } from './command';
import { readAggregate, readFacts, recordsInWindow } from './ledger-aggregate';
import { auditStatus, checkAudit, readAudit } from './report-audit';
import { quotasOfReport } from './quota-data';
import { readerOf } from './reader';
import { lineChoice } from './report-lines';
import { emptyNotes } from './report-notes';
import { GROUP_KEYS, isOwnQuery, type QueryOptions, reportQuery, withJobsTold } from './report-query';
import { siteFactors } from './site-factors';
import { terminalOf } from './terminal';
import { TIME_FORMS } from '../slurm/time-form';
import { version } from '../version';

const list = (describe: string): Options => ({ type: 'string', array: true, nargs: 1, describe });
const text = (describe: string): Options => ({ type: 'string', requiresArg: true, describe });
const flag = (describe: string): Options => ({ type: 'boolean', describe });

/** Named as in sacct where sacct has them. */
export const options: Readonly<Record<string, Options>> = {
  user: {
    alias: ['u', 'uid'],
    ...list('runs of these users, names or uids; default: your own, for an admin all'),
  },
  account: { alias: ['A', 'accounts'], ...list('runs under these accounts') },
  partition: { alias: 'r', ...list('runs in these partitions') },
  jobs: {
    alias: 'j',
    ...list('these jobs: 1234; tasks 1234_5, 1234_[1-3]; a part of a heterogeneous one 1234+1 (sacct)'),
  },
  clusters: { alias: ['M', 'cluster'], ...list('runs on these clusters; default: all in the ledger') },
  nodelist: { alias: 'N', ...list('what ran on these nodes (n[1-4],n7): of larger runs that part only') },
  qos: { alias: 'q', ...list('runs under these QOS (sacct)') },
  name: list('runs of jobs with these names (sacct)'),
  state: { alias: ['s'], ...list('runs in these states, as CD or COMPLETED (sacct)') },
  starttime: { alias: 'S', ...text('from this time on; default: the first of this month') },
  endtime: { alias: 'E', ...text('up to this time; default: now') },
  allusers: { alias: 'a', ...flag('runs of all users, as far as you may read their records') },
  'group-by': list(
    `one or more of ${GROUP_KEYS.join(', ')}; default: job for one user or with --jobs, else user,partition`,
  ),
  sort: list('order of the lines, by columns: -Energy or Energy:desc for the largest first, User,Month:desc'),
  top: text(
    'only so many lines, those with the most Energy or first by --sort; the rest is one line, (others)',
  ),
  'min-kwh': text('lines with less Energy are part of (others)'),
  format: { alias: 'o', ...list('columns, with widths as in sacct: User%20,Jobs,Energy,CO2e') },
  helpformat: { alias: 'e', ...flag('list the columns that --format takes') },
  noheader: { alias: 'n', ...flag('no header') },
  ...Object.fromEntries(
    FORMATS.flatMap(({ option }) =>
      option === undefined
        ? []
        : [
            [
              option.name,
              { ...(option.alias === undefined ? {} : { alias: option.alias }), ...flag(option.describe) },
            ],
          ],
    ),
  ),
  bar: { default: true, ...flag('bars of the shares on a terminal; --no-bar leaves them out') },
  quotas: {
    default: true,
    ...flag('what of the quotas is used, where the report is of one user; --no-quotas leaves them out'),
  },
  extrapolate: flag('fill time that nobody observed with the mean power of the same run; marked with *'),
  'compare-slurm': flag("Slurm's own energy (ConsumedEnergy) beside ours, of the same runs"),
  audit: flag(
    'by host and day: do counters, runs, idle and system add up? for admins; exit status 1 where not',
  ),
  policy: text(`how shared energy is divided: ${POLICIES.join(', ')}; default: as configured`),
  config: text('config file; default: $EIT_CONFIG, else /etc/eit/eit.yaml'),
};

export const examples: CommandModule['examples'] = [
  ['', 'what your jobs used this month, job by job'],
  ['-S now-7days --group-by day', 'your last week, day by day'],
  ['-a -S 2026-01-01 -E 2026-02-01 --csv', 'January of all users by partition, for a spreadsheet'],
  ['-a --group-by user,account --top 10', 'who took the most, and one line for all others'],
  ['-j 1234 --json', 'one job, for a program'],
  ['-o JobID,GPUModel,GPUTime,GPUUtil,GPUIdle,GPUMem', 'what the GPUs of your jobs did'],
  ['-a --group-by state', 'what failed and cancelled jobs took (after eit sacct-sync)'],
  ['--audit -N n[1-4] -S now-7days', 'as admin: whether the energy of four nodes adds up, day by day'],
];

export const epilogue =
  `Times (local): ${TIME_FORMS}.\n\n` +
  'Energy in the table has PUE in it, the energies of CPU, memory and GPUs have not. GPUUtil is of the GPU time of which it is ' +
  'told; GPUIdle is the part of GPUEnergy that was drawn while no kernel ran. Numbers of --csv and -P are kWh, kg, ' +
  'seconds and bytes. A user, job or partition without runs gives an empty report and exit status 0; a wrong option or time 2.\n\n' +
  'What is said to be from sacct is there after eit sacct-sync, and - where it has told nothing yet.\n\n' +
  '--audit takes -N, -M, -S, -E, --policy and --json, --csv or -P, and compares in joules, before PUE: what the counters grew by ' +
  'with the lines of the runs, idle and system. Exit status 0: each difference is 0 to the millijoule; 1: the reasons found stand below.';

/** Their values may begin with a minus. */
export const signed: CommandModule['signed'] = ['sort'];

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
  const format = chosenFormat(argv);
  const columns = strings(argv['format']).length > 0 ? parseColumns(strings(argv['format']).join(',')) : null;
  const lines = lineChoice({
    sort: strings(argv['sort']),
    top: last(argv['top']),
    'min-kwh': last(argv['min-kwh']),
  });
  const path = last(argv['config']);
  const loaded = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const reader = readerOf(surroundings, loaded.config);
  const now = DateTime.local();
  const query = reportQuery(queryOptions(argv), reader, loaded.config.policy, now);
  const isAudit = argv['audit'] === true;
  if (isAudit) checkAudit(argv, reader);

  const skipped = new Skipped();
  const access = { config: loaded.config, skipped, output };
  const made = { toolVersion: version, generatedAtMs: now.toMillis() };
  const view = (): View => ({
    columns,
    header: argv['noheader'] !== true,
    isOwn: isOwnQuery(query, reader),
    timeZone: query.timeZone,
    skipped: skipped.byReason,
    terminal: terminalOf(argv, surroundings),
  });
  if (isAudit) {
    const audit = await readAudit(recordsInWindow(access, query), query, () => ({
      ...made,
      skippedRecords: skipped.total,
    }));
    await output.write(format.renderAudit(audit, view()));
    return auditStatus(audit, query, output);
  }

  const facts = await readFacts(access, query);
  const aggregate = await readAggregate(access, withJobsTold(query, facts), facts);
  const factorsOf = siteFactors(loaded);
  const quotas =
    format.showsQuotas === true && argv['quotas'] === true
      ? await quotasOfReport(query, reader, { loaded, output, factorsOf, nowMs: now.toMillis() })
      : null;
  const report = buildReport(aggregate, {
    ...made,
    query,
    factorsOf,
    skippedRecords: skipped.total,
    skippedByReason: skipped.byReason,
    lines,
    quotas,
  });
  await output.write(format.render(report, view()));
  for (const note of emptyNotes(query, aggregate)) output.note(note);
  return 0;
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

function queryOptions(argv: Readonly<Record<string, unknown>>): QueryOptions {
  return {
    user: strings(argv['user']),
    account: strings(argv['account']),
    partition: strings(argv['partition']),
    jobs: strings(argv['jobs']),
    clusters: strings(argv['clusters']),
    nodelist: strings(argv['nodelist']),
    qos: strings(argv['qos']),
    name: strings(argv['name']),
    state: strings(argv['state']),
    starttime: last(argv['starttime']),
    endtime: last(argv['endtime']),
    allusers: argv['allusers'] === true,
    'group-by': strings(argv['group-by']),
    policy: last(argv['policy']),
    extrapolate: argv['extrapolate'] === true,
    'compare-slurm': argv['compare-slurm'] === true,
  };
}

function strings(value: unknown): string[] {
  return [value].flat().filter((item) => typeof item === 'string');
}

/** An option given twice counts as given last, as with Slurm's commands. */
function last(value: unknown): string | undefined {
  return strings(value).at(-1);
}
