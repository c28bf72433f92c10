import type { Options } from 'yargs';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import { compareSamples, type Comparison, TESTS, type TestName } from '../science/comparison';
import {
  correlationText,
  differenceTable,
  sentences,
  setTable,
  TEST_TITLES,
} from '../science/comparison-words';
import { type SetCorrelation, correlateSets, CORRELATION_POINTS } from '../science/set-correlation';
import {
  type DocumentTable,
  escapeLatex,
  escapeMarkdown,
  latexTable,
  markdownTable,
} from '../science/document-table';
import { FILTER_KEYS, type RunSet } from '../science/run-set';
import { scatterSvg } from '../science/scatter-svg';
import { setPlotSvg } from '../science/set-plot-svg';
import { type Variable, valuesOf, variableNamed } from '../science/variable';
import type { CommandModule, Surroundings } from './command';
import { chosenRuns, RUN_OPTIONS } from './chosen-runs';
import { allGiven, lastGiven } from './given';
import { writePicture } from './picture-file';
import { alignedRows, jsonText } from './plain-text';
import { wrapped } from './wrapped';

export const options: Readonly<Record<string, Options>> = {
  ...RUN_OPTIONS,
  set: {
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'NAME=FILTER, two or more times: A=1234,1240_[1-5] or "B=name=train;state=CD"',
  },
  by: {
    type: 'string',
    requiresArg: true,
    describe:
      'energy (default), co2e, time, a column of eit-report, or a metric of your own, such as accuracy:best',
  },
  test: {
    type: 'string',
    requiresArg: true,
    choices: TESTS,
    describe: 'whose p the stars are of; default: welch',
  },
  correlate: {
    type: 'string',
    requiresArg: true,
    describe: 'X,Y: the correlation of two such figures instead',
  },
  over: {
    type: 'string',
    requiresArg: true,
    choices: CORRELATION_POINTS,
    describe: 'of --correlate, what a point is: the mean of a set (default) or a run',
  },
  within: { type: 'boolean', describe: 'with --correlate: within each set too, over its runs' },
  seed: { type: 'string', requiresArg: true, describe: 'of what is drawn by chance; default: 1' },
  plot: { type: 'string', requiresArg: true, describe: 'write a picture of it into this file (SVG)' },
  json: { type: 'boolean', describe: 'print JSON' },
  markdown: { type: 'boolean', describe: 'print Markdown' },
  latex: { type: 'boolean', describe: 'print LaTeX' },
};

export const examples: CommandModule['examples'] = [
  ['--set A=1234_[1-5] --set B=1240_[1-5]', 'whether two arrays took different energy'],
  [
    '--set "small=name=resnet18" --set "large=name=resnet50" --by time',
    'by the time they took, jobs by name',
  ],
  ['--set A=1,2,3 --set B=4,5,6 --set C=7,8,9 --plot abc.svg', 'three sets, each with each, as a picture'],
  ['--set A=1234_[1-5] --set B=1240_[1-5] --correlate time,energy --over runs', 'does energy follow time?'],
];

export const epilogue =
  `A filter is job ids as -j of eit-report takes them, or key=value with ; between them (\\; is a semicolon): ${FILTER_KEYS.join(', ')}. ` +
  'A requeued job is one. Without starttime all of the ledger is looked at.\n\n' +
  'Stars: p of at most .05 *, .01 **, .001 ***, .0001 ****; ns: not significant; after Holm where there are several pairs. Differences are second less ' +
  'first. Energy has PUE in it. docs/compare.md tells what is computed how.';

