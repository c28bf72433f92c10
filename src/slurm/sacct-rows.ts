/** No row is nearly as long: what is longer is damage. */
const LONGEST_ROW_CHARS = 1 << 20;

/** What stands between two rows: the id again, a newline, the next row's id. */
const BETWEEN_ROWS = /^(\d{1,16})\n(\d{1,16})$/;
const LAST = /^(\d{1,16})\n?$/;

/**
 * Reads what `sacct -X -P -n` prints, in pieces of any size, of `fields` and JobIDRaw once more, with a delimiter that nobody could
 * write into a name because it is made for the call. Names hold `|`, newlines, anything: a row ends where the id that it began
 * with stands alone before a newline. A row that is not so is passed over and counted.
 */
export class SacctTable<Field extends string, Row> {
  readonly #delimiter: string;
  readonly #fields: readonly Field[];
  readonly #parse: (value: (field: Field) => string) => Row | null;
  #rest = '';
  #cells: string[] = [];
  #unreadable = 0;
  /** Something was passed over: until the next place between rows. */
  #isLost = false;

  /** @param parse makes a row of its cells; null where they cannot be one */
  constructor(
    fields: readonly Field[],
    delimiter: string,
    parse: (value: (field: Field) => string) => Row | null,
  ) {
    this.#fields = fields;
    this.#delimiter = delimiter;
    this.#parse = parse;
  }

  /** Rows passed over so far. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** The rows that this piece completes. */
  push(text: string): Row[] {
    const cells = (this.#rest + text).split(this.#delimiter);
    this.#rest = cells.pop() ?? '';
    const jobs = cells.flatMap((cell) => this.#take(cell));
    if (this.#rest.length > LONGEST_ROW_CHARS) {
      this.#lose();
      // As much as may hold a place between rows that is not whole yet, and a part of the delimiter.
      this.#rest = this.#rest.slice(-64 - this.#delimiter.length);
    }
    return jobs;
  }

  /** The last row. */
  end(): Row[] {
    const id = LAST.exec(this.#rest)?.[1];
    if (this.#rest === '' && this.#cells.length === 0) return [];
    const job = id === undefined ? null : this.#rowEndingWith(id);
    if (job === null && !this.#isLost) this.#unreadable++;
    this.#rest = '';
    return job === null ? [] : [job];
  }

  #take(cell: string): Row[] {
    const between = BETWEEN_ROWS.exec(cell);
    const isEnd = between !== null && (this.#isLost || this.#cells.length >= this.#fields.length);
    if (!isEnd) {
      if (this.#isLost) return [];
      this.#cells.push(cell);
      if (this.#cells.length > this.#fields.length) this.#lose();
      return [];
    }
    const [, id = '', next = ''] = between;
    const job = this.#rowEndingWith(id);
    if (job === null && !this.#isLost) this.#unreadable++;
    this.#isLost = false;
    this.#cells = [next];
    return job === null ? [] : [job];
  }

  #rowEndingWith(id: string): Row | null {
    const cells = this.#cells;
    if (this.#isLost || cells.length !== this.#fields.length || cells[0] !== id) return null;
    const value = (field: Field): string => cells[this.#fields.indexOf(field)] ?? '';
    return this.#parse(value);
  }

  #lose(): void {
    if (!this.#isLost) this.#unreadable++;
    this.#isLost = true;
    this.#cells = [];
  }
}
