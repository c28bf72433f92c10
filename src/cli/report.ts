import { DateTime } from 'luxon';
import type { Options } from 'yargs';
import { POLICIES } from '../attribution/policy';
import { factorsFor } from '../carbon/factors';
import { loadZones } from '../carbon/zone';
import { loadConfig } from '../config/config';
import type { EitConfig } from '../generated/config';
import { readInbox, Skipped } from '../ledger/inbox';
import { Aggregation } from '../report/aggregate';
import { columnHelp, parseColumns } from '../report/columns';
import type { ReportFormat, View } from '../report/format';
import { FORMATS } from '../report/formats';
import { buildReport, type SiteFactors } from '../report/report';
import { readSlurmConf } from '../slurm/slurm-conf';
import { dataPath } from '../data-path';
import { EitError } from '../errors';
import type { CommandModule, Surroundings } from './command';
import { emptyNotes } from './report-notes';
import { GROUP_KEYS, type QueryOptions, type Reader, reportQuery } from './report-query';
import { TIME_FORMS } from '../slurm/time-form';
import { version } from '../version';

/** Of a terminal that does not say how wide it is. */
const UNKNOWN_WIDTH = 80;

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
  jobs: { alias: 'j', ...list('these job ids') },
  clusters: { alias: ['M', 'cluster'], ...list('runs on these clusters; default: all in the ledger') },
  nodelist: { alias: 'N', ...list('what ran on these nodes (n[1-4],n7): of larger runs that part only') },
  starttime: { alias: 'S', ...text('from this time on; default: the first of this month') },
  endtime: { alias: 'E', ...text('up to this time; default: now') },
  allusers: { alias: 'a', ...flag('runs of all users, as far as you may read their records') },
  'group-by': list(
    `one or more of ${GROUP_KEYS.join(', ')}; default: job for one user or with --jobs, else user,partition`,
  ),
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
  policy: text(`how shared energy is divided: ${POLICIES.join(', ')}; default: as configured`),
  config: text('config file; default: $EIT_CONFIG, else /etc/eit/eit.yaml'),
};

export const examples: CommandModule['examples'] = [
  ['', 'what your jobs used this month, job by job'],
  ['-S now-7days --group-by day', 'your last week, day by day'],
  ['-a -S 2026-01-01 -E 2026-02-01 --csv', 'January of all users by partition, for a spreadsheet'],
  ['-j 1234 --json', 'one job, for a program'],
];

export const epilogue =
  `Times (local): ${TIME_FORMS}.\n\n` +
  'Energy in the table has PUE in it, the energies of CPU, memory and GPUs have not. Numbers of --csv and -P are kWh, kg and ' +
  'seconds. A user, job or partition without runs gives an empty report and exit status 0; a wrong option or time 2.';

/** Reads the ledger and prints the report. */
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

  const zones = loadZones(dataPath());
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
    width: stdout.columns || UNKNOWN_WIDTH,
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

/** `admins` of the config; without it root and SlurmUser. Root always is: no file is closed to it. */
function readerOf({ uid, userName, env }: Surroundings, config: EitConfig): Reader {
  const admins = config.admins ?? ['root', readSlurmConf(env)?.slurmUser ?? 'root'];
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
  return [value].flat().filter((item) => typeof item === 'string');
}

/** An option given twice counts as given last, as with Slurm's commands. */
function last(value: unknown): string | undefined {
  return strings(value).at(-1);
}
