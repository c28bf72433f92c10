import { type FSWatcher, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { directoryNames } from '../slurm/cgroup-names';

/**
 * Watches one directory (not what is below it). The listener gets the name of the entry that was made, removed or written to,
 * null where the system does not tell.
 * @returns null where the directory is gone or cannot be watched
 */
export type WatchDirectory = (dir: string, listener: (name: string | null) => void) => FSWatcher | null;

interface ChildHandlers {
  readonly appeared: (name: string) => void;
  readonly vanished: (name: string) => void;
}

/**
 * The directories of one directory that have certain names, as they come and go: by inotify, and by
 * `refresh` where that fails or loses something. One that is removed and made anew under its name, however quickly, is
 * another one: told by its inode.
 */
export class ChildDirectories {
  readonly #dir: string;
  readonly #isChild: (name: string) => boolean;
  readonly #handlers: ChildHandlers;
  readonly #watchDirectory: WatchDirectory;
  /** Inode by name. */
  readonly #children = new Map<string, bigint>();
  #watcher: FSWatcher | null = null;
  #isClosed = false;

  /** Does nothing before the first `refresh`. */
  constructor(
    dir: string,
    isChild: (name: string) => boolean,
    handlers: ChildHandlers,
    watchDirectory: WatchDirectory,
  ) {
    this.#dir = dir;
    this.#isChild = isChild;
    this.#handlers = handlers;
    this.#watchDirectory = watchDirectory;
  }

  /** Watches the directory if it is not watched yet, and compares what is in it with what was. */
  refresh(): void {
    if (this.#isClosed) return;
    // Before listing, so that nothing can be made in between.
    this.#watcher ??= this.#watchDirectory(this.#dir, (name) => {
      if (name === null) this.#compare();
      else this.check(name);
    });
    this.#compare();
  }

  /** Tells what has become of one name, without waiting for its event. */
  check(name: string): void {
    if (this.#isClosed || !this.#isChild(name)) return;
    const known = this.#children.get(name);
    const inode = inodeOf(join(this.#dir, name));
    if (inode === known) return;
    if (known !== undefined) {
      this.#children.delete(name);
      this.#handlers.vanished(name);
    }
    if (inode !== undefined) {
      this.#children.set(name, inode);
      this.#handlers.appeared(name);
    }
  }

  /** Calls no handler any more. */
  close(): void {
    this.#isClosed = true;
    this.#watcher?.close();
    this.#watcher = null;
    this.#children.clear();
  }

  #compare(): void {
    for (const name of new Set([...this.#children.keys(), ...directoryNames(this.#dir)])) this.check(name);
  }
}

/** The inode of a directory; undefined where there is none. */
function inodeOf(path: string): bigint | undefined {
  try {
    const stat = lstatSync(path, { bigint: true });
    return stat.isDirectory() ? stat.ino : undefined;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV', 'ENOTDIR', 'EACCES')) return undefined;
    throw error;
  }
}
