import { type FSWatcher, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { directoryNames } from '../slurm/cgroup-names';
import type { WatchFailures } from './watch-failures';

/**
 * Watches one directory (not what is below it). The listener gets the name of the entry that was made, removed or written to,
 * null where the system does not tell.
 * @returns null where the directory is gone or cannot be watched
 */
export type WatchDirectory = (dir: string, listener: (name: string | null) => void) => FSWatcher | null;

/** What directories are watched with. */
export interface DirectoryContext {
  readonly watchDirectory: WatchDirectory;
  readonly failures: WatchFailures;
}

interface ChildHandlers {
  /** Which directories are meant. */
  readonly isChild: (name: string) => boolean;
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
  readonly #handlers: ChildHandlers;
  readonly #context: DirectoryContext;
  /** Inode by name. */
  readonly #children = new Map<string, bigint>();
  /** Of the directory itself; null before it was seen. */
  #inode: bigint | null = null;
  /** The directory's state when all of it was compared; null where something has changed since. */
  #state: string | null = null;
  #watcher: FSWatcher | null = null;
  #isClosed = false;

  /** Does nothing before the first `refresh`. */
  constructor(dir: string, handlers: ChildHandlers, context: DirectoryContext) {
    this.#dir = dir;
    this.#handlers = handlers;
    this.#context = context;
  }

  /**
   * Watches the directory if it is not watched yet, and compares what is in it with what was, where its state is another
   * (see ScopeListing). One child that goes while another comes, both without an event, leaves that as it was: whoever finds
   * the one gone calls `check`, and the next `refresh` compares all.
   * @returns false where the directory is gone, or is not the one that it was: nothing is compared then
   * @throws the system's error
   */
  refresh(): boolean {
    if (this.#isClosed) return true;
    // Before the look, so that nothing can be made in between.
    this.#watcher ??= this.#context.watchDirectory(this.#dir, (name) => {
      if (name === null) this.#compare();
      else this.check(name);
    });
    const look = lookAt(this.#dir);
    if (look === undefined) return false;
    this.#inode ??= look.inode;
    if (look.inode !== this.#inode) return false;
    // What changes while it is compared changes the state once more.
    if (look.state !== this.#state) this.#state = this.#compare() ? look.state : null;
    return true;
  }

  /**
   * Whether nothing has come or gone since all was compared: costs less than to `refresh`.
   * @throws the system's error
   */
  isCurrent(): boolean {
    return this.#state !== null && lookAt(this.#dir)?.state === this.#state;
  }

  /** Tells what has become of one name, without waiting for its event. @throws the system's error */
  check(name: string): void {
    if (this.#isClosed || !this.#handlers.isChild(name)) return;
    const known = this.#children.get(name);
    let inode = lookAt(join(this.#dir, name))?.inode;
    if (inode === known) return;
    this.#state = null;
    // In a directory that was made anew it is no child of this one.
    if (lookAt(this.#dir)?.inode !== this.#inode) inode = undefined;
    if (known !== undefined) {
      this.#children.delete(name);
      this.#handlers.vanished(name);
    }
    if (inode !== undefined) {
      this.#children.set(name, inode);
      this.#handlers.appeared(name);
    }
  }

  /** After `refresh` found another directory, or none: watches what is there now, and compares it with what was. */
  renew(): void {
    this.#watcher?.close();
    this.#watcher = null;
    this.#inode = null;
    this.#state = null;
    if (!this.refresh()) this.#compare();
  }

  /** The directory is gone, and all that was in it, whatever has its name now. Calls no handler after this. */
  end(): void {
    const names = [...this.#children.keys()];
    this.close();
    for (const name of names) this.#handlers.vanished(name);
  }

  /** Calls no handler any more. */
  close(): void {
    this.#isClosed = true;
    this.#watcher?.close();
    this.#watcher = null;
    this.#children.clear();
  }

  /** @returns false where something could not be compared: one bad child does not cost the others */
  #compare(): boolean {
    let isWhole = true;
    for (const name of new Set([...this.#children.keys(), ...directoryNames(this.#dir)])) {
      isWhole = this.#context.failures.attempt(this.#dir, () => this.check(name)) && isWhole;
    }
    return isWhole;
  }
}

/** `state` changes with each directory that is made or removed in this one; undefined where there is none. */
function lookAt(path: string): { inode: bigint; state: string } | undefined {
  try {
    const stat = lstatSync(path, { bigint: true });
    return stat.isDirectory() ? { inode: stat.ino, state: `${stat.nlink} ${stat.mtimeNs}` } : undefined;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV', 'ENOTDIR', 'EACCES')) return undefined;
    throw error;
  }
}
