import { spawn } from 'node:child_process';
import { visible } from '../config/visible';
import { EitError } from '../errors';

/** Of flock(1) where another has the lock. */
const HELD = 75;
/** It may be that `eit-mail` just looks whether it is held, or that another one ends. */
const LOCKED = 'exec 9>>"$1" || exit 1; shift; flock -w 10 9 || exit 75; exec "$@"';

/** Whether this process was started under the lock. */
export function isLocked(env: NodeJS.ProcessEnv): boolean {
  return env['EIT_MAIL_LOCK_FD'] !== undefined;
}

/** This program as it was started. */
export function thisProgram(): string[] {
  return [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
}

/**
 * Node.js has no flock: flock(1) takes the lock for a second start of this program.
 * @param what of which there is one at a time
 * @returns its exit status
 * @throws EitError EIT_MAIL where another has the lock
 */
export async function runLocked(lockPath: string, what: string, env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn('sh', ['-c', LOCKED, 'eit-mail', lockPath, ...thisProgram()], {
    stdio: 'inherit',
    env: { ...env, EIT_MAIL_LOCK_FD: '9' },
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(signal));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', resolve);
  });
  if (status === HELD)
    throw new EitError('EIT_MAIL', `another ${what} is at work (${visible(lockPath)} is held)`);
  return status ?? 1;
}
