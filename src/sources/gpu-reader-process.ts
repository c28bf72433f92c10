import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { firstLine } from './dcmi-text';
import { GpuLines, type GpuMessage, READ_NOW, parseGpuMessage } from './gpu-messages';
import { PROGRAM_FOLDERS } from './program-path';
import { type Missing, isMissing } from './source';
import { type StartedProgram, isAlive, killProgram } from './started-program';

/** Of what a process complains about before it ends. */
const MOST_COMPLAINT_CHARS = 4096;

/** What it wrote last comes before its end, unless something else holds its pipes: so long is waited for that (ms). */
const LAST_WORDS_MS = 1000;

/** How long after it is killed what it has started is looked for (ms): then twice as long after, and so on. */
const FIRST_LOOK_MS = 10;
const LONGEST_LOOK_MS = 1000;

export interface GpuReaderEnd {
  readonly reason: string;
  readonly signal: NodeJS.Signals | null;
}

export interface GpuReaderProcessEvents {
  /** A message, or why a line is none. Which program it has started is not handed on. */
  readonly onMessage: (message: Exclude<GpuMessage, { kind: 'program' }> | Missing) => void;
  /** It has ended, and nvidia-smi, which it had started, has not, though it was killed. Comes at most once. */
  readonly onLeft: (reason: string) => void;
  /** It has ended, and with it what it had started, or could not be started. Comes once, and nothing after it. */
  readonly onEnd: (end: GpuReaderEnd) => void;
}

/**
 * One run of the program eit-gpu, with the nvidia-smi that it may have started. Neither it nor its pipes keep this process from
 * ending; when this process is gone, however that came, its standard input ends and with that the program.
 *
 * nvidia-smi leads a process group of its own and may wait in the kernel (state D): it can outlive an eit-gpu that has killed it, or
 * that was killed itself. Each call for more would then leave one more. So the run has not ended before both have. Only an agent
 * that is started anew does not know what the one before it has left.
 */
export class GpuReaderProcess {
  readonly #child: ChildProcess;
  readonly #events: GpuReaderProcessEvents;
  readonly #lines = new GpuLines();
  readonly #proc: string;
  #program: StartedProgram | null = null;
  #complaint = '';
  #isGivenUp = false;
  #hasEnded = false;

  /**
   * @param proc root of /proc
   * @throws the system's error where no process can be made
   */
  constructor(program: string, args: readonly string[], events: GpuReaderProcessEvents, proc = '/proc') {
    this.#events = events;
    this.#proc = proc;
    const child = startReader(program, args);
    this.#child = child;
    child.on('error', (error) => {
      // Without a pid it never was; the other errors are of signals, and it still ends some time.
      if (child.pid === undefined) this.#end(`eit-gpu cannot be started: ${String(error)}`, null);
    });
    const end = (status: number | null, signal: NodeJS.Signals | null): void => {
      this.#end(this.#describeEnd(status, signal), signal);
    };
    child.on('close', end);
    child.on('exit', (status, signal) => setTimeout(() => end(status, signal), LAST_WORDS_MS).unref());
    child.stdin?.on('error', () => undefined);
    child.stdout?.on('data', (chunk: Buffer) => this.#take(chunk));
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString('latin1')).slice(0, MOST_COMPLAINT_CHARS);
    });
    child.unref();
    for (const pipe of this.#pipes()) if (pipe instanceof Socket) pipe.unref();
  }

  /** Makes it read at once. */
  readNow(): void {
    const { stdin } = this.#child;
    // One that hangs has not read what it was told before, and one word is enough.
    if (stdin?.writable === true && !stdin.writableNeedDrain) stdin.write(`${READ_NOW}\n`);
  }

  /** Asks it to end. */
  close(): void {
    this.#child.stdin?.end();
  }

  /** Kills it and what it has started, and listens to it no more; they end when the kernel lets them. */
  giveUp(): void {
    this.#isGivenUp = true;
    kill(this.#child);
    if (this.#program !== null) killProgram(this.#proc, this.#program);
    for (const pipe of this.#pipes()) pipe?.destroy();
  }

  #pipes(): (Readable | Writable | null)[] {
    const { stdin, stdout, stderr } = this.#child;
    return [stdin, stdout, stderr];
  }

  #take(chunk: Buffer): void {
    for (const line of this.#lines.push(chunk)) {
      if (this.#isGivenUp || this.#hasEnded) return;
      const message = isMissing(line) ? line : parseGpuMessage(line);
      if (!isMissing(message) && message.kind === 'program') this.#program = message.program;
      else this.#events.onMessage(message);
    }
  }

  #end(reason: string, signal: NodeJS.Signals | null): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const program = this.#program;
    if (program === null || !isAlive(this.#proc, program)) return this.#events.onEnd({ reason, signal });
    killProgram(this.#proc, program);
    this.#events.onLeft(`${reason}; nvidia-smi, which it had started, was killed`);
    this.#endAfter(program, { reason, signal }, FIRST_LOOK_MS);
  }

  #endAfter(program: StartedProgram, end: GpuReaderEnd, waitMs: number): void {
    setTimeout(() => {
      if (isAlive(this.#proc, program)) this.#endAfter(program, end, Math.min(2 * waitMs, LONGEST_LOOK_MS));
      else this.#events.onEnd(end);
    }, waitMs).unref();
  }

  #describeEnd(status: number | null, signal: NodeJS.Signals | null): string {
    const how = `eit-gpu ended with ${signal ?? `status ${status}`}`;
    return this.#complaint.trim() === '' ? how : `${how}: ${firstLine(this.#complaint)}`;
  }
}

/** Without a shell, in English, with nothing of our own surroundings (no LD_LIBRARY_PATH), in a process group of its own. */
function startReader(program: string, args: readonly string[]): ChildProcess {
  const node = ['--max-old-space-size=64', '--max-semi-space-size=1', program];
  return spawn(process.execPath, [...node, ...args], {
    cwd: '/',
    env: { LC_ALL: 'C', PATH: PROGRAM_FOLDERS.join(':') },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
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
