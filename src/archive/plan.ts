import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EitError, isErrno } from '../errors';
import type { InboxFile } from '../ledger/inbox-files';
import { version } from '../version';
import type { Archive } from './commit';
import { fileKey, type TakenState } from './taken-state';
import { writeWhole } from './whole-file';

/** Folder of plans and of what their tasks took; readers of the archive never look into it. */
export const PENDING = 'pending';

/** Plans are the ledger's user's alone. */
const OWN_FOLDER = 0o700;
const OWN_FILE = 0o600;

/** A plan that nobody has committed by then is given up: its parts go then too. */
const KEPT_MS = 86_400_000;

const PLAN_ID = /^[0-9a-f]{16}$/;
const FILE_KEY = /^\d{4}-\d\d-\d\d\/[^/\0]+$/;

/** Which task takes which of the inbox: what is beyond `generation` is divided, file by file. */
export interface CompactPlan {
  readonly id: string;
  /** Version of EIT that every task has to be of. */
  readonly tool: string;
  /** The manifest's, on which the tasks build. */
  readonly generation: number;
  readonly slotMs: number;
  readonly timeZone: string;
  /** By task: keys of inbox files, `DAY/HOST`. A file is in one task only. */
  readonly tasks: readonly (readonly string[])[];
}

export function isPlanId(text: string): boolean {
  return PLAN_ID.test(text);
}

export function planFolder(dir: string, id: string): string {
  return join(dir, PENDING, id);
}

/**
 * Divides files into runs of about the same size, in their order: the days of a task lie together, and so do its parts' rows.
 * @returns at most `tasks` lists, none of them empty
 */
export function slicesOf(
  files: readonly { readonly key: string; readonly bytes: number }[],
  tasks: number,
): string[][] {
  const slices: string[][] = Array.from({ length: tasks }, () => []);
  const all = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let before = 0;
  for (const { key, bytes } of files) {
    const middle = before + bytes / 2;
    slices[Math.min(tasks - 1, Math.floor((middle * tasks) / all))]?.push(key);
    before += bytes;
  }
  return slices.filter((slice) => slice.length > 0);
}

/** The files that have something that was not taken, and how many bytes of it. */
export async function filesLeft(
  files: readonly InboxFile[],
  { files: taken }: TakenState,
): Promise<{ key: string; bytes: number }[]> {
  const left: { key: string; bytes: number }[] = [];
  for (const file of files) {
    const size = await sizeOf(file.path);
    const before = taken.get(fileKey(file))?.bytes ?? 0;
    if (size === 0 || size === before) continue;
    left.push({ key: fileKey(file), bytes: size < before ? size : size - before });
  }
  return left;
}

/** Writes a plan where its tasks find it. @throws the system's error */
export async function makePlan(
  { dir, manifest }: Pick<Archive, 'dir' | 'manifest'>,
  tasks: CompactPlan['tasks'],
): Promise<CompactPlan> {
  const plan: CompactPlan = {
    id: randomBytes(8).toString('hex'),
    tool: version,
    generation: manifest.generation,
    slotMs: manifest.slot_ms,
    timeZone: manifest.time_zone,
    tasks,
  };
  const folder = planFolder(dir, plan.id);
  await mkdir(folder, { recursive: true, mode: OWN_FOLDER });
  await writeWhole(join(folder, 'plan.json'), JSON.stringify(plan), OWN_FILE);
  return plan;
}

/** @throws EitError EIT_ARCHIVE where it is gone or damaged, or was made by another version of EIT */
export async function readPlan(dir: string, id: string): Promise<CompactPlan> {
  const path = join(planFolder(dir, id), 'plan.json');
  let plan: CompactPlan;
  try {
    plan = JSON.parse(await readFile(path, 'utf8')) as CompactPlan;
    if (!plan.tasks.flat().every((key) => FILE_KEY.test(key))) throw new Error('it names a file of no inbox');
  } catch (cause) {
    const what = isErrno(cause, 'ENOENT') ? 'it is gone: plans are kept a day' : String(cause);
    throw new EitError('EIT_ARCHIVE', `cannot read the plan ${path}: ${what}. ${RUN_AGAIN}`, { cause });
  }
  if (plan.tool !== version) {
    throw new EitError(
      'EIT_ARCHIVE',
      `the plan ${path} was made by EIT ${plan.tool}, and this is ${version}: install the same on all nodes. ${RUN_AGAIN}`,
    );
  }
  return plan;
}

/** @throws EitError EIT_LEDGER_LOCKED where something was committed since the plan was made */
export function mustBeCurrent(plan: CompactPlan, generation: number): void {
  if (plan.generation === generation) return;
  throw new EitError(
    'EIT_LEDGER_LOCKED',
    `the plan ${plan.id} was made for generation ${plan.generation} of the archive, which is at ${generation} by now: another compaction was ` +
      `there meanwhile, or this plan is committed already. ${RUN_AGAIN}`,
  );
}

const RUN_AGAIN = 'Nothing is lost: run eit ledger compact again';

/** The files of a task, as the inbox has them. */
export function filesOfTask(plan: CompactPlan, task: number, dir: string, cluster: string): InboxFile[] {
  return (plan.tasks[task] ?? []).map((key) => {
    const [day = '', host = ''] = key.split('/');
    return { cluster, day, host, path: join(dir, 'inbox', day, `${host}.ndjson`) };
  });
}

/** Removes plans in whose folders nothing has happened for a day. */
export async function removeOldPlans(dir: string, nowMs: number): Promise<void> {
  const ids = await readdir(join(dir, PENDING)).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  });
  for (const id of ids.filter(isPlanId)) {
    const folder = planFolder(dir, id);
    if (nowMs - (await stat(folder)).mtimeMs >= KEPT_MS) await rm(folder, { recursive: true, force: true });
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 0;
    throw error;
  }
}
