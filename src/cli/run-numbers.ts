import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import type { FactLine } from '../generated/facts';
import { lastJobOf } from '../imports/imported-list';
import { IMPORT_CLUSTERS } from '../imports/imported-run';
import { OWN_CLUSTER } from '../own-run/run-lines';
import type { SlurmStep } from '../own-run/slurm-step';
import { changeFacts, FACTS_NAME } from './facts-file';
import { makeFolders } from './make-folders';

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
 * Makes the folder, where it is none yet, and takes the next number in it; the nodes of one step of Slurm have one number together.
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
  try {
    makeFolders(join(folder, OWN_CLUSTER, 'inbox'));
  } catch (cause) {
    throw new EitError(
      'EIT_RUN',
      `cannot write ${visible(folder)}: ${visible(String(cause))}; give another folder (--dir)`,
      { cause },
    );
  }
  checkIsOwn(folder, ledger);
  const facts = join(folder, FACTS_NAME);
  if (!existsSync(facts) && readdirSync(join(folder, OWN_CLUSTER, 'inbox')).length > 0)
    throw new EitError(
      'EIT_RUN',
      `${visible(folder)} has runs and no ${FACTS_NAME} that says which numbers are taken: bring it back, or give another folder (--dir)`,
    );
  const mark = stepMark(step);
  let job = 0;
  let isFirst = true;
  await changeFacts(facts, (known) => {
    const all = known();
    const its = all.lines.filter(({ cluster }) => cluster === OWN_CLUSTER);
    const same = mark === null ? undefined : its.findLast((line) => line.tags?.[STEP_TAG] === mark);
    isFirst = same === undefined;
    // Imported runs have numbers too, so that one names one run.
    job = same?.job ?? lastJobOf(folder, all, FACTS_NAME) + 1;
    const line: FactLine = {
      schema: 1,
      cluster: OWN_CLUSTER,
      job,
      at: new Date(nowMs).toISOString(),
      tags: { ...tags, ...(mark === null ? {} : { [STEP_TAG]: mark }) },
    };
    return isFirst ? [line] : [];
  }).catch((cause: unknown) => {
    // Nothing was begun: the status is not one that the command could have.
    throw cause instanceof EitError ? new EitError('EIT_RUN', cause.message, { cause }) : cause;
  });
  return { folder, facts, job, isFirst };
}

/** @throws EitError EIT_RUN where it is a site's ledger, or in one */
function checkIsOwn(folder: string, ledger: string): void {
  const real = realpathSync(folder);
  const site = existsSync(ledger) ? realpathSync(ledger) : resolve(ledger);
  const others = readdirSync(real).filter(
    (name) =>
      ![OWN_CLUSTER, ...IMPORT_CLUSTERS].includes(name) &&
      ['inbox', 'parts'].some((part) => existsSync(join(real, name, part))),
  );
  if (real !== site && !real.startsWith(`${site}/`) && others.length === 0) return;
  throw new EitError(
    'EIT_RUN',
    `${visible(folder)} is a site's ledger${others.length > 0 ? ` (of ${visible(others.join(', '), 200)})` : ''}: ` +
      'runs of your own never come into it; give another folder (--dir)',
  );
}

/** null: no other node can be of this run. */
function stepMark(step: SlurmStep | null): string | null {
  if (step === null || step.step === null) return null;
  return `${step.cluster ?? ''}/${step.job}.${step.step}${step.startS === null ? '' : `@${step.startS}`}`;
}
