import { visible } from '../config/visible';
import type { ComposedMail } from './composed-mail';
import type { MailNotice } from './mail-notice';

/** A mail whose HTML part may be missing. */
export type LetterText = Pick<ComposedMail, 'subject' | 'text'> & { readonly html?: string };

/** What a mail without energy tells of a job, in this order. */
const FACTS: readonly (readonly [name: string, variable: string])[] = [
  ['Job', 'SLURM_JOB_ID'],
  ['Name', 'SLURM_JOB_NAME'],
  ['Cluster', 'SLURM_CLUSTER_NAME'],
  ['Account', 'SLURM_JOB_ACCOUNT'],
  ['Partition', 'SLURM_JOB_PARTITION'],
  ['Nodes', 'SLURM_JOB_NODELIST'],
  ['State', 'SLURM_JOB_STATE'],
  ['Queued', 'SLURM_JOB_QUEUED_TIME'],
  ['Run time', 'SLURM_JOB_RUN_TIME'],
];

const LONGEST_VALUE = 300;

/**
 * The mail as Slurm would send it, with what its environment told.
 * @param remark why there is no energy in it; null: nobody would expect any
 */
export function plainMail(notice: MailNotice, remark: string | null): LetterText {
  const facts = FACTS.flatMap(([name, variable]) => {
    const value = notice.env[variable] ?? '';
    return value === '' || value === '(null)'
      ? []
      : [`${`${name}:`.padEnd(10)}${visible(value, LONGEST_VALUE)}`];
  });
  return {
    subject: visible(notice.subject, LONGEST_VALUE),
    text: [...facts, ...(remark === null ? [] : ['', remark]), ''].join('\n'),
  };
}

/** Why a mail that could have had its job's energy comes without it. */
export function noRecordsRemark(nodes: readonly string[], waitSeconds: number): string {
  if (nodes.length === 0) return 'The job had no nodes: it used no energy.';
  const count = nodes.length === 1 ? 'the node' : `any of the ${nodes.length} nodes`;
  return (
    `Its energy is not in this mail: within ${waitSeconds} s no record of ${count} arrived.\n` +
    'eit-report tells it later.'
  );
}
