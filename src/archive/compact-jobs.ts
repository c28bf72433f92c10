import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EitError, isErrno } from '../errors';
import type { SbatchConfig } from '../generated/config';
import { inboxFiles } from '../ledger/inbox-files';
import { cancelJob, isQueued, sbatchOptions, type SlurmCommandParts, submitJob } from '../slurm/sbatch';
import { openArchive } from './commit';
import type { Compacted } from './compact';
import { takingPath } from './compact-task';
import { type CompactPlan, filesLeft, makePlan, planFolder, slicesOf } from './plan';
import { slotMsOf } from './slot';
import { writeWhole } from './whole-file';

/** A task of this size takes some minutes. */
const TASK_BYTES = 2e9;
/** As many as Slurm's default of MaxArraySize lets through. */
export const MOST_TASKS = 1000;

const POLL_MS = 1000;
/** slurmctld is asked less often than the folder of the plan. */
const ASK_EVERY = 10;
/** Its word that a job is over may come before what the job wrote is seen here: NFS keeps folders for a minute. */
const SEEN_LATE_MS = 90_000;
const SETTLED_MS = 5_000;

/**
 * The script of each job: what varies comes by variables, which the shell does not look into.
 */
const SCRIPT = `#!/bin/sh
exec "$EIT_COMPACT_NODE" "$EIT_COMPACT_PROGRAM" ledger compact "$EIT_COMPACT_LEDGER" \\
  --clusters "$EIT_COMPACT_CLUSTER" --inbox-days "$EIT_COMPACT_INBOX_DAYS" --plan "$EIT_COMPACT_PLAN" \\
  --task "\${SLURM_ARRAY_TASK_ID:-commit}"
`;

export interface CompactJobsOptions {
  readonly ledger: string;
  readonly cluster: string;
  readonly nowMs: number;
  /** Zone whose days the daily totals are of, where the archive does not say it yet. */
  readonly timeZone: string;
  /** Longest slot of time, where the archive does not say it yet; absent: an hour. */
  readonly slotMinutes?: number;
  readonly inboxDays: number;
  /** At most so many; null: by the size of the inbox. */
  readonly tasks: number | null;
  /** Paths that all nodes have: Node.js, and this program. */
  readonly node: string;
  readonly program: string;
  /** Path of eit.yaml; null: it is where every host has it. */
  readonly configPath: string | null;
  readonly sbatch: SbatchConfig;
  readonly slurm: SlurmCommandParts;
}

/** What was submitted. */
export interface CompactJobs {
  readonly cluster: string;
  readonly plan: CompactPlan;
  /** Of the array, and of the job that commits. */
  readonly arrayJob: string;
  readonly commitJob: string;
}

/**
 * Submits what compacts a cluster's inbox: a job array whose tasks take files in, and a job that commits what they took when all have
 * ended, well or not: files of a task that failed stay in the inbox for the next compaction.
 * @returns null where the inbox has nothing new
 * @throws EitError EIT_SBATCH, EIT_ARCHIVE, EIT_LEDGER_UNREADABLE
 */
export async function submitCompact(options: CompactJobsOptions): Promise<CompactJobs | null> {
  const { ledger, cluster, nowMs, timeZone, slurm } = options;
  const dir = join(ledger, cluster);
  const made = {
    slotMs: slotMsOf(
      timeZone,
      nowMs,
      options.slotMinutes === undefined ? undefined : options.slotMinutes * 60_000,
    ),
    timeZone,
  };
  const archive = await openArchive(dir, OWN, made);
  const left = await filesLeft(await inboxFiles(ledger, cluster, {}), archive.state);
  if (left.length === 0) return null;
  const bytes = left.reduce((sum, file) => sum + file.bytes, 0);
  const tasks = options.tasks ?? Math.min(MOST_TASKS, Math.ceil(bytes / TASK_BYTES));
  const plan = await makePlan(archive, slicesOf(left, tasks));

  const variables = {
    EIT_COMPACT_NODE: options.node,
    EIT_COMPACT_PROGRAM: options.program,
    EIT_COMPACT_LEDGER: ledger,
    EIT_COMPACT_CLUSTER: cluster,
    EIT_COMPACT_INBOX_DAYS: String(options.inboxDays),
    EIT_COMPACT_PLAN: plan.id,
    ...(options.configPath === null ? {} : { EIT_CONFIG: options.configPath }),
  };
  const submit = (output: string, args: readonly string[]): Promise<string> =>
    submitJob(
      slurm,
      [...args, ...sbatchOptions(options.sbatch, planFolder(dir, plan.id), output)],
      SCRIPT,
      variables,
    );
  const arrayJob = await submit('%a.out', ['--job-name=eit-compact', `--array=0-${plan.tasks.length - 1}`]);
  try {
    const commitJob = await submit('commit.out', [
      '--job-name=eit-compact-commit',
      `--dependency=afterany:${arrayJob}`,
    ]);
    return { cluster, plan, arrayJob, commitJob };
  } catch (error) {
    await cancelJob(slurm, arrayJob);
    throw error;
  }
}

/** Leaves what came of a plan for those who wait for it. */
export async function writeResult(ledger: string, done: Compacted, plan: string): Promise<void> {
  const path = join(planFolder(join(ledger, done.cluster), plan), RESULT);
  await writeWhole(path, JSON.stringify(done), OWN.file);
}

const RESULT = 'done.json';

/** What waits for its commit is the ledger's user's alone. */
const OWN = { folder: 0o700, file: 0o600 };

/**
 * Waits until a plan is committed.
 * @param onProgress told how many tasks have ended well
 * @throws EitError EIT_SBATCH where the job that commits is over and has left no result
 */
export async function waitForCompact(
  { cluster, plan, commitJob }: CompactJobs,
  { ledger, slurm }: { readonly ledger: string; readonly slurm: SlurmCommandParts },
  onProgress: (done: number, tasks: number) => void,
): Promise<Compacted> {
  const dir = join(ledger, cluster);
  const folder = planFolder(dir, plan.id);
  const waiting = new Set(plan.tasks.keys());
  let overMs = 0;
  for (let turn = 1; ; turn++) {
    const result = await readOrNull(join(folder, RESULT));
    if (result !== null) return JSON.parse(result) as Compacted;
    for (const task of waiting) {
      if ((await readOrNull(takingPath(dir, plan, task))) !== null) waiting.delete(task);
    }
    onProgress(plan.tasks.length - waiting.size, plan.tasks.length);
    const said = overMs > SETTLED_MS ? await readOrNull(join(folder, 'commit.out')) : null;
    if (said !== null || overMs > SEEN_LATE_MS) {
      throw new EitError(
        'EIT_SBATCH',
        `job ${commitJob} has ended and committed nothing: ${said?.trim().split('\n').at(-1) ?? 'it left no word'}. See ${folder}; nothing is lost: run eit ledger compact again`,
      );
    }
    if (overMs > 0) overMs += POLL_MS;
    else if (turn % ASK_EVERY === 0 && !(await isQueued(slurm, commitJob))) overMs = POLL_MS;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function readOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}
