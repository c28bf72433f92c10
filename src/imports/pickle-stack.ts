import type { EitError } from '../errors';
import type { PickleBytes } from './pickle-bytes';
import { OpaqueValue, type PickleValue } from './pickle-value';

/** A mark of the stack: where a list's items begin. */
export const MARK = Symbol('mark');

type Slot = PickleValue | typeof MARK | PickleValue[] | Map<PickleValue, PickleValue>;

/** A byte can make a list of which each takes many: a log's pickle has some thousand values. */
const MOST_VALUES = 2_000_000;

/** What a pickle's opcodes work on: the values in hand, and those to be named again. */
export class PickleStack {
  readonly #bytes: PickleBytes;
  readonly #place: string;
  readonly #stack: Slot[] = [];
  readonly #memo = new Map<number, Slot>();
  #values = 0;

  constructor(bytes: PickleBytes, place: string) {
    this.#bytes = bytes;
    this.#place = place;
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

  get isEmpty(): boolean {
    return this.#stack.length === 0;
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
