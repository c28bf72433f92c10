import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Options } from 'yargs';
import { AppendixFolder } from '../appendix/appendix-folder';
import { namedApart, sourceFile, type SourceFile } from '../appendix/attached-file';
import { FIGURES_FILE } from '../appendix/site';
import {
  type AppendixPlan,
  figureToCome,
  parseAppendixSpec,
  type PlannedSet,
  planOf,
  setsIn,
} from '../appendix/spec';
import { summaryOf } from '../appendix/summary';
import { withCleaning } from '../archive/ending-signals';
import { visible } from '../config/visible';
import { EitError, isErrno } from '../errors';
import { counted } from '../report/units';
import type { RunSet } from '../science/run-set';
import { type Variable, variableNamed } from '../science/variable';
import type { CommandModule, Surroundings } from './command';
import { filtersOf, RUN_OPTIONS } from './chosen-runs';
import { lastGiven } from './given';
import { type AppendixResult, buildAppendix } from './appendix-site';
import { bytesText, jsonText } from './plain-text';

export const options: Readonly<Record<string, Options>> = {
  ...RUN_OPTIONS,
  spec: {
    type: 'string',
    requiresArg: true,
    describe: 'sets, texts and files as a YAML file: slurm-examples/appendix.yaml',
  },
  output: {
    type: 'string',
    requiresArg: true,
    describe: 'folder of the pages: a new one, or an appendix to be renewed',
  },
  title: { type: 'string', requiresArg: true, describe: 'of the whole; default: as the spec says' },
  names: {
    type: 'boolean',
    describe: 'name users, accounts, hosts, partitions, QOS and clusters; default: they are numbered',
  },
  json: { type: 'boolean', describe: 'print JSON' },
};

export const examples: CommandModule['examples'] = [
  ['1234_[1-5] --output pages', 'an array of jobs, with a page each'],
  [
    '--set A=1234_[1-5] --set B=1240_[1-5] --output pages --title "Ours and theirs"',
    'two sets, side by side',
  ],
  ['--spec site.yaml --output pages', 'sets in sets, texts, pictures and files, as site.yaml says'],
  ['--from runs --output pages', 'all that eit run has written into the folder runs'],
];

export const epilogue =
  'The pages need no server, no script and no network: put the folder on a web server, or into an archive beside a paper. Users, accounts, hosts, partitions, QOS and clusters are numbered, ' +
  'so that it can go to reviewers who must not know whose it is; job names, tags and your own texts stay, and names that are found in them are told of. With --names, or names: shown in the spec, all are named.\n\n' +
  'A folder that is there already is renewed, where eit appendix wrote it; files in it that are not its own stay. docs/appendix.md tells more.';

