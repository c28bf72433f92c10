import type { Options } from 'yargs';
import { basename } from 'node:path';
import type { LoadedConfig } from '../config/config';
import { visible } from '../config/visible';
import { EitError, describeError } from '../errors';
import type { FactLine } from '../generated/facts';
import { runCommand, type CommandEnd } from '../own-run/command';
import { CommandSignals } from '../own-run/command-signals';
import { readIgnoredSignals } from '../own-run/ignored-signals';
import { ownIdentity, ownStart, type SlurmStep, slurmStep } from '../own-run/slurm-step';
import { OWN_CLUSTER } from '../own-run/run-lines';
import { parseTag } from '../science/metric-values';
import { EXIT_TAG, NAME_TAG } from '../science/own-job-facts';
import { siteConfig } from './chosen-runs';
import type { CommandModule, Surroundings } from './command';
import { appendFacts, factsPath } from './facts-file';
import { allGiven, CONFIG_OPTION, lastGiven } from './given';
import { measuredByHooks } from './hooked-job';
import { openMeasuring } from './run-measuring';
import type { Output } from './output';
import { filesBefore, type FilesBefore, type MetricFiles, metricsOfFiles } from './run-metrics';
import { takeRunNumber } from './run-numbers';
import { writeSoftware } from './run-software';
import { runSummary } from './run-summary';

export const options: Readonly<Record<string, Options>> = {
  dir: { type: 'string', requiresArg: true, describe: 'the folder of your runs; default: eit-runs' },
  name: { type: 'string', requiresArg: true, describe: 'its name, a tag; default: that of the command' },
  tag: { type: 'string', array: true, nargs: 1, describe: 'KEY=VALUE, also several times: set=resnet' },
  'metric-file': {
    type: 'string',
    requiresArg: true,
    describe: 'a JSON file of results that the command writes: {"accuracy": 0.93}',
  },
  'metric-csv': {
    type: 'string',
    requiresArg: true,
    describe: 'a CSV file of results that it writes; with --metric-column',
  },
  'metric-column': {
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'of --metric-csv: the column, also several times',
  },
  'metric-step': {
    type: 'string',
    requiresArg: true,
    describe: 'of --metric-csv: the column that holds the steps',
  },
  'require-gpu': {
    type: 'string',
    requiresArg: true,
    describe: 'do not start unless all GPUs here are such: "a100 80gb|h100"',
  },
  'require-cpu': {
    type: 'string',
    requiresArg: true,
    describe: 'do not start unless the CPU here is such: "epyc 7763"',
  },
  packages: {
    type: 'boolean',
    default: true,
    describe: 'with --no-packages: do not write down modules and packages',
  },
  interval: { type: 'string', requiresArg: true, describe: 'seconds between two readings; default: 1' },
  quiet: { type: 'boolean', describe: 'say nothing at the end' },
  json: { type: 'boolean', describe: 'say it as JSON, where it would be said: on standard error' },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['-- python train.py --lr 0.1', 'measures a command into eit-runs'],
  [
    '--tag set=resnet --metric-file metrics.json -- python train.py',
    'with a tag, and the results that it wrote',
  ],
  ['--require-gpu "a100|h100" -- python train.py', 'only on such GPUs'],
  ['--dir runs --name sweep -- srun --ntasks-per-node=1 ./solve', 'into another folder'],
];

export const epilogue =
  "The command has this one's input, output, terminal and signals, and its exit status is handed on; 125: eit could not begin, 126 and 127 as of a shell. " +
  'Its processes are divided from the rest of the machine as jobs are. Without the right to read counters a model is taken, and said so. ' +
  'In a job of Slurm that the site measures nothing is measured twice: tags and results go to that job. Under srun start it once a node (--ntasks-per-node=1). ' +
  'The folder is a ledger: eit report --from DIR, eit compare --from DIR --set "A=tag=set=resnet" ..., eit tag JOB --from DIR. See docs/run.md.';

