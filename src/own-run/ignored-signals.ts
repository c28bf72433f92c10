import { readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { constants } from 'node:os';

/** By a launcher: its SigIgn of proc(5), in hexadecimal. */
export const IGNORED_VARIABLE = 'EIT_SIGNALS_IGNORED';

/** What nohup and shells (of what they start with `&`) let a command ignore. */
const IGNORABLE = ['SIGHUP', 'SIGINT', 'SIGQUIT'] as const;

/** Of open(2). */
const ACCESS_MODE = 0o3;

/**
 * Which signals this process was told to ignore when it was started. Node.js forgets it before any of our code runs, so it is
 * what the launcher saw; without one, of SIGHUP alone, what shows nohup.
 * @param proc the folder /proc
 */
export function readIgnoredSignals(env: NodeJS.ProcessEnv, proc = '/proc'): NodeJS.Signals[] {
  const told = env[IGNORED_VARIABLE];
  if (told !== undefined) return parseIgnored(told);
  // A job has the traces of where it was submitted; nobody logs out of it, and its SIGHUP may be for the command (sbatch --signal).
  const isJob = (env['SLURM_JOB_ID'] ?? '') !== '';
  return !isJob && showsNohup(env, proc) ? ['SIGHUP'] : [];
}

/** @param mask SigIgn of /proc/PID/status: hexadecimal, the lowest bit is signal 1 */
export function parseIgnored(mask: string): NodeJS.Signals[] {
  if (!/^[0-9a-f]{1,32}$/i.test(mask)) return [];
  const bits = BigInt(`0x${mask}`);
  const has = (signal: NodeJS.Signals): boolean =>
    ((bits >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
  // bash ignores SIGQUIT for itself alone: of what was asked of it the two come together.
  return IGNORABLE.filter((signal) => has(signal) && (signal !== 'SIGQUIT' || has('SIGINT')));
}

function showsNohup(env: NodeJS.ProcessEnv, proc: string): boolean {
  // Shells say there what they started.
  if (basename(env['_'] ?? '') === 'nohup') return true;
  try {
    // GNU's gives a file that cannot be read for a terminal.
    const mode = /^flags:\s*([0-7]+)$/m.exec(readFileSync(join(proc, 'self/fdinfo/0'), 'utf8'))?.[1] ?? '0';
    if (
      readlinkSync(join(proc, 'self/fd/0')) === '/dev/null' &&
      (Number.parseInt(mode, 8) & ACCESS_MODE) === 1
    )
      return true;
  } catch {
    // No standard input: nohup leaves one.
  }
  try {
    const stat = readFileSync(join(proc, 'self/stat'), 'utf8');
    const [, parent, , session] = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
    // What makes sessions, such as screen, ignores it for itself.
    if (session === String(process.pid)) return false;
    const status = readFileSync(join(proc, parent ?? '', 'status'), 'utf8');
    return parseIgnored(/^SigIgn:\s*(\S+)$/m.exec(status)?.[1] ?? '').includes('SIGHUP');
  } catch {
    // A parent that has gone, or of another user.
    return false;
  }
}

/**
 * A command that begins with signals ignored: starting a child sets all to their defaults.
 * @param hasEnvProgram whether env knows --ignore-signal (coreutils 8.31); else a shell does it, which may drop exported functions
 */
export function ignoringCommand(
  command: readonly string[],
  ignored: readonly NodeJS.Signals[],
  hasEnvProgram: boolean,
): readonly string[] {
  if (ignored.length === 0) return command;
  const names = ignored.map((signal) => signal.slice('SIG'.length));
  // A name with = in it would be a variable to env.
  if (hasEnvProgram && !(command[0] ?? '').includes('='))
    return ['env', `--ignore-signal=${names.join(',')}`, '--', ...command];
  return ['sh', '-c', `trap "" ${names.join(' ')}; exec "$@"`, 'sh', ...command];
}
