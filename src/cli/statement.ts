import type { Options } from 'yargs';
import { loadZones } from '../carbon/zone';
import { visible } from '../config/visible';
import { dataPath } from '../data-path';
import { EitError } from '../errors';
import { FILTER_KEYS } from '../science/run-set';
import {
  parseAddition,
  parseAppendixUrl,
  type StatedFigures,
  type Statement,
  statementOf,
} from '../science/statement';
import { plainPiece, statementHtml, statementLatex, statementMarkdown } from '../science/statement-text';
import { type Block, citedIn, statementBlocks } from '../science/statement-words';
import { chosenRuns, RUN_OPTIONS } from './chosen-runs';
import type { CommandModule, Surroundings } from './command';
import { allGiven } from './given';
import { alignedRows, jsonText } from './plain-text';
import { wrapped } from './wrapped';

const FORMATS = ['json', 'markdown', 'latex', 'html', 'bibtex'] as const;

export const options: Readonly<Record<string, Options>> = {
  ...RUN_OPTIONS,
  'appendix-url': {
    type: 'string',
    requiresArg: true,
    describe: 'where readers find more, such as the page that eit appendix wrote',
  },
  add: {
    type: 'string',
    array: true,
    nargs: 1,
    describe: "something beside it, 'travel=801 kg', also several times: a line of its own, in no sum",
  },
  markdown: { type: 'boolean', describe: 'print Markdown' },
  latex: { type: 'boolean', describe: 'print LaTeX, which needs no package' },
  bibtex: { type: 'boolean', describe: 'print the BibTeX entries of what it cites, and nothing else' },
  html: { type: 'boolean', describe: 'print an HTML page' },
  json: { type: 'boolean', describe: 'print JSON' },
};

export const examples: CommandModule['examples'] = [
  ['1234_[1-5],1240', 'the statement of these jobs'],
  ['1234_[1-5] --latex --appendix-url https://example.org/appendix', 'for a paper'],
  ['--set "training=name=train" --set "evaluation=name=eval"', 'of two projects, with their sum'],
  [
    "--from results/ --add 'travel=801 kg'",
    'of what eit run measured, and the way to the conference beside it',
  ],
];

export const epilogue =
  `A filter is job ids as -j of eit-report takes them, or key=value with ; between them: ${FILTER_KEYS.join(', ')}. Name all jobs of the work, those that failed too: ` +
  'they used energy. Jobs that were observed for less than 95 % are refused; with --allow-incomplete figures are "at least". docs/statement.md tells what is in it.';

/** `eit statement`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { output } = surroundings;
  const formats = FORMATS.filter((name) => argv[name] === true);
  if (formats.length > 1)
    throw new EitError('EIT_USAGE', `--${formats.join(' and --')} cannot be had together: choose one`);
  const additions = allGiven(argv['add']).map(parseAddition);
  const url = allGiven(argv['appendix-url']).at(-1);
  const appendixUrl = url === undefined ? null : parseAppendixUrl(url);

  const { sets } = await chosenRuns(argv, surroundings);
  const statement = statementOf(sets, { additions, appendixUrl });
  const zones = loadZones(dataPath());
  const blocks = statementBlocks(statement, (zone) =>
    zones.has(zone) ? zones.intensity(zone).zoneName : '',
  );
  const cited = citedIn(statement);
  const printed: Readonly<Record<(typeof FORMATS)[number], () => string>> = {
    json: () => jsonText({ ...statementJson(statement, sets), text: plainText(blocks) }),
    markdown: () => statementMarkdown(blocks, cited),
    latex: () => statementLatex(blocks),
    html: () => statementHtml(blocks, cited),
    bibtex: () => cited.map(({ bibtex }) => bibtex).join('\n'),
  };
  const [format] = formats;
  if (format !== undefined) await output.write([printed[format]()]);
  else
    await output.write(
      wrapped(
        [...blocks.flatMap(plainLines), ...cited.map(({ text, url: at }) => `${text} ${at}`)].map(
          (line) => `${line}\n`,
        ),
        argv,
        surroundings,
      ),
    );
  return 0;
}

function plainLines(block: Block): string[] {
  if (block.kind === 'heading') return [visible(block.text), ''];
  if (block.kind === 'table') return [...alignedRows(block.table.columns, block.table.rows), ''];
  return [visible(block.pieces.map(plainPiece).join('')), ''];
}

function plainText(blocks: readonly Block[]): string {
  return blocks
    .filter((block) => block.kind === 'paragraph')
    .map((block) => block.pieces.map(plainPiece).join(''))
    .join('\n');
}

function figuresJson(figures: StatedFigures): Record<string, unknown> {
  const { socialCost } = figures;
  return {
    name: figures.name,
    jobs: figures.jobs,
    energy_kwh: figures.energyKwh,
    co2e_kg: figures.co2eKg,
    at_least: figures.partial > 0,
    social_cost:
      socialCost === null
        ? null
        : {
            unit: 'USD of 2010',
            countries: socialCost.countries,
            country_usd: socialCost.countryUsd,
            world_usd: socialCost.worldUsd,
          },
    elapsed_seconds: figures.elapsedSeconds,
    cpu_seconds: figures.cpuSeconds,
    gpu_seconds: figures.gpuSeconds,
    incomplete_jobs: figures.partial,
    unfinished: Object.fromEntries(figures.unfinished),
    jobs_not_ended: figures.going,
    jobs_not_told: figures.untold,
    cpu_models: figures.cpuModels,
    gpu_models: figures.gpuModels,
  };
}

function statementJson(
  { projects, together, overlaps, additions, appendixUrl, toolVersion }: Statement,
  sets: Awaited<ReturnType<typeof chosenRuns>>['sets'],
): Record<string, unknown> {
  return {
    ...{ schema: 1, tool_version: toolVersion, appendix_url: appendixUrl },
    projects: projects.map((project, i) => ({
      ...figuresJson(project),
      filter: sets[i]?.filter.text,
      coverage: project.coverage,
      measured_fraction: project.measuredFraction,
      policy: project.policy,
      clusters: project.clusters,
      defaults_used: project.defaultsUsed,
    })),
    together: together === null ? null : figuresJson(together),
    overlaps,
    not_measured: additions.map(({ name, co2eKg }) => ({ name, co2e_kg: co2eKg })),
  };
}
