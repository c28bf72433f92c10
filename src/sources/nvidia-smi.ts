import { describeError } from '../errors';
import { firstLine } from './dcmi-text';
import type { GpuReading, GpuSnapshot } from './gpu';
import {
  type NvidiaSmiRequest,
  argumentsOf,
  askLess,
  isRefusal,
  withCoarserRepeat,
  withoutSections,
} from './nvidia-smi-request';
import { type DocumentStream, NvidiaSmiRun, type RunEnd } from './nvidia-smi-run';
import { type NodePty, loadNodePty, startInPipes, startInTerminal } from './nvidia-smi-terminal';
import { type NvidiaSmiTimes, settleMsFor, timesFor } from './nvidia-smi-times';
import { PROGRAM_FOLDERS, findProgram, whyNotRun } from './program-path';
import { RestartPause } from './restart-pause';
import { type Missing, isMissing } from './source';

/** What one document tells. */
export interface NvidiaSmiAnswer {
  readonly driver: string;
  readonly gpus: readonly GpuReading[];
  readonly warnings: readonly string[];
}

export interface NvidiaSmiOptions {
  /** Absolute, or a name to find in `folders`. */
  readonly program: string;
  readonly folders?: readonly string[];
  /** Time between two documents (ms, whole); the program adds what it takes to print one. */
  readonly intervalMs: number;
  /** CLOCK_MONOTONIC, ns. */
  readonly now: () => bigint;
  /** Reads one document; what it throws becomes a problem in words. */
  readonly parse: (xml: string) => NvidiaSmiAnswer;
  /** Cuts the output of one process into documents. */
  readonly documents: () => DocumentStream;
  readonly onSnapshot: (snapshot: GpuSnapshot) => void;
  /** A process was started; the one before it has ended. */
  readonly onStart?: (pid: number) => void;
  /** Called when it changes: why there are no snapshots now; null: there are. */
  readonly onProblem?: (problem: string | null) => void;
  /** What is odd though there are snapshots; each once. */
  readonly onWarning?: (warning: string) => void;
  /** What gives the program a terminal; else it is called again and again, with pipes. */
  readonly pty?: NodePty | Missing;
  readonly times?: NvidiaSmiTimes;
  readonly pause?: Pick<RestartPause, 'take' | 'reset'>;
}

/** Where each document has another warning, they are no use. */
const MOST_WARNINGS = 50;

/**
 * Reads the GPUs through nvidia-smi (nvidia-smi(1), https://docs.nvidia.com/deploy/nvidia-smi/): one process that is left
 * running and prints an XML document each interval, under a terminal, since into a pipe the documents come late. Where it
 * cannot be had so, it is called each interval.
 *
 * There is never more than one process. One that gives no document in time is killed, and as long as it has not ended (it
 * may wait in the kernel) no other is started, also after {@link stop} and {@link start}. One that ends is started again
 * after a growing pause.
 */
export class NvidiaSmi {
  readonly #options: NvidiaSmiOptions;
  readonly #pty: NodePty | Missing;
  readonly #times: NvidiaSmiTimes;
  readonly #pause: Pick<RestartPause, 'take' | 'reset'>;
  readonly #warned = new Set<string>();
  #request: NvidiaSmiRequest;
  /** An answer to a request for some sections had what readings need. */
  #areSectionsGood = false;
  #isWanted = false;
  #run: NvidiaSmiRun | null = null;
  #startedNs = 0n;
  #isGood = false;
  #timer: NodeJS.Timeout | undefined;
  #problem: string | null = null;

  constructor(options: NvidiaSmiOptions) {
    this.#options = options;
    this.#pty = options.pty ?? loadNodePty();
    this.#times = options.times ?? timesFor(options.intervalMs);
    this.#pause = options.pause ?? new RestartPause();
    this.#request = { hasSections: true, repeat: isMissing(this.#pty) ? 'calls' : 'milliseconds' };
  }