/** `eit compare`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const correlate = lastGiven(argv['correlate']);
  if (allGiven(argv['set']).length < (correlate === undefined ? 2 : 1))
    throw new EitError('EIT_USAGE', 'give two sets or more: --set A=1234_[1-5] --set B=1240_[1-5]');
  const formats = (['json', 'markdown', 'latex'] as const).filter((name) => argv[name] === true);
  if (formats.length > 1)
    throw new EitError('EIT_USAGE', `--${formats.join(' and --')} cannot be had together: choose one`);
  for (const name of ['over', 'within'])
    if (argv[name] !== undefined && correlate === undefined)
      throw new EitError('EIT_USAGE', `--${name} belongs to --correlate X,Y: give that too, or leave it out`);
  if (correlate !== undefined && argv['by'] !== undefined)
    throw new EitError('EIT_USAGE', '--by and --correlate are two questions: ask one');
  const pair = correlate === undefined ? null : pairOf(correlate);
  const seed = seedOf(lastGiven(argv['seed']) ?? '1');
  const test = (lastGiven(argv['test']) ?? 'welch') as TestName;

  const { sets, warnings } = await chosenRuns(argv, surroundings);
  const result =
    pair === null
      ? comparisonResult(sets, variableNamed(lastGiven(argv['by']) ?? 'energy', sets), test, seed)
      : correlationResult(
          sets,
          pair.map((name) => variableNamed(name, sets)) as [Variable, Variable],
          lastGiven(argv['over']) === 'runs' ? 'runs' : 'sets',
          argv['within'] === true,
        );
  const plot = lastGiven(argv['plot']);
  if (plot !== undefined) writePicture('plot', plot, result.svg());

  const { output } = surroundings;
  if (argv['json'] === true) {
    await output.write([jsonText({ schema: 1, ...result.json, ...provenance(sets), warnings })]);
    return 0;
  }
  const told = [...result.sentences, ...warnings.map((warning) => `Warning: ${warning}.`), basisText(sets)];
  if (argv['markdown'] === true)
    await output.write([
      ...result.tables.map((table) => `${markdownTable(table)}\n`),
      `${told.map(escapeMarkdown).join('\n\n')}\n`,
    ]);
  else if (argv['latex'] === true)
    await output.write([
      ...result.tables.map((table) => `${latexTable(table)}\n`),
      `${told.map(escapeLatex).join('\n\n')}\n`,
    ]);
  else
    await output.write(
      wrapped(
        [
          ...result.tables.flatMap((table) => [...alignedRows(table.columns, table.rows), '']),
          ...told.map((text) => visible(text)),
        ].map((line) => `${line}\n`),
        argv,
        surroundings,
      ),
    );
  if (plot !== undefined) output.note(`the picture is in ${plot}`);
  return 0;
}

interface Result {
  readonly tables: readonly DocumentTable[];
  readonly sentences: readonly string[];
  readonly json: Readonly<Record<string, unknown>>;
  svg(): string;
}

function comparisonResult(sets: readonly RunSet[], variable: Variable, test: TestName, seed: number): Result {
  const samples = sets.map((set) => ({ name: set.filter.name, values: valuesOf(set, variable) }));
  const comparison = compareSamples(samples, { test, seed });
  return {
    tables: [setTable(comparison, variable), differenceTable(comparison, variable)],
    sentences: sentences(comparison, variable),
    json: comparisonJson(comparison, variable, samples),
    svg: () =>
      setPlotSvg(samples, comparison, {
        title: `${variable.name} of ${sets.length} sets`,
        label: `${labelOf(variable)} a job; stars: ${TEST_TITLES[test]}`,
      }),
  };
}

function comparisonJson(
  { differences, sets, ...rest }: Comparison,
  variable: Variable,
  samples: readonly { readonly values: readonly number[] }[],
): Record<string, unknown> {
  return {
    variable: variable.name,
    unit: variable.unit,
    ...rest,
    sets: sets.map(({ standardError, ...set }, i) => ({
      ...set,
      standard_error: standardError,
      values: samples[i]?.values ?? [],
    })),
    differences: differences.map(({ welch, mannWhitney, hedgesG, cliffsDelta, pCorrected, ...pair }) => ({
      ...pair,
      p_holm: pCorrected,
      welch:
        welch === null ? null : { ...welch, standardError: undefined, standard_error: welch.standardError },
      mann_whitney: mannWhitney,
      hedges_g: hedgesG,
      cliffs_delta: cliffsDelta,
    })),
  };
}

function correlationResult(
  sets: readonly RunSet[],
  [x, y]: readonly [Variable, Variable],
  over: (typeof CORRELATION_POINTS)[number],
  within: boolean,
): Result {
  const values = sets.map((set) => ({ name: set.filter.name, x: valuesOf(set, x), y: valuesOf(set, y) }));
  const found = correlateSets(values, over, within);
  const lineOf = ({ name, pearson, spearman }: SetCorrelation): string[] => [
    correlationText(`${name}: Pearson's r`, pearson),
    ...(pearson === null ? [] : [`${name}: R² = ${Number((pearson.r ** 2).toPrecision(3))}`]),
    correlationText(`${name}: Spearman's rho`, spearman),
  ];
  const title = `${y.name} against ${x.name}, over ${over === 'sets' ? 'means of sets' : 'runs'}`;
  return {
    tables: [],
    sentences: [title, ...found.flatMap(lineOf)],
    json: {
      x: { variable: x.name, unit: x.unit },
      y: { variable: y.name, unit: y.unit },
      over,
      correlations: found.map(({ points: _, ...rest }) => ({
        ...rest,
        r_squared: rest.pearson === null ? null : rest.pearson.r ** 2,
      })),
    },
    svg: () => scatterSvg(found[0]?.points ?? [], { title, labels: [labelOf(x), labelOf(y)] }),
  };
}

/** What the sets are, so that another can ask for the same. */
function provenance(sets: readonly RunSet[]): Record<string, unknown> {
  return {
    of: sets.map(({ filter, report }) => ({
      name: filter.name,
      filter: filter.text,
      jobs: report.groups.map(({ cluster, job_id: id }) => ({ cluster, job_id: id })),
      energy_kwh: report.total.energy_kwh.total,
      co2e_kg: report.total.co2e_kg,
      coverage: report.total.coverage,
      measured_fraction: report.total.measured_fraction,
      policy: report.policy,
      pue: report.factors.pue,
      zone: report.factors.zone,
      defaults_used: report.factors.defaults_used,
    })),
    tool_version: sets[0]?.report.tool_version,
  };
}

function basisText(sets: readonly RunSet[]): string {
  const { policy, factors } = sets[0]!.report;
  const defaults = [...new Set(sets.flatMap(({ report }) => report.factors.defaults_used))];
  return (
    `Policy ${policy}, PUE ${factors.pue}, ${factors.intensity_g_per_kwh.toFixed(0)} g/kWh (${factors.zone}).` +
    (defaults.length === 0 ? '' : ` Defaults: ${defaults.join(', ')}.`)
  );
}

function labelOf({ name, unit }: Variable): string {
  return unit === '' ? name : `${name} (${unit})`;
}

function pairOf(text: string): [string, string] {
  const names = text.split(',').map((name) => name.trim());
  if (names.length !== 2)
    throw new EitError(
      'EIT_USAGE',
      `--correlate ${visible(text, 80)}: give two figures, such as time,energy`,
    );
  return [names[0] ?? '', names[1] ?? ''];
}

function seedOf(text: string): number {
  const seed = Number(text);
  if (/^\d{1,15}$/.test(text)) return seed;
  throw new EitError('EIT_USAGE', `--seed ${visible(text, 40)} is no whole number from 0 on`);
}
