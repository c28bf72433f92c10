import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const PROGRAM = join(__dirname, '../../dist/eit.js');

/** A command of the built `eit` that is running, and what it has said so far. */
export interface RunningCommand {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  /** Its exit status. */
  readonly ended: Promise<number | null>;
}

/** Starts `eit ARGS` with a config and without a slurm.conf. */
export function startEit(
  args: readonly string[],
  config: string,
  env: Readonly<Record<string, string>> = {},
  asUser?: string,
): RunningCommand {
  const command = [process.execPath, PROGRAM, ...args];
  const [program = '', ...rest] =
    asUser === undefined ? command : ['runuser', '-u', asUser, '--', ...command];
  const child = spawn(program, rest, {
    cwd: '/',
    env: { PATH: process.env['PATH'], EIT_CONFIG: config, SLURM_CONF: '/nonexistent/slurm.conf', ...env },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { child, output, ended };
}

/** Runs `eit ARGS` to its end. */
export async function runEit(
  ...parameters: Parameters<typeof startEit>
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const { output, ended } = startEit(...parameters);
  const status = await ended;
  return { status, ...output };
}