/** What is asked for. */
interface Asked {
  readonly argv: Readonly<Record<string, unknown>>;
  readonly surroundings: Surroundings;
  readonly command: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly files: MetricFiles;
  readonly before: FilesBefore;
  readonly intervalMs: number;
  readonly loaded: LoadedConfig;
  readonly step: SlurmStep | null;
  readonly signals: CommandSignals;
  readonly startedMs: number;
}

/** `eit run -- COMMAND`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { env, uid } = surroundings;
  const command = allGiven(argv['command']);
  if (command.length === 0) throw new EitError('EIT_USAGE', 'say what to run: eit run -- COMMAND ARGUMENTS');
  const files = metricFilesOf(argv);
  const asked: Asked = {
    ...{ argv, surroundings, command },
    tags: Object.fromEntries([
      parseTag(`${NAME_TAG}=${lastGiven(argv['name']) ?? plainName(command[0] ?? '')}`),
      ...allGiven(argv['tag']).map(parseTag),
    ]),
    ...{ files, before: filesBefore(files) },
    intervalMs: intervalOf(lastGiven(argv['interval'])),
    loaded: siteConfig(argv, surroundings),
    step: slurmStep(env),
    signals: new CommandSignals(readIgnoredSignals(env)),
    startedMs: Date.now(),
  };
  const { loaded, step } = asked;
  const wanted = { requireGpu: lastGiven(argv['require-gpu']), requireCpu: lastGiven(argv['require-cpu']) };
  const hooked = step === null ? null : await measuredByHooks(step, loaded.config, uid);
  // Of several tasks on a node the first measures: the counters are the node's.
  if (step === null || (step.localTask === 0 && hooked === null)) return runMeasured(asked, wanted);
  if (wanted.requireGpu !== undefined || wanted.requireCpu !== undefined)
    (await openMeasuring(loaded.config, wanted)).close();
  return hooked === null ? passThrough(asked) : runInHookedJob(asked, step, hooked.cluster);
}

/** In a folder of its own, with records. */
async function runMeasured(
  asked: Asked,
  wanted: { readonly requireGpu: string | undefined; readonly requireCpu: string | undefined },
): Promise<number> {
  const { argv, surroundings, command, loaded, step, intervalMs } = asked;
  const { env, output, uid, userName } = surroundings;
  const { config } = loaded;
  const isQuiet = argv['quiet'] === true;
  const measuring = await openMeasuring(config, wanted);
  try {
    const numbered = await takeRunNumber(lastGiven(argv['dir']) ?? 'eit-runs', {
      ...{ ledger: config.ledger, step, nowMs: Date.now() },
      tags: { ...asked.tags, ...(step === null ? {} : { slurm_job: String(step.job) }) },
    });
    const { folder, facts, job, isFirst } = numbered;
    if (argv['packages'] !== false && isFirst && !writeSoftware(env, { folder, job }) && !isQuiet)
      output.note('modules and packages could not be written down; the run goes on');
    if (step?.hasOtherTasks === true)
      output.note(
        'other tasks of the step run on this node, and are not measured: start it once a node (srun --ntasks-per-node=1)',
      );
    const end = await measuring.measure(command, {
      ...{ env, signals: asked.signals, folder, intervalMs, start: ownStart(env) },
      identity: ownIdentity({
        ...{ cluster: OWN_CLUSTER, job, uid, user: userName, step },
        cpus: measuring.cpus,
      }),
      stretchMs: config.agent.record_seconds * 1000,
      warn: (text) => output.note(text),
    });
    tellFailure(end, asked);
    if (!isFirst) return end.status;
    const say = (said: Pick<FactLine, 'tags' | 'metrics'>): Promise<void> =>
      safely(output, () =>
        appendFacts(facts, [{ schema: 1, cluster: OWN_CLUSTER, job, at: new Date().toISOString(), ...said }]),
      );
    // First: whatever becomes of the results.
    await say({ tags: { [EXIT_TAG]: String(end.status) } });
    await sayMetrics(asked, say);
    if (isQuiet) return end.status;
    // All is written: who does not want to wait for the sums need not.
    asked.signals.close();
    await safely(output, async () => {
      const summary = await runSummary({
        numbered,
        end,
        startedMs: asked.startedMs,
        remarks: measuring.remarks(),
        loaded,
        surroundings,
      });
      if (argv['json'] === true) output.stderr.write(summary.json);
      else for (const text of summary.lines) output.note(text);
    });
    return end.status;
  } finally {
    measuring.close();
  }
}

