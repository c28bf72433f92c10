import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { EitError, isErrno } from '../errors';
import type { CommandSignals } from './command-signals';
import { IGNORED_VARIABLE, ignoringCommand } from './ignored-signals';

/** How a command ended. */
export interface CommandEnd {
  /** As a shell has it: of a signal 128 and its number; 126 not to be run, 127 not found. */
  readonly status: number;
  /** As Slurm writes it: status and signal. */
  readonly exitCode: string;
  /** Why it could not be started; null: it was. */
  readonly failure: string | null;
}

const [NOT_RUN, NOT_FOUND] = [126, 127];

/**
 * Runs a command with this process' own input, output and terminal, and hands on the signals that come; after it they are swallowed
 * until `signals` is closed.
 * @param started told its process id, or undefined where it could not be started; in the moment in which it was
 */
export function runCommand(
  command: readonly string[],
  { env, signals }: { readonly env: NodeJS.ProcessEnv; readonly signals: CommandSignals },
  around: (start: () => number | undefined) => void,
): Promise<CommandEnd> {
  const { ignored } = signals;
  const [program = '', ...args] = ignoringCommand(command, ignored, ignored.length > 0 && canEnvIgnore(env));
  return new Promise((resolve, reject) => {
    const ended = (end: CommandEnd): void => {
      signals.swallow();
      resolve(end);
    };
    let child: ReturnType<typeof spawn> | null = null;
    signals.handTo((signal) => child?.kill(signal));
    around(() => {
      child = spawn(program, args, { stdio: 'inherit', env: { ...env, [IGNORED_VARIABLE]: undefined } });
      child.on('error', (error) => {
        const isAbsent = isErrno(error, 'ENOENT');
        const status = isAbsent ? NOT_FOUND : NOT_RUN;
        if (child?.pid === undefined)
          ended({
            status,
            exitCode: `${status}:0`,
            failure: isAbsent ? 'there is no such command' : error.message,
          });
      });
      child.on('exit', (code, signal) => {
        const number = signal === null ? 0 : constants.signals[signal];
        ended({ status: code ?? 128 + number, exitCode: `${code ?? 0}:${number}`, failure: null });
      });
      return child.pid;
    });
    if (child === null) reject(new EitError('EIT_RUN', 'the command was not started'));
  });
}

function canEnvIgnore(env: NodeJS.ProcessEnv): boolean {
  return spawnSync('env', ['--ignore-signal=HUP', 'true'], { env, stdio: 'ignore' }).status === 0;
}
