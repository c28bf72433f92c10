import type { Options } from 'yargs';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import type { FactMetric } from '../generated/facts';
import { saidOfJobs } from '../science/fact-lines';
import { METRIC_FIGURES, metricFigure } from '../science/metric-variable';
import { checkName, parseMetric, parseMetricCsv, parseMetricsJson, unitOf } from '../science/metric-values';
import type { Metric } from '../science/own-facts';
import { RUN_OPTIONS } from './chosen-runs';
import type { CommandModule, Surroundings } from './command';
import { appendFacts, readFactLines } from './facts-file';
import { CONFIG_OPTION, allGiven, lastGiven } from './given';
import { alignedRows, jsonText } from './plain-text';
import { idsOf } from './tag';
import { factHead, factsPlace, namedJobs } from './tagged-jobs';
import { readUserFile } from './user-file';

export const options: Readonly<Record<string, Options>> = {
  file: {
    type: 'string',
    requiresArg: true,
    describe: 'a JSON file: {"accuracy": 0.93, "loss": [[1, 2.1], [2, 1.4]]}',
  },
  csv: { type: 'string', requiresArg: true, describe: 'a CSV file with a line of names; with --column' },
  column: { type: 'string', array: true, nargs: 1, describe: 'of --csv: the column, also several times' },
  step: { type: 'string', requiresArg: true, describe: 'of --csv: the column that holds the steps' },
  as: { type: 'string', requiresArg: true, describe: 'of one --column: another name for it' },
  unit: { type: 'string', requiresArg: true, describe: 'of what --csv gives' },
  best: {
    type: 'string',
    requiresArg: true,
    choices: ['max', 'min'],
    describe: 'which value of what is said here is the best',
  },
  remove: {
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'NAME: take this metric back, also several times',
  },
  list: { type: 'boolean', describe: 'what you have said, of these jobs or of all' },
  from: { ...RUN_OPTIONS['from'] },
  json: { type: 'boolean', describe: 'print JSON' },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['1234 accuracy=93.1% fpos=1.2e18', 'two results of a job'],
  ['1234 --file metrics.json', 'all that a program wrote down'],
  ['1234 --csv log.csv --column val_loss --step epoch --best min', 'a series'],
  ['--list', 'all that you have said'],
];

export const epilogue =
  `Metrics are in the same file of your own as tags (eit tag --help). Figures of a series: ${METRIC_FIGURES.join(', ')}; ` +
  'eit compare --by accuracy:max compares by one, --correlate fpos,energy looks at two. NaN and infinity are refused. See docs/run.md.';

