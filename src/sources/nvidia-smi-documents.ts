import type { DocumentStream } from './nvidia-smi-run';
import { printable } from './nvidia-smi-values';
import { MOST_ANSWER } from './nvidia-smi-xml';

/** Where a document begins: the declaration can be left out. */
const BEGINNING = /<\?xml\s|<nvidia_smi_log[\s/>]/;
const BEGINNINGS = ['<?xml', '<nvidia_smi_log'];
const END = '</nvidia_smi_log>';

/** The end of a document with some white space behind it. */
const LONGEST_TAIL = 64;
/** Most of a line outside documents that is looked at. */
const MOST_NOISE = 200;

/**
 * Cuts what `nvidia-smi -q -x` prints in its loop mode (`-lms N`) into documents. Names of processes stand in them as they are, and a
 * user can give one any text, an end and a new beginning too: so no mark ends a document, but an end that nothing follows.
 * nvidia-smi prints a document at once and then sleeps, while what follows a mark in a name comes in the same moment. Who reads
 * calls {@link settle} when nothing has come for a while. What came in between is one document, from its first beginning to its last
 * end; the parser finds what in it is no user's text (nvidia-smi-cut.ts). No more than one document is held.
 */
export class NvidiaSmiDocuments {
  readonly #most: number;
  #chunks: string[] = [];
  #length = 0;
  #tail = '';
  /** Nothing had come for a while: what comes now is no part of a name. */
  #isQuiet = true;
  /** Whether nothing of the document is held any more. It is gone through to its end all the same. */
  #isTooLong = false;
  #noise: string | null = null;
  #dropped = 0;

  /** @param most longest document that is held, in bytes */
  constructor(most = MOST_ANSWER) {
    this.#most = most;
  }

  /**
   * The first line that was said outside documents, after the last one or else right before it: as when nvidia-smi tells which GPU is
   * lost. Printable; null where there was none.
   */
  get noise(): string | null {
    return this.#length === 0 ? this.#noise : (firstOf(this.#outside()) ?? this.#noise);
  }

  /** How many documents had a beginning and no end, or were too long. */
  get dropped(): number {
    return this.#dropped;
  }

  /** How many bytes are held of a document whose end has not come. */
  get heldBytes(): number {
    return this.#length;
  }

  /** @param chunk the next bytes, cut anywhere; each becomes a character (what is not ASCII is not decoded) */
  push(chunk: Uint8Array): void {
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
    if (text === '') return;
    if (this.#isQuiet && isBeginning(text)) {
      if (this.#length > 0) this.#dropped += 1;
      this.#reset();
    }
    this.#isQuiet = false;
    this.#tail = (this.#tail + text).slice(-LONGEST_TAIL);
    if (this.#isTooLong) return;
    this.#length += text.length;
    if (this.#length <= this.#most) {
      this.#chunks.push(text);
      return;
    }
    this.#dropped += 1;
    this.#isTooLong = true;
    this.#chunks = [];
    this.#length = 0;
  }

  /**
   * To be called when nothing has come for a while, and at the end of all.
   * @returns the document that has come since, if its end has
   */
  settle(): string | null {
    this.#isQuiet = true;
    const isAtEnd = this.#tail.trimEnd().endsWith(END);
    if (this.#isTooLong) {
      if (isAtEnd) this.#reset();
      return null;
    }
    const text = this.#chunks.join('');
    this.#chunks = text === '' ? [] : [text];
    const begin = text.search(BEGINNING);
    if (begin === -1) {
      if (endsInBeginning(text)) return null;
      // Words between documents, or what is left of one that was cut.
      this.#noise = firstOf(text) ?? this.#noise;
      this.#reset();
      return null;
    }
    if (!isAtEnd) return null;
    this.#noise = firstOf(text.slice(0, begin));
    this.#reset();
    return text.slice(begin).trimEnd();
  }

  #outside(): string {
    const text = this.#chunks.join('');
    const begin = text.search(BEGINNING);
    return begin === -1 ? text : text.slice(0, begin);
  }

  #reset(): void {
    this.#chunks = [];
    this.#length = 0;
    this.#tail = '';
    this.#isTooLong = false;
  }
}

/** Whether its end may be the first part of a beginning. */
function endsInBeginning(text: string): boolean {
  const at = text.lastIndexOf('<');
  return at !== -1 && BEGINNINGS.some((mark) => mark.startsWith(text.slice(at, at + 20)));
}

/** Whether it begins as a document does. */
function isBeginning(text: string): boolean {
  const start = text.trimStart();
  return BEGINNINGS.some((mark) => start.startsWith(mark));
}

function firstOf(text: string): string | null {
  const [line = ''] = text.trimStart().slice(0, MOST_NOISE).split('\n');
  return line.trim() === '' ? null : printable(line.trim(), MOST_NOISE);
}

/** The same for text, as a terminal gives it. */
export function openDocumentStream(): DocumentStream {
  const documents = new NvidiaSmiDocuments();
  return {
    push: (text) => {
      documents.push(Buffer.from(text));
      return [];
    },
    settle: () => [documents.settle()].filter((document) => document !== null),
    get noise() {
      return documents.noise;
    },
  };
}
