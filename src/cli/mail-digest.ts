import { DateTime } from 'luxon';
import type { Options } from 'yargs';
import { loadConfig } from '../config/config';
import { EitError } from '../errors';
import { type Digest, digestBody, digestSubject } from '../mail/digest-body';
import { htmlPart } from '../mail/html-part';
import { textPart } from '../mail/text-part';
import type { CommandModule, Surroundings } from './command';
import { lastGiven } from './given';
import { sendDigests } from './mail-digest-send';
import { MonthReports } from './month-reports';
import { noteNotRead } from './result-notes';
import { jsonText } from './plain-text';
import { readerOf } from './reader';
import type { Reader } from './report-query';
import { localTimeZone } from './time-zone';

const valued = (describe: string): Options => ({ type: 'string', requiresArg: true, describe });

export const options: Readonly<Record<string, Options>> = {
  month: valued('the month, such as 2026-10; default: the last that is over'),
  user: { alias: 'u', ...valued('of this user, name or uid; default: you') },
  account: { alias: 'A', ...valued('of this account, for those who coordinate it and for admins') },
  html: { type: 'boolean', describe: 'print the HTML part' },
  send: {
    type: 'boolean',
    describe: 'send it: to the user, of an account to its coordinators of eit.yaml; each once a month',
  },
  all: { type: 'boolean', describe: 'with --send: to every user with runs, and of every account' },
  again: { type: 'boolean', describe: 'with --send: also what was refused, or may have arrived' },
  'dry-run': { type: 'boolean', describe: 'with --send: say to whom, and send nothing' },
  json: { type: 'boolean', describe: 'print JSON' },
  config: valued('config file; default: $EIT_CONFIG, else /etc/eit/eit.yaml'),
};

export const examples: CommandModule['examples'] = [
  ['--month 2026-10', 'your October: sums, what was lost, which jobs took the most'],
  ['--month 2026-10 --account physics', 'that of an account, by user'],
  [
    '--send --all',
    'sends last month to every user and to the coordinators of accounts; eit-digest.timer does',
  ],
];

export const epilogue =
  'digest: who may see a report of a user or an account may see his digest. It is sent by the user whom mail_dir belongs to, and what was sent is ' +
  'not sent twice; exit status 1 where one could not be sent.';

/** `eit mail digest`: a month of one user or of one account as a mail tells it. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { env, output } = surroundings;
  const path = lastGiven(argv['config']);
  const loaded = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const reader = readerOf(surroundings, loaded.config);
  const [user, account] = [lastGiven(argv['user']), lastGiven(argv['account'])];
  if (user !== undefined && account !== undefined)
    throw new EitError('EIT_USAGE', '--user and --account cannot be had together: choose one');
  const timeZone = loaded.config.time_zone ?? localTimeZone();
  const month = monthOf(lastGiven(argv['month']), timeZone);
  const reports = new MonthReports(loaded, reader, timeZone);
  const [all, json] = [argv['all'] === true, argv['json'] === true];
  if (argv['send'] === true) {
    if (argv['html'] === true || (all && (user ?? account) !== undefined))
      throw new EitError('EIT_USAGE', '--send goes with --all, --user or --account: with one of them');
    if (month.plus({ months: 1 }).toMillis() > Date.now())
      throw new EitError(
        'EIT_USAGE',
        `${month.toFormat('yyyy-MM')} is not over: its digest would lack what comes`,
      );
    const whose = all
      ? 'all'
      : account === undefined
        ? { user: nameOf(user, reader), account }
        : { user, account };
    const flags = { again: argv['again'] === true, dryRun: argv['dry-run'] === true, json };
    return sendDigests({ loaded, reports, month, whose, ...flags }, surroundings);
  }
  const stray = ['all', 'again', 'dry-run'].filter((name) => argv[name] === true);
  if (stray.length > 0) throw new EitError('EIT_USAGE', `--${stray.join(', --')} goes with --send`);
  const digest: Digest = {
    whose: account === undefined ? nameOf(user, reader) : `account ${account}`,
    ...(await reports.read(month, { user, account }, output)),
  };
  noteNotRead(output, reports.skipped);
  if (json) {
    const { report, before, ...rest } = digest;
    await output.write([
      jsonText({ ...rest, total: report.total, before: before.total, factors: report.factors }),
    ]);
    return 0;
  }
  const body = digestBody(digest);
  const subject = digestSubject(digest);
  await output.write([
    argv['html'] === true ? htmlPart(subject, body) : `Subject: ${subject}\n\n${textPart(body)}`,
  ]);
  if (digest.report.total.jobs === 0) output.note(`no runs of ${digest.whose} in ${digest.month}`);
  return 0;
}

/** @throws EitError EIT_USAGE */
function monthOf(text: string | undefined, timeZone: string): DateTime {
  const now = DateTime.now().setZone(timeZone);
  if (text === undefined) return now.startOf('month').minus({ months: 1 });
  const month = /^\d{4}-\d\d$/.test(text) ? DateTime.fromISO(text, { zone: timeZone }) : null;
  if (month?.isValid !== true)
    throw new EitError(
      'EIT_USAGE',
      `--month: ${JSON.stringify(text)} is no month; expected one such as 2026-10`,
    );
  return month;
}

function nameOf(user: string | undefined, { name, uid }: Reader): string {
  return user ?? name ?? `uid:${uid}`;
}
