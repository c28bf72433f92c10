import { isErrno } from '../errors';
import type { DirectoryContext } from './child-directories';
import type { Missing } from './source';

/** What a step needs from who watches it. */
export interface StepContext extends DirectoryContext {
  /** Where hierarchies of cgroups are mounted. */
  readonly cgroupRoot: string;
  /** What has been stopped is to be gone after this time (ms), or it was not the end. */
  readonly stoppedForMs: number;
  /** The step has opened more files. */
  readonly opened: () => void;
}

/**
 * What the last reading was of: processes that run or may come; what was stopped, which slurmstepd does before it kills, but
 * also where a job is suspended or continued; none any more.
 */
type StepEnd = 'open' | 'stopped' | 'ended';

/**
 * CPU time of the user's processes in one step: read when asked, and by itself at each event that may be the last before the
 * step's cgroup is removed.
 */
export abstract class StepCpu {
  protected readonly dir: string;
  protected readonly context: StepContext;
  #ns = 0n;
  #end: StepEnd = 'open';
  #isGone = false;
  #stopTimer: NodeJS.Timeout | undefined;

  constructor(dir: string, context: StepContext) {
    this.dir = dir;
    this.context = context;
  }

  /** CPU time (ns) at the last reading. */
  get ns(): bigint {
    return this.#ns;
  }

  /** When it was last read, processes had been there and none was any more, or all were to be killed: nothing is to come. */
  get isCaught(): boolean {
    return this.#end !== 'open';
  }

  /** Of files that stay open. */
  abstract get openFiles(): number;

  /** The cgroup answers no more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Watches what is not watched yet, and reads what events may not have told of. @throws the system's error */
  abstract refresh(): void;

  /** Nothing is read any more. */
  close(): void {
    this.#isGone = true;
    clearTimeout(this.#stopTimer);
  }

  /** @returns CPU time (ns), undefined where there is none to be read yet. @throws the system's error */
  protected abstract readNs(): bigint | Missing | undefined;

  /** @throws the system's error */
  protected abstract hasNoProcesses(): boolean;

  /** Reads the CPU time now, without asking whether processes are left. */
  read(): void {
    this.#attempt(() => {
      const before = this.#ns;
      // Who had ended does not count on: there are new ones.
      if (this.#take(this.readNs()) && this.#ns > before && this.#end === 'ended') this.#end = 'open';
    });
  }

  /** Reads the CPU time now, and whether it is the last. */
  readEnd(): void {
    this.#readEnd();
  }

  /** As `readEnd`, where slurmstepd has just stopped the processes: the last reading if it removes them next. */
  readStopped(): void {
    if (!this.#readEnd() || this.#end === 'ended') return;
    this.#end = 'stopped';
    clearTimeout(this.#stopTimer);
    this.#stopTimer = setTimeout(() => {
      this.#readEnd();
      if (!this.#isGone && this.#end === 'stopped') this.#end = 'open';
    }, this.context.stoppedForMs);
    this.#stopTimer.unref();
  }

  /** @returns whether it was read */
  #readEnd(): boolean {
    let isRead = false;
    this.#attempt(() => {
      // First: what runs after it was asked for is in the time.
      const isEmpty = this.hasNoProcesses();
      isRead = this.#take(this.readNs());
      if (!isRead) return;
      // A new step is empty too.
      if (isEmpty && this.#ns > 0n) this.#end = 'ended';
      // What is stopped still has processes, and what is told now may be of a change before that.
      else if (this.#end === 'ended') this.#end = 'open';
    });
    return isRead;
  }

  #take(ns: bigint | Missing | undefined): boolean {
    if (typeof ns === 'object') this.context.failures.add('read content', ns.missing);
    if (typeof ns !== 'bigint') return false;
    if (ns > this.#ns) this.#ns = ns;
    return true;
  }

  #attempt(reading: () => void): void {
    if (this.#isGone) return;
    try {
      reading();
    } catch (error) {
      // After this a KernelFile would open the path anew, and that is another step's.
      if (isErrno(error, 'ENODEV', 'ENOENT')) this.#isGone = true;
      else this.context.failures.addError('read', this.dir, error);
    }
  }
}
