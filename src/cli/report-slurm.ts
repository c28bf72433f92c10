import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, readdir, unlink, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { withCleaning } from '../archive/ending-signals';
import { jobRanges } from '../archive/job-ranges';
import { partsOfRuns } from '../archive/read-archive';
import { EitError, isErrno } from '../errors';
import type { SbatchConfig } from '../generated/config';
import { cancelNamedNow, lastWords, sbatchOptions, type SlurmCommandParts, submitJob } from '../slurm/sbatch';
import type { LoadedConfig } from '../config/config';
import type { Surroundings } from './command';
import { ownProgram } from './compact-workers';
import { lastGiven } from './given';
import type { Division } from './ledger-aggregate';
import { localTimeZone } from './time-zone';
import type { Output } from './output';
import { MOST_TASKS } from './report-options';
import { planOf, type ReportPlan, writePlan } from './report-plan';
import { TaskQueue } from './report-queue';
import { failureName, readSums, sumsName } from './report-sums';

/** A task of so many rows takes a minute or two. */
const TASK_ROWS = 5e6;

const POLL_MS = 1000;
/** slurmctld is asked less often than the folder is looked into. */
const ASK_EVERY = 10;
/** Its word that a job is over may come before what the job wrote is seen here: NFS keeps folders for a minute. */
const SEEN_LATE_MS = 90_000;
const SETTLED_MS = 5_000;

/** slurmctld can be busy for a minute. */
const SLURM_TIMEOUT_MS = 120_000;

/** What varies comes by variables, which the shell does not look into. */
const SCRIPT = `#!/bin/sh
exec "$EIT_REPORT_NODE" "$EIT_REPORT_PROGRAM" report --plan "$EIT_REPORT_PLAN" --task "$SLURM_ARRAY_TASK_ID"
`;

export interface ReportJobsOptions {
  /** A folder that all nodes see: another is made in it. */
  readonly workDir: string;
  /** At most so many; null: by what there is to read. */
  readonly tasks: number | null;
  readonly nowMs: number;
  readonly asOfMs: number | null;
  /** Zone of this machine: a node may have another. */
  readonly timeZone: string;
  /** Paths that all nodes have: Node.js, and this program. */
  readonly node: string;
  readonly program: string;
  /** Path of eit.yaml; null: it is where every host has it. */
  readonly configPath: string | null;
  readonly sbatch: SbatchConfig;
  readonly slurm: SlurmCommandParts;
  readonly output: Output;
}

/** What cannot be divided, or is no report. */
const NOT_BY_SLURM = ['audit', 'html', 'from'] as const;

/**
 * How the options of a command line have a report divided.
 * @returns null where it is not to be
 * @throws EitError EIT_USAGE
 */
export function slurmDivision(
  argv: Readonly<Record<string, unknown>>,
  { env, output }: Surroundings,
  given: Pick<ReportJobsOptions, 'nowMs' | 'asOfMs'> & { readonly loaded: LoadedConfig },
): SlurmDivision | null {
  const { loaded, nowMs, asOfMs } = given;
  if (argv['slurm'] !== true) {
    if (argv['tasks'] === undefined && argv['work-dir'] === undefined) return null;
    throw new EitError('EIT_USAGE', '--tasks and --work-dir go with --slurm');
  }
  const other = NOT_BY_SLURM.find((name) => argv[name] !== undefined && argv[name] !== false);
  if (other !== undefined)
    throw new EitError('EIT_USAGE', `--slurm and --${other} cannot be had together: leave --slurm out`);
  const text = lastGiven(argv['tasks']);
  const tasks = text === undefined ? null : /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  if (tasks !== null && !(tasks >= 1 && tasks <= MOST_TASKS)) {
    throw new EitError(
      'EIT_USAGE',
      `--tasks takes a whole number from 1 to ${MOST_TASKS}, not ${JSON.stringify(text)}`,
    );
  }
  const options: ReportJobsOptions = {
    ...{ tasks, nowMs, asOfMs, output },
    workDir: resolve(lastGiven(argv['work-dir']) ?? '.'),
    timeZone: localTimeZone(),
    node: process.execPath,
    program: ownProgram(),
    configPath: loaded.path === null ? null : resolve(loaded.path),
    sbatch: loaded.config.slurm.report,
    slurm: { env, timeoutMs: SLURM_TIMEOUT_MS },
  };
  let done: 'no archive' | 'nothing' | 'divided' = 'no archive';
  return {
    divide: async (division) => {
      done = (await addUpBySlurm(division, options)) ? 'divided' : 'nothing';
    },
    tellUnused: () => {
      if (done === 'nothing') output.note('sums tell all of it but a few runs: --slurm submitted nothing');
      if (done === 'no archive')
        output.note('no runs are in the archive yet (eit ledger compact): --slurm submitted nothing');
    },
  };
}

/** What a report is divided by, and what is to be said when it is there. */
export interface SlurmDivision {
  readonly divide: (division: Division) => Promise<void>;
  readonly tellUnused: () => void;
}

/**
 * Adds up the runs of archives by a job array, each task a range of job ids, and waits for it. Nothing is left of it afterwards, however it
 * ends: a signal takes the jobs back.
 * @returns whether there was anything to add up
 * @throws EitError EIT_SBATCH where a task failed; EIT_ARCHIVE
 */
