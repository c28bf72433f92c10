import { DateTime } from 'luxon';
import type { Options } from 'yargs';
import { SkippedLines } from '../carbon/intensity-line';
import { type LoadedConfig, loadConfig } from '../config/config';
import { EitError } from '../errors';
import type { EitReport } from '../generated/report';
import { Skipped } from '../ledger/record-line';
import { type Digest, digestBody, digestSubject } from '../mail/digest-body';
import { htmlPart } from '../mail/html-part';
import { textPart } from '../mail/text-part';
import type { ReportQuery } from '../report/aggregate';
import { buildReport } from '../report/report';
import type { RunFilter } from '../runs/run-filter';
import { version } from '../version';
import type { CommandModule, Surroundings } from './command';
import { energyCurves } from './energy-curves';
import { lastGiven } from './given';
import { JobQuotas } from './job-quotas';
import { readAggregate } from './ledger-aggregate';
import { jsonText } from './plain-text';
import { readerOf } from './reader';
import type { Reader } from './report-query';
import { siteFactors } from './site-factors';
import { localTimeZone } from './time-zone';

const MOST_SHOWN = 10;

const valued = (describe: string): Options => ({ type: 'string', requiresArg: true, describe });

export const options: Readonly<Record<string, Options>> = {
  month: valued('the month, such as 2026-10; default: the last that is over'),
  user: { alias: 'u', ...valued('of this user, name or uid; default: you') },
  account: { alias: 'A', ...valued('of this account, for those who coordinate it and for admins') },
  html: { type: 'boolean', describe: 'print the HTML part' },
  json: { type: 'boolean', describe: 'print JSON' },
  config: valued('config file; default: $EIT_CONFIG, else /etc/eit/eit.yaml'),
};

export const examples: CommandModule['examples'] = [
  ['--month 2026-10', 'your October: sums, what was lost, which jobs took the most'],
  ['--month 2026-10 --account physics', 'that of an account, by user'],
];

export const epilogue =
  'digest: who may see a report of a user or an account may see his digest; it is printed, and a mail command sends it.';

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
  const reports = await new MonthReports(loaded, reader, timeZone).read(month, { user, account }, output);
  const digest: Digest = {
    whose: account === undefined ? nameOf(user, reader) : `account ${account}`,
    ...reports,
  };
  if (argv['json'] === true) {
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

/** Reads a month and the one before. */
class MonthReports {
  readonly #loaded: LoadedConfig;
  readonly #reader: Reader;
  readonly #timeZone: string;

  constructor(loaded: LoadedConfig, reader: Reader, timeZone: string) {
    this.#loaded = loaded;
    this.#reader = reader;
    this.#timeZone = timeZone;
  }

  async read(
    month: DateTime,
    { user, account }: { user: string | undefined; account: string | undefined },
    output: Surroundings['output'],
  ): Promise<Omit<Digest, 'whose'>> {
    const own = { uid: this.#reader.uid, name: this.#reader.name ?? undefined };
    const asked =
      user === undefined || user === this.#reader.name
        ? own
        : /^\d+$/.test(user)
          ? { uid: Number(user), name: user }
          : { name: user };
    const filter: RunFilter = account === undefined ? { users: [asked] } : { accounts: new Set([account]) };
    const groupBy = account === undefined ? (['job'] as const) : (['user'] as const);
    const report = await this.#report(month, filter, groupBy, output);
    const before = await this.#report(month.minus({ months: 1 }), filter, groupBy, output);
    const isNow = month.plus({ months: 1 }).toMillis() > Date.now();
    const quotas =
      isNow && account === undefined && this.#reader.isAdmin
        ? (await new JobQuotas(this.#loaded, this.#reader.uid).read(Date.now()))(asked)
        : null;
    const top = [...report.groups]
      .sort((a, b) => b.energy_kwh.total - a.energy_kwh.total)
      .slice(0, MOST_SHOWN);
    return { month: month.toFormat('yyyy-MM'), report, before, top, quotas };
  }

  async #report(
    month: DateTime,
    filter: RunFilter,
    groupBy: ReportQuery['groupBy'],
    output: Surroundings['output'],
  ): Promise<EitReport> {
    const { config } = this.#loaded;
    const query: ReportQuery = {
      sinceMs: month.toMillis(),
      untilMs: month.plus({ months: 1 }).toMillis(),
      ...{ filter, groupBy, policy: config.policy, timeZone: this.#timeZone },
      withUnattributed: false,
      extrapolate: false,
    };
    const factorsIn = siteFactors(this.#loaded);
    const nowMs = Date.now();
    const curves = energyCurves({ loaded: this.#loaded, factorsIn, nowMs, skipped: new SkippedLines() });
    const skipped = new Skipped();
    const aggregate = await readAggregate(
      { config, skipped, output, uid: this.#reader.uid, curvesOf: curves.curvesOf },
      query,
    );
    return buildReport(aggregate, {
      query,
      factorsOf: factorsIn(query),
      intensitySourcesOf: curves.sourcesOf(query),
      toolVersion: version,
      generatedAtMs: nowMs,
      skippedRecords: skipped.total,
    });
  }
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
