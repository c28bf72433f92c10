import { DateTime } from 'luxon';
import type { Argv } from 'yargs';
import { dataDirectory, factorsFor } from '../carbon/factors';
import { loadZones } from '../carbon/zone';
import { loadConfig } from '../config/config';
import type { EitConfig } from '../generated/config';
import { readInbox, Skipped } from '../ledger/inbox';
import { Aggregation } from '../report/aggregate';
import { columnHelp, parseColumns } from '../report/columns';
import type { ReportFormat, View } from '../report/format';
import { FORMATS } from '../report/formats';
import { buildReport, type SiteFactors } from '../report/report';
import { readSlurmUser } from '../slurm/slurm-user';
import { EitError } from '../errors';
import type { Surroundings } from './command';
import { emptyNotes } from './report-notes';
import { GROUP_KEYS, type QueryOptions, type Reader, reportQuery } from './report-query';
import { TIME_FORMS } from '../slurm/time-form';
import { version } from '../version';

/** The options, as in sacct where sacct has them. */
export function options(yargs: Argv): Argv {
  const list = (describe: string) => ({ type: 'string', array: true, nargs: 1, default: [], defaultDescription: '', describe }) as const;
  const parser = yargs
    .option('user', { alias: ['u', 'uid'], ...list('runs of these users, names or uids; default: your own, for an admin all') })
    .option('account', { alias: ['A', 'accounts'], ...list('runs under these accounts') })
    .option('partition', { alias: 'r', ...list('runs in these partitions') })
    .option('jobs', { alias: 'j', ...list('these job ids') })
    .option('clusters', { alias: ['M', 'cluster'], ...list('runs on these clusters; default: all in the ledger') })
    .option('nodelist', { alias: 'N', ...list('what ran on these nodes (n[1-4],n7), and of larger runs that part only') })
    .option('starttime', { alias: 'S', type: 'string', describe: 'from this time on; default: the first of this month' })
    .option('endtime', { alias: 'E', type: 'string', describe: 'up to this time; default: now' })
    .option('allusers', { alias: 'a', type: 'boolean', default: false, describe: 'runs of all users whose records you may read' })
    .option('group-by', { ...list(`one or more of ${GROUP_KEYS.join(', ')}; default: job for one user or for --jobs, else user,partition`) })
    .option('format', { alias: 'o', ...list('columns, with widths as in sacct: User%20,Jobs,Energy,CO2e') })
    .option('helpformat', { alias: 'e', type: 'boolean', default: false, describe: 'list the columns that --format takes' })
    .option('noheader', { alias: 'n', type: 'boolean', default: false, describe: 'no header' })
    .option('bar', { type: 'boolean', default: true, describe: 'bars on a terminal; --no-bar leaves them out' })
    .option('policy', { type: 'string', describe: 'how shared energy is divided: usage, allocation or hybrid; default: as configured' })
    .option('config', { type: 'string', describe: 'config file; default: $EIT_CONFIG, else /etc/eit/eit.yaml' });
  for (const { option } of FORMATS) {
    if (option === undefined) continue;
    const { name, alias, describe } = option;
    parser.option(name, { ...(alias === undefined ? {} : { alias }), type: 'boolean', default: false, describe });
  }
  return parser
    .example('$0', 'what your jobs used this month, job by job')
    .example('$0 -S now-7days --group-by day', 'your last week, day by day')
    .example('$0 -a -S 2026-01-01 -E 2026-02-01 --group-by user,partition --csv', 'January of all, for a spreadsheet')
    .example('$0 -j 1234 --json', 'one job, for a program')
    .epilogue(
      `Times (local): ${TIME_FORMS}. Energy in the table has PUE in it; numbers of --csv and -P are kWh, kg and seconds. ` +
        'A user, job or partition without runs gives an empty report and exit status 0; a wrong option or time 2.',
    );
}

