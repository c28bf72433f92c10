import { EitError } from '../errors';

/** Deeper than any document of ours; what goes on and on into itself is an attack. */
const MOST_DEPTH = 32;

/** Longer tags are looked at anew each time. */
const MOST_PLAIN = 80;

/** An opening tag from its `<` on. An attribute holds no `<`, so a quote left open cannot swallow the tags after it. */
const OPENING =
  /<([A-Za-z_][\w.:-]{0,127})(?:\s+[\w.:-]{1,128}\s*=\s*(?:"[^"<]{0,1024}"|'[^'<]{0,1024}'))*\s*(\/?)>/y;
const CLOSING = /<\/([\w.:-]{1,128})\s*>/y;
/** The only form that is taken: without declarations of its own, from which entities would come. */
const DOCTYPE = /<!DOCTYPE\s+[\w.:-]{1,128}(?:\s+(?:SYSTEM|PUBLIC)(?:\s+"[^"<]{0,1024}"){1,2})?\s*>/y;
const ASIDES = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
] as const;

/** `aside`: a comment, a CDATA section or a processing instruction. */
export type XmlToken = 'open' | 'empty' | 'close' | 'aside';

/**
 * Goes through the tags of an XML document, one after the other, in time that grows with its length only. It knows what matters for
 * cutting sections out of one: which tags are open, and that they close in order. Declarations of entities are refused; text is
 * not looked at.
 * https://www.w3.org/TR/xml/
 */
export class XmlScanner {
  /** The names of the elements that are open; for `open` with the new one, for `close` and `empty` without it. */
  readonly open: string[] = [];
  /** The tag last found: its name, where it begins, and where what follows it does. */
  name = '';
  start = 0;
  end = 0;
  readonly #xml: string;
  /** Names of tags without attributes that were found to be of the right form: most come again and again. */
  readonly #plain = new Set<string>();

  constructor(xml: string, start: number) {
    this.#xml = xml;
    this.end = start;
  }

  /**
   * @returns the kind of the next tag; null after the last
   * @throws EitError EIT_NVIDIA_SMI where it is no well-formed XML, declares entities or is too deep
   */
  next(): XmlToken | null {
    this.start = this.#xml.indexOf('<', this.end);
    if (this.start === -1) {
      const inner = this.open.at(-1);
      if (inner !== undefined) throw malformed(`it ends within <${inner}>`);
      return null;
    }
    const after = this.#xml[this.start + 1];
    if (after === '/') return this.#close();
    if (after === '!' || after === '?') return this.#aside();
    return this.#begin();
  }

  /**
   * Goes on after the next `text`, whatever stands before it.
   * @returns what was passed over, without `text`
   * @throws EitError EIT_NVIDIA_SMI where it does not come any more
   */
  skipPast(text: string): string {
    const found = this.#xml.indexOf(text, this.end);
    if (found === -1) throw malformed(`it ends before ${text}`);
    const passed = this.#xml.slice(this.end, found);
    this.end = found + text.length;
    return passed;
  }

  #begin(): 'open' | 'empty' {
    const end = this.#xml.indexOf('>', this.start);
    let name = end === -1 || end - this.start > MOST_PLAIN ? '' : this.#xml.slice(this.start + 1, end);
    if (this.#plain.has(name)) {
      this.end = end + 1;
    } else {
      const [tag = '', found = '', slash] = this.#match(OPENING) ?? [];
      if (tag === '') throw malformed('a tag is not of the form of one');
      if (found === name) this.#plain.add(name);
      name = found;
      this.end = this.start + tag.length;
      if (slash === '/') {
        this.name = name;
        return 'empty';
      }
    }
    this.name = name;
    if (this.open.length >= MOST_DEPTH) throw malformed(`its tags are more than ${MOST_DEPTH} deep`);
    this.open.push(name);
    return 'open';
  }

  #close(): 'close' {
    const name = this.open.pop() ?? '';
    const afterName = this.start + 2 + name.length;
    // What almost every closing tag is needs no expression to be found.
    const isPlain = this.#xml[afterName] === '>' && this.#xml.startsWith(name, this.start + 2);
    const [tag, found] = isPlain ? [] : (this.#match(CLOSING) ?? []);
    if (name === '' || (!isPlain && found !== name)) {
      throw malformed('its tags do not close in the order in which they open');
    }
    this.name = name;
    this.end = isPlain ? afterName + 1 : this.start + (tag?.length ?? 0);
    return 'close';
  }

  #aside(): 'aside' {
    this.name = '';
    for (const [opening, closing] of ASIDES) {
      if (!this.#xml.startsWith(opening, this.start)) continue;
      this.end = this.start + opening.length;
      this.skipPast(closing);
      return 'aside';
    }
    const [doctype] = (this.open.length === 0 && this.#match(DOCTYPE)) || [];
    if (doctype === undefined) throw malformed('it has declarations of its own');
    this.end = this.start + doctype.length;
    return 'aside';
  }

  #match(form: RegExp): RegExpExecArray | null {
    form.lastIndex = this.start;
    return form.exec(this.#xml);
  }
}

function malformed(what: string): EitError {
  return new EitError('EIT_NVIDIA_SMI', `the answer of nvidia-smi is not the XML that it should be: ${what}`);
}
