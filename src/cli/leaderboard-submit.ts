import type { Options } from 'yargs';
import { loadZones } from '../carbon/zone';
import { factorsFor } from '../carbon/factors';
import { visible } from '../config/visible';
import { dataPath } from '../data-path';
import { EitError } from '../errors';
import { checkEntry, unitOfAll } from '../leaderboard/check-entry';
import { type Entry, entryRun } from '../leaderboard/entry-run';
import { makeSubmission, type SubmittedRun } from '../leaderboard/make-submission';
import { readSubmission } from '../leaderboard/read-submission';
import { SUBMISSION_ENDING } from '../leaderboard/submission-limits';
import { differencesOf } from '../leaderboard/verify-submission';
import { submissionText, writeSubmission } from '../leaderboard/write-submission';
import { bytesText, counted } from '../report/units';
import { isCovered, jobName } from '../science/run-set';
import { largest, smallest } from '../science/sample';
import { version } from '../version';
import { readBoardSpec } from './board-file';
import { chosenRuns, RUN_OPTIONS } from './chosen-runs';
import type { CommandModule, Surroundings } from './command';
import { jsonText } from './plain-text';
import { readerOf } from './reader';
import { readRunLines } from './run-lines';

export const options: Readonly<Record<string, Options>> = {
  ...RUN_OPTIONS,
  spec: { type: 'string', requiresArg: true, describe: "the leaderboard's spec (YAML)" },
  name: { type: 'string', requiresArg: true, describe: 'what the entry is to be called' },
  about: { type: 'string', requiresArg: true, describe: 'a sentence on the entry' },
  link: { type: 'string', requiresArg: true, describe: 'where more of it stands: https://...' },
  output: {
    type: 'string',
    requiresArg: true,
    describe: `build: the folder of the site; submit: the file, ending in ${SUBMISSION_ENDING}`,
  },
  json: { type: 'boolean', describe: 'print JSON' },
};

export const examples: CommandModule['examples'] = [
  [
    '1234,1240_[1-5] --spec board.yaml --name "my method" --output my-method.ndjson.gz',
    'jobs of yours as a submission',
  ],
];

export const epilogue =
  'A submission holds the records that hosts wrote of the runs, their metric, and the factors of their site. Names of users, accounts, hosts, clusters and jobs are ' +
  'left out or replaced; times, hardware and zone are in it.';

