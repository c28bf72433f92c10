import { isNativeError } from 'node:util/types';

/**
 * What could not be watched or read, from look to look: what still fails is met again at each. A kind of failure (what was
 * done, and the system's word for why it failed) begins with a spell and is told once in it, with the first place: a limit of
 * the host is met in every directory.
 */
export class WatchFailures {
  readonly #tell: (reason: string) => void;
  #kinds = new Set<string>();
  #earlierKinds = new Set<string>();

  constructor(tell: (reason: string) => void) {
    this.#tell = tell;
  }

  /** Since the look before this one something has failed: what happened meanwhile may not have been seen. */
  get isAny(): boolean {
    return this.#kinds.size > 0 || this.#earlierKinds.size > 0;
  }

  /** All is watched and read once more from now on. */
  beginLook(): void {
    this.#earlierKinds = this.#kinds;
    this.#kinds = new Set();
  }

  /** @param error what was thrown while `doing` something with a directory */
  addError(doing: 'read' | 'watch', dir: string, error: unknown): void {
    const isNative = isNativeError(error);
    const code = isNative && 'code' in error ? String(error.code) : 'unknown';
    this.add(`${doing} ${code}`, `cannot ${doing} ${dir}: ${isNative ? error.message : String(error)}`);
  }

  add(kind: string, reason: string): void {
    const isNew = !this.#kinds.has(kind) && !this.#earlierKinds.has(kind);
    this.#kinds.add(kind);
    if (isNew) this.#tell(reason);
  }

  /** Does what reads a directory. @returns false where it threw: that has been added */
  attempt(dir: string, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.addError('read', dir, error);
      return false;
    }
  }
}
