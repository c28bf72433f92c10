import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import type { Options } from 'yargs';
import {
  compact,
  type Compacted,
  type CompactOptions,
  compactPlan,
  type CompactStep,
} from '../archive/compact';
import {
  type CompactJobsOptions,
  MOST_TASKS,
  submitCompact,
  waitForCompact,
  writeResult,
} from '../archive/compact-jobs';
import { runTask } from '../archive/compact-task';
import { rootBecomesOwner } from '../archive/ledger-owner';
import { isPlanId } from '../archive/plan';
import type { Privacy } from '../archive/privacy';
import { isToldAnew } from '../archive/retell';
import { SkippedLines } from '../carbon/intensity-line';
import { loadConfig, type LoadedConfig } from '../config/config';
import { describeError, EitError } from '../errors';
import { counted } from '../report/units';
import { ledgerClusters } from '../ledger/inbox-files';
import type { CommandModule, Surroundings } from './command';
import { allGiven, CONFIG_OPTION, lastGiven } from './given';
import { privacyOf } from './ledger-privacy';
import { compactWorkers, ownProgram } from './compact-workers';
import { energyCurves } from './energy-curves';
import type { Output } from './output';
import { bytesText, jsonText } from './plain-text';
import { siteFactors } from './site-factors';
import { localTimeZone } from './time-zone';

const DEFAULT_INBOX_DAYS = 7;
const MOST_INBOX_DAYS = 3650;
const MOST_WORKERS = 64;

/** slurmctld can be busy for a minute. */
const SLURM_TIMEOUT_MS = 120_000;

export const options: Readonly<Record<string, Options>> = {
  clusters: {
    alias: 'M',
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'these clusters; default: all in the ledger',
  },
  'inbox-days': {
    type: 'string',
    requiresArg: true,
    describe: `how long an inbox file stays after its day; default: ${DEFAULT_INBOX_DAYS}`,
  },
  workers: {
    type: 'string',
    requiresArg: true,
    describe: 'processes that take a large inbox in; default: one a CPU',
  },
  slurm: { type: 'boolean', describe: 'let Slurm do it: a job array, and a job that commits' },
  tasks: {
    type: 'string',
    requiresArg: true,
    describe: `with --slurm: at most so many tasks (up to ${MOST_TASKS}); default: one for each 2 GB of the inbox`,
  },
  wait: {
    type: 'boolean',
    describe: 'with --slurm: until it is committed; default on a terminal (--no-wait does not)',
  },
  plan: { type: 'string', requiresArg: true, describe: 'what the jobs of --slurm do: part of this plan' },
  task: { type: 'string', requiresArg: true, describe: 'with --plan: this task, or commit' },
  json: { type: 'boolean', describe: 'print JSON' },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['', 'takes what hosts have sent into the archive; for a timer, every 10 minutes'],
  ['--slurm --tasks 100', 'the same by a job array of at most 100 tasks'],
];

export const epilogue =
  "compact: run it as the ledger's user (root becomes that user), on one machine at a time (a second one says so and leaves, exit status 1). It can be killed at any point: the next " +
  'one goes on where the last commit was. Inbox files are removed when they are a week old, were taken in whole, and both they and the archive, read again, ' +
  'hold what was taken, to the microjoule. With --slurm all nodes need Node.js, EIT and the ledger at the same paths; a task that fails leaves its files for ' +
  'the next time. See docs/scale.md.';

/** What is the same for all clusters of one call. */
interface Asked {
  readonly loaded: LoadedConfig;
  readonly ledger: string;
  readonly inboxDays: number;
  readonly privacy: Privacy;
  readonly nowMs: number;
  readonly surroundings: Surroundings;
}

