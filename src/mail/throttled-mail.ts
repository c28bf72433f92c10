import type { LetterText } from './plain-mail';

/**
 * The mail in place of those beyond the most that a recipient gets in an hour.
 * @param subjects theirs, which tell of each job what matters
 */
export function digestMail(subjects: readonly string[]): LetterText {
  const count = subjects.length === 1 ? '1 mail' : `${subjects.length} mails`;
  return {
    subject: `Slurm: ${count} about jobs, in one`,
    text: [
      'More mails than the site sends within an hour; what each would have said:',
      '',
      ...subjects,
      '',
    ].join('\n'),
  };
}
