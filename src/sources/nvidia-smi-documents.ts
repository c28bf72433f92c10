import { printable } from './nvidia-smi-values';
import { MOST_ANSWER } from './nvidia-smi-xml';

/** Where a document begins and ends, and the name of a process in it: that is a user's text, and nothing in it counts. */
const MARKS = /<(?:\?xml\s|nvidia_smi_log[\s/>]|\/nvidia_smi_log>|process_name>|supported_clocks>)/g;
/** In the name of a process: its end, or a new document after one that was cut off there. */
const MARKS_IN_NAME = /<\/process_name>|\n<\?xml\s/g;
/** In a list of clocks: its end, or what cannot be in one. */
const MARKS_IN_CLOCKS = /<(?:\/supported_clocks>|\?xml\s|\/?nvidia_smi_log[\s/>])/g;
const LONGEST_MARK = '</supported_clocks>'.length;

/** The clocks that a GPU supports, in the one form that drivers have had. */
const CLOCKS =
  /^(?:\s*<(?:\/?supported_mem_clock|value>\d+ MHz<\/value|supported_graphics_clock>\d+ MHz<\/supported_graphics_clock)>)*\s*$/;

const SMALLEST_BUFFER = 64 * 1024;
/** Most of a line outside documents that is looked at. */
const MOST_NOISE = 200;

/** Whether what comes belongs to no document, to one, or to the name of a process or a list of clocks in one. */
type Place = 'outside' | 'document' | 'name' | 'clocks';

/**
 * Cuts what `nvidia-smi -q -x` prints in its loop mode (`-lms N`) into documents, as it comes in. They follow one another, at times with
 * other text between them. A document in which another begins has lost its end, and is dropped; so is one that is too long. Each byte
 * is looked at once, and no more than one document is held.
 *
 * The lists of the clocks that each GPU supports are left out: nothing reads them, and of eight GPUs they are 0.43 of 0.52 MB, which
 * cost more to hold than all the rest costs to read. A list of another form is kept.
 */
export class NvidiaSmiDocuments {
  readonly #most: number;
  #held = Buffer.alloc(0);
  #length = 0;
  /** The end of what came in where it could be the beginning of a mark. */
  #unsure = '';
  #place: Place = 'outside';
  #hasRoot = false;
  /** Of a list of clocks whose end has not come. */
  #clocks = '';
  /** Whether nothing of the document is held any more. It is gone through to its end all the same. */
  #isTooLong = false;
  #line = '';
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
    return firstOf(this.#line) ?? this.#noise;
  }

  /** How many documents had a beginning and no end, or were too long. */
  get dropped(): number {
    return this.#dropped;
  }

  /** How many bytes are held of a document whose end has not come. */
  get heldBytes(): number {
    return this.#length + this.#clocks.length + this.#unsure.length;
  }

  /**
   * @param chunk the next bytes, cut anywhere, each a character (what is not ASCII is not decoded)
   * @returns the documents that end in them, in their order
   */
  push(chunk: string): string[] {
    const text = this.#unsure + chunk;
    const documents: string[] = [];
    let from = 0;
    for (;;) {
      const marks =
        this.#place === 'name' ? MARKS_IN_NAME : this.#place === 'clocks' ? MARKS_IN_CLOCKS : MARKS;
      marks.lastIndex = from;
      const mark = marks.exec(text);
      if (mark === null) break;
      this.#take(text.slice(from, mark.index));
      from = mark.index + mark[0].length;
      const document = this.#pass(mark[0]);
      if (document !== null) documents.push(document);
    }
    const unsure = beginningOfMark(text, from, this.#place);
    this.#take(text.slice(from, unsure));
    this.#unsure = text.slice(unsure);
    return documents;
  }

  /** @returns the document that ends with this mark, or null */
  #pass(mark: string): string | null {
    if (this.#place === 'clocks') this.#endClocks();
    const isDeclaration = mark.includes('<?xml');
    if (isDeclaration || mark.startsWith('<nvidia_smi_log')) {
      const isRootOfBegun = !isDeclaration && this.#place === 'document' && !this.#hasRoot;
      if (!isRootOfBegun) this.#begin();
      this.#hasRoot = !isDeclaration;
      this.#take(mark.trimStart());
      return null;
    }
    if (mark === '</nvidia_smi_log>' && this.#place !== 'outside') return this.#end(mark);
    if (mark === '<process_name>' && this.#place === 'document') this.#place = 'name';
    else if (mark === '</process_name>') this.#place = 'document';
    this.#take(mark);
    if (mark === '<supported_clocks>' && this.#place === 'document') this.#place = 'clocks';
    return null;
  }

  #endClocks(): void {
    const clocks = this.#clocks;
    this.#clocks = '';
    this.#place = 'document';
    if (!CLOCKS.test(clocks)) this.#take(clocks);
  }

  #begin(): void {
    if (this.#place === 'outside') this.#noise = firstOf(this.#line);
    else if (!this.#isTooLong) this.#dropped += 1;
    this.#line = '';
    this.#length = 0;
    this.#isTooLong = false;
    this.#place = 'document';
  }

  #end(mark: string): string | null {
    this.#take(mark);
    const isWhole = this.#hasRoot && !this.#isTooLong;
    if (!this.#hasRoot && !this.#isTooLong) this.#dropped += 1;
    const document = isWhole ? this.#held.toString('latin1', 0, this.#length) : null;
    this.#place = 'outside';
    this.#length = 0;
    this.#isTooLong = false;
    return document;
  }

  #take(text: string): void {
    if (this.#place === 'outside') this.#line = firstLineOf(this.#line, text);
    else if (this.#isTooLong) return;
    else if (this.#place !== 'clocks') this.#hold(text);
    else if (this.#length + this.#clocks.length + text.length <= this.#most) this.#clocks += text;
    else this.#dropTooLong();
  }

  #hold(text: string): void {
    const length = this.#length + text.length;
    if (length > this.#most) {
      this.#dropTooLong();
      return;
    }
    if (length > this.#held.length) {
      const larger = Buffer.allocUnsafe(Math.min(this.#most, Math.max(2 * length, SMALLEST_BUFFER)));
      this.#held.copy(larger, 0, 0, this.#length);
      this.#held = larger;
    }
    this.#held.write(text, this.#length, 'latin1');
    this.#length = length;
  }

  #dropTooLong(): void {
    this.#isTooLong = true;
    this.#dropped += 1;
    this.#length = 0;
    this.#clocks = '';
    this.#held = Buffer.alloc(0);
  }
}

/** Where a mark could begin that is not all there yet: its `<` is the last, and only in a name a line's end is before that. */
function beginningOfMark(text: string, from: number, place: Place): number {
  const last = text.lastIndexOf('<');
  const begin = last === -1 || text.length - last >= LONGEST_MARK ? text.length : last;
  return Math.max(from, place === 'name' && text[begin - 1] === '\n' ? begin - 1 : begin);
}

/** The first line that says something, of `line` and of what follows it; with its end once that has come. */
function firstLineOf(line: string, text: string): string {
  if (line.endsWith('\n') || line.length >= MOST_NOISE) return line;
  const said = (line + text).trimStart();
  const end = said.indexOf('\n');
  return said.slice(0, Math.min(MOST_NOISE, end === -1 ? said.length : end + 1));
}

function firstOf(line: string): string | null {
  return line.trim() === '' ? null : printable(line.trim(), MOST_NOISE);
}
