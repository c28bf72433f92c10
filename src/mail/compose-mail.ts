import type { JobSummary } from '../generated/report';
import { visible } from '../report/printable';
import { durationText } from '../report/units';
import type { ComposedMail } from './composed-mail';
import { htmlPart } from './html-part';
import { headline, mailBody } from './mail-body';
import { textPart } from './text-part';

/** A header line longer than this is folded and cut by some servers (RFC 5322: 998). */
const LONGEST_SUBJECT = 400;

/**
 * A job's mail.
 * @param opening the subject that Slurm gave; null: there was no call of MailProg, and it is made up as Slurm would
 * @param timeZone that times are shown in
 */
export function composeMail(summary: JobSummary, opening: string | null, timeZone: string): ComposedMail {
  const told = visible(opening ?? slurmSubject(summary), LONGEST_SUBJECT);
  const subject = `${told}, ${headline(summary)}`;
  const body = mailBody(summary, opening, timeZone);
  return { subject, text: textPart(body), html: htmlPart(subject, body) };
}

/** As slurmctld writes it, where the accounting tells what became of the job. */
export function slurmSubject({ label, name, state, figures, scope }: JobSummary): string {
  const kind = scope === 'array' ? 'Slurm Array Summary' : 'Slurm';
  const ran = state === null ? [] : [`Run time ${durationText(figures.elapsed_seconds)}`, state];
  const named = name === null ? '' : ` Name=${name}`;
  return [`${kind} Job_id=${label}${named}`, ...ran].join(', ');
}
