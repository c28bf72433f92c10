import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setAdminComment } from '../../../src/slurm/sacctmgr';

/** Says what 22.05.8 was seen to say; the real one is in test/cluster/sacct-comment.test.ts. */
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-sacctmgr-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const JOB = { id: '2_5', rawId: 2, cluster: 'alpha' };
const NOTHING =
  "sacctmgr: accounting_storage/slurmdbd: acct_storage_p_modify_job: Request didn't affect anything or your user doesn't " +
  'have privilege to perform this action';

function set(script: string, comment = 'a b', timeoutMs = 30_000): Promise<boolean> {
  const program = join(dir, 'sacctmgr');
  writeFileSync(program, `#!/bin/sh\nfor a in "$@"; do printf '%s\\0' "$a"; done > "$0.args"\n${script}\n`, {
    mode: 0o755,
  });
  return setAdminComment({ program, env: { PATH: process.env['PATH'] }, timeoutMs }, JOB, comment);
}

test('asks for one job, and a value reaches it as it is', async () => {
  const comment = '`id` $(id); a | b * \\ ü';
  await expect(
    set("printf ' Modified jobs...\\n  2 submitted at 2026-11-26T13:37:05\\n'", comment),
  ).resolves.toBe(true);
  expect(readFileSync(join(dir, 'sacctmgr.args'), 'utf8').split('\0')).toEqual([
    ...['-i', 'modify', 'job', 'where', 'jobid=2_5', 'cluster=alpha', 'set'],
    `AdminComment=${comment}`,
    '',
  ]);
});

test('a job that is not there is no error', async () => {
  await expect(set(`echo ' Nothing modified'; echo "${NOTHING}" >&2; exit 1`)).resolves.toBe(false);
});

test.each([
  [
    `echo "sacctmgr: error: Your user doesn't have privilege to perform this action" >&2; exit 1`,
    /error: Your user doesn't have privilege.*sacctmgr show user/,
  ],
  ['echo "sacctmgr: error: Sending PersistInit msg: Connection refused" >&2; exit 1', /Connection refused/],
  ["printf '  2 submitted at 2026\\n  6 submitted at 2026\\n'", /was asked to change job 2_5.*changed 2, 6/],
  ["printf '  6 submitted at 2026\\n'", /was asked to change job 2_5.*changed 6/],
  ['true', /says that it changed none/],
])('%s is told with what to do', async (script, message) => {
  await expect(set(script)).rejects.toMatchObject({
    code: 'EIT_SACCTMGR',
    message: expect.stringMatching(message) as string,
  });
});

test('one that hangs is killed', async () => {
  await expect(set('exec sleep 60', 'a', 500)).rejects.toMatchObject({ code: 'EIT_SACCTMGR' });
});

test('a program that is not there', async () => {
  const parts = { program: join(dir, 'none'), env: {}, timeoutMs: 1000 };
  await expect(setAdminComment(parts, JOB, 'a')).rejects.toMatchObject({
    code: 'EIT_SACCTMGR',
    message: expect.stringContaining('ENOENT') as string,
  });
});
