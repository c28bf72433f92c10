import type { Options } from 'yargs';
import { basename } from 'node:path';
import { loadConfig } from '../config/config';
import { visible } from '../config/visible';
import { EitError, describeError } from '../errors';
import type { FactLine } from '../generated/facts';
import { runCommand, type CommandEnd } from '../own-run/command';
import { ownIdentity, ownStart, type SlurmStep, slurmStep } from '../own-run/slurm-step';
import { OWN_CLUSTER } from '../own-run/run-lines';
import { parseTag } from '../science/metric-values';
import type { CommandModule, Surroundings } from './command';
import { appendFacts, factsPath } from './facts-file';
import { allGiven, lastGiven } from './given';
import { measuredByHooks } from './hooked-job';
import { openMeasuring } from './run-measuring';
import { type MetricFiles, metricsOfFiles } from './run-metrics';
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
  config: {
    type: 'string',
    requiresArg: true,
    describe: 'config file; default: $EIT_CONFIG, else /etc/eit/eit.yaml',
  },
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
  'The folder is a ledger: eit compare --from DIR --set "A=tag=set=resnet" ..., eit tag JOB --from DIR. See docs/run.md.';

/** `eit run -- COMMAND`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { env, output, uid, userName } = surroundings;
  const command = allGiven(argv['command']);
  if (command.length === 0) throw new EitError('EIT_USAGE', 'say what to run: eit run -- COMMAND ARGUMENTS');
  const intervalMs = intervalOf(lastGiven(argv['interval']));
  const tags = Object.fromEntries([
    parseTag(`name=${lastGiven(argv['name']) ?? plainName(command[0] ?? '')}`),
    ...allGiven(argv['tag']).map(parseTag),
  ]);
  const files = metricFilesOf(argv);
  const path = lastGiven(argv['config']);
  const loaded = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const { config } = loaded;
  const step = slurmStep(env);
  const note = (text: string): void => {
    if (argv['quiet'] !== true) output.note(text);
  };

  // Of several tasks on a node the first measures: the counters are the node's.
  if (step !== null && step.localTask > 0)
    return (await passThrough(command, env, output.note.bind(output))).status;
  const hooked = step === null ? null : await measuredByHooks(step, config, uid);
  if (step !== null && hooked !== null) {
    const head = hookedHead(step, hooked.cluster, Date.now());
    await appendFacts(factsPath(env), [{ ...head, tags }]);
    note(
      `job ${step.job} of ${hooked.cluster} is measured by the site: this adds tags and results to it, and no energy`,
    );
    const { status } = await passThrough(command, env, output.note.bind(output));
    const metrics = metricsOfFiles(files, output);
    if (Object.keys(metrics).length > 0)
      await appendFacts(factsPath(env), [{ ...hookedHead(step, hooked.cluster, Date.now()), metrics }]);
    return status;
  }

  const measuring = await openMeasuring(config, {
    requireGpu: lastGiven(argv['require-gpu']),
    requireCpu: lastGiven(argv['require-cpu']),
  });
  try {
    const numbered = await takeRunNumber(lastGiven(argv['dir']) ?? 'eit-runs', {
      ...{ ledger: config.ledger, step, nowMs: Date.now() },
      tags: { ...tags, ...(step === null ? {} : { slurm_job: String(step.job) }) },
    });
    const { folder, facts, job, isFirst } = numbered;
    if (argv['packages'] !== false && isFirst) writeSoftware(folder, job, env, note);
    const start = ownStart(env);
    const identity = ownIdentity({
      ...{ cluster: OWN_CLUSTER, job, uid, user: userName, step },
      cpus: measuring.cpus,
    });
    const end = await measuring.measure(command, {
      ...{ env, folder, identity, start, intervalMs },
      stretchMs: config.agent.record_seconds * 1000,
      warn: (text) => output.note(text),
    });
    if (end.failure !== null) output.note(`${visible(command[0] ?? '', 200)}: ${end.failure}`);
    if (!isFirst) return end.status;
    await saySafely(output.note.bind(output), async () => {
      const metrics = metricsOfFiles(files, output);
      const line: FactLine = { schema: 1, cluster: OWN_CLUSTER, job, at: new Date().toISOString(), metrics };
      if (Object.keys(metrics).length > 0) await appendFacts(facts, [line]);
      if (argv['quiet'] === true) return;
      const summary = await runSummary({ numbered, end, remarks: measuring.remarks(), loaded, surroundings });
      if (argv['json'] === true) output.stderr.write(summary.json);
      else for (const text of summary.lines) output.note(text);
    });
    return end.status;
  } finally {
    measuring.close();
  }
}

/** What comes after the command never changes its exit status. */
async function saySafely(note: (text: string) => void, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    note(describeError(error));
  }
}

async function passThrough(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  note: (text: string) => void,
): Promise<CommandEnd> {
  const end = await runCommand(command, env, (start) => void start());
  if (end.failure !== null) note(`${visible(command[0] ?? '', 200)}: ${end.failure}`);
  return end;
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