/** The site has the energy; what the user says of the job goes into his own file, once a step. */
async function runInHookedJob(asked: Asked, step: SlurmStep, cluster: string): Promise<number> {
  const { env, output } = asked.surroundings;
  const say = (said: Pick<FactLine, 'tags' | 'metrics'>): Promise<void> =>
    safely(output, () =>
      appendFacts(factsPath(env), [{ ...hookedHead(step, cluster, Date.now()), ...said }]),
    );
  if (!step.isFirstTask) return passThrough(asked);
  if (asked.argv['packages'] !== false) writeSoftware(env, null);
  await say({ tags: asked.tags });
  if (asked.argv['quiet'] !== true)
    output.note(
      `job ${step.job} of ${cluster} is measured by the site: this adds tags and results to it, and no energy`,
    );
  const status = await passThrough(asked);
  await sayMetrics(asked, say);
  return status;
}

async function sayMetrics(
  { files, before, surroundings }: Asked,
  say: (said: Pick<FactLine, 'metrics'>) => Promise<void>,
): Promise<void> {
  const metrics = metricsOfFiles(files, before, surroundings.output);
  if (Object.keys(metrics).length > 0) await say({ metrics });
}

/** What is said of a run never changes how it ends. */
async function safely(output: Output, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    output.note(describeError(error));
  }
}

async function passThrough(asked: Asked): Promise<number> {
  const { command, signals } = asked;
  const end = await runCommand(command, { env: asked.surroundings.env, signals }, (start) => void start());
  tellFailure(end, asked);
  return end.status;
}

function tellFailure({ failure }: CommandEnd, { command, surroundings }: Asked): void {
  if (failure !== null) surroundings.output.note(`${visible(command[0] ?? '', 200)}: ${failure}`);
}

function hookedHead({ job, startS }: SlurmStep, cluster: string, nowMs: number): FactLine {
  return {
    ...{ schema: 1, cluster, job },
    ...(startS === null ? {} : { started: new Date(startS * 1000).toISOString() }),
    at: new Date(nowMs).toISOString(),
  };
}

/** Of a command its name alone: arguments hold passwords, paths names. */
function plainName(program: string): string {
  return visible(basename(program), 100).slice(0, 200) || 'command';
}

function intervalOf(text: string | undefined): number {
  if (text === undefined) return 1000;
  const seconds = Number(text);
  if (/^\d{1,3}(\.\d{1,3})?$/.test(text) && seconds >= 0.1 && seconds <= 60) return seconds * 1000;
  throw new EitError('EIT_USAGE', `--interval ${visible(text, 40)}: give seconds from 0.1 to 60`);
}

function metricFilesOf(argv: Readonly<Record<string, unknown>>): MetricFiles {
  const files = {
    json: lastGiven(argv['metric-file']),
    csv: lastGiven(argv['metric-csv']),
    columns: allGiven(argv['metric-column']),
    step: lastGiven(argv['metric-step']),
  };
  if ((files.csv === undefined) !== (files.columns.length === 0))
    throw new EitError('EIT_USAGE', '--metric-csv FILE and --metric-column NAME belong together: give both');
  if (files.step !== undefined && files.csv === undefined)
    throw new EitError(
      'EIT_USAGE',
      '--metric-step belongs to --metric-csv FILE: give that too, or leave it out',
    );
  return files;
}
