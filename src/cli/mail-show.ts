import { DateTime } from 'luxon';
import type { Options } from 'yargs';
import { SkippedLines } from '../carbon/intensity-line';
import { type LoadedConfig, loadConfig, loadQuotas } from '../config/config';
import { EitError } from '../errors';
import { composeMail, slurmSubject } from '../mail/compose-mail';
import type { QuotaState } from '../generated/report';
import { type JobRuns, runsOfJob, userOf } from '../mail/job-runs';
import { writtenId } from '../runs/selected-job';
import { parseJobSelections } from '../slurm/job-selection';
import { parseSlurmTime } from '../slurm/time-form';
import type { CommandModule, Surroundings } from './command';
import { CONFIG_OPTION, lastGiven } from './given';
import { JobMails } from './job-mails';
import { readJobRecords } from './job-records';
import { noteNotRead } from './result-notes';
import { jsonText } from './plain-text';
import { concerning, quotaStates } from '../quota/evaluate';
import { energyCurves } from './energy-curves';
import { JobQuotas } from './job-quotas';
import { readUsersQuotaData } from './quota-data';
import { readerOf } from './reader';
import type { Reader } from './report-query';
import { siteFactors } from './site-factors';
import { localTimeZone } from './time-zone';

/** How far back a job is looked for. */
const LOOK_BACK = { months: 13 };

export const options: Readonly<Record<string, Options>> = {
  starttime: {
    alias: 'S',
    type: 'string',
    requiresArg: true,
    describe: 'look for a job that ran after this time, as sacct takes it; default: 13 months ago',
  },
  text: { type: 'boolean', describe: 'print the text part alone, without the subject' },
  html: { type: 'boolean', describe: 'print the HTML part' },
  json: { type: 'boolean', describe: 'print JSON: JobSummary of schemas/report.schema.json' },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['1234', 'what the mail of job 1234 says'],
  ['1234_5 --html', 'the HTML part, of the fifth task of an array'],
];

export const epilogue =
  'show: users see the mails of their own jobs, admins those of all. docs/mail-contents.md tells what a mail says.';

/** `eit mail show JOB`: a job's mail as it would be sent now. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { env, output } = surroundings;
  const forms = ['text', 'html', 'json'].filter((name) => argv[name] === true);
  if (forms.length > 1)
    throw new EitError('EIT_USAGE', `--${forms.join(' and --')} cannot be had together: choose one`);
  const [selection, ...more] = parseJobSelections(lastGiven(argv['what']) ?? '');
  if (selection === undefined || more.length > 0)
    throw new EitError('EIT_USAGE', 'eit mail show takes one job: eit mail show 1234');
  const path = lastGiven(argv['config']);
  const loaded = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const reader = readerOf(surroundings, loaded.config);
  const now = DateTime.local();
  const since = lastGiven(argv['starttime']);
  const timeZone = loaded.config.time_zone ?? localTimeZone();
  const { added, context, skipped } = await readJobRecords(
    { loaded, output, uid: reader.uid, nowMs: now.toMillis() },
    {
      sinceMs: (since === undefined ? now.minus(LOOK_BACK) : parseSlurmTime(since, { now })).toMillis(),
      untilMs: now.toMillis(),
      filter: {
        users: reader.isAdmin ? undefined : [{ uid: reader.uid, name: reader.name ?? undefined }],
        jobs: new Set([writtenId(selection)]),
        selections: [selection],
      },
      timeZone,
    },
  );
  noteNotRead(output, skipped);
  const runs = runsOfJob(added, {
    jobId: writtenId(selection),
    scope: 'job' in selection ? 'whole' : 'part',
  });
  if (runs === null) {
    const whose = reader.isAdmin ? '' : ' of yours';
    output.note(
      `no job ${selection.text}${whose} in the ledger; its first records come a few minutes after it began. An older one: -S TIME`,
    );
    return 1;
  }
  const summary = new JobMails(loaded, timeZone).summary(runs, {
    ...context,
    quotas: await quotasOf(loaded, reader, runs, now.toMillis()),
    missingNodes: [],
  });
  if (argv['json'] === true) {
    await output.write([jsonText(summary)]);
    return 0;
  }
  const { subject, text, html } = composeMail(summary, slurmSubject(summary), timeZone);
  await output.write(
    argv['html'] === true ? [html] : argv['text'] === true ? [text] : [`Subject: ${subject}\n\n`, text],
  );
  return 0;
}

/** A user who may read his own runs alone is told of his own quotas. */
async function quotasOf(
  loaded: LoadedConfig,
  reader: Reader,
  runs: JobRuns,
  nowMs: number,
): Promise<QuotaState[] | null> {
  const user = userOf(runs);
  if (reader.isAdmin) return (await new JobQuotas(loaded, reader.uid).read(nowMs))(user);
  if (loadQuotas(loaded).length === 0) return [];
  const factorsIn = siteFactors(loaded);
  const { curvesOf } = energyCurves({ loaded, factorsIn, nowMs, skipped: new SkippedLines() });
  const access = { loaded, output: null, factorsIn, curvesOf, nowMs, uid: reader.uid };
  const data = await readUsersQuotaData(access, user);
  const asked = { name: user.name ?? `uid:${reader.uid}`, uid: reader.uid };
  return concerning(quotaStates(data, asked), user, data);
}