/** `eit appendix`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { output } = surroundings;
  const to = lastGiven(argv['output']);
  if (to === undefined || to === '')
    throw new EitError('EIT_USAGE', 'eit appendix writes pages into a folder: name one with --output DIR');
  const spec = lastGiven(argv['spec']);
  if (spec !== undefined && (argv['set'] !== undefined || argv['jobs'] !== undefined))
    throw new EitError(
      'EIT_USAGE',
      '--spec says which runs are in the appendix: leave out job ids and --set',
    );
  const text = spec === undefined ? '' : readSpec(spec);
  const asked =
    spec === undefined
      ? planOf(filtersOf(argv, lastGiven(argv['from'])))
      : parseAppendixSpec(text, spec, figureToCome);
  const title = lastGiven(argv['title']);
  const plan: AppendixPlan = {
    ...asked,
    ...(title === undefined || title.trim() === '' ? {} : { title }),
    hidesNames: argv['names'] === true ? false : asked.hidesNames,
  };
  const attached = attachedFiles(plan, spec === undefined ? '.' : dirname(spec));
  const folder = AppendixFolder.open(to);
  const built = await withCleaning(
    () => folder.abandon(),
    async () => {
      const planWith = (sets: readonly RunSet[]): AppendixPlan =>
        spec === undefined ? plan : parseAppendixSpec(text, spec, (name) => variableNamed(name, sets));
      const result = await buildAppendix({ plan, planWith, argv, surroundings, folder, attached });
      folder.finish({
        title: plan.title,
        tool_version: result.site.toolVersion,
        generated_at: result.site.generatedAt,
        ...figuresOf(result, result.site.figures),
      });
      return result;
    },
  );
  const { site, bytes, largestPage } = built;
  if (argv['json'] === true) {
    await output.write([
      jsonText({
        ...{ schema: 1, output: to, title: plan.title, ...figuresOf(built, built.site.figures) },
        ...{ names: plan.hidesNames ? 'hidden' : 'shown', found_names: built.foundNames },
        files_not_looked_through: built.unseenFiles,
        ...{ files: folder.paths.length, bytes, largest_page_bytes: largestPage, warnings: site.warnings },
      }),
    ]);
  } else
    await output.write([
      `${visible(to)}/index.html: ${counted(site.runs.length, 'run')} in ${counted(setsIn(plan.sets).length, 'set')}, ${bytesText(bytes)} in ${counted(folder.paths.length, 'file')}; all figures in ${FIGURES_FILE}\n`,
    ]);
  for (const warning of site.warnings) output.note(`to know when sets are compared: ${warning}`);
  for (const { kind, name, where } of built.foundNames)
    output.note(
      `the ${kind} ${JSON.stringify(visible(name, 80))} is hidden, but can be read in ${where}; leave it out there, or say --names`,
    );
  for (const { file, why } of built.unseenFiles)
    output.note(
      `the file ${visible(file, 80)} was not looked through for hidden names: ${why}; look at it yourself`,
    );
  return 0;
}

/** @throws EitError EIT_APPENDIX */
function readSpec(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
  } catch (cause) {
    if (isErrno(cause, 'ERR_ENCODING_INVALID_ENCODED_DATA'))
      throw new EitError('EIT_APPENDIX', `${visible(path)} is not UTF-8: save it as UTF-8`, { cause });
    if (!isErrno(cause, 'ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR', 'EPERM')) throw cause;
    throw new EitError(
      'EIT_APPENDIX',
      `cannot read the spec ${visible(path)}: ${cause.message}; slurm-examples/appendix.yaml is one to begin with`,
      { cause },
    );
  }
}

/** The files of the whole (null) and of each set, where they are. */
function attachedFiles(
  plan: AppendixPlan,
  dir: string,
): ReadonlyMap<PlannedSet | null, readonly SourceFile[]> {
  const of = (files: readonly string[]): SourceFile[] =>
    namedApart(files.map((named) => sourceFile(dir, named)));
  return new Map<PlannedSet | null, SourceFile[]>([
    [null, of(plan.files)],
    ...setsIn(plan.sets).map((set) => [set, of(set.files)] as const),
  ]);
}

/** For programs: what the first page's table has. */
function figuresOf({ sets }: AppendixResult, figures: readonly Variable[]): Record<string, unknown> {
  return {
    sets: sets.map(({ id, name, parents, runs }) => ({
      ...{
        name,
        path: [...parents.map((parent) => parent.name), name],
        page: `sets/${id}.html`,
        n: runs.length,
      },
      figures: figures.map((variable) => {
        const { n, mean, standardError, sum } = summaryOf(
          runs.map(({ job }) => job),
          variable,
        );
        return { figure: variable.name, unit: variable.unit, n, mean, standard_error: standardError, sum };
      }),
    })),
    runs: [...new Set(sets.flatMap(({ runs }) => runs))]
      .toSorted((a, b) => a.number - b.number)
      .map(({ number, job }) => ({
        number,
        job_id: job.job_id,
        cluster: job.cluster,
        page: `runs/${number}.html`,
      })),
  };
}
