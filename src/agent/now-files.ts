import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { isErrno } from '../errors';
import type { NowSnapshot } from '../generated/now';
import type { Log } from './log';
import { nowPaths } from './now-paths';
import { snapshotFor, snapshotForAll } from './now-snapshot';

const execute = promisify(execFile);
const PATH = '/usr/bin:/bin:/usr/sbin:/sbin';
const PATIENCE_MS = 10_000;

/** To whom a snapshot is told. */
export interface NowReaders {
  /** The file with all runs is written. */
  readonly all: boolean;
  /** Everybody may read it. */
  readonly isOpen: boolean;
  /** Users who see their own runs. */
  readonly own: readonly number[];
  /** Users who see all runs. */
  readonly admins: readonly number[];
}

/**
 * The answers, as files of the agent's own: a file that belongs to a user he could fill, and the state folder with it. He reads
 * his by an access list that the folder gives on to what is made in it.
 */
export class NowFiles {
  readonly #paths: ReturnType<typeof nowPaths>;
  readonly #log: Log;
  /** Users with a folder: being made, made, or it could not be. */
  readonly #folders = new Map<number, 'making' | 'made' | 'refused'>();
  /** What is written as soon as there is a folder. */
  readonly #waiting = new Map<number, NowSnapshot>();
  #isWritten = true;

  constructor(stateDir: string, log: Log) {
    this.#paths = nowPaths(stateDir);
    this.#log = log;
  }

  /** @throws the system's error where they cannot be written */
  write(snapshot: NowSnapshot, { all, isOpen, own, admins }: NowReaders): void {
    this.#isWritten = true;
    if (all || isOpen) this.#put(this.#paths.all, snapshot, isOpen ? 0o644 : 0o600);
    for (const uid of own) this.#putFor(uid, snapshotFor(snapshot, uid));
    for (const uid of admins) this.#putFor(uid, snapshot);
    // Last: who finds it newer than what else he may read has nothing else coming.
    this.#put(this.#paths.totals, snapshotForAll(snapshot), 0o644);
  }

  /** Takes the answers away: nobody looks. What an ended agent left goes too. */
  clear(): void {
    if (!this.#isWritten) return;
    this.#isWritten = false;
    this.#folders.clear();
    this.#waiting.clear();
    try {
      for (const name of readdirSync(this.#paths.dir))
        if (name !== 'ask') rmSync(join(this.#paths.dir, name), { recursive: true, force: true });
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
    }
  }

  #putFor(uid: number, snapshot: NowSnapshot): void {
    const path = this.#paths.ofUser(uid);
    const folder = this.#folders.get(uid);
    if (folder === undefined) void this.#makeFolder(uid, dirname(path));
    if (folder === 'made') this.#putOrMakeAnew(uid, path, snapshot);
    else if (folder !== 'refused') this.#waiting.set(uid, snapshot);
  }

  #putOrMakeAnew(uid: number, path: string, snapshot: NowSnapshot): void {
    try {
      this.#put(path, snapshot, 0o640);
    } catch (error) {
      // Somebody took the folder away, such as an agent that left after us: the next answer makes it.
      if (!isErrno(error, 'ENOENT')) throw error;
      this.#folders.delete(uid);
    }
  }

  async #makeFolder(uid: number, dir: string): Promise<void> {
    this.#folders.set(uid, 'making');
    try {
      rmSync(dir, { recursive: true, force: true });
      mkdirSync(dir, { mode: 0o700 });
      const list = `u::rwx,g::-,o::-,u:${uid}:r-x,d:u::rw,d:g::-,d:o::-,d:u:${uid}:r`;
      await execute('setfacl', ['-m', list, dir], { timeout: PATIENCE_MS, env: { PATH, LC_ALL: 'C' } });
      if (!this.#folders.has(uid)) return;
      this.#folders.set(uid, 'made');
      const waiting = this.#waiting.get(uid);
      if (waiting !== undefined) this.#put(this.#paths.ofUser(uid), waiting, 0o640);
      this.#waiting.delete(uid);
    } catch (error) {
      if (!this.#folders.has(uid)) return;
      this.#folders.set(uid, 'refused');
      this.#log(
        'warn',
        `eit top: users cannot be shown their own jobs: setfacl (package acl) fails on ${dir}: ${String(error)}`,
      );
    }
  }

  #put(path: string, snapshot: NowSnapshot, mode: number): void {
    const temporary = `${path}.tmp`;
    // One that is left is another's mode.
    rmSync(temporary, { force: true });
    writeFileSync(temporary, `${JSON.stringify(snapshot)}\n`, { mode, flag: 'wx' });
    renameSync(temporary, path);
  }
}
