import type { DuckDBConnection } from '@duckdb/node-api';
import type { EitRecord } from '../generated/record';
import { isAhead } from '../ledger/clock-ahead';
import { fileLines, type LineBytes, textOf } from '../ledger/file-lines';
import { type InboxFile, isStorageGone, openPlain } from '../ledger/inbox-files';
import { parseRecordLine, type SkipReason } from '../ledger/record-line';
import { SequenceSet } from '../ledger/sequence-set';
import { utcMs } from '../ledger/utc-time';
import { ExactSum } from '../runs/exact-sum';
import type { FileModes } from './part';
import { recordUj } from './record-energy';
import { RefusedLines } from './refused-lines';
import { StagedRows } from './staged-rows';
import {
  fileKey,
  takenOf,
  type TakenFile,
  type TakenState,
  type TakenWriter,
  untoldUntilMs,
  writerKey,
} from './taken-state';
import { emptyTaking, type Taking } from './taking';

/** Rows of one taking: what is more is left for the next. */
const MOST_ROWS = 1_000_000;

/** What a taking needs to know. */
export interface TakingOptions {
  /** The cluster's folder. */
  readonly dir: string;
  readonly slotMs: number;
  readonly before: TakenState;
  /** When it is taken: later lines are of clocks that are ahead, and tell not until when data go. */
  readonly nowMs: number;
  readonly modes: FileModes;
  /** Told the bytes taken so far. */
  readonly onProgress?: (bytes: number) => void;
}

/**
 * Reads what inbox files have beyond what was taken before, each record once, and writes it as parts. A half line at a file's end is left for
 * the next time.
 * @returns null where there was nothing
 * @throws EitError EIT_ARCHIVE where what is read back is not what was written; the system's error
 */
export async function takeIn(
  connection: DuckDBConnection,
  files: readonly InboxFile[],
  options: TakingOptions,
): Promise<Taking | null> {
  const intake = new Intake(connection, options);
  for (const file of files) {
    if (intake.rows >= MOST_ROWS) {
      intake.leaveRest();
      break;
    }
    await intake.takeFile(file);
  }
  return intake.finish();
}

/**
 * Takes files in, a piece at a time: as many takings as they need, each in the knowledge of those before it.
 * @param before asked for each: what was taken by then
 * @throws as {@link takeIn}
 */
export async function* takings(
  connection: DuckDBConnection,
  files: readonly InboxFile[],
  options: Omit<TakingOptions, 'before'>,
  before: () => TakenState,
): AsyncGenerator<Taking, void, undefined> {
  for (;;) {
    const taking = await takeIn(connection, files, { ...options, before: before() });
    if (taking === null) return;
    yield taking;
    if (taking.files.size === 0 || !taking.isPart) return;
  }
}

/** What one agent instance wrote: lines come one after another from the same. */
interface Writer {
  readonly host: string;
  readonly instance: string;
  readonly before: SequenceSet | undefined;
  /** See {@link untoldUntilMs}. */
  readonly untoldMs: number;
  /** What is new; undefined: nothing is. */
  now: TakenWriter | undefined;
}

class Intake {
  readonly #options: TakingOptions;
  readonly #staged: StagedRows;
  readonly #refused = new RefusedLines();
  readonly #taking = emptyTaking();
  #writer: Writer | undefined;

  constructor(connection: DuckDBConnection, options: TakingOptions) {
    this.#options = options;
    this.#staged = new StagedRows(connection, options, this.#taking);
  }

  get rows(): number {
    return this.#staged.count;
  }

  leaveRest(): void {
    this.#taking.isPart = true;
  }

