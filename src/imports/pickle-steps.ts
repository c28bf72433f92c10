import type { PickleBytes } from './pickle-bytes';
import {
  escapedText,
  latin1,
  longNumber,
  memoIndex,
  nonNegative,
  quotedText,
  utf8,
  wholeNumber,
} from './pickle-scalars';
import { MARK, type PickleStack } from './pickle-stack';
import { OpaqueValue, type PickleValue } from './pickle-value';

/** Whole numbers of more digits are no measurement; to read one takes time by the square of its length. */
const MOST_NUMBER_BYTES = 256;

/** What an opcode does. */
type Step = (stack: PickleStack, bytes: PickleBytes) => void;

// Frames and the protocol's number tell nothing that is needed.
const HEADS: Readonly<Record<string, Step>> = {
  '0x80': (_, bytes) => bytes.byte(),
  '0x95': (_, bytes) => bytes.length(8),
};

// Numbers.
const NUMBERS: Readonly<Record<string, Step>> = {
  N: (stack) => stack.push(null),
  '0x88': (stack) => stack.push(true),
  '0x89': (stack) => stack.push(false),
  I: (stack, bytes) => {
    const line = bytes.line(MOST_NUMBER_BYTES);
    stack.push(line === '01' ? true : line === '00' ? false : wholeNumber(line, stack));
  },
  L: (stack, bytes) => stack.push(wholeNumber(bytes.line(MOST_NUMBER_BYTES).replace(/L$/, ''), stack)),
  J: (stack, bytes) => stack.push(bytes.int32()),
  K: (stack, bytes) => stack.push(bytes.byte()),
  M: (stack, bytes) => stack.push(bytes.length(2)),
  '0x8a': (stack, bytes) => stack.push(longNumber(bytes.take(bytes.byte()))),
  '0x8b': (stack, bytes) => {
    const size = bytes.int32();
    if (size < 0 || size > MOST_NUMBER_BYTES) throw stack.fault(`a number of ${size} bytes`);
    stack.push(longNumber(bytes.take(size)));
  },
  F: (stack, bytes) => {
    const line = bytes.line(MOST_NUMBER_BYTES);
    const value = Number(line.replace(/^(-?)inf$/, '$1Infinity').replace(/^-?nan$/, 'NaN'));
    if (line === '' || (Number.isNaN(value) && !/^-?nan$/.test(line)))
      throw stack.fault('a float that is none');
    stack.push(value);
  },
  G: (stack, bytes) => stack.push(bytes.float64()),
};

// Texts and bytes. Python 2's texts are bytes of an unknown encoding: as Latin-1 nothing is lost.
const TEXTS: Readonly<Record<string, Step>> = {
  S: (stack, bytes) => stack.push(quotedText(bytes.line(), stack)),
  T: (stack, bytes) => stack.push(latin1(bytes.take(nonNegative(bytes.int32(), stack)))),
  U: (stack, bytes) => stack.push(latin1(bytes.take(bytes.byte()))),
  V: (stack, bytes) => stack.push(escapedText(bytes.line())),
  X: (stack, bytes) => stack.push(utf8(bytes.take(bytes.length(4)))),
  '0x8c': (stack, bytes) => stack.push(utf8(bytes.take(bytes.byte()))),
  '0x8d': (stack, bytes) => stack.push(utf8(bytes.take(bytes.length(8)))),
  B: (stack, bytes) => stack.push(bytes.take(bytes.length(4))),
  C: (stack, bytes) => stack.push(bytes.take(bytes.byte())),
  '0x8e': (stack, bytes) => stack.push(bytes.take(bytes.length(8))),
  '0x96': (stack, bytes) => stack.push(bytes.take(bytes.length(8))),
};

// Lists, tuples, sets, dicts.
const GROUPS: Readonly<Record<string, Step>> = {
  '(': (stack) => stack.push(MARK),
  '0': (stack) => stack.drop(),
  '1': (stack) => void stack.popToMark(),
  '2': (stack) => stack.again(),
  ']': (stack) => stack.push([]),
  l: (stack) => stack.push(stack.popToMark()),
  a: (stack) => {
    const item = stack.pop();
    stack.list()?.push(item);
  },
  e: addItems,
  ')': (stack) => stack.push([]),
  t: (stack) => stack.push(stack.popToMark()),
  '0x85': (stack) => stack.push([stack.pop()]),
  '0x86': (stack) => stack.push(popLast(stack, 2)),
  '0x87': (stack) => stack.push(popLast(stack, 3)),
  '0x8f': (stack) => stack.push([]),
  '0x90': addItems,
  '0x91': (stack) => stack.push(stack.popToMark()),
  '}': (stack) => stack.push(new Map()),
  d: (stack) => {
    const items = stack.popToMark();
    const map = new Map<PickleValue, PickleValue>();
    setItems(map, items, stack);
    stack.push(map);
  },
  s: (stack) => {
    const [key, value] = popLast(stack, 2) as [PickleValue, PickleValue];
    stack.map()?.set(key, value);
  },
  u: (stack) => {
    const items = stack.popToMark();
    const map = stack.map();
    if (map !== null) setItems(map, items, stack);
  },
};

