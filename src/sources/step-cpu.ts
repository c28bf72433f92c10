import { isErrno } from '../errors';
import type { DirectoryContext } from './child-directories';
import type { Missing } from './source';

/** What a step needs from who watches it. */
export interface StepContext extends DirectoryContext {
  /** Where hierarchies of cgroups are mounted. */
  readonly cgroupRoot: string;
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

  constructor(dir: string, context: StepContext) {
    this.dir = dir;
    this.context = context;
  }

  /** CPU time (ns) at the last reading. */
  get ns(): bigint {
    return this.#ns;
  }

  /** Processes had been there and none was any more when it was last read: there is nothing to come. */
  get isCaught(): boolean {
    return this.#isCaught;
  }

  /** The cgroup answers no more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Watches what is not watched yet, and reads what events may not have told of. @throws the system's error */
  abstract refresh(): void;

  abstract close(): void;

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

  /**
   * Reads the CPU time now, and whether it is the last.
   * @param isStopped what is left does not run any more, but to die
   */
  readEnd(isStopped = false): void {
    this.#attempt(() => {
      // First: what runs after it was asked for is in the time.
      const isEmpty = isStopped || this.hasNoProcesses();
      // A new step is empty too.
      if (this.#take(this.readNs())) this.#isCaught = isEmpty && (isStopped || this.#ns > 0n);
    });
  }

  #take(ns: bigint | Missing | undefined): boolean {
    if (typeof ns === 'object') this.context.failures.add('content', ns.missing);
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
