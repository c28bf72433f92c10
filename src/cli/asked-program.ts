import { spawn } from 'node:child_process';
import type { Missing } from '../sources/source';

/** How a program ended. */
export interface ProgramAnswer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where Slurm's and the system's programs are, beside the caller's own PATH. */
const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin:/opt/slurm/bin';
const MOST_CHARS = 16 << 20;

/**
 * Runs a program without a shell and waits for so long; what hangs is killed and given up without waiting, since what is stuck in the
 * kernel cannot be killed.
 * @returns why there is no answer: it is not installed, or said nothing in time
 */
export function askProgram(
  program: string,
  args: readonly string[],
  { env, timeoutMs }: { readonly env: NodeJS.ProcessEnv; readonly timeoutMs: number },
): Promise<ProgramAnswer | Missing> {
  return new Promise((resolve) => {
    const path = [env['PATH'], SYSTEM_PATH].filter(Boolean).join(':');
    const child = spawn(program, args, {
      cwd: '/',
      env: { ...env, PATH: path, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    const end = (answer: ProgramAnswer | Missing): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
      resolve(answer);
    };
    const timer = setTimeout(
      () => end({ missing: `${program} gave no answer in ${timeoutMs / 1000} s` }),
      timeoutMs,
    );
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (stdout.length < MOST_CHARS) stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < MOST_CHARS) stderr += text;
    });
    child.on('error', (error: NodeJS.ErrnoException) =>
      end({
        missing:
          error.code === 'ENOENT' ? `${program} is not installed here` : `${program}: ${error.message}`,
      }),
    );
    child.on('close', (status) => end({ status, stdout, stderr }));
  });
}

/** The last line that a program complained with. */
export function lastWords({ stdout, stderr }: ProgramAnswer): string {
  const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
  return lines.at(-1)?.trim().slice(0, 300) ?? 'it said nothing';
}
