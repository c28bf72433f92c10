import { EitError } from '../errors';
import type { QueuedJob } from './squeue';

/** States in which nothing more comes of a job's work. */
export function isOver({ state }: Pick<QueuedJob, 'state'>): boolean {
  return ![
    'PENDING',
    'RUNNING',
    'SUSPENDED',
    'STOPPED',
    'CONFIGURING',
    'RESIZING',
    'SIGNALING',
    'STAGE_OUT',
    'REQUEUED',
    'REQUEUE_HOLD',
    'REQUEUE_FED',
    'SPECIAL_EXIT',
  ].includes(state);
}

/**
 * The one that is meant.
 * @returns null: Slurm has none of that id
 * @throws EitError EIT_USAGE where they are several
 */
export function oneOf(jobs: readonly QueuedJob[], id: string): QueuedJob | null {
  const open = jobs.filter((job) => !isOver(job));
  const running = open.filter(({ state }) => state !== 'PENDING');
  const chosen = running.length > 0 ? running : open.length > 0 ? open : jobs;
  const exact = chosen.find(({ shown, job }) => shown === id || String(job) === id);
  if (chosen.length === 1) return chosen[0] ?? null;
  if (
    exact !== undefined &&
    !chosen.some(({ shown }) => shown.startsWith(`${id}_`) || shown.startsWith(`${id}+`))
  )
    return exact;
  if (chosen.length === 0) return null;
  const names = chosen.slice(0, 5).map(({ shown }) => shown);
  throw new EitError(
    'EIT_USAGE',
    `${id} is ${chosen.length} jobs: name one of them, such as ${names.join(', ')}`,
  );
}
