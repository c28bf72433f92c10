import type { DocumentStream } from './nvidia-smi-run';
import { printable } from './nvidia-smi-values';
import { MOST_ANSWER } from './nvidia-smi-xml';

/** Where a document begins: the declaration can be left out. */
const BEGINNING = /<\?xml\s|<nvidia_smi_log[\s/>]/;
const BEGINNINGS = ['<?xml', '<nvidia_smi_log'];
const END = '</nvidia_smi_log>';

const CLOCKS_BEGIN = '<supported_clocks>';
const CLOCKS_END = '</supported_clocks>';
/** The clocks that a GPU supports, in the one form that drivers have had. */
const CLOCKS =
  /^(?:\s*<(?:\/?supported_mem_clock|value>\d+ MHz<\/value|supported_graphics_clock>\d+ MHz<\/supported_graphics_clock)>)*\s*$/;

const SMALLEST_BUFFER = 64 * 1024;
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
 *
 * The lists of the clocks that each GPU supports are left out: nothing reads them, and of eight GPUs they are 0.43 of 0.52 MB, which
 * cost more to hold than all the rest costs to read. A list of another form is kept; so a name of a process can hide nothing in one but
 * clocks, and is one with markup all the same.
 */
export class NvidiaSmiDocuments {
  readonly #most: number;
  #held = Buffer.alloc(0);
  #length = 0;
  /** Where in what is held a list of clocks begins whose end has not come; null: there is none. */
  #clocksAt: number | null = null;
  /** Of a document that is too long. */
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

  /** @param text the next bytes, cut anywhere, each a character (what is not ASCII is not decoded) */
  push(text: string): void {
    if (text === '') return;
    if (this.#isQuiet && isBeginning(text)) {
      if (this.#length > 0) this.#dropped += 1;
      this.#reset();
    }
    this.#isQuiet = false;
    if (this.#isTooLong) {
      this.#tail = (this.#tail + text.slice(-LONGEST_TAIL)).slice(-LONGEST_TAIL);
      return;
    }
    const from = Math.max(0, this.#length - CLOCKS_END.length);
    this.#hold(text);
    const longest = this.#leaveOutClocks(from);
    if (longest <= this.#most) return;
    this.#dropped += 1;
    this.#tail = this.#text(this.#length - LONGEST_TAIL);
    this.#isTooLong = true;
    this.#held = Buffer.alloc(0);
    this.#length = 0;
  }

  /**
   * To be called when nothing has come for a while, and at the end of all.
   * @returns the document that has come since, if its end has
   */
  settle(): string | null {
    this.#isQuiet = true;
    const tail = this.#isTooLong ? this.#tail : this.#text(this.#length - LONGEST_TAIL);
    const isAtEnd = tail.trimEnd().endsWith(END);
    if (this.#isTooLong) {
      if (isAtEnd) this.#reset();
      return null;
    }
    const text = this.#text();
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

  #hold(text: string): void {
    const length = this.#length + text.length;
    if (length > this.#held.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * length, SMALLEST_BUFFER));
      this.#held.copy(larger, 0, 0, this.#length);
      this.#held = larger;
    }
    this.#held.write(text, this.#length, 'latin1');
    this.#length = length;
  }

  /**
   * What is between the last beginning of a list and the first end after it goes, if it is clocks only.
   * @param from where the first mark that was not all there before can begin
   * @returns how much was held at most, however the bytes came
   */
  #leaveOutClocks(from: number): number {
    let longest = 0;
    /** Up to where what stays has its place, and from where on what follows is yet to be moved there. */
    let [to, moved] = [0, 0];
    const move = (until: number): void => {
      if (to !== moved) this.#held.copyWithin(to, moved, until);
      to += until - moved;
      moved = until;
    };
    for (let at = from; ;) {
      this.#clocksAt ??= this.#findAfter(CLOCKS_BEGIN, at);
      if (this.#clocksAt === null) break;
      const after = this.#findAfter(CLOCKS_END, Math.max(at, this.#clocksAt));
      if (after === null) break;
      const end = after - CLOCKS_END.length;
      const last = this.#held.subarray(this.#clocksAt, end).lastIndexOf(CLOCKS_BEGIN, undefined, 'latin1');
      const begin = this.#clocksAt + (last === -1 ? 0 : last + CLOCKS_BEGIN.length);
      this.#clocksAt = null;
      at = after;
      if (!CLOCKS.test(this.#text(begin, end))) continue;
      move(begin);
      longest = Math.max(longest, to + after - begin);
      moved = end;
    }
    move(this.#length);
    if (this.#clocksAt !== null) this.#clocksAt -= this.#length - to;
    this.#length = to;
    return Math.max(longest, to);
  }

  /** @returns where the next such mark ends */
  #findAfter(mark: string, from: number): number | null {
    const found = this.#held.subarray(from, this.#length).indexOf(mark, 0, 'latin1');
    return found === -1 ? null : from + found + mark.length;
  }

  #text(from = 0, to = this.#length): string {
    return this.#held.toString('latin1', Math.max(0, from), to);
  }

  #outside(): string {
    const text = this.#text();
    const begin = text.search(BEGINNING);
    return begin === -1 ? text : text.slice(0, begin);
  }

  #reset(): void {
    this.#length = 0;
    this.#clocksAt = null;
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

/** As {@link NvidiaSmiRun} wants it. */
export function openDocumentStream(): DocumentStream {
  const documents = new NvidiaSmiDocuments();
  return {
    push: (text) => {
      documents.push(text);
      return [];
    },
    settle: () => [documents.settle()].filter((document) => document !== null),
    get noise() {
      return documents.noise;
    },
  };
}
