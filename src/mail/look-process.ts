import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { EitError, type EitErrorCode } from '../errors';
import type { JobFound } from './composed-mail';
import type { JobQuestion, JobReader } from './job-reader';

/** Without a question for so long it is let go, and with it the memory that a look takes; after so long in any case. */
const IDLE_MS = 60_000;
const OLD_MS = 600_000;
/** After one that was given up, or ended in the middle. */
const PAUSE_MS = 30_000;
const MOST_COMPLAINTS = 100;

/** What the process is asked, and what it answers, by Node's channel between a process and its child. */
export type LookQuestion = readonly JobQuestion[];
export type LookAnswer =
  | { readonly found: readonly (JobFound | null)[] }
  | { readonly code: EitErrorCode; readonly message: string };

export interface LookProcessParts {
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** A look that takes longer is given up. */
  readonly longestMs: number;
  /** Monotonic, ms. */
  readonly now: () => number;
  readonly log: (level: 'info' | 'warn' | 'error', text: string) => void;
}

/**
 * Looks into the ledger by a child process: storage that hangs holds up that child and no mail. One that takes too long is killed and
 * given up without waiting, since what is stuck in the kernel cannot be killed; while it is there, there is no other.
 */
export class LookProcess implements JobReader {
  readonly #parts: LookProcessParts;
  /** What it has said on its standard error: each once. */
  readonly #complaints = new Set<string>();
  #child: ChildProcess | null = null;
  #startedMs = 0;
  #stuck: ChildProcess | null = null;
  #pausedUntilMs = -Infinity;
  #pauseReason = '';
  #idle: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(parts: LookProcessParts) {
    this.#parts = parts;
  }

  async readAll(questions: readonly JobQuestion[]): Promise<(JobFound | null)[]> {
    const { now } = this.#parts;
    clearTimeout(this.#idle);
    if (this.#isClosed) throw new EitError('EIT_MAIL', 'the spooler ends');
    if (this.#stuck !== null)
      throw new EitError(
        'EIT_MAIL',
        `a look at the ledger hangs (process ${this.#stuck.pid}): its storage gives no answer`,
      );
    if (now() < this.#pausedUntilMs) throw new EitError('EIT_MAIL', this.#pauseReason);
    this.#child ??= this.#start();
    const answer = await this.#ask(this.#child, questions);
    this.#rest();
    if ('code' in answer) throw new EitError(answer.code, answer.message);
    return [...answer.found];
  }

  /** Ends the process without waiting for it: it only reads. */
  close(): void {
    this.#isClosed = true;
    this.#child?.kill('SIGKILL');
    this.#letGo();
  }

  #start(): ChildProcess {
    const [program = '', ...args] = this.#parts.command;
    this.#startedMs = this.#parts.now();
    const child = spawn(program, args, {
      cwd: '/',
      env: this.#parts.env,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    // What it ended with is told by the look that it was in.
    child.on('error', () => undefined);
    if (child.stderr !== null)
      createInterface({ input: child.stderr }).on('line', (line) => this.#complain(line));
    return child;
  }

  #complain(line: string): void {
    if (this.#complaints.size >= MOST_COMPLAINTS) this.#complaints.clear();
    if (!this.#complaints.has(line)) this.#parts.log('warn', line);
    this.#complaints.add(line);
  }

  /** @throws EitError EIT_MAIL where it ends or takes too long */
  #ask(child: ChildProcess, questions: LookQuestion): Promise<LookAnswer> {
    const { longestMs } = this.#parts;
    return new Promise((resolve, reject) => {
      const end = (reason: string | null, answer?: LookAnswer): void => {
        clearTimeout(timer);
        child.removeListener('message', onMessage).removeListener('exit', onExit);
        child.removeListener('error', onError);
        if (answer !== undefined) return resolve(answer);
        this.#pauseReason = reason ?? '';
        this.#pausedUntilMs = this.#parts.now() + PAUSE_MS;
        if (this.#child === child) this.#child = null;
        reject(new EitError('EIT_MAIL', this.#pauseReason));
      };
      const onMessage = (message: unknown): void => end(null, message as LookAnswer);
      const onExit = (status: number | null, signal: string | null): void =>
        end(`the look at the ledger ended with ${signal ?? `exit status ${status}`}`);
      const onError = (error: Error): void => {
        this.#giveUp(child);
        end(`the look at the ledger cannot be started: ${error.message}`);
      };
      const timer = setTimeout(() => {
        this.#giveUp(child);
        end(`a look at the ledger took more than ${longestMs / 1000} s and was given up`);
      }, longestMs).unref();
      child.on('message', onMessage).on('exit', onExit).on('error', onError);
      child.send(questions, (error) => {
        if (error !== null && error !== undefined) onError(error);
      });
    });
  }

  #giveUp(child: ChildProcess): void {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      this.#stuck = child;
      child.once('exit', () => {
        if (this.#stuck === child) this.#stuck = null;
      });
    }
    child.kill('SIGKILL');
    forget(child);
    if (this.#child === child) this.#child = null;
  }

  #rest(): void {
    if (this.#isClosed || this.#parts.now() - this.#startedMs > OLD_MS) this.#letGo();
    else this.#idle = setTimeout(() => this.#letGo(), IDLE_MS).unref();
  }

  /** It ends by itself when its channel is gone. */
  #letGo(): void {
    clearTimeout(this.#idle);
    if (this.#child !== null) forget(this.#child);
    this.#child = null;
  }
}

/** Nothing here waits for it any more. */
function forget(child: ChildProcess): void {
  child.removeAllListeners('message');
  if (child.connected) child.disconnect();
  child.unref();
  if (child.stderr instanceof Socket) child.stderr.unref();
}
