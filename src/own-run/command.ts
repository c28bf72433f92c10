import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { EitError, isErrno } from '../errors';

/** How a command ended. */
export interface CommandEnd {
  /** As a shell has it: of a signal 128 and its number; 126 not to be run, 127 not found. */
  readonly status: number;
  /** As Slurm writes it: status and signal. */
  readonly exitCode: string;
  /** Why it could not be started; null: it was. */
  readonly failure: string | null;
}

/** What this process gets it hands on. */
const HANDED_ON = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGINT', 'SIGQUIT'] as const;
/** What a terminal's keys send to all processes in front, the command too. */
const BY_KEYS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

const [NOT_RUN, NOT_FOUND] = [126, 127];

/**
 * Runs a command with this process' own input, output and terminal, and hands on the signals that come.
 * @param started told its process id, or undefined where it could not be started; in the moment in which it was
 */
export function runCommand(
  [program = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
  around: (start: () => number | undefined) => void,
): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    const handOn = new Map<NodeJS.Signals, () => void>();
    const ended = (end: CommandEnd): void => {
      for (const [signal, hand] of handOn) process.off(signal, hand);
      resolve(end);
    };
    let child: ReturnType<typeof spawn> | null = null;
    for (const signal of HANDED_ON) {
      const hand = (): void => {
        if (BY_KEYS.includes(signal) && isInFront()) return;
        child?.kill(signal);
      };
      handOn.set(signal, hand);
      process.on(signal, hand);
    }
    around(() => {
      child = spawn(program, args, { stdio: 'inherit', env });
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

/** Whether keys of the terminal reach this process' group (proc(5): fields 5 and 8 of stat). */
function isInFront(): boolean {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  return fields[2] === fields[5];
}
