import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLog } from '../../src/agent/log';
import { noOtherUser, testUnless } from '../test-unless';

const EXAMPLE = join(__dirname, '../../slurm-examples/eit.logrotate');
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
const isThere = spawnSync('logrotate', ['--version'], { env: { PATH } }).status === 0;
// It takes configs of root's alone.
const withLogrotate = testUnless(noOtherUser ?? (isThere ? undefined : 'needs logrotate'));

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-logrotate-'));
  mkdirSync(join(dir, 'state'), { mode: 0o755 });
});
afterEach(() => rmSync(dir, { recursive: true }));

function rotate(edit = (text: string) => text): { status: number | null; stderr: string } {
  const config = join(dir, 'eit');
  const text = edit(readFileSync(EXAMPLE, 'utf8')).replaceAll('/run/eit', join(dir, 'state'));
  writeFileSync(config, text, { mode: 0o644 });
  const args = ['--force', '--state', join(dir, 'status'), config];
  const { status, stderr } = spawnSync('logrotate', args, { encoding: 'utf8', env: { PATH } });
  return { status, stderr };
}

withLogrotate('the logs are taken away, and the agent goes on in new ones without being told', () => {
  const path = join(dir, 'state/agent.log');
  const log = openLog(path, Date.now);
  log('info', 'before');
  writeFileSync(join(dir, 'state/hooks.log'), 'a hook said this\n');
  expect(rotate()).toEqual({ status: 0, stderr: '' });
  const names = readdirSync(join(dir, 'state')).sort();
  expect(names).toHaveLength(2);
  expect(names[0]).toMatch(/^agent\.log-\d{8}$/);
  expect(names[1]).toMatch(/^hooks\.log-\d{8}$/);
  log('info', 'after');
  expect(readFileSync(path, 'utf8')).toMatch(/^\S+ info after\n$/);
  expect(readFileSync(join(dir, 'state', names[0] ?? ''), 'utf8')).toMatch(/^\S+ info before\n$/);
});

withLogrotate('logs that are not there are no mistake, and a misspelt key is one', () => {
  expect(rotate()).toEqual({ status: 0, stderr: '' });
  expect(rotate((text) => text.replace('missingok', 'missingOK')).stderr).toContain('missingOK');
});
