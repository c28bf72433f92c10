import type { Options } from 'yargs';
import { EitError } from '../errors';
import { boampsReport } from '../exports/boamps-report';
import { parseBoampsTask } from '../exports/boamps-task';
import { chosenRuns, RUN_OPTIONS } from './chosen-runs';
import type { CommandModule, Surroundings } from './command';
import { lastGiven } from './given';
import { writePicture } from './picture-file';
import { jsonText } from './plain-text';
import { notePartial, RunSpans } from './run-spans';
import { readUserFile } from './user-file';

export const options: Readonly<Record<string, Options>> = {
  ...RUN_OPTIONS,
  task: {
    type: 'string',
    requiresArg: true,
    describe: 'a file (YAML) that says what no meter knows: stage, family, algorithms, data (docs/export.md)',
  },
  output: { type: 'string', requiresArg: true, describe: 'write it into this file; default: print it' },
  json: { type: 'boolean', describe: 'print JSON' },
};

export const examples: CommandModule['examples'] = [
  ['1234 --task task.yaml --output report.json', 'a job as a report of BoAmps'],
];

export const epilogue =
  'boamps: a report of the BoAmps data model (Boavizta) for open data on what AI tasks take: one set of runs is one task. It is JSON in any case. Energy is without PUE.';

const MOST_TASK_BYTES = 1 << 20;

/** `eit export boamps`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { output } = surroundings;
  const path = lastGiven(argv['task']);
  if (path === undefined)
    throw new EitError(
      'EIT_USAGE',
      'eit export boamps needs --task FILE: stage and family of the task, its algorithms and data; docs/export.md has an example',
    );
  const task = parseBoampsTask(readUserFile(path, MOST_TASK_BYTES, 'EIT_USAGE').toString('utf8'), path);
  const spans = new RunSpans();
  const { sets } = await chosenRuns(argv, surroundings, { watchRuns: spans.watch });
  const [set, ...others] = sets;
  if (set === undefined || others.length > 0)
    throw new EitError('EIT_USAGE', 'a report of BoAmps is of one task: give one set of runs');
  const country = countryNameOf(set.report.factors.zone);
  const report = boampsReport(set, {
    task,
    fromMs: spans.of(set.filter).fromMs,
    nowMs: Date.now(),
    country,
  });
  const file = lastGiven(argv['output']);
  if (file === undefined) await output.write([jsonText(report)]);
  else writePicture('output', file, jsonText(report));
  notePartial(set, output);
  if (country === null && task.environment?.country === undefined)
    output.note(
      'the country is not known, and the model wants it in an environment: set site.zone, or environment.country in the file of the task',
    );
  if (file !== undefined) output.note(`the report is in ${file}`);
  return 0;
}

/** By the first letters of a zone's key; null: it is of no one country. */
function countryNameOf(zone: string): string | null {
  const [, code] = /^([A-Z]{2})(?:-[A-Z0-9-]+)?$/.exec(zone) ?? [];
  return code === undefined ? null : (new Intl.DisplayNames('en', { type: 'region' }).of(code) ?? null);
}
