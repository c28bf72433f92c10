import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import type { FactLine } from '../generated/facts';
import { lastJobOf } from '../imports/imported-list';
import { FOLDER_MODE, OWN_CLUSTER } from '../own-run/run-lines';
import type { SlurmStep } from '../own-run/slurm-step';
import { changeFacts, FACTS_NAME } from './facts-file';
import { makeFolders } from './make-folders';
import { checkOwnFolder } from './own-folder';

/** Tag by which the nodes of one step know their run. */
const STEP_TAG = 'slurm_step';

/** A run that is about to begin. */
export interface NumberedRun {
  readonly folder: string;
  /** Path of the folder's facts. */
  readonly facts: string;
  readonly job: number;
  /** Whether it is told of here: of a step on several nodes on the one that came first. */
  readonly isFirst: boolean;
}

/**
 * Makes the folder, where it is none yet, and takes the next number in it; the nodes of one step of Slurm have one number together: the
 * first run of each, the second of each, and so on.
 * @param ledger the site's, into which no run of a user's own may come
 * @param tags of the run
 * @throws EitError EIT_RUN
 */
export async function takeRunNumber(
  dir: string,
  {
    ledger,
    step,
    tags,
    nowMs,
  }: {
    readonly ledger: string;
    readonly step: SlurmStep | null;
    readonly tags: Readonly<Record<string, string>>;
    readonly nowMs: number;
  },
): Promise<NumberedRun> {
  const folder = resolve(dir);
  checkOwnFolder(folder, ledger, { code: 'EIT_RUN', option: '--dir' });
  try {
    makeFolders(join(folder, OWN_CLUSTER, 'inbox'), FOLDER_MODE);
  } catch (cause) {
    throw new EitError(
      'EIT_RUN',
      `cannot write ${visible(folder)}: ${visible(String(cause))}; give another folder (--dir)`,
      { cause },
    );
  }
  const facts = join(folder, FACTS_NAME);
  if (!existsSync(facts) && readdirSync(join(folder, OWN_CLUSTER, 'inbox')).length > 0)
    throw new EitError(
      'EIT_RUN',
      `${visible(folder)} has runs and no ${FACTS_NAME} that says which numbers are taken: bring it back, or give another folder (--dir)`,
    );
  // What facts can hold, whatever the environment says.
  const node = visible(step?.node ?? '').slice(0, 256);
  const mark = stepMark(step);
  let job = 0;
  let isFirst = true;
  await changeFacts(facts, (known) => {
    const all = known();
    const same = mark === null ? null : runToJoin(all.lines, mark, node);
    isFirst = same === null;
    // Imported runs have numbers too, so that one names one run.
    job = same ?? lastJobOf(folder, all, FACTS_NAME) + 1;
    const head: FactLine = { schema: 1, cluster: OWN_CLUSTER, job, at: new Date(nowMs).toISOString() };
    if (mark === null) return [{ ...head, tags }];
    return [{ ...head, node, ...(isFirst ? { tags: { ...tags, [STEP_TAG]: mark } } : {}) }];
  }).catch((cause: unknown) => {
    // Nothing was begun: the status is not one that the command could have.
    throw cause instanceof EitError ? new EitError('EIT_RUN', cause.message, { cause }) : cause;
  });
  return { folder, facts, job, isFirst };
}

/**
 * The run of a step that a node is to begin with: of those that it has not begun with, the first behind its last.
 * @returns null: it begins a new one
 */
function runToJoin(lines: readonly FactLine[], mark: string, node: string): number | null {
  const its = lines.filter(({ cluster }) => cluster === OWN_CLUSTER);
  const runs = new Set(its.filter(({ tags }) => tags?.[STEP_TAG] === mark).map(({ job }) => job));
  const last = its.reduce(
    (most, line) => (line.node === node && runs.has(line.job) ? Math.max(most, line.job) : most),
    0,
  );
  return [...runs].filter((job) => job > last).sort((a, b) => a - b)[0] ?? null;
}

/** null: no other node can be of this run. */
function stepMark(step: SlurmStep | null): string | null {
  if (step === null || step.step === null || step.nodes < 2) return null;
  return `${visible(step.cluster ?? '', 64)}/${step.job}.${step.step}${step.startS === null ? '' : `@${step.startS}`}`;
}
