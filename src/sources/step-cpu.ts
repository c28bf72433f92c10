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
 * CPU time of the user's processes in one step: read when asked, and by itself at each event that may be the last before the
 * step's cgroup is removed.
 */
export abstract class StepCpu {
  protected readonly dir: string;
  protected readonly context: StepContext;
  #ns = 0n;
  #isCaught = false;
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
    return this.#isCaught;
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
      if (this.#take(this.readNs()) && this.#ns > before) this.#isCaught = false;
    });
  }

  /** Reads the CPU time now, and whether it is the last. */
  readEnd(): void {
    this.#readEnd();
  }

  /**
   * As `readEnd`, where slurmstepd has just stopped the processes: the last reading if it kills and removes them next. It does the
   * same where a job is suspended or continued: then the next event or look, at the latest one soon after, finds them still there.
   */
  readStopped(): void {
    if (!this.#readEnd() || this.#isCaught) return;
    this.#isCaught = true;
    clearTimeout(this.#stopTimer);
    this.#stopTimer = setTimeout(() => this.readEnd(), this.context.stoppedForMs);
    this.#stopTimer.unref();
  }

  /** @returns whether it was read */
  #readEnd(): boolean {
    let isRead = false;
    this.#attempt(() => {
      // First: what runs after it was asked for is in the time.
      const isEmpty = this.hasNoProcesses();
      isRead = this.#take(this.readNs());
      // A new step is empty too.
      if (isRead) this.#isCaught = isEmpty && this.#ns > 0n;
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
