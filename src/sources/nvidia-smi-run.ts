import { describeError } from '../errors';
import { firstLine } from './dcmi-text';
import type { ProgramEnd, RunningProgram, StartProgram } from './nvidia-smi-terminal';

/** Far more than 16 GPUs need: who writes as much without an end is not the program it is taken for. */
const MOST_DOCUMENT_CHARS = 16 * 1024 * 1024;
/** Complaints come before the XML, a line a GPU; who writes as much without a `<` writes no XML at all. */
const MOST_CHARS_BEFORE_XML = 4096;
/** Of what is not XML, as much is kept for a message. */
const MOST_COMPLAINT_CHARS = 4096;

/** Cuts the XML documents out of a stream of text, with bounded memory. */
export interface DocumentStream {
  /** The documents that this piece of text completes for sure; each character is a byte. */
  push(text: string): string[];
  /** Nothing has come for a while, or nothing will: the documents that are complete with that. */
  settle?(): string[];
  /** The first line of text outside documents; null: there was none. */
  readonly noise: string | null;
}

export interface RunParts {
  readonly start: StartProgram;
  readonly path: string;
  readonly args: readonly string[];
  readonly documents: DocumentStream;
  /** CLOCK_MONOTONIC, ns. */
  readonly now: () => bigint;
  /** How long the first document may take (the driver may have to be initialised), and each after it (ms). */
  readonly firstMs: number;
  readonly quietMs: number;
  /** After so long without anything (ms) a document is complete: less than between two of them. */
  readonly settleMs: number;
  /** @param monoNs when its first bytes came */
  readonly onDocument: (xml: string, monoNs: bigint) => void;
  /** It is not waited for any more, and has not ended yet. Not for text: that may be what it was asked for. */
  readonly onGiveUp: (reason: string) => void;
  readonly onEnd: (end: RunEnd) => void;
}

export interface RunEnd extends ProgramEnd {
  readonly documents: number;
  /** Why its answer was not waited for any more; null: it ended by itself. */
  readonly gaveUp: string | null;
  /** It was let go before, for no fault of its own. */
  readonly isLetGo: boolean;
  /** It printed a lot of text, and no XML. */
  readonly isText: boolean;
  /** What it said outside documents. */
  readonly complaint: string;
}

/**
 * One process of nvidia-smi, from its start to its end.
 *
 * A document's time is that of its first bytes. The GPUs are read while it is printed, so the first bytes are early by
 * less than that takes; the last are late by as long as this process was kept from reading, since the terminal holds
 * only some KB of them.
 */
export class NvidiaSmiRun {
  readonly #parts: RunParts;
  readonly #program: RunningProgram;
  #watch: NodeJS.Timeout;
  #settling: NodeJS.Timeout | undefined;
  #documents = 0;
  #chars = 0;
  /** The head of what it has printed, as long as that holds no document, and of stderr. */
  #text = '';
  #complaint = '';
  #isText = false;
  #firstBytesNs: bigint | null = null;
  #gaveUp: string | null = null;
  #isLetGo = false;

  /** @throws whatever keeps the program from being started */
  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#watch = this.#watchFor(parts.firstMs);
    try {
      this.#program = parts.start(parts.path, parts.args, {
        onText: (text) => this.#read(text),
        onComplaint: (text) => {
          this.#complaint = join(this.#complaint, text);
        },
        onEnd: (end) => this.#end(end),
      });
    } catch (error) {
      clearTimeout(this.#watch);
      throw error;
    }
  }

  get pid(): number | undefined {
    return this.#program.pid;
  }

  /** Kills it and reads no more of it; its end is still told. */
  letGo(): void {
    this.#isLetGo = true;
    clearTimeout(this.#watch);
    clearTimeout(this.#settling);
    this.#program.kill();
    this.#program.letGo();
  }

  #watchFor(ms: number): NodeJS.Timeout {
    const { path } = this.#parts;
    return setTimeout(
      () => this.#giveUp(`${path} gave no answer for ${ms / 1000} s and was killed`),
      ms,
    ).unref();
  }

  #read(text: string): void {
    if (this.#isLetGo) return;
    if (this.#firstBytesNs === null && text.includes('<')) this.#firstBytesNs = this.#parts.now();
    if (this.#documents === 0) this.#text = join(this.#text, text);

    this.#chars += text.length;
    const { documents, settleMs } = this.#parts;
    this.#handOn(this.#split(() => documents.push(text)));
    this.#checkSize();
    clearTimeout(this.#settling);
    if (this.#isLetGo) return;
    this.#settling = setTimeout(() => this.#settle(), settleMs).unref();
  }

  #settle(): void {
    const { documents } = this.#parts;
    if (!this.#isLetGo) this.#handOn(this.#split(() => documents.settle?.() ?? []));
  }

  #handOn(documents: readonly string[]): void {
    if (documents.length === 0) return;
    const monoNs = this.#firstBytesNs ?? this.#parts.now();
    this.#firstBytesNs = null;
    this.#chars = 0;
    clearTimeout(this.#watch);
    if (!this.#isLetGo) this.#watch = this.#watchFor(this.#parts.quietMs);
    this.#documents += documents.length;
    this.#text = '';
    for (const document of documents) if (!this.#isLetGo) this.#parts.onDocument(document, monoNs);
  }

  #split(split: () => string[]): string[] {
    try {
      return split();
    } catch (error) {
      const { path } = this.#parts;
      this.#giveUp(
        `${path} wrote what cannot be split into documents (${describeError(error)}) and was killed`,
      );
      return [];
    }
  }

  #checkSize(): void {
    const { path } = this.#parts;
    if (this.#chars > MOST_DOCUMENT_CHARS) {
      this.#giveUp(`${path} wrote ${MOST_DOCUMENT_CHARS / 1024 / 1024} MiB without an end and was killed`);
    } else if (this.#documents === 0 && this.#firstBytesNs === null && this.#chars > MOST_CHARS_BEFORE_XML) {
      this.#isText = true;
      this.#giveUp(`${path} writes text instead of XML, ${firstLine(this.#text)}, and was killed`);
    }
  }

  #giveUp(reason: string): void {
    if (this.#isLetGo) return;
    this.#gaveUp = reason;
    this.letGo();
    if (!this.#isText) this.#parts.onGiveUp(reason);
  }

  #end(end: ProgramEnd): void {
    clearTimeout(this.#settling);
    this.#settle();
    clearTimeout(this.#watch);
    this.#parts.onEnd({
      ...end,
      documents: this.#documents,
      gaveUp: this.#gaveUp,
      isLetGo: this.#isLetGo && this.#gaveUp === null,
      isText: this.#isText,
      complaint: this.#complaint || this.#parts.documents.noise || this.#text,
    });
  }
}

/** Both, without carriage returns, up to the length of what is kept. */
function join(kept: string, text: string): string {
  return kept + text.slice(0, MOST_COMPLAINT_CHARS - kept.length).replaceAll('\r', '');
}