/** Reads the ledger and prints the report. */
export async function run(argv: Readonly<Record<string, unknown>>, surroundings: Surroundings): Promise<number> {
  const { env, output } = surroundings;
  if (argv['helpformat'] === true) {
    await output.write([columnHelp()]);
    return 0;
  }
  const format = chosenFormat(argv);
  const columns = strings(argv['format']).length > 0 ? parseColumns(strings(argv['format']).join(',')) : null;
  const path = last(argv['config']);
  const loaded = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const reader = readerOf(surroundings, loaded.config);
  const now = DateTime.local();
  const query = reportQuery(queryOptions(argv), reader, loaded.config.policy, now);

  const skipped = new Skipped();
  const aggregation = new Aggregation(query);
  const progress = output.progress('reading the ledger, file');
  const { clusters } = query.filter;
  try {
    const records = readInbox(loaded.config.ledger, {
      ...(clusters === undefined ? {} : { clusters: [...clusters] }),
      fromMs: query.sinceMs,
      toMs: query.untilMs,
      skipped,
      onProgress: (done, all) => progress.update(done, all),
    });
    for await (const record of records) aggregation.add(record);
  } finally {
    progress.done();
  }
  const aggregate = aggregation.finish();

  const zones = loadZones(dataDirectory(__dirname));
  const known = new Map<string, SiteFactors>();
  const factorsOf = (cluster: string): SiteFactors => {
    const factors = known.get(cluster) ?? factorsFor(loaded, cluster || (loaded.config.cluster ?? ''), zones);
    known.set(cluster, factors);
    return factors;
  };
  const report = buildReport(aggregate, {
    query,
    factorsOf,
    toolVersion: version,
    generatedAtMs: now.toMillis(),
    skippedRecords: skipped.total,
  });
  await output.write(format.render(report, viewOf(argv, surroundings, columns, query.timeZone, skipped)));
  for (const note of emptyNotes(query, aggregate)) output.note(note);
  return 0;
}

function viewOf(
  argv: Readonly<Record<string, unknown>>,
  { env, output }: Surroundings,
  columns: View['columns'],
  timeZone: string,
  skipped: Skipped,
): View {
  const { stdout } = output;
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  const terminal = {
    width: stdout.columns,
    bars: argv['bar'] === true && /utf-?8/i.test(locale),
    colours: !env['NO_COLOR'] && env['TERM'] !== 'dumb',
  };
  return {
    columns,
    header: argv['noheader'] !== true,
    timeZone,
    skipped: skipped.byReason,
    terminal: stdout.isTTY ? terminal : null,
  };
}

function chosenFormat(argv: Readonly<Record<string, unknown>>): ReportFormat {
  const [chosen, ...more] = FORMATS.filter(({ option }) => option !== undefined && argv[option.name] === true);
  if (more.length > 0) {
    const names = [chosen, ...more].map((format) => `--${format?.option?.name ?? ''}`);
    throw new EitError('EIT_USAGE', `${names.join(' and ')} cannot be had together: choose one`);
  }
  const format = chosen ?? FORMATS.find(({ option }) => option === undefined);
  if (format === undefined) throw new Error('no format is the default');
  return format;
}

/** `admins` of the config; without it root and SlurmUser. Root always is: no file is closed to it. */
function readerOf({ uid, userName, env }: Surroundings, config: EitConfig): Reader {
  const admins = config.admins ?? ['root', readSlurmUser(env) ?? 'root'];
  const isAdmin = uid === 0 || admins.some((admin) => admin === userName || admin === String(uid));
  return { uid, name: userName, isAdmin };
}

function queryOptions(argv: Readonly<Record<string, unknown>>): QueryOptions {
  return {
    user: strings(argv['user']),
    account: strings(argv['account']),
    partition: strings(argv['partition']),
    jobs: strings(argv['jobs']),
    clusters: strings(argv['clusters']),
    nodelist: strings(argv['nodelist']),
    starttime: last(argv['starttime']),
    endtime: last(argv['endtime']),
    allusers: argv['allusers'] === true,
    'group-by': strings(argv['group-by']),
    policy: last(argv['policy']),
  };
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : value === undefined ? [] : [String(value)];
}

/** An option given twice counts as given last, as with Slurm's commands. */
function last(value: unknown): string | undefined {
  return strings(value).at(-1);
}
