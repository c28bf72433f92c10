import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import type { ArchivePart } from '../generated/manifest';
import { isErrno } from '../errors';
import { type Archive, openArchive } from './commit';
import { withDuckDb } from './duckdb';
import { takings } from './intake';
import { addTaking, joinTakings } from './joined-takings';
import { type CompactPlan, filesOfTask, mustBeCurrent, planFolder, readPlan } from './plan';
import { guardCluster, type Privacy } from './privacy';
import { readTaking, writeTaking } from './stored-taking';
import { addState, copyOfState } from './taken-state';
import { emptyTaking, type Taking } from './taking';

/** Plans and what tasks took are the ledger's user's alone. */
const OWN_FILE = 0o600;

/** A task has one CPU, and sorts what does not fit beside it on disk. */
const TASK_MEMORY_BYTES = 1024 ** 3;

export interface TaskOptions {
  readonly ledger: string;
  readonly cluster: string;
  readonly plan: string;
  readonly task: number;
  /** By the clock of the task: it may have waited in a queue for hours. */
  readonly nowMs: number;
  readonly privacy: Privacy;
  /** Host-local folder for sorting what does not fit in memory. */
  readonly temporaryDir?: string;
}

/**
 * Takes in a task's files of a plan, and commits nothing: parts, and a file that tells of them, wait for the plan's commit. A task that
 * was ended and runs again does it all again.
 * @throws EitError EIT_LEDGER_LOCKED where the archive has gone on since the plan was made; EIT_ARCHIVE, EIT_DUCKDB
 */
export async function runTask(options: TaskOptions): Promise<Taking> {
  const { ledger, cluster, task, nowMs, temporaryDir = tmpdir() } = options;
  const dir = join(ledger, cluster);
  const plan = await readPlan(dir, options.plan);
  const { modes } = await guardCluster(ledger, cluster, options.privacy);
  const { manifest, state } = await openArchive(dir, modes, plan);
  mustBeCurrent(plan, manifest.generation);
  const files = filesOfTask(plan, task, dir, cluster);
  const before = copyOfState(state);
  const all = emptyTaking();
  await withDuckDb({ memoryBytes: TASK_MEMORY_BYTES, threads: 1, temporaryDir }, async (connection) => {
    const { slotMs } = plan;
    for await (const taking of takings(connection, files, { dir, modes, slotMs, nowMs }, () => before)) {
      addState(before, taking);
      addTaking(all, taking);
    }
  });
  await writeTaking(takingPath(dir, plan, task), all, OWN_FILE);
  return all;
}

/**
 * What the tasks of a plan took, as one taking. A task that failed, or whose parts are not there any more, is left out with a warning:
 * its files are in the inbox as they were.
 * @throws EitError EIT_LEDGER_LOCKED where the archive has gone on since the plan was made
 */
export async function takingOfPlan(
  { dir, manifest }: Archive,
  plan: CompactPlan,
  warn: (message: string) => void,
): Promise<Taking> {
  mustBeCurrent(plan, manifest.generation);
  const found: { readonly task: number; readonly taking: Taking }[] = [];
  for (const task of plan.tasks.keys()) {
    const taking = await readTaking(takingPath(dir, plan, task)).catch((error: unknown) => {
      warn(`task ${task} of plan ${plan.id} is left for the next time: ${whyAbsent(error)}`);
      return null;
    });
    if (taking === null) continue;
    const lost = await firstNotWhole(dir, taking.parts);
    if (lost === null) found.push({ task, taking });
    else
      warn(`task ${task} of plan ${plan.id} is left for the next time: its ${lost} is not as it was written`);
  }
  const { joined, left } = joinTakings(found.map(({ taking }) => taking));
  for (const i of left) {
    warn(
      `task ${found[i]?.task} of plan ${plan.id} is left for the next time: it has records of another task; was a file of the inbox copied?`,
    );
  }
  return joined;
}

export function takingPath(dir: string, { id }: CompactPlan, task: number): string {
  return join(planFolder(dir, id), `${task}.json`);
}

async function firstNotWhole(dir: string, parts: readonly ArchivePart[]): Promise<string | null> {
  for (const { path, bytes } of parts) {
    const size = await stat(join(dir, path)).then(
      (told) => told.size,
      (error: unknown) => {
        if (isErrno(error, 'ENOENT')) return null;
        throw error;
      },
    );
    if (size !== bytes) return path;
  }
  return null;
}

function whyAbsent(error: unknown): string {
  return isErrno(error, 'ENOENT') ? 'it did not end well' : String(error);
}
