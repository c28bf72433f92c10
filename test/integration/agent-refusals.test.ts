import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentHome } from './agent-home';
import { noOtherUser, testUnless } from './hook-home';

let home: AgentHome;

beforeEach(() => {
  home = new AgentHome();
});
afterEach(() => home.remove());

/** Starts the agent, which is to refuse, and returns how it ended. */
async function refusal(
  ...options: Parameters<AgentHome['spawnAgent']>
): Promise<{ status: number | null; stderr: string }> {
  const child = home.spawnAgent(...options);
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, stderr: home.stderr };
}

test('a config with a wrong key ends with 2 and says where and what is meant', async () => {
  home.configure(['agnet: 1']);
  const { status, stderr } = await refusal();
  expect(status).toBe(2);
  expect(stderr).toMatch(/EIT_CONFIG_INVALID.*agnet/s);
  expect(stderr).toMatch(/did you mean/);
});

test('a config that was named and is not there ends with 2', async () => {
  await home.remove();
  const { status, stderr } = await refusal();
  expect(status).toBe(2);
  expect(stderr).toContain('EIT_CONFIG_UNREADABLE');
});

testUnless(noOtherUser)('a config that somebody else could replace is refused', async () => {
  chownSync(home.config, 65534, 65534);
  const { status, stderr } = await refusal();
  expect(status).toBe(2);
  expect(stderr).toMatch(/EIT_PATH_UNTRUSTED.*eit\.yaml.*chown root/s);
});

testUnless(noOtherUser)('a state folder that somebody else owns is refused', async () => {
  mkdirSync(home.stateDir);
  chownSync(home.stateDir, 65534, 65534);
  const { status, stderr } = await refusal();
  expect(status).toBe(2);
  expect(stderr).toContain('EIT_PATH_UNTRUSTED');
});

test('a spool that cannot be made ends with a message, not with a stack', async () => {
  writeFileSync(home.spoolDir, 'a file');
  const { status, stderr } = await refusal();
  expect(status).not.toBe(0);
  expect(stderr).toContain(home.spoolDir);
  expect(stderr).not.toContain('    at ');
});

test('an agent that a hook started tells the system’s log why it did not start', async () => {
  home.configure(['agnet: 1']);
  const said = join(home.dir, 'said');
  writeFileSync(join(home.dir, 'logger'), `#!/bin/sh\nprintf '%s\\n' "$@" >'${said}'\n`, { mode: 0o755 });
  await refusal({ args: ['--linger'], path: `${home.dir}:/usr/bin:/bin` });
  expect(readFileSync(said, 'utf8')).toMatch(/^-t\neit\n[\s\S]*agent not started: EIT_CONFIG_INVALID.*agnet/);
});
