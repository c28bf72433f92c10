import { EitError } from '../errors';
import { visible } from '../config/visible';
import { PickleBytes } from './pickle-bytes';

/** What a pickle holds; tuples and sets are arrays. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly PickleValue[]
  | ReadonlyMap<PickleValue, PickleValue>
  | OpaqueValue;

/** What Python would make by calling something. It is named here and never made: a pickle is a program, and this is its listing. */
export class OpaqueValue {
  /** Module and name, such as `datetime.datetime`. */
  readonly of: string;
  /** What it would be called with. */
  readonly given: readonly PickleValue[];

  constructor(of: string, given: readonly PickleValue[] = []) {
    this.of = of;
    this.given = given;
  }
}

/** A mark of the stack: where a list's items begin. */
const MARK = Symbol('mark');

type Slot = PickleValue | typeof MARK | PickleValue[] | Map<PickleValue, PickleValue>;

/** Files of logs are some 100 kB; what is larger is none. */
export const MOST_PICKLE_BYTES = 64 << 20;

/** Whole numbers of more digits are no measurement; to read one takes time by the square of its length. */
const MOST_NUMBER_BYTES = 256;

/** A byte can make a list of which each takes many: a log's pickle has some thousand values. */
const MOST_VALUES = 2_000_000;

const OPCODE = (character: string): number => character.charCodeAt(0);

/**
 * Reads a pickle of protocol 0 to 5 (https://docs.python.org/3/library/pickletools.html has its opcodes) without executing anything: classes and
 * functions are names, calls are {@link OpaqueValue}. Nothing is copied that a pickle names twice, so it cannot grow beyond its file.
 * @param place named in errors
 * @throws EitError EIT_IMPORT where it is none, is cut off, or claims more than it holds
 */
export function parsePickle(bytes: Uint8Array, place: string): PickleValue {
  if (bytes.length > MOST_PICKLE_BYTES)
    throw new EitError('EIT_IMPORT', `${place}: ${bytes.length} bytes are no pickle of a log`);
  return new PickleReader(new PickleBytes(bytes, place), place).read();
}

class PickleReader {
  readonly #bytes: PickleBytes;
  readonly #place: string;
  readonly #stack: Slot[] = [];
  readonly #memo = new Map<number, Slot>();
  #values = 0;

  constructor(bytes: PickleBytes, place: string) {
    this.#bytes = bytes;
    this.#place = place;
  }

