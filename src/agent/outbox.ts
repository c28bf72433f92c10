import { describeError } from '../errors';
import type { EitRecord } from '../generated/record';
import type { Spool } from '../ledger/spool';
import type { EventFolder } from './event-folder';
import type { Log } from './log';

/** A run's last line waits this long for others to share its write to the disk. */
const FLUSH_DELAY_MS = 1000;
const RETRY_MS = 10_000;

export interface OutboxParts {
  readonly spool: Spool;
  readonly events: EventFolder;
  readonly log: Log;
  /**
   * Called before lines are written: puts them into the checkpoint, to be written again after a crash. Where it throws,
   * they are not written: an older checkpoint would count their joules again.
   */
  readonly beforeWrite: () => void;
  /** Called when lines are on disk. */
  readonly afterWrite: () => void;
}

/** Lines on their way to the spool, and the event files that may go once those are on disk. */
export class Outbox {
  readonly #parts: OutboxParts;
  #records: EitRecord[] = [];
  #files: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  get records(): readonly EitRecord[] {
    return this.#records;
  }

  get files(): readonly string[] {
    return this.#files;
  }

  get isEmpty(): boolean {
    return this.#records.length === 0;
  }

  add(records: readonly EitRecord[], files: readonly string[]): void {
    this.#records.push(...records);
    this.#files.push(...files);
  }

  /** Writes within a second. */
  flushSoon(): void {
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_DELAY_MS);
  }

  /** Writes now: the checkpoint first, then the lines, then the events that led to them go. */
  flush(): void {
    const { spool, log } = this.#parts;
    this.cancel();
    try {
      this.#parts.beforeWrite();
      for (const { reason } of spool.write(this.#records)) {
        log(
          'error',
          `EIT_RECORD_INVALID: a record does not fit its schema and was set aside in the spool: ${reason}`,
        );
      }
    } catch (error) {
      log('error', `${describeError(error)}; kept in memory and tried again`);
      this.#timer = setTimeout(() => this.flush(), RETRY_MS);
      return;
    }
    this.#records = [];
    this.#files = this.#files.filter((file) => !this.#isRemoved(file));
    this.#parts.afterWrite();
  }

  /** What stays is tried again with the next lines; the checkpoint tells the next agent that it has been seen to. */
  #isRemoved(file: string): boolean {
    const { events, log } = this.#parts;
    try {
      events.remove(file);
      return true;
    } catch (error) {
      log('warn', `the event ${file} cannot be removed: ${String(error)}`);
      return false;
    }
  }

  /** Forgets a write that was to come soon. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
