import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isErrno } from '../../src/errors';

export type Environment = Readonly<Record<string, string>>;

/** Where Debian's packages put their commands; root's own PATH may lack the sbin folders. */
export const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env: Environment;
  readonly cwd?: string;
  readonly input?: string;
  /** The command is killed after this long. */
  readonly boundMs?: number;
}

/** Runs a command to its end, whatever its exit status. @throws Error where it can't be started or outlasts its bound */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<Finished> {
  const boundMs = options.boundMs ?? 60_000;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: options.env, cwd: options.cwd ?? '/' });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    const text = (chunks: readonly Buffer[]) => Buffer.concat(chunks).toString();
    const bound = setTimeout(() => {
      child.kill('SIGKILL');
      reject(
        new Error(
          `${command} ${args.join(' ')}: not done after ${boundMs / 1000} s\n${text(stdout)}${text(stderr)}`,
        ),
      );
    }, boundMs);
    child.on('error', reject);
    child.on('close', (status, signal) => {
      clearTimeout(bound);
      resolve({ status, signal, stdout: text(stdout), stderr: text(stderr) });
    });
    // A command that ends without reading its input is no failure of ours: its status tells.
    child.stdin.on('error', (error) => {
      if (!isErrno(error, 'EPIPE')) reject(error);
    });
    child.stdin.end(options.input ?? '');
  });
}

/** As `run`, for a command that has to succeed. @returns its standard output */
export async function succeed(
  command: string,
  args: readonly string[],
  options: RunOptions,
): Promise<string> {
  const { status, signal, stdout, stderr } = await run(command, args, options);
  if (status !== 0) {
    throw new Error(`${command} ${args.join(' ')}: ended with ${signal ?? status}\n${stdout}${stderr}`);
  }
  return stdout;
}

/** A process of the cluster that runs until it is told to end; what it prints goes to a file. */
export class Daemon {
  readonly name: string;
  readonly pid: number;
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;

  constructor(name: string, command: string, args: readonly string[], env: Environment, logFile: string) {
    const log = openSync(logFile, 'a');
    // A session of its own: Ctrl-C in the terminal is for jest, which then ends the daemons in their order.
    this.child = spawn(command, args, { env, cwd: '/', detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    this.name = name;
    this.ended = new Promise((resolve) => {
      this.child.once('exit', () => resolve());
      this.child.once('error', () => resolve());
    });
    if (this.child.pid === undefined) throw new Error(`${command} can't be started: is it installed?`);
    this.pid = this.child.pid;
    this.child.unref();
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** How it ended, in words; undefined while it runs. */
  get end(): string | undefined {
    return this.running
      ? undefined
      : `${this.name} ended with ${this.child.signalCode ?? this.child.exitCode}`;
  }

  /** SIGTERM, then after a bounded wait SIGKILL; returns when the process is gone. */
  async stop(graceMs = 8000): Promise<void> {
    await this.kill('SIGTERM', graceMs);
    if (this.running) await this.kill('SIGKILL', graceMs);
    if (this.running) throw new Error(`${this.name} (pid ${this.pid}) does not end`);
  }

  async kill(signal: NodeJS.Signals, graceMs = 8000): Promise<void> {
    if (!this.running) return;
    this.child.kill(signal);
    const bound = new AbortController();
    await Promise.race([
      this.ended,
      sleep(graceMs, undefined, { signal: bound.signal }).catch((error: unknown) => {
        if (!bound.signal.aborted) throw error;
      }),
    ]);
    bound.abort();
  }
}

/** The last lines of a text file, or that there is none. */
export function tail(file: string, lines = 20): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return '(no such file)';
    throw error;
  }
}