/** `eit ledger compact`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { env, output } = surroundings;
  const path = lastGiven(argv['config']);
  const loaded = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const ledger = typeof argv['folder'] === 'string' ? resolve(argv['folder']) : loaded.config.ledger;
  const inboxDays = number(argv, 'inbox-days', 1, MOST_INBOX_DAYS) ?? DEFAULT_INBOX_DAYS;
  const privacy = privacyOf(loaded.config, env, (message) => output.note(message));
  // Before anything is written, or a worker or a job of Slurm's begins: they are whoever this is.
  rootBecomesOwner(ledger, process);
  const asked: Asked = {
    ...{ loaded, ledger, inboxDays, privacy, surroundings },
    // Of each cluster its own: that before it may have taken hours.
    get nowMs() {
      return Date.now();
    },
  };
  const clusters = await clustersGiven(ledger, allGiven(argv['clusters']));
  const work = wayOf(argv, asked, clusters);
  const done: (Compacted | Submitted)[] = [];
  let failed: EitError | null = null;
  for (const cluster of clusters) {
    const progress = stepsOf(cluster, output);
    try {
      const result = await work(cluster, progress.show);
      progress.end();
      if (result === null) continue;
      done.push(result);
      if (argv['json'] !== true) await output.write([summary(result)]);
    } catch (error) {
      progress.end();
      // The other clusters' records need not wait for one that is damaged.
      if (!(error instanceof EitError)) throw error;
      if (failed !== null) output.note(describeError(error));
      failed ??= error;
    }
  }
  if (argv['json'] === true) await output.write([jsonText(done)]);
  if (failed !== null) throw failed;
  return 0;
}

/** Jobs that nobody waits for. */
interface Submitted {
  readonly cluster: string;
  readonly plan: string;
  readonly tasks: number;
  readonly arrayJob: string;
  readonly commitJob: string;
}

type Work = (cluster: string, show: (step: CompactStep) => void) => Promise<Compacted | Submitted | null>;

/** What is to be done with each cluster. @throws EitError EIT_USAGE */
function wayOf(argv: Readonly<Record<string, unknown>>, asked: Asked, clusters: readonly string[]): Work {
  const plan = lastGiven(argv['plan']);
  const given = (name: string): boolean => argv[name] !== undefined;
  const isSlurm = argv['slurm'] === true;
  if (!isSlurm && (given('tasks') || given('wait')))
    throw new EitError('EIT_USAGE', '--tasks and --wait go with --slurm');
  if (given('task') !== given('plan') || (isSlurm && given('plan')))
    throw new EitError('EIT_USAGE', '--plan and --task go together, and not with --slurm');
  if (isSlurm) {
    const tasks = number(argv, 'tasks', 1, MOST_TASKS);
    const isWaiting = (argv['wait'] ?? asked.surroundings.output.stderr.isTTY) === true;
    return (cluster, show) => bySlurm(asked, cluster, tasks, isWaiting, show);
  }
  if (plan !== undefined) {
    if (!isPlanId(plan) || clusters.length !== 1)
      throw new EitError('EIT_USAGE', '--plan takes the name of a plan of one cluster (--clusters)');
    if (lastGiven(argv['task']) === 'commit') {
      return async (cluster, show) => {
        const done = await compactPlan(compactOptions(asked, cluster, show), plan);
        await writeResult(asked.ledger, done, plan);
        return done;
      };
    }
    const task = number(argv, 'task', 0, MOST_TASKS * MOST_TASKS) ?? 0;
    return async (cluster) => {
      const { ledger, privacy, nowMs } = asked;
      await runTask({ ledger, cluster, plan, task, nowMs, privacy });
      return null;
    };
  }
  const count = number(argv, 'workers', 1, MOST_WORKERS) ?? Math.min(MOST_WORKERS, availableParallelism());
  return (cluster, show) =>
    compact({ ...compactOptions(asked, cluster, show), ...workersFor(asked, cluster, count) });
}

function compactOptions(
  { loaded, ledger, inboxDays, privacy, nowMs, surroundings: { output } }: Asked,
  cluster: string,
  onProgress: (step: CompactStep) => void,
): CompactOptions {
  const timeZone = localTimeZone();
  return {
    ledger,
    cluster,
    nowMs,
    timeZone,
    slotMinutes: loaded.config.slot_minutes,
    privacy,
    inboxDays,
    onProgress,
    curveOf: (window) => {
      const factorsIn = siteFactors(loaded);
      const { curvesOf } = energyCurves({ loaded, factorsIn, nowMs, skipped: new SkippedLines() });
      return curvesOf(window)(cluster);
    },
    warn: (message) => output.note(message),
  };
}

function workersFor(
  { loaded, ledger, surroundings: { env, output } }: Asked,
  cluster: string,
  count: number,
): Pick<CompactOptions, 'workers'> {
  const workers = compactWorkers({ ledger, cluster, count, configPath: loaded.path, env, output });
  return workers === null ? {} : { workers };
}

