import { EitError } from '../errors';
import { expandHostlist } from '../slurm/hostlist';
import type { MailNotice } from './mail-notice';

/** A mail that is about a run's energy. */
export type EnergyMailType = 'END' | 'FAIL' | 'REQUEUE' | 'TIME_LIMIT';

/** As slurmctld words SLURM_JOB_MAIL_TYPE (mail_type_str of its agent.c); `--mail-type` calls them as here. */
const TYPES: Readonly<Record<string, EnergyMailType>> = {
  Ended: 'END',
  Failed: 'FAIL',
  Requeued: 'REQUEUE',
  'Reached time limit': 'TIME_LIMIT',
};

/** @returns null where the mail tells of no end, such as that of a job's beginning */
export function energyMailType({ env }: MailNotice): EnergyMailType | null {
  return TYPES[env['SLURM_JOB_MAIL_TYPE'] ?? ''] ?? null;
}

/** The nodes of the run; none where it never had any (cancelled while it waited) or the list is not one. */
export function nodesOf({ env }: MailNotice): string[] {
  const list = env['SLURM_JOB_NODELIST'] ?? '';
  if (list === '(null)') return [];
  try {
    return expandHostlist(list);
  } catch (error) {
    if (error instanceof EitError) return [];
    throw error;
  }
}
