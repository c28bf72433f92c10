import { statSync } from 'node:fs';

/**
 * The kernel's lock on `agent.lock`, taken by flock(1) before this program began. It guards by the file, not by its name:
 * where the name is removed or made anew, another agent could take a lock of its own.
 */
export class AgentLock {
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