async function bySlurm(
  { loaded, ledger, inboxDays, privacy, nowMs, surroundings }: Asked,
  cluster: string,
  tasks: number | null,
  isWaiting: boolean,
  show: (step: CompactStep) => void,
): Promise<Compacted | Submitted | null> {
  const { output, env } = surroundings;
  const slurm = { env, timeoutMs: SLURM_TIMEOUT_MS };
  const asked: CompactJobsOptions = {
    ...{ ledger, cluster, nowMs, inboxDays, tasks, slurm },
    timeZone: localTimeZone(),
    slotMinutes: loaded.config.slot_minutes,
    node: process.execPath,
    program: ownProgram(),
    configPath: loaded.path,
    sbatch: loaded.config.slurm.compact,
  };
  const jobs = await submitCompact(asked);
  if (jobs === null) {
    output.note(`${cluster}: the inbox has nothing new`);
    // What sacct told since is of some days' totals: no work for many.
    if (await isToldAnew(join(ledger, cluster))) {
      return compact(
        compactOptions({ loaded, ledger, inboxDays, privacy, nowMs, surroundings }, cluster, show),
      );
    }
    return null;
  }
  if (!isWaiting) {
    const { plan, arrayJob, commitJob } = jobs;
    return { cluster, plan: plan.id, tasks: plan.tasks.length, arrayJob, commitJob };
  }
  return waitForCompact(jobs, { ledger, slurm }, (done, all) => show({ at: 'tasks', done, tasks: all }));
}

function summary(done: Compacted | Submitted): string {
  if ('plan' in done) {
    return (
      `${done.cluster}: ${done.tasks} tasks submitted as job ${done.arrayJob}; job ${done.commitJob} commits what they take in. ` +
      `What they print comes into pending/${done.plan}.\n`
    );
  }
  const beside = [
    ...(done.duplicates > 0 ? [`${done.duplicates} came twice`] : []),
    ...(done.refused > 0 ? [`${done.refused} refused (eit ledger check lists them)`] : []),
    ...(done.derivedDays > 0 ? [`${counted(done.derivedDays, 'day')} added up`] : []),
    ...(done.retoldDays > 0 ? [`totals of ${counted(done.retoldDays, 'day')} as sacct tells now`] : []),
    ...(done.published > 0 ? [`${done.published} users' files written`] : []),
    ...(done.removedInboxFiles > 0 ? [`${done.removedInboxFiles} inbox files removed`] : []),
  ];
  const more = beside.length === 0 ? '' : `, ${beside.join(', ')}`;
  return (
    `${done.cluster}: ${done.records} records from ${bytesText(done.bytes)}${more}; ` +
    `${done.parts} parts, data until ${done.dataUntil ?? '-'}.\n`
  );
}

const STEPS = {
  tasks: 'taking the inbox in, task',
  inbox: 'taking the inbox in, MB',
  merge: 'merging parts',
  totals: 'adding up days',
  told: 'comparing days with what sacct told',
  users: "writing users' own files",
} as const;

/** Lines of progress, one after the other. */
function stepsOf(cluster: string, output: Output): { show: (step: CompactStep) => void; end: () => void } {
  let at: CompactStep['at'] | null = null;
  let line: ReturnType<Output['progress']> | null = null;
  const end = (): void => line?.done();
  return {
    end,
    show: (step) => {
      if (step.at !== at) {
        end();
        at = step.at;
        line = output.progress(`${cluster}: ${STEPS[step.at]}`);
      }
      if (step.at === 'inbox') line?.update(megabytes(step.bytes), megabytes(step.allBytes));
      else if (step.at === 'totals') line?.update(step.done, step.days);
      else if (step.at === 'told') line?.update(step.done, step.parts);
      else line?.update(step.done, step.at === 'users' ? step.users : step.tasks);
    },
  };
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}

/** @throws EitError EIT_USAGE for one that the ledger has not */
export async function clustersGiven(ledger: string, given: readonly string[]): Promise<string[]> {
  const all = await ledgerClusters(ledger);
  const wanted = given.flatMap((names) => names.split(',')).filter((name) => name !== '' && name !== 'all');
  const unknown = wanted.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    throw new EitError(
      'EIT_USAGE',
      `--clusters: the ledger ${ledger} has no cluster ${JSON.stringify(unknown)}; it has ${all.join(', ') || 'none'}`,
    );
  }
  return wanted.length > 0 ? wanted : all;
}

function number(
  argv: Readonly<Record<string, unknown>>,
  name: string,
  from: number,
  to: number,
): number | null {
  const text = lastGiven(argv[name]);
  if (text === undefined) return null;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= from && value <= to) return value;
  throw new EitError(
    'EIT_USAGE',
    `--${name} takes a whole number from ${from} to ${to}, not ${JSON.stringify(text)}`,
  );
}
