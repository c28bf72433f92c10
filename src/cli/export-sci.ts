import type { Options } from 'yargs';
import { stringify } from 'yaml';
import { EitError } from '../errors';
import { visible } from '../config/visible';
import { sciManifest } from '../exports/sci-manifest';
import { type Embodied, embodiedOf, functionalUnit, isUnitCount, sciScore } from '../exports/sci-score';
import type { RunSet } from '../science/run-set';
import { chosenRuns, filtersOf, RUN_OPTIONS } from './chosen-runs';
import type { CommandModule, Surroundings } from './command';
import { lastGiven } from './given';
import { writePicture } from './picture-file';
import { jsonText } from './plain-text';
import { notePartial, RunSpans } from './run-spans';

export const options: Readonly<Record<string, Options>> = {
  ...RUN_OPTIONS,
  per: {
    type: 'string',
    requiresArg: true,
    describe:
      'what a score is of one of: job (default), hour, a number of units that the runs served, or a metric of theirs, added up',
  },
  'embodied-kg': {
    type: 'string',
    requiresArg: true,
    describe: 'what making the machines emitted, the part of the runs, kgCO2eq; default: by site.embodied',
  },
  'without-embodied': { type: 'boolean', describe: 'leave it out, and say so: no score by the standard' },
  output: { type: 'string', requiresArg: true, describe: 'write it into this file; default: print it' },
  json: { type: 'boolean', describe: 'print JSON' },
};

export const examples: CommandModule['examples'] = [
  [
    '1234,1240_[1-5] --per job --output sci.yml',
    'gCO2eq a job as a manifest; if-run -m sci.yml works it out again',
  ],
  [
    '--set new=tag=model=b --set old=tag=model=a --per images',
    'two components, a metric of the runs as unit',
  ],
];

export const epilogue =
  'sci: Software Carbon Intensity (ISO/IEC 21031:2024), (E x I + M) / R, as a manifest of the Impact Framework. docs/export.md tells what is in each.';

/** `eit export sci`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { output } = surroundings;
  const given = embodiedGiven(argv);
  const per = lastGiven(argv['per']) ?? 'job';
  checkOneSet(argv, per);
  const spans = new RunSpans();
  const { sets } = await chosenRuns(argv, surroundings, {
    embodied: given === null,
    watchRuns: spans.watch,
  });
  const scores = sets.map((set) => ({
    set,
    score: sciScore(set.report, given ?? siteEmbodied(set), functionalUnit(per, set)),
    span: spans.of(set.filter),
  }));
  const manifest = sciManifest(scores);
  // A long text in one line: YAML's folding would change nothing but its readability.
  const text = argv['json'] === true ? jsonText(manifest) : stringify(manifest, { lineWidth: 0 });
  const file = lastGiven(argv['output']);
  if (file === undefined) await output.write([text]);
  else writePicture('output', file, text);
  for (const set of sets) notePartial(set, output);
  if (file !== undefined) {
    for (const { set, score } of scores)
      output.note(`${set.filter.name}: ${Number(score.score.toPrecision(4))} gCO2eq per ${score.unit.one}`);
    output.note(`the manifest is in ${file}`);
  }
  return 0;
}

/** What is one number is of one set: each of several would have all of it. @throws EitError EIT_USAGE */
function checkOneSet(argv: Readonly<Record<string, unknown>>, per: string): void {
  if (filtersOf(argv, lastGiven(argv['from'])).length < 2) return;
  if (lastGiven(argv['embodied-kg']) !== undefined)
    throw new EitError(
      'EIT_USAGE',
      '--embodied-kg is the part of one set of runs: export each set by itself, or set site.embodied (docs/factors.md)',
    );
  if (isUnitCount(per))
    throw new EitError(
      'EIT_USAGE',
      `--per ${visible(per, 40)} is what one set of runs served: export each set by itself, or give the runs a metric (eit metric JOB name=value) and name it`,
    );
}

/** What options say of M; null: nothing. @throws EitError EIT_USAGE */
function embodiedGiven(argv: Readonly<Record<string, unknown>>): Embodied | null {
  const kg = lastGiven(argv['embodied-kg']);
  const without = argv['without-embodied'] === true;
  if (kg !== undefined && without)
    throw new EitError('EIT_USAGE', '--embodied-kg and --without-embodied contradict each other: give one');
  if (without) return { g: 0, basis: 'left out (--without-embodied): this is no score by the standard' };
  if (kg === undefined) return null;
  const value = Number(kg);
  if (!/^\d/.test(kg) || !Number.isFinite(value))
    throw new EitError('EIT_USAGE', `--embodied-kg ${visible(kg, 40)} is no number from 0 on, such as 1.5`);
  return { g: value * 1000, basis: 'as given (--embodied-kg)' };
}

/** @throws EitError EIT_USAGE where it is not known: a score without it is none */
function siteEmbodied({ filter, report }: RunSet): Embodied {
  const embodied = embodiedOf(report);
  if (embodied !== null) return embodied;
  throw new EitError(
    'EIT_USAGE',
    `${visible(filter.name, 80)}: what making the machines emitted is not known of all runs, and a score has it: set site.embodied (docs/factors.md), ` +
      'give the part of these runs (--embodied-kg), or leave it out (--without-embodied), which the export says',
  );
}