// What was said before.
const REMEMBERED: Readonly<Record<string, Step>> = {
  p: (stack, bytes) => stack.remember(memoIndex(bytes.line(MOST_NUMBER_BYTES), stack)),
  q: (stack, bytes) => stack.remember(bytes.byte()),
  r: (stack, bytes) => stack.remember(bytes.length(4)),
  '0x94': (stack) => stack.rememberNext(),
  g: (stack, bytes) => stack.recall(memoIndex(bytes.line(MOST_NUMBER_BYTES), stack)),
  h: (stack, bytes) => stack.recall(bytes.byte()),
  j: (stack, bytes) => stack.recall(bytes.length(4)),
};

// What Python would look up, call or fill: named, never done.
const CALLS: Readonly<Record<string, Step>> = {
  c: (stack, bytes) => stack.push(new OpaqueValue(`${bytes.line()}.${bytes.line()}`)),
  '0x93': (stack) => {
    const name = stack.name();
    stack.push(new OpaqueValue(`${stack.name()}.${name}`));
  },
  i: (stack, bytes) => {
    const of = `${bytes.line()}.${bytes.line()}`;
    stack.push(new OpaqueValue(of, stack.popToMark()));
  },
  o: (stack) => {
    const [of, ...given] = stack.popToMark();
    stack.push(called(of ?? null, given));
  },
  R: call,
  '0x81': call,
  '0x92': (stack) => {
    const [of, given] = popLast(stack, 3);
    stack.push(called(of ?? null, Array.isArray(given) ? given : []));
  },
  b: (stack) => {
    const state = stack.pop();
    const top = stack.pop();
    // A pickle can fill one thing many times: nothing of it is copied.
    stack.push(top instanceof OpaqueValue ? new OpaqueValue(top.of, top.given, state) : top);
  },
  P: (stack, bytes) => {
    bytes.line();
    stack.push(new OpaqueValue('persistent id'));
  },
  Q: (stack) => {
    stack.pop();
    stack.push(new OpaqueValue('persistent id'));
  },
  '0x82': (stack, bytes) => stack.push(new OpaqueValue(`extension ${bytes.byte()}`)),
  '0x83': (stack, bytes) => stack.push(new OpaqueValue(`extension ${bytes.length(2)}`)),
  '0x84': (stack, bytes) => stack.push(new OpaqueValue(`extension ${bytes.int32()}`)),
  '0x97': (stack) => stack.push(new OpaqueValue('buffer')),
  '0x98': () => undefined,
};

/** What each opcode does. Keyed by their byte; the tables above name printable ones by their character. */
export const STEPS: ReadonlyMap<number, Step> = new Map(
  [HEADS, NUMBERS, TEXTS, GROUPS, REMEMBERED, CALLS]
    .flatMap((table) => Object.entries(table))
    .map(([key, step]) => [key.length === 1 ? key.charCodeAt(0) : Number(key), step] as const),
);

function call(stack: PickleStack): void {
  const [of, given] = popLast(stack, 2);
  stack.push(called(of ?? null, Array.isArray(given) ? given : []));
}

function called(of: PickleValue, given: readonly PickleValue[]): OpaqueValue {
  return new OpaqueValue(of instanceof OpaqueValue ? of.of : 'no class', given);
}

function addItems(stack: PickleStack): void {
  const items = stack.popToMark();
  const list = stack.list();
  // Not push(...items): there can be more than a call takes.
  if (list !== null) for (const item of items) list.push(item);
}

function setItems(
  map: Map<PickleValue, PickleValue>,
  items: readonly PickleValue[],
  stack: PickleStack,
): void {
  if (items.length % 2 !== 0) throw stack.fault('a key without a value');
  for (let i = 0; i < items.length; i += 2) map.set(items[i]!, items[i + 1]!);
}

function popLast(stack: PickleStack, count: number): PickleValue[] {
  const items = Array.from({ length: count }, () => stack.pop());
  return items.toReversed();
}
