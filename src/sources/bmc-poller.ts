import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { setPriority } from 'node:os';
import { firstLine } from './dcmi-text';
import { PROGRAM_FOLDERS } from './program-path';
import { type Missing, isMissing } from './source';

/** Far more than a reading: who writes more is not the program it is taken for. */
const MOST_OUTPUT_BYTES = 64 * 1024;

/** Debian 12's ipmitool says so each time, before anything that matters: the names of makers are in no package of it. */
const NO_REGISTRY = /^IANA PEN registry open failed: .*$/m;

/** A program that tells the power of the node now. */
export interface PowerProgram {
  readonly path: string;
  readonly args: readonly string[];
  /** The power (W) in what it prints, or why there is none. */
  readonly parse: (text: string) => number | Missing;
}

/** Starts a program, with pipes for what it prints and in a process group of its own. */
export type StartProgram = (path: string, args: readonly string[]) => ChildProcess;

/** Without a shell, in English, and with nothing of our own surroundings. */
export const startProgram: StartProgram = (path, args) => {
  const child = spawn(path, args, {
    cwd: '/',
    env: { LC_ALL: 'C', PATH: PROGRAM_FOLDERS.join(':') },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  if (child.pid !== undefined) resetNice(child.pid);
  return child;
};

/** The agent goes before the jobs, and what it starts would too. */
function resetNice(pid: number): void {
  try {
    setPriority(pid, 0);
  } catch {
    // It has ended already.
  }
}

export interface PollerParts {
  readonly intervalMs: number;
  /** How long an answer may take (ms). */
  readonly timeoutMs: number;
  readonly start: StartProgram;
  /** CLOCK_MONOTONIC (ns): the time of an answer is when it came in. */
  readonly now: () => bigint;
  readonly onPower: (powerW: number, monoNs: bigint) => void;
}

/** One run of the program. */
interface Call {
  readonly child: ChildProcess;
  readonly stdout: Buffer[];
  readonly stderr: Buffer[];
  bytes: number;
  timeout?: NodeJS.Timeout;
  /** Why its answer is not waited for any more. */
  gaveUp?: string;
}

/**
 * Asks the management controller for the node's power each so many seconds, through a child process. There is never more
 * than one: controllers answer slowly and fail when asked by several. A child that takes too long is killed; one that
 * cannot be killed (it waits in the kernel, state D) or leaves processes behind is waited for as long as that lasts, and
 * no other is started. Neither the timers nor the child keep this process from ending.
 */
export class BmcPoller {
  readonly #program: PowerProgram;
  readonly #parts: PollerParts;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;
  #call: Call | null = null;
  #problem: string | null = null;

  constructor(program: PowerProgram, parts: PollerParts) {
    this.#program = program;
    this.#parts = parts;
  }

  /** Why the last call gave no power; null where it did, and before its answer. */
  get problem(): string | null {
    const { gaveUp } = this.#call ?? {};
    return gaveUp === undefined
      ? this.#problem
      : `${gaveUp}, but has not ended; it is asked again when it has`;
  }

  /** Asks for the first time, unless it has begun before. */
  start(): void {
    if (this.#timer !== null || this.#isClosed) return;
    this.#timer = setInterval(() => this.#ask(), this.#parts.intervalMs).unref();
    this.#ask();
  }

  /** Asks no more, and kills what is running. */
  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    const call = this.#call;
    if (call === null) return;
    this.#call = null;
    clearTimeout(call.timeout);
    kill(call.child);
    call.child.stdout?.destroy();
    call.child.stderr?.destroy();
  }

  #ask(): void {
    if (this.#call !== null) return;
    const { path, args } = this.#program;
    const cannotStart = (error: unknown): string => `${path} cannot be started: ${String(error)}`;
    let child: ChildProcess;
    try {
      child = this.#parts.start(path, args);
    } catch (error) {
      this.#problem = cannotStart(error);
      return;
    }
    const call: Call = { child, stdout: [], stderr: [], bytes: 0 };
    this.#call = call;
    child.on('error', (error) => {
      // Without a pid it never was; the other errors are of signals, and it still ends some time.
      if (child.pid === undefined) this.#end(call, { missing: cannotStart(error) });
    });
    // Not 'exit': what still holds the pipes may be a child of its own that waits in the kernel.
    child.on('close', (status, signal) => this.#end(call, judge(call, this.#program, status, signal)));
    child.stdout?.on('data', (chunk: Buffer) => this.#keep(call, call.stdout, chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.#keep(call, call.stderr, chunk));
    call.timeout = setTimeout(() => {
      this.#giveUp(call, `${path} did not answer in ${this.#parts.timeoutMs / 1000} s and was killed`);
    }, this.#parts.timeoutMs).unref();
    child.unref();
    for (const pipe of [child.stdout, child.stderr]) if (pipe instanceof Socket) pipe.unref();
  }

  #keep(call: Call, chunks: Buffer[], chunk: Buffer): void {
    if (call.gaveUp !== undefined) return;
    call.bytes += chunk.length;
    if (call.bytes <= MOST_OUTPUT_BYTES) chunks.push(chunk);
    else
      this.#giveUp(
        call,
        `${this.#program.path} wrote more than ${MOST_OUTPUT_BYTES / 1024} KiB and was killed`,
      );
  }

  #giveUp(call: Call, reason: string): void {
    if (this.#call !== call || call.gaveUp !== undefined) return;
    call.gaveUp = reason;
    kill(call.child);
  }

  #end(call: Call, power: number | Missing): void {
    clearTimeout(call.timeout);
    if (this.#call !== call) return;
    this.#call = null;
    this.#problem = isMissing(power) ? power.missing : null;
    if (!isMissing(power)) this.#parts.onPower(power, this.#parts.now());
  }
}

/** The power (W) that a call gave, or why it gave none. */
function judge(
  { gaveUp, stdout, stderr }: Call,
  { path, parse }: PowerProgram,
  status: number | null,
  signal: NodeJS.Signals | null,
): number | Missing {
  if (gaveUp !== undefined) return { missing: gaveUp };
  const text = Buffer.concat(stdout).toString('utf8');
  const complaint = Buffer.concat([...stderr, ...stdout])
    .toString('utf8')
    .replace(NO_REGISTRY, '');
  if (status !== 0) {
    return { missing: `${path} ended with ${signal ?? `status ${status}`}: ${firstLine(complaint)}` };
  }
  // Some versions of ipmitool complain to stderr and end with 0.
  if (text.trim() === '') return { missing: `${path} says ${firstLine(complaint)}` };
  const power = parse(text);
  return isMissing(power) ? { missing: `${path}: ${power.missing}` } : power;
}

/**
 * Kills the child with those it started, which are of its process group. A child that has ended is left alone: its number
 * may be another's by now.
 */
function kill(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}
