import type { Options } from 'yargs';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import { type Badge, badgeOf } from '../exports/badge';
import { type Better, cleanMark, type Mark, type MarkOutcome, sameForLessMark } from '../exports/badge-marks';
import { badgeSvg } from '../exports/badge-svg';
import { escapeXml } from '../science/chart';
import { escapeMarkdown } from '../science/document-table';
import { parseRunSet, type RunSet, type RunSetFilter, setWarnings } from '../science/run-set';
import { variableNamed } from '../science/variable';
import { chosenRuns, filtersOf, RUN_OPTIONS } from './chosen-runs';
import type { CommandModule, Surroundings } from './command';
import { lastGiven } from './given';
import { writePicture } from './picture-file';
import { jsonText } from './plain-text';
import { RunSpans } from './run-spans';

/** Without --output: what Markdown and HTML name. */
const DEFAULT_FILE = 'badge.svg';

const { 'allow-incomplete': _, ...runOptions } = RUN_OPTIONS;

export const options: Readonly<Record<string, Options>> = {
  ...runOptions,
  label: { type: 'string', requiresArg: true, describe: 'what stands first; default: energy' },
  'clean-below': {
    type: 'string',
    requiresArg: true,
    describe: 'a mark where the electricity had less than this, gCO2eq/kWh',
  },
  baseline: {
    type: 'string',
    requiresArg: true,
    describe: 'a set as of --set: a mark where these runs did as well with less energy',
  },
  metric: {
    type: 'string',
    requiresArg: true,
    describe: 'with --baseline: by which figure, such as accuracy',
  },
  within: {
    type: 'string',
    requiresArg: true,
    describe: "with --baseline: what counts as the same, such as 2%; default: 2% of the baseline's mean",
  },
  better: {
    type: 'string',
    requiresArg: true,
    choices: ['higher', 'lower'],
    describe:
      'with --baseline: which way is the better one, so that being better is no difference; default: as eit metric --best said',
  },
  output: { type: 'string', requiresArg: true, describe: 'write the picture into this file (SVG)' },
  markdown: { type: 'boolean', describe: 'print the Markdown that shows the file' },
  html: { type: 'boolean', describe: 'print the HTML that shows the file' },
  json: { type: 'boolean', describe: 'print JSON' },
};

export const examples: CommandModule['examples'] = [
  ['1234 --output badge.svg --markdown', 'a badge of one job, and the line for README.md'],
  ['1234_[1-5] --clean-below 100 --output badge.svg', 'with a mark where the grid had less than 100 g/kWh'],
  [
    '--set small=tag=model=b --baseline large=tag=model=a --metric accuracy --within 2%',
    'with a mark where the small model is as good for less energy',
  ],
];

export const epilogue =
  'A badge of one set of runs. Without --output, --markdown, --html or --json the SVG is printed. Marks are given where the claim holds, else it is said why not: docs/badge.md.';

