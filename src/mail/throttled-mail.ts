import { htmlPart } from './html-part';
import type { LetterText } from './plain-mail';

const WHY = 'More mails than the site sends within an hour; what each would have said:';

/**
 * The mail in place of those beyond the most that a recipient gets in an hour.
 * @param subjects theirs, which tell of each job what matters
 */
export function digestMail(subjects: readonly string[]): LetterText {
  const count = subjects.length === 1 ? '1 mail' : `${subjects.length} mails`;
  const subject = `Slurm: ${count} about jobs, in one`;
  return {
    subject,
    text: [WHY, '', ...subjects, ''].join('\n'),
    html: htmlPart(subject, {
      opening: null,
      headline: subject,
      warnings: [],
      sections: [{ title: WHY, rows: [], lines: subjects }],
      notes: ['What a job used: eit-report -j JOB.'],
    }),
  };
}