  /** Why there are no snapshots now; null where there are, before the first, and after {@link stop}. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Why it is called again and again instead of being left running, and how to mend that; null where it is not. */
  get note(): string | null {
    if (this.#request.repeat !== 'calls') return null;
    const how = `nvidia-smi is called each ${this.#options.intervalMs / 1000} s instead of being left running, which costs more`;
    return isMissing(this.#pty)
      ? `${how}: ${this.#pty.missing}`
      : `${how}: this version does not repeat by itself (it refuses -lms and -l)`;
  }

  /** The process that was started last, until it has ended. */
  get pid(): number | null {
    return this.#run?.pid ?? null;
  }

  start(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#pause.reset();
    if (this.#run === null) this.#launch();
    else this.#setProblem('the nvidia-smi that was stopped has not ended; it is started again when it has');
  }

  /** Kills it at once; it reads no more, and nothing of it keeps this process alive, but a process that cannot be killed. */
  stop(): void {
    this.#isWanted = false;
    clearTimeout(this.#timer);
    this.#run?.letGo();
    this.#setProblem(null);
  }

  #launch(): void {
    const path = this.#findProgram();
    if (isMissing(path)) return this.#fail(path.missing);
    const isCalled = this.#request.repeat === 'calls';
    const documents = this.#options.documents();
    this.#startedNs = this.#options.now();
    this.#isGood = false;
    try {
      this.#run = new NvidiaSmiRun({
        ...this.#times,
        settleMs: settleMsFor(this.#options.intervalMs),
        start: isCalled || isMissing(this.#pty) ? startInPipes : startInTerminal(this.#pty),
        path,
        args: argumentsOf(this.#request, this.#options.intervalMs),
        documents,
        now: this.#options.now,
        onDocument: (xml, monoNs) => this.#take(xml, monoNs, documents),
        onGiveUp: (reason) =>
          this.#setProblem(`${reason}, but has not ended; it is started again when it has`),
        onEnd: (end) => this.#ended(path, end),
      });
      if (this.#run.pid !== undefined) this.#options.onStart?.(this.#run.pid);
    } catch (error) {
      this.#fail(`${path} cannot be started: ${String(error)}`);
    }
  }

  #findProgram(): string | Missing {
    const { program, folders = PROGRAM_FOLDERS } = this.#options;
    if (program.includes('/')) return whyNotRun(program) ?? program;
    return findProgram(program, folders) ?? { missing: `there is no ${program} in ${folders.join(', ')}` };
  }

  #take(xml: string, monoNs: bigint, { noise }: DocumentStream): void {
    if (noise !== null) this.#warn(`nvidia-smi says ${firstLine(noise)}`);
    let answer: NvidiaSmiAnswer;
    try {
      answer = this.#options.parse(xml);
    } catch (error) {
      this.#setProblem(`the answer of nvidia-smi cannot be read: ${describeError(error)}`);
      return;
    }
    const { driver, gpus, warnings } = answer;
    for (const warning of warnings) this.#warn(warning);
    if (this.#request.hasSections && !this.#areSectionsGood) {
      this.#areSectionsGood = gpus.some(({ power, uuid }) => !isMissing(power) && uuid !== null);
      if (!this.#areSectionsGood) {
        this.#request = withoutSections(this.#request);
        this.#run?.letGo();
        return;
      }
    }
    if (gpus.length === 0) return this.#setProblem('nvidia-smi tells of no GPU');
    this.#isGood = true;
    this.#pause.reset();
    this.#setProblem(null);
    this.#options.onSnapshot({ monoNs, source: 'nvidia_smi', driver, gpus });
  }

  #ended(path: string, end: RunEnd): void {
    this.#run = null;
    if (!this.#isWanted) return;
    const { repeat } = this.#request;
    // Stopped and started since, or it is to be asked for something else.
    if (end.isLetGo) return this.#launch();
    const less = this.#lessThanRefused(end);
    if (less !== null) {
      this.#request = less;
      return end.documents === 0 ? this.#launch() : this.#launchIn(this.#untilNextCallMs());
    }
    const words = end.complaint === '' ? '' : `: ${firstLine(end.complaint)}`;
    const how = `${path} ended with ${end.signal ?? `status ${end.status}`}${words}`;
    if (repeat === 'calls' && this.#isGood && end.gaveUp === null) {
      if (end.status !== 0) this.#warn(`${how}; its answer is used`);
      return this.#launchIn(this.#untilNextCallMs());
    }
    const wasRead = repeat === 'calls' && end.documents > 0 && end.gaveUp === null;
    this.#fail((wasRead ? this.#problem : null) ?? end.gaveUp ?? end.refusal ?? how);
  }

  /** What to ask for where it does not know, or does not do, what it was asked for; null: that is not why it ended. */
  #lessThanRefused({ documents, gaveUp, isText, status, complaint }: RunEnd): NvidiaSmiRequest | null {
    const request = this.#request;
    if (isText) return request.hasSections ? withoutSections(request) : null;
    if (gaveUp !== null) return null;
    if (documents === 0) return isRefusal(status, complaint) ? askLess(request, complaint) : null;
    return documents === 1 && status === 0 ? withCoarserRepeat(request) : null;
  }

  #untilNextCallMs(): number {
    const intervalNs = BigInt(this.#options.intervalMs) * 1_000_000n;
    const sinceNs = (this.#options.now() - this.#startedNs) % intervalNs;
    return Number(intervalNs - sinceNs) / 1e6;
  }

  #fail(problem: string): void {
    this.#setProblem(problem);
    this.#launchIn(this.#pause.take());
  }

  #launchIn(ms: number): void {
    this.#timer = setTimeout(() => this.#launch(), ms).unref();
  }

  #setProblem(problem: string | null): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#options.onProblem?.(problem);
  }

  #warn(warning: string): void {
    if (this.#warned.has(warning) || this.#warned.size >= MOST_WARNINGS) return;
    this.#warned.add(warning);
    this.#options.onWarning?.(warning);
  }
}
