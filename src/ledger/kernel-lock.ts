import { statSync } from 'node:fs';

/**
 * The kernel's lock on a file, taken by flock(1) before this program began. It guards by the file, not by its name:
 * where the name is removed or made anew, another process could take a lock of its own.
 */
export class KernelLock {
  readonly #path: string;
  readonly #inode: number | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#inode = this.#inodeNow();
  }

  isHeld(): boolean {
    return this.#inode !== undefined && this.#inodeNow() === this.#inode;
  }

  #inodeNow(): number | undefined {
    return statSync(this.#path, { throwIfNoEntry: false })?.ino;
  }
}