/** `eit metric`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const place = factsPlace(
    { config: lastGiven(argv['config']), from: lastGiven(argv['from']) },
    surroundings,
  );
  const jobs = lastGiven(argv['jobs']);
  const removed = allGiven(argv['remove']).map(checkName);
  const metrics = metricsSaid(argv);
  const count = Object.keys(metrics).length + removed.length;
  if (argv['list'] === true) {
    if (count > 0)
      throw new EitError('EIT_USAGE', '--list shows what was said: say something first, then list');
    return listMetrics(jobs, { place, isJson: argv['json'] === true }, surroundings);
  }
  if (jobs === undefined) throw new EitError('EIT_USAGE', 'say of which job: eit metric 1234 accuracy=93.1%');
  if (count === 0)
    throw new EitError(
      'EIT_USAGE',
      'say what came of it: eit metric 1234 accuracy=93.1% (or --file FILE, --csv FILE --column NAME, --remove NAME, --list)',
    );
  const named = await namedJobs(jobs, place, surroundings);
  const said = { ...metrics, ...Object.fromEntries(removed.map((name) => [name, null])) };
  const nowMs = Date.now();
  await appendFacts(
    place.path,
    named.map((job) => ({ ...factHead(job, nowMs), metrics: said })),
  );
  const { output } = surroundings;
  if (argv['json'] === true)
    await output.write([jsonText({ schema: 1, file: place.path, jobs: idsOf(named), metrics: said })]);
  else
    await output.write([
      `${named.length === 1 ? (named[0]?.name ?? '') : `${named.length} jobs`}: ${Object.entries(said)
        .map(([name, metric]) =>
          visible(metric === null ? `${name} taken back` : `${name} ${saidText(metric)}`),
        )
        .join(', ')}\n`,
    ]);
  return 0;
}

/** @throws EitError EIT_USAGE, EIT_DATA_FILE */
function metricsSaid(argv: Readonly<Record<string, unknown>>): Record<string, FactMetric> {
  const [file, csv] = [lastGiven(argv['file']), lastGiven(argv['csv'])];
  const columns = allGiven(argv['column']);
  const [step, unit, as] = [lastGiven(argv['step']), lastGiven(argv['unit']), lastGiven(argv['as'])];
  if ((csv === undefined) !== (columns.length === 0))
    throw new EitError('EIT_USAGE', '--csv FILE and --column NAME belong together: give both');
  for (const name of ['step', 'unit', 'as'])
    if (argv[name] !== undefined && csv === undefined)
      throw new EitError(
        'EIT_USAGE',
        `--${name} belongs to --csv FILE --column NAME: give these too, or leave it out`,
      );
  if (as !== undefined && columns.length > 1)
    throw new EitError('EIT_USAGE', '--as names one --column: give one, or leave --as out');
  const found: [string, FactMetric][] = allGiven(argv['pairs']).map((pair) => [...parseMetric(pair)]);
  if (file !== undefined) {
    const { metrics, faults } = parseMetricsJson(readText(file), file);
    if (faults.length > 0)
      throw new EitError(
        'EIT_DATA_FILE',
        `${visible(file)}: ${faults.slice(0, 10).join('; ')}; nothing was taken`,
      );
    found.push(...Object.entries(metrics));
  }
  if (csv !== undefined) {
    const text = readText(csv);
    for (const column of columns) {
      const name = checkName(as ?? column);
      found.push([
        name,
        { ...unitOf(unit ?? '', name), ...parseMetricCsv(text, csv, { value: column, step }) },
      ]);
    }
  }
  const best = lastGiven(argv['best']);
  return Object.fromEntries(
    found.map(([name, metric]) => [name, best === 'max' || best === 'min' ? { ...metric, best } : metric]),
  );
}

/** A log of a million rows with a dozen columns. */
const MOST_BYTES = 200 << 20;

/**
 * A file of results. No pipe is waited for.
 * @throws EitError EIT_DATA_FILE
 */
export function readText(file: string): string {
  return readUserFile(file, MOST_BYTES, 'EIT_DATA_FILE').toString('utf8');
}

async function listMetrics(
  jobs: string | undefined,
  { place, isJson }: { readonly place: ReturnType<typeof factsPlace>; readonly isJson: boolean },
  surroundings: Surroundings,
): Promise<number> {
  const { output } = surroundings;
  const only = jobs === undefined ? null : await namedJobs(jobs, place, surroundings);
  const said = saidOfJobs(readFactLines(place.path, output)).filter(
    ({ cluster, job, metrics }) =>
      Object.keys(metrics).length > 0 &&
      (only === null || only.some((one) => one.cluster === cluster && one.job === job)),
  );
  if (isJson)
    await output.write([
      jsonText({
        schema: 1,
        file: place.path,
        jobs: said.map(({ cluster, job, metrics }) => ({ cluster, job_id: job, metrics })),
      }),
    ]);
  else if (said.length === 0) output.note(`no metrics in ${place.path}`);
  else
    await output.write(
      alignedRows(
        [{ title: 'Cluster' }, { title: 'JobID', align: 'right' }, { title: 'Metric' }, { title: 'Value' }],
        said.flatMap(({ cluster, job, metrics }) =>
          Object.entries(metrics).map(([name, metric]) => [cluster, String(job), name, metricText(metric)]),
        ),
      ).map((line) => `${line}\n`),
    );
  return 0;
}

function saidText({ unit = '', points, best }: FactMetric): string {
  return metricText({
    unit,
    ...(best === undefined ? {} : { best }),
    points: points.map(([step, value]) => ({ step, value })),
  });
}

/** A value as it was said, or what a series comes to. */
function metricText(metric: Metric): string {
  const { points, unit } = metric;
  const behind = unit === '' ? '' : unit === '%' ? '%' : ` ${unit}`;
  const [newest, least, most] = (['last', 'min', 'max'] as const).map((figure) =>
    metricFigure(metric, figure),
  );
  if (points.length === 1) return `${newest}${behind}`;
  return `${points.length} values, ${least}${behind} to ${most}${behind}, last ${newest}${behind}`;
}