async function addUpBySlurm(division: Division, options: ReportJobsOptions): Promise<boolean> {
  const { connection, archives, query } = division;
  const rows = archives
    .flatMap((archive) => partsOfRuns(archive, query))
    .reduce((sum, part) => sum + part.rows, 0);
  const most = options.tasks ?? Math.min(MOST_TASKS, Math.ceil(rows / TASK_ROWS));
  const tasks = await jobRanges(connection, archives, query, most);
  if (tasks.length === 0) return false;
  const plan = await planOf(division, tasks, options).catch((cause: unknown) => {
    if (cause instanceof EitError) throw cause;
    throw new EitError('EIT_SBATCH', `the archive changed meanwhile: ${String(cause)}. Run it again`, {
      cause,
    });
  });
  const folder = madeFolder(options.workDir);
  const name = basename(folder);
  /** Where a job of ours may be in the queue. */
  let mayRun = false;
  const { output } = options;
  const ending = new AbortController();
  const slurm = { ...options.slurm, signal: ending.signal };
  // What cannot be cleaned up is told, and takes no report's place.
  const clean = (): void => {
    // An sbatch that waits for slurmctld would submit when nobody is here any more.
    if (mayRun) ending.abort();
    if (mayRun && !cancelNamedNow(slurm, name))
      output.note(`the jobs may not have been taken back: scancel --name=${name}`);
    try {
      // A task that is just being ended may still write into it.
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    } catch (error) {
      output.note(`${folder} is left, and can be removed: ${String(error)}`);
    }
  };
  await withCleaning(clean, async () => {
    try {
      await writePlan(folder, plan);
      mayRun = true;
      const job = await submit(folder, name, plan, { ...options, slurm }).catch((error: unknown) => {
        mayRun = false;
        throw error;
      });
      await waitForTasks(folder, plan, job, { ...options, slurm });
      mayRun = false;
      for (const task of plan.tasks.keys()) await readSums(folder, { plan: plan.id, task }, division.sink);
    } catch (cause) {
      throw cause instanceof EitError ? cause : unusable(folder, cause);
    }
  });
  return true;
}

function unusable(folder: string, cause: unknown): EitError {
  return new EitError(
    'EIT_SBATCH',
    `${folder} cannot be used: ${String(cause)}. --work-dir names another place, which all nodes see`,
    { cause },
  );
}

/** @throws EitError EIT_USAGE */
function madeFolder(workDir: string): string {
  try {
    // Nobody else's: mkdtemp makes it so.
    return mkdtempSync(join(workDir, 'eit-report-'));
  } catch (cause) {
    throw new EitError(
      'EIT_USAGE',
      `no folder can be made in ${workDir}: ${String(cause)}. --work-dir names one that you may write to and all nodes see`,
      { cause },
    );
  }
}

function submit(
  folder: string,
  name: string,
  plan: ReportPlan,
  { node, program, timeZone, configPath, sbatch, slurm }: ReportJobsOptions,
): Promise<string> {
  const args = [
    `--array=0-${plan.tasks.length - 1}`,
    ...sbatchOptions(sbatch, folder, '%a.out'),
    // Last: by this name the jobs are taken back.
    `--job-name=${name}`,
  ];
  return submitJob(slurm, args, SCRIPT, {
    EIT_REPORT_NODE: node,
    EIT_REPORT_PROGRAM: program,
    EIT_REPORT_PLAN: folder,
    TZ: slurm.env['TZ'] ?? timeZone,
    ...(configPath === null ? {} : { EIT_CONFIG: configPath }),
  });
}

/** @throws EitError EIT_SBATCH where a task failed, or is over and has left nothing */
async function waitForTasks(
  folder: string,
  plan: ReportPlan,
  job: string,
  { slurm, output, workDir }: ReportJobsOptions,
): Promise<void> {
  const progress = output.progress(`adding up runs, Slurm job ${job}, task`);
  const queue = new TaskQueue(slurm, job, output);
  const all = plan.tasks.length;
  try {
    for (let turn = 1; ; turn++) {
      const names = await namesNow(folder, queue.hasGone);
      const missing = [...plan.tasks.keys()].filter((task) => !names.has(sumsName(task)));
      const failed = missing.find((task) => names.has(failureName(task)));
      if (failed !== undefined) fail(job, failed, await readFile(join(folder, failureName(failed)), 'utf8'));
      progress.update(all - missing.length, all);
      if (missing.length === 0) return;
      for (const task of missing) {
        const goneMs = queue.goneMs(task);
        const said = goneMs > SETTLED_MS ? await printed(join(folder, `${task}.out`)) : '';
        if (said !== '' || goneMs > SEEN_LATE_MS)
          fail(job, task, said || `it left no word: do all nodes see ${workDir} (--work-dir)?`);
      }
      if (turn % ASK_EVERY === 0) await queue.ask(missing, POLL_MS);
      await new Promise((wake) => setTimeout(wake, POLL_MS));
      queue.passed(POLL_MS);
    }
  } finally {
    progress.done();
  }
}

/**
 * Names of what lies in the work folder.
 * @param isLate whether something should be there by now: then what the file system remembers of the folder is dropped first
 */
async function namesNow(folder: string, isLate: boolean): Promise<Set<string>> {
  if (isLate) {
    const probe = join(folder, 'probe');
    await writeFile(probe, '');
    await unlink(probe);
  }
  return new Set(await readdir(folder));
}

function fail(job: string, task: number, words: string): never {
  throw new EitError(
    'EIT_SBATCH',
    `task ${task} of job ${job} failed: ${words.trim()}. Nothing is left of it: run it again`,
  );
}

/** Of what a task printed the last lines; empty where there is none. */
async function printed(path: string): Promise<string> {
  try {
    return lastWords(await readFile(path, 'utf8'));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return '';
    throw error;
  }
}
