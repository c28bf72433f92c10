import { digestMail } from '../../../src/mail/throttled-mail';

test('both parts have each subject, and markup in one is text', () => {
  const subjects = ['Job 1 Ended, 1 Wh', 'Job 2 </td><script>alert(1)</script>'];
  const { subject, text, html = '' } = digestMail(subjects);
  expect(subject).toBe('Slurm: 2 mails about jobs, in one');
  for (const one of subjects) expect(text.split('\n')).toContain(one);
  expect(html).toContain('Job 1 Ended, 1 Wh');
  expect(html).toContain('Job 2 &lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(html).not.toContain('<script>');
});
