import type { Options } from 'yargs';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import { readSubmission, type Submission } from '../leaderboard/read-submission';
import { differencesOf } from '../leaderboard/verify-submission';
import { counted } from '../report/units';
import type { CommandModule, Surroundings } from './command';
import { jsonText } from './plain-text';

export const options: Readonly<Record<string, Options>> = {
  json: { type: 'boolean', describe: 'print JSON' },
};

export const examples: CommandModule['examples'] = [
  ['submissions/*.ndjson.gz', 'whether submissions claim what follows from their own data'],
];

export const epilogue =
  'verify adds the records of a submission up anew and compares energy, CO2eq, time, coverage and metric with what it claims, to the last digit. It cannot know whether the records ' +
  'are true: docs/leaderboard.md tells what it proves. The exit status is 1 where a submission is not as it claims.';

/** What verifying a file came to. */
interface Verdict {
  readonly file: string;
  /** null: it cannot be read as a submission. */
  readonly submission: Submission | null;
  readonly problems: readonly string[];
}

/** `eit leaderboard verify`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  { output }: Surroundings,
): Promise<number> {
  const files = [argv['what'], argv['files']].flat().filter((file) => typeof file === 'string');
  if (files.length === 0)
    throw new EitError('EIT_USAGE', 'eit leaderboard verify needs files that eit leaderboard submit wrote');
  const verdicts: Verdict[] = [];
  for (const file of files) verdicts.push(await verdictOf(file));
  const isBad = verdicts.some(({ problems }) => problems.length > 0);
  if (argv['json'] === true)
    await output.write([
      jsonText({
        schema: 1,
        submissions: verdicts.map(({ file, submission, problems }) => ({
          ...{ file, is_verified: problems.length === 0, problems },
          ...(submission === null
            ? {}
            : {
                sha256: submission.sha256,
                task: submission.manifest.task,
                name: submission.manifest.name,
                tool_version: submission.manifest.tool,
                runs: submission.manifest.runs.length,
                records: submission.manifest.records.lines,
              }),
        })),
      }),
    ]);
  else
    await output.write(
      verdicts.flatMap(({ file, submission, problems }) =>
        problems.length > 0 || submission === null
          ? [`${visible(file)}: NOT as it claims\n`, ...problems.map((problem) => `  ${visible(problem)}\n`)]
          : [
              `${visible(file)}: ${visible(submission.manifest.name, 80)}, as it claims by its ${counted(submission.manifest.records.lines, 'record')} of ${counted(submission.manifest.runs.length, 'run')} (SHA-256 ${submission.sha256})\n`,
            ],
      ),
    );
  return isBad ? 1 : 0;
}

async function verdictOf(file: string): Promise<Verdict> {
  try {
    const submission = await readSubmission(file, []);
    return { file, submission, problems: differencesOf(submission) };
  } catch (error) {
    if (!(error instanceof EitError)) throw error;
    return { file, submission: null, problems: [error.message] };
  }
}