  read(): PickleValue {
    for (;;) {
      const at = this.#bytes.at;
      const code = this.#bytes.byte();
      if (code === OPCODE('.')) {
        const value = this.#pop();
        if (this.#stack.length > 0) throw this.#bytes.fault('values that nothing uses');
        return value;
      }
      const step = STEPS.get(code);
      if (step === undefined)
        throw this.#bytes.fault(`0x${code.toString(16)} is no opcode of protocols 0 to 5`, at);
      step(this, this.#bytes);
    }
  }

  push(value: Slot): void {
    if (++this.#values > MOST_VALUES) throw this.#bytes.fault(`more than ${MOST_VALUES} values`);
    this.#stack.push(value);
  }

  pop(): PickleValue {
    return this.#pop();
  }

  /** POP takes a mark too. */
  drop(): void {
    if (this.#stack.pop() === undefined) throw this.#bytes.fault('an empty stack');
  }

  again(): void {
    this.push(this.#top());
  }

  /** What stands above the last mark, in order; the mark goes with it. */
  popToMark(): PickleValue[] {
    const at = this.#stack.lastIndexOf(MARK);
    if (at < 0) throw this.#bytes.fault('no mark');
    const items = this.#stack.splice(at) as PickleValue[];
    items.shift();
    return items;
  }

  list(): PickleValue[] | null {
    const top = this.#top();
    return Array.isArray(top) ? top : this.#notPlain(top, 'a list');
  }

  map(): Map<PickleValue, PickleValue> | null {
    const top = this.#top();
    return top instanceof Map ? top : this.#notPlain(top, 'a dict');
  }

  remember(index: number): void {
    this.#memo.set(index, this.#top());
  }

  rememberNext(): void {
    this.#memo.set(this.#memo.size, this.#top());
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#bytes.fault(`no value was remembered as ${index}`);
    this.push(value);
  }

  fault(what: string): EitError {
    return this.#bytes.fault(what);
  }

  name(): string {
    const value = this.#pop();
    if (typeof value !== 'string') throw this.#bytes.fault('a name that is no text');
    return value;
  }

  #pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) throw this.#bytes.fault('an empty stack');
    return value;
  }

  #top(): Slot {
    const value = this.#stack.at(-1);
    if (value === undefined || value === MARK) throw this.#bytes.fault('an empty stack');
    return value;
  }

  /** Items of an object that was not made are let go. */
  #notPlain(top: Slot, what: string): null {
    if (top instanceof OpaqueValue) return null;
    throw this.#bytes.fault(`items of what is not ${what} in ${this.#place}`);
  }
}

type Step = (reader: PickleReader, bytes: PickleBytes) => void;

// Frames and the protocol's number tell nothing that is needed.
const HEADS: Readonly<Record<string, Step>> = {
  '0x80': (_, bytes) => bytes.byte(),
  '0x95': (_, bytes) => bytes.length(8),
};

// Numbers.
const NUMBERS: Readonly<Record<string, Step>> = {
  N: (reader) => reader.push(null),
  '0x88': (reader) => reader.push(true),
  '0x89': (reader) => reader.push(false),
  I: (reader, bytes) => {
    const line = bytes.line(MOST_NUMBER_BYTES);
    reader.push(line === '01' ? true : line === '00' ? false : wholeNumber(line, reader));
  },
  L: (reader, bytes) => reader.push(wholeNumber(bytes.line(MOST_NUMBER_BYTES).replace(/L$/, ''), reader)),
  J: (reader, bytes) => reader.push(bytes.int32()),
  K: (reader, bytes) => reader.push(bytes.byte()),
  M: (reader, bytes) => reader.push(bytes.length(2)),
  '0x8a': (reader, bytes) => reader.push(longNumber(bytes.take(bytes.byte()))),
  '0x8b': (reader, bytes) => {
    const size = bytes.int32();
    if (size < 0 || size > MOST_NUMBER_BYTES) throw reader.fault(`a number of ${size} bytes`);
    reader.push(longNumber(bytes.take(size)));
  },
  F: (reader, bytes) => {
    const line = bytes.line(MOST_NUMBER_BYTES);
    const value = Number(line.replace(/^(-?)inf$/, '$1Infinity').replace(/^-?nan$/, 'NaN'));
    if (line === '' || (Number.isNaN(value) && !/^-?nan$/.test(line)))
      throw reader.fault('a float that is none');
    reader.push(value);
  },
  G: (reader, bytes) => reader.push(bytes.float64()),
};

// Texts and bytes. Python 2's texts are bytes of an unknown encoding: as Latin-1 nothing is lost.
const TEXTS: Readonly<Record<string, Step>> = {
  S: (reader, bytes) => reader.push(quotedText(bytes.line(), reader)),
  T: (reader, bytes) => reader.push(latin1(bytes.take(nonNegative(bytes.int32(), reader)))),
  U: (reader, bytes) => reader.push(latin1(bytes.take(bytes.byte()))),
  V: (reader, bytes) => reader.push(escapedText(bytes.line())),
  X: (reader, bytes) => reader.push(utf8(bytes.take(bytes.length(4)))),
  '0x8c': (reader, bytes) => reader.push(utf8(bytes.take(bytes.byte()))),
  '0x8d': (reader, bytes) => reader.push(utf8(bytes.take(bytes.length(8)))),
  B: (reader, bytes) => reader.push(bytes.take(bytes.length(4))),
  C: (reader, bytes) => reader.push(bytes.take(bytes.byte())),
  '0x8e': (reader, bytes) => reader.push(bytes.take(bytes.length(8))),
  '0x96': (reader, bytes) => reader.push(bytes.take(bytes.length(8))),
};

// Lists, tuples, sets, dicts.
const GROUPS: Readonly<Record<string, Step>> = {
  '(': (reader) => reader.push(MARK),
  '0': (reader) => reader.drop(),
  '1': (reader) => void reader.popToMark(),
  '2': (reader) => reader.again(),
  ']': (reader) => reader.push([]),
  l: (reader) => reader.push(reader.popToMark()),
  a: (reader) => {
    const item = reader.pop();
    reader.list()?.push(item);
  },
  e: addItems,
  ')': (reader) => reader.push([]),
  t: (reader) => reader.push(reader.popToMark()),
  '0x85': (reader) => reader.push([reader.pop()]),
  '0x86': (reader) => reader.push(popLast(reader, 2)),
  '0x87': (reader) => reader.push(popLast(reader, 3)),
  '0x8f': (reader) => reader.push([]),
  '0x90': addItems,
  '0x91': (reader) => reader.push(reader.popToMark()),
  '}': (reader) => reader.push(new Map()),
  d: (reader) => {
    const items = reader.popToMark();
    const map = new Map<PickleValue, PickleValue>();
    setItems(map, items, reader);
    reader.push(map);
  },
  s: (reader) => {
    const [key, value] = popLast(reader, 2) as [PickleValue, PickleValue];
    reader.map()?.set(key, value);
  },
  u: (reader) => {
    const items = reader.popToMark();
    const map = reader.map();
    if (map !== null) setItems(map, items, reader);
  },
};

// What was said before.
const REMEMBERED: Readonly<Record<string, Step>> = {
  p: (reader, bytes) => reader.remember(memoIndex(bytes.line(MOST_NUMBER_BYTES), reader)),
  q: (reader, bytes) => reader.remember(bytes.byte()),
  r: (reader, bytes) => reader.remember(bytes.length(4)),
  '0x94': (reader) => reader.rememberNext(),
  g: (reader, bytes) => reader.recall(memoIndex(bytes.line(MOST_NUMBER_BYTES), reader)),
  h: (reader, bytes) => reader.recall(bytes.byte()),
  j: (reader, bytes) => reader.recall(bytes.length(4)),
};

// What Python would look up, call or fill: named, never done.
const CALLS: Readonly<Record<string, Step>> = {
  c: (reader, bytes) => reader.push(new OpaqueValue(`${bytes.line()}.${bytes.line()}`)),
  '0x93': (reader) => {
    const name = reader.name();
    reader.push(new OpaqueValue(`${reader.name()}.${name}`));
  },
  i: (reader, bytes) => {
    const of = `${bytes.line()}.${bytes.line()}`;
    reader.push(new OpaqueValue(of, reader.popToMark()));
  },
  o: (reader) => {
    const [of, ...given] = reader.popToMark();
    reader.push(called(of ?? null, given));
  },
  R: call,
  '0x81': call,
  '0x92': (reader) => {
    const [of, given] = popLast(reader, 3);
    reader.push(called(of ?? null, Array.isArray(given) ? given : []));
  },
  b: (reader) => {
    const state = reader.pop();
    const top = reader.pop();
    reader.push(top instanceof OpaqueValue ? new OpaqueValue(top.of, [...top.given, state]) : top);
  },
  P: (reader, bytes) => {
    bytes.line();
    reader.push(new OpaqueValue('persistent id'));
  },
  Q: (reader) => {
    reader.pop();
    reader.push(new OpaqueValue('persistent id'));
  },
  '0x82': (reader, bytes) => reader.push(new OpaqueValue(`extension ${bytes.byte()}`)),
  '0x83': (reader, bytes) => reader.push(new OpaqueValue(`extension ${bytes.length(2)}`)),
  '0x84': (reader, bytes) => reader.push(new OpaqueValue(`extension ${bytes.int32()}`)),
  '0x97': (reader) => reader.push(new OpaqueValue('buffer')),
  '0x98': () => undefined,
};

/** Keyed by their byte; the tables above name printable ones by their character. */
const STEPS: ReadonlyMap<number, Step> = new Map(
  [HEADS, NUMBERS, TEXTS, GROUPS, REMEMBERED, CALLS]
    .flatMap((table) => Object.entries(table))
    .map(([key, step]) => [key.length === 1 ? OPCODE(key) : Number(key), step] as const),
);

function call(reader: PickleReader): void {
  const [of, given] = popLast(reader, 2);
  reader.push(called(of ?? null, Array.isArray(given) ? given : []));
}

function called(of: PickleValue, given: readonly PickleValue[]): OpaqueValue {
  return new OpaqueValue(of instanceof OpaqueValue ? of.of : 'no class', given);
}

function addItems(reader: PickleReader): void {
  const items = reader.popToMark();
  const list = reader.list();
  // Not push(...items): there can be more than a call takes.
  if (list !== null) for (const item of items) list.push(item);
}

function setItems(
  map: Map<PickleValue, PickleValue>,
  items: readonly PickleValue[],
  reader: PickleReader,
): void {
  if (items.length % 2 !== 0) throw reader.fault('a key without a value');
  for (let i = 0; i < items.length; i += 2) map.set(items[i]!, items[i + 1]!);
}

function popLast(reader: PickleReader, count: number): PickleValue[] {
  const items = Array.from({ length: count }, () => reader.pop());
  return items.toReversed();
}

function nonNegative(size: number, reader: PickleReader): number {
  if (size < 0) throw reader.fault(`a text of ${size} bytes`);
  return size;
}

function memoIndex(line: string, reader: PickleReader): number {
  if (!/^\d{1,15}$/.test(line)) throw reader.fault(`"${visible(line, 20)}" is no index`);
  return Number(line);
}

function wholeNumber(line: string, reader: PickleReader): number | bigint {
  if (!/^[+-]?\d+$/.test(line)) throw reader.fault(`"${visible(line, 20)}" is no whole number`);
  return small(BigInt(line.replace(/^\+/, '')));
}

/** Little-endian two's complement. */
function longNumber(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  const isNegative = bytes.length > 0 && bytes[bytes.length - 1]! >= 0x80;
  return small(isNegative ? value - (1n << BigInt(8 * bytes.length)) : value);
}

function small(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

/** As repr() of a str of Python 2 writes it. */
function quotedText(line: string, reader: PickleReader): string {
  const text = line.trim();
  const quote = text.charAt(0);
  if (text.length < 2 || (quote !== "'" && quote !== '"') || !text.endsWith(quote))
    throw reader.fault('a text without quotes');
  return text
    .slice(1, -1)
    .replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.)/g, (_, escape: string) =>
      escape.startsWith('x') && escape.length === 3
        ? String.fromCharCode(Number.parseInt(escape.slice(1), 16))
        : /^[0-7]/.test(escape)
          ? String.fromCharCode(Number.parseInt(escape, 8))
          : (SIMPLE_ESCAPES[escape] ?? escape),
    );
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** As the codec raw-unicode-escape writes it. */
function escapedText(line: string): string {
  return line.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (all, short?: string, long?: string) => {
    const code = Number.parseInt(short ?? long ?? '', 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });
}