  async takeFile(file: InboxFile): Promise<void> {
    const opened = await openPlain(file.path);
    if (typeof opened === 'string' || opened instanceof Error) {
      this.#taking.unread.push({ path: file.path, reason: String(opened) });
      return;
    }
    try {
      const now = await opened.stat();
      const { size } = now;
      const before = takenOf(this.#options.before, file, now);
      // One that became shorter is read anew: what of it was counted is known by its writers.
      const isAnew = before !== undefined && size < before.bytes;
      const taken: TakenFile =
        before === undefined
          ? { bytes: 0, lines: 0, uj: 0n }
          : isAnew
            ? { bytes: 0, lines: 0, uj: 0n, mostLines: Math.max(before.lines, before.mostLines ?? 0) }
            : { ...before };
      if (taken.bytes === size && !isAnew) return;
      const begin = taken.bytes;
      const uj = new ExactSum();
      for await (const { lines, begins, end } of fileLines(opened, begin, size)) {
        for (let i = 0; i < lines.length; i++) {
          const line = lines[i] ?? null;
          const record = this.#recordOf(file, line, begins[i]!);
          if (record === null) continue;
          if (!this.#take(record)) {
            this.#refuse(file, line, begins[i]!, 'too old to tell whether it was counted');
            taken.untoldLines = (taken.untoldLines ?? 0) + 1;
          }
          taken.lines++;
          uj.add(recordUj(record));
        }
        taken.bytes = end;
      }
      taken.uj += uj.value;
      if (taken.bytes === begin && !isAnew) return;
      this.#taking.bytes += taken.bytes - begin;
      this.#taking.files.set(fileKey(file), taken);
      this.#options.onProgress?.(this.#taking.bytes);
    } catch (error) {
      if (!isStorageGone(error)) throw error;
      this.#taking.unread.push({ path: file.path, reason: String(error) });
    } finally {
      await opened.close();
      // A fragment is of one host: its rows are whole when the host's file is.
      await this.#staged.store();
    }
  }

  /** The line's record; null: it is none, and is refused. */
  #recordOf(file: InboxFile, line: LineBytes | null, offset: number): EitRecord | null {
    const parsed = line === null ? { reason: 'line over 1 MB' as const } : parseRecordLine(line);
    if ('record' in parsed) return parsed.record;
    this.#refuse(file, line, offset, parsed.reason);
    return null;
  }

  #refuse(file: InboxFile, line: LineBytes | null, offset: number, reason: SkipReason): void {
    this.#refused.add({ ...file, offset, line: line === null ? null : textOf(line) }, reason);
  }

  /** Adds a record to the rows if it is the first of its name. @returns false where nobody can tell whether it is */
  #take(record: EitRecord): boolean {
    const { seq } = record;
    const toMs = utcMs(record.to);
    const writer = this.#writerOf(record);
    const isKnown = writer.before?.has(seq) === true;
    if (!isKnown && toMs <= writer.untoldMs) return false;
    this.#taking.lines++;
    if (isKnown || !this.#newsOf(writer, toMs).seen.add(seq)) this.#taking.duplicates++;
    else {
      if (!isAhead(toMs, this.#options.nowMs))
        this.#taking.dataUntilMs = Math.max(this.#taking.dataUntilMs ?? 0, toMs);
      this.#staged.add(record);
    }
    return true;
  }

  /** What is new of a writer, with a line that ends then. */
  #newsOf(writer: Writer, toMs: number): TakenWriter {
    const { host, instance, untoldMs } = writer;
    if (writer.now === undefined) {
      writer.now = {
        ...{ lastMs: toMs, takenMs: this.#options.nowMs, seen: new SequenceSet() },
        ...(untoldMs === -Infinity ? {} : { untoldMs }),
      };
      this.#taking.writers.set(writerKey(host, instance), writer.now);
    }
    writer.now.lastMs = Math.max(writer.now.lastMs, toMs);
    return writer.now;
  }

  #writerOf({ host, instance }: EitRecord): Writer {
    const last = this.#writer;
    if (last?.host === host && last.instance === instance) return last;
    const key = writerKey(host, instance);
    const { before: state } = this.#options;
    return (this.#writer = {
      ...{ host, instance, before: state.writers.get(key)?.seen, untoldMs: untoldUntilMs(state, key) },
      now: this.#taking.writers.get(key),
    });
  }

  async finish(): Promise<Taking | null> {
    const taking = this.#taking;
    if (taking.files.size === 0) return taking.unread.length === 0 ? null : taking;
    await this.#staged.write();
    for (const [day, reasons] of this.#refused.counts) taking.refused.set(day, reasons);
    await this.#refused.write(this.#options.dir);
    return taking;
  }
}