/** `eit badge`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { output } = surroundings;
  const formats = (['json', 'markdown', 'html'] as const).filter((name) => argv[name] === true);
  if (formats.length > 1)
    throw new EitError('EIT_USAGE', `--${formats.join(' and --')} cannot be had together: choose one`);
  const cleanBelow = boundOf(lastGiven(argv['clean-below']));
  const compared = comparedOf(argv);
  const own = filtersOf(argv, lastGiven(argv['from']));
  if (own.length > 1) throw new EitError('EIT_USAGE', 'a badge is of one set of runs: give one --set');
  const spans = new RunSpans();
  // What was observed in part is said on the badge.
  const { sets } = await chosenRuns(argv, surroundings, {
    filters: compared === null ? own : [...own, compared.baseline],
    allowIncomplete: true,
    watchRuns: spans.watch,
  });
  const [set, baseline] = sets as [RunSet, RunSet?];
  const outcomes: MarkOutcome[] = [
    ...(cleanBelow === null ? [] : [cleanMark(set.report, cleanBelow)]),
    ...(compared === null || baseline === undefined ? [] : [markOf(set, baseline, compared)]),
  ];
  const marks: Mark[] = outcomes.flatMap((outcome) => ('mark' in outcome ? [outcome.mark] : []));
  const badge = badgeOf(set, {
    ...{ label: lastGiven(argv['label']) ?? 'energy', marks },
    span: spans.of(set.filter),
  });
  const svg = badgeSvg(badge);
  const file = lastGiven(argv['output']);
  if (file !== undefined) writePicture('output', file, svg);
  for (const outcome of outcomes) if ('refused' in outcome) output.note(`no mark: ${outcome.refused}`);
  // What of two sets differs is no matter where there is one.
  if (baseline !== undefined) for (const warning of setWarnings(sets)) output.note(`warning: ${warning}`);

  const shown = file ?? DEFAULT_FILE;
  if (argv['json'] === true) await output.write([jsonText(badgeJson(badge, set, marks, outcomes, svg))]);
  else if (argv['markdown'] === true)
    await output.write([`![${escapeMarkdown(badge.text)}](<${markdownPath(shown)}>)\n`]);
  else if (argv['html'] === true)
    await output.write([`<img src="${escapeXml(encodePath(shown))}" alt="${escapeXml(badge.text)}">\n`]);
  else if (file === undefined) await output.write([svg]);
  if (file !== undefined) output.note(`the badge is in ${file}`);
  return 0;
}

interface Compared {
  readonly baseline: RunSetFilter;
  readonly metric: string;
  readonly within: number;
  readonly better: Better;
}

/** What --baseline asks for; null: nothing. @throws EitError EIT_USAGE */
function comparedOf(argv: Readonly<Record<string, unknown>>): Compared | null {
  const text = lastGiven(argv['baseline']);
  if (text === undefined) {
    for (const name of ['metric', 'within', 'better'])
      if (argv[name] !== undefined)
        throw new EitError(
          'EIT_USAGE',
          `--${name} belongs to --baseline SET: give that too, or leave it out`,
        );
    return null;
  }
  const metric = lastGiven(argv['metric']);
  if (metric === undefined)
    throw new EitError(
      'EIT_USAGE',
      '--baseline needs the figure by which runs do as well: --metric accuracy',
    );
  const better = lastGiven(argv['better']);
  return {
    baseline: parseRunSet(/^\d[^=]*$/.test(text) ? `baseline=${text}` : text),
    metric,
    within: partOf(lastGiven(argv['within']) ?? '2%'),
    better: better === 'higher' || better === 'lower' ? better : null,
  };
}

function markOf(set: RunSet, baseline: RunSet, { metric: name, within, better }: Compared): MarkOutcome {
  const metric = variableNamed(name, [set, baseline]);
  return sameForLessMark(set, baseline, {
    metric,
    within,
    better: better ?? saidBetter(name, [set, baseline]),
  });
}

/** What users said of the metric with eit metric --best; null where they did not, or not the same. */
function saidBetter(name: string, sets: readonly RunSet[]): Better {
  const [metric = ''] = name.split(':');
  const said = new Set(
    sets.flatMap(({ report, own }) =>
      report.groups.map((job) => {
        const metrics = own.metricsOf(job);
        return Object.hasOwn(metrics, metric) ? metrics[metric]?.best : undefined;
      }),
    ),
  );
  const [only] = said;
  if (said.size !== 1 || only === undefined) return null;
  return only === 'max' ? 'higher' : 'lower';
}

/** @throws EitError EIT_USAGE */
function boundOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value > 0) return value;
  throw new EitError(
    'EIT_USAGE',
    `--clean-below ${visible(text, 40)} is no number above 0, such as 100 (gCO2eq/kWh)`,
  );
}

/** `2%` and `0.02` are the same. @throws EitError EIT_USAGE */
function partOf(text: string): number {
  const [, digits = '', percent] = /^(\d+(?:\.\d+)?)\s*(%)?$/.exec(text.trim()) ?? [];
  const value = Number(digits) / (percent === undefined ? 1 : 100);
  if (digits !== '' && value < 1) return value;
  throw new EitError('EIT_USAGE', `--within ${visible(text, 40)} is no part below 100 %, such as 2% or 0.02`);
}

function badgeJson(
  { text, basis }: Badge,
  { report }: RunSet,
  marks: readonly Mark[],
  outcomes: readonly MarkOutcome[],
  svg: string,
): Record<string, unknown> {
  const { total, factors } = report;
  return {
    schema: 1,
    ...{ text, basis },
    energy_kwh: total.energy_kwh.total,
    co2e_kg: total.co2e_kg,
    coverage: total.coverage,
    measured_fraction: total.measured_fraction,
    intensity_g_per_kwh: factors.intensity_g_per_kwh,
    zone: factors.zone,
    marks,
    refused: outcomes.flatMap((outcome) => ('refused' in outcome ? [outcome.refused] : [])),
    svg,
  };
}

/** Characters that end a path in Markdown's <...>, or are not seen. */
function markdownPath(path: string): string {
  return encodePath(path).replaceAll(/[<>()]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}

/** A path as a page names it. */
function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
