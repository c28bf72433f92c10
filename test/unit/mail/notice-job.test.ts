import type { MailNotice } from '../../../src/mail/mail-notice';
import { parseNotice } from '../../../src/mail/notice-job';

const RECEIVED_MS = Date.parse('2026-03-02T11:00:00Z');

function notice(env: Record<string, string>, subject = 'Slurm Job_id=7 Name=x Ended'): MailNotice {
  return { subject, recipient: 'alice', env, receivedMs: RECEIVED_MS };
}

test('a job, its run and what became of it are read from the environment', () => {
  const env = {
    SLURM_JOB_ID: '13',
    SLURM_CLUSTER_NAME: 'alpha',
    SLURM_JOB_START_TIME: '1772445600',
    SLURM_JOB_RESTART_COUNT: '2',
    SLURM_JOB_STATE: 'TIMEOUT',
    SLURM_JOB_NAME: 'na me',
    SLURM_ARRAY_JOB_ID: '12',
    SLURM_ARRAY_TASK_ID: '1',
  };
  expect(parseNotice(notice(env))).toEqual({
    cluster: 'alpha',
    jobId: 13,
    sluid: null,
    startS: 1772445600,
    restart: 2,
    array: { jobId: 12, taskId: 1 },
    hetJobId: null,
    hetOffset: null,
    isArraySummary: false,
    state: 'TIMEOUT',
    name: 'na me',
    receivedMs: RECEIVED_MS,
  });
});

test.each([
  ['none', {}],
  ['0', { SLURM_JOB_ID: '0' }],
  ['a text', { SLURM_JOB_ID: '12; rm -rf /' }],
  ['a negative number', { SLURM_JOB_ID: '-3' }],
])('of %s as its id there is no job', (_, env: Record<string, string>) => {
  expect(parseNotice(notice(env))).toBeNull();
});

test('what Slurm writes as (null) is not told', () => {
  const job = parseNotice(notice({ SLURM_JOBID: '7', SLURM_JOB_NAME: '(null)', SLURM_JOB_STATE: '(null)' }));
  expect(job).toMatchObject({ jobId: 7, name: null, state: null, startS: null });
});

test("a summary is told by the subject's beginning, not by a name that looks like one", () => {
  const env = { SLURM_JOB_ID: '12', SLURM_ARRAY_JOB_ID: '12', SLURM_ARRAY_TASK_ID: '3' };
  const summary = (subject: string) => parseNotice(notice(env, subject))?.isArraySummary;
  expect(summary('Slurm Array Summary Job_id=12_* (12) Name=a Ended, Mixed')).toBe(true);
  expect(summary('Slurm Job_id=12 Name=Slurm Array Summary Job_id=12_* Ended')).toBe(false);
});
