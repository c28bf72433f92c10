import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { EitError, isErrno } from '../errors';
import { parseHookEvent } from '../slurm/hook-event';
import type { FiledEvent } from './runs';

const EVENT_NAME = /^(?:prolog|epilog)\.\d+\.\d+\.\d+$/;
/** A hook that was killed in mid-write leaves its temporary file; one this old is no longer being written. */
const STALE_TEMPORARY_MS = 600_000;
/** Far above what the hooks write; a larger file is none of theirs. */
const LARGEST_EVENT_BYTES = 1 << 20;

/** An event file that is none, and why. */
export interface RefusedEvent {
  readonly file: string;
  readonly error: EitError;
}

/** The folder into which the hooks move their event files. They stay until what they led to is on disk. */
export class EventFolder {
  readonly dir: string;
  readonly #refusedDir: string;

  constructor(stateDir: string) {
    this.dir = join(stateDir, 'events');
    this.#refusedDir = join(stateDir, 'refused-events');
    mkdirSync(this.dir, { recursive: true, mode: 0o700 });
  }

  /**
   * The events whose files are not known, oldest first. Files that are no events are set aside and returned as refused.
   * @param knownFiles asked only where there are files: mostly there is none
   */
  readNew(knownFiles: () => ReadonlySet<string>): { events: FiledEvent[]; refused: RefusedEvent[] } {
    const events: FiledEvent[] = [];
    const refused: RefusedEvent[] = [];
    let known: ReadonlySet<string> | null = null;
    for (const file of readdirSync(this.dir)) {
      if (file.startsWith('.tmp.')) this.#removeStale(file);
      if (!EVENT_NAME.test(file) || (known ??= knownFiles()).has(file)) continue;
      try {
        events.push(this.#read(file));
      } catch (error) {
        if (isErrno(error, 'ENOENT')) continue;
        refused.push({ file, error: this.#setAside(file, error) });
      }
    }
    // Within the clock's resolution a job's prolog comes before its epilog.
    events.sort(
      (a, b) => a.atMs - b.atMs || Number(a.event.hook === 'epilog') - Number(b.event.hook === 'epilog'),
    );
    return { events, refused };
  }

  remove(file: string): void {
    rmSync(join(this.dir, basename(file)), { force: true });
  }

  #read(file: string): FiledEvent {
    const path = join(this.dir, file);
    const { mtimeMs, size } = statSync(path);
    if (size > LARGEST_EVENT_BYTES) throw new EitError('EIT_HOOK_EVENT', `is ${size} bytes long`);
    return { file, atMs: mtimeMs, event: parseHookEvent(readFileSync(path)) };
  }

  #removeStale(file: string): void {
    const path = join(this.dir, file);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats !== undefined && Date.now() - stats.mtimeMs > STALE_TEMPORARY_MS) rmSync(path, { force: true });
  }

  #setAside(file: string, cause: unknown): EitError {
    mkdirSync(this.#refusedDir, { recursive: true, mode: 0o700 });
    renameSync(join(this.dir, file), join(this.#refusedDir, file));
    const why = cause instanceof Error ? cause.message : String(cause);
    return new EitError(
      'EIT_HOOK_EVENT',
      `${join(this.dir, file)} ${why}; set aside in ${this.#refusedDir}`,
      { cause },
    );
  }
}