/** `eit leaderboard submit`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { output } = surroundings;
  const [specPath, name, path] = ['spec', 'name', 'output'].map((option) => {
    const value = argv[option];
    if (typeof value === 'string' && value !== '') return value;
    throw new EitError('EIT_USAGE', `give --${option}: ${options[option]?.describe ?? ''}`);
  }) as [string, string, string];
  if (!path.endsWith(SUBMISSION_ENDING))
    throw new EitError(
      'EIT_USAGE',
      `--output ${visible(path, 200)}: let it end in ${SUBMISSION_ENDING}, by which submissions are found`,
    );
  const about = checkedText(argv['about'], 'about', 2000);
  const link = checkedText(argv['link'], 'link', 1024);
  if (link !== undefined && !/^https?:\/\/[^\s]+$/.test(link))
    throw new EitError(
      'EIT_USAGE',
      `--link ${visible(link, 200)}: give an address that begins with https://`,
    );
  checkedText(name, 'name', 80);
  const spec = readBoardSpec(specPath);
  const { policy } = spec;
  if (argv['policy'] !== undefined && argv['policy'] !== policy)
    throw new EitError(
      'EIT_USAGE',
      `the leaderboard divides energy by the policy ${policy}: leave --policy out`,
    );

  const { sets, loaded, warnings } = await chosenRuns({ ...argv, policy }, surroundings);
  const jobs = sets.flatMap(({ report, own }) => report.groups.map((job) => ({ job, own, report })));
  const twice = jobs.find(({ job }, i) =>
    jobs.slice(0, i).some(({ job: one }) => one.cluster === job.cluster && one.job_id === job.job_id),
  );
  if (twice !== undefined)
    throw new EitError(
      'EIT_SUBMISSION',
      `${jobName(twice.job)} is there twice, or two jobs have its id: choose one of them by the filter (starttime=, endtime=)`,
    );
  const entry: Entry = {
    ...{ name, description: about ?? null, link: link ?? null },
    origin: { kind: 'ledger', sha256: null },
    runs: jobs.map(({ job, own }) => entryRun(job, own, spec.metric.name, jobName(job))),
  };
  checkEntry(entry, spec);
  unitOfAll([entry], spec);
  const zones = loadZones(dataPath());
  const wanted = jobs.map(({ job }) => ({
    job,
    nodeOverhead: factorsFor(loaded, job.cluster ?? '', zones).nodeOverhead,
  }));
  const reader = readerOf(surroundings, loaded.config);
  const seesAll = reader.isAdmin || argv['allusers'] === true || argv['from'] !== undefined;
  const lines = await readRunLines(
    loaded,
    wanted,
    {
      sinceMs: smallest(jobs.map(({ report }) => Date.parse(report.since))),
      untilMs: largest(jobs.map(({ report }) => Date.parse(report.until))),
      ...{ groupBy: ['job'], policy, timeZone: 'UTC', withUnattributed: false, extrapolate: false },
      filter: {
        clusters: new Set(jobs.flatMap(({ job }) => job.cluster ?? [])),
        ...(seesAll ? {} : { users: [{ uid: reader.uid, name: reader.name ?? undefined }] }),
      },
    },
    reader.uid,
    output,
  );
  const submitted = jobs.map(({ job, own, report }, i): SubmittedRun => {
    const { records = [], areSums = false } = lines[i] ?? {};
    return {
      ...{ job, own, records, areSums, nodeOverhead: wanted[i]!.nodeOverhead },
      cluster: report.factors.by_cluster.find((one) => one.cluster === job.cluster),
    };
  });
  const parts = makeSubmission(submitted, spec, {
    ...{ name, description: about, link, policy, toolVersion: version },
  });
  const bytes = writeSubmission(path, submissionText(parts));
  // What was written is what counts.
  const written = await readSubmission(path, []);
  const differences = differencesOf(written);
  if (differences.length > 0)
    throw new Error(`what was written is not what was meant: ${differences.join('; ')}`);

  for (const warning of warnings) output.note(`warning: ${warning}`);
  const partly = jobs.filter(({ job }) => !isCovered(job)).length;
  const summed = submitted.filter(({ areSums }) => areSums).length;
  if (argv['json'] === true) {
    await output.write([
      jsonText({
        ...{ schema: 1, file: path, bytes, sha256: written.sha256, task: spec.task, name },
        ...{ incomplete_runs: partly, summed_runs: summed, runs: written.manifest.runs, warnings },
      }),
    ]);
    return 0;
  }
  await output.write([
    `${visible(path)}: ${counted(jobs.length, 'run')}, ${counted(parts.records.length, 'record')}, ${bytesText(bytes)}, SHA-256 ${written.sha256}\n`,
    `${visible(name, 80)} for ${visible(spec.task)}: hand the file in; eit leaderboard verify recomputes it.\n`,
    ...(summed === 0
      ? []
      : [
          `${counted(summed, 'run')} by the sums of the archive: what hosts wrote of it is not kept any more, or not yours to read.\n`,
        ]),
    ...(partly === 0
      ? []
      : [`${counted(partly, 'run')} observed in part: the entry gets no rank by energy or time.\n`]),
  ]);
  return 0;
}

function checkedText(value: unknown, option: string, longest: number): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.trim() !== '' && value.length <= longest) return value;
  throw new EitError('EIT_USAGE', `--${option} has no text, or more than ${longest} characters`);
}
