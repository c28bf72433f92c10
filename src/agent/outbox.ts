import { describeError } from '../errors';
import type { EitRecord } from '../generated/record';
import { type DurableWork, finish, finishNow } from '../ledger/durable';
import { isAnythingLost, pruningText } from '../ledger/pruned';
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
  readonly beforeWrite: () => DurableWork<void>;
  /** Called when lines are on disk. */
  readonly afterWrite: () => void;
}

/** Lines on their way to the spool, and the event files that may go once those are on disk. */
export class Outbox {
  readonly #parts: OutboxParts;
  /** Those that are being written stay until they are on disk. */
  #records: EitRecord[] = [];
  #files: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isWriting = false;
  #written: Promise<void> = Promise.resolve();
  /** There is more to write as soon as what is being written is on disk. */
  #isDueAgain = false;
  /** What went wrong at the last write; null: nothing. */
  #trouble: string | null = null;
  /** Why the spool could not be tidied last; null: it could. */
  #untidy: string | null = null;
  readonly #closing = new AbortController();

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

  get isWriting(): boolean {
    return this.#isWriting;
  }

  add(records: readonly EitRecord[], files: readonly string[]): void {
    this.#records.push(...records);
    this.#files.push(...files);
  }

  /** Writes within a second. */
  flushSoon(): void {
    this.#flushAfter(FLUSH_DELAY_MS);
  }

  /** Begins to write now: the checkpoint first, then the lines, then the events that led to them go. */
  flush(): void {
    this.#cancel();
    this.#isDueAgain = this.#isWriting;
    if (this.#isWriting || this.#closing.signal.aborted) return;
    this.#isWriting = true;
    this.#written = this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    try {
      await finish(this.#write(), this.#closing.signal);
    } catch (error) {
      this.#parts.log('error', `EIT_SPOOL: ${describeError(error)}`);
      this.#flushAfter(RETRY_MS);
    } finally {
      this.#isWriting = false;
    }
    if (this.#isDueAgain) this.flush();
  }

  /** The same, waiting for the disk. Only while nothing is being written. */
  flushNow(): void {
    this.#cancel();
    finishNow(this.#write());
  }

  /** Ends when nothing is being written any more. */
  async settled(): Promise<void> {
    while (this.#isWriting) await this.#written;
  }

  *#write(): DurableWork<void> {
    const { spool, log } = this.#parts;
    const records = [...this.#records];
    const files = [...this.#files];
    try {
      yield* this.#parts.beforeWrite();
      for (const { reason } of yield* spool.write(records)) {
        log(
          'error',
          `EIT_RECORD_INVALID: a record does not fit its schema and was set aside in the spool: ${reason}`,
        );
      }
    } catch (error) {
      const trouble = describeError(error);
      // Said once, not at each try.
      if (trouble !== this.#trouble) log('error', `${trouble}; kept in memory and tried again`);
      this.#trouble = trouble;
      this.#flushAfter(RETRY_MS);
      return;
    }
    if (this.#trouble !== null) log('info', 'records are written again');
    this.#trouble = null;
    // More may have come in the meantime.
    this.#records = this.#records.slice(records.length);
    const removed = new Set(files.filter((file) => this.#isRemoved(file)));
    this.#files = this.#files.filter((file) => !removed.has(file));
    this.#parts.afterWrite();
    yield* this.#tidySpool();
  }

  /** What was written is written; a spool that cannot be tidied only grows. */
  *#tidySpool(): DurableWork<void> {
    const { spool, log } = this.#parts;
    try {
      const gone = yield* spool.tidy();
      this.#untidy = null;
      if (gone === null || !isAnythingLost(gone)) return;
      const level = gone.energyLines + gone.refusedLines > 0 ? 'error' : 'warn';
      log(level, `the spool is larger than spool_max_mb: not carried over and gone: ${pruningText(gone)}`);
    } catch (error) {
      const text = describeError(error);
      if (this.#untidy !== text) log('warn', `the spool cannot be tidied: ${text}`);
      this.#untidy = text;
    }
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

  /**
   * Writes no more, and does not finish what is being written: another agent may have begun, whose checkpoint and spool these
   * are then.
   */
  close(): void {
    this.#cancel();
    this.#closing.abort();
  }

  #flushAfter(ms: number): void {
    if (!this.#closing.signal.aborted) this.#timer ??= setTimeout(() => this.flush(), ms);
  }

  #cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
