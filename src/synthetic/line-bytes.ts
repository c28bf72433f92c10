import { DAY_MS } from './plan';

const ZERO = 0x30;
const COLON = 0x3a;
const POINT = 0x2e;
const ZULU = 0x5a;
/** Longer text is copied by the engine's own means, which take a while to begin. */
const LONG_TEXT = 56;
const BILLION = 1_000_000_000;
/** A host with 100 GPUs has lines of this size. */
const FIRST_SIZE = 1 << 16;

/**
 * One line as bytes. What a ledger's line is made of is mostly numbers of ten digits: written digit by digit they take a
 * tenth of the time that strings take.
 */
export class LineBytes {
  bytes: Buffer = Buffer.alloc(FIRST_SIZE);
  length = 0;
  #dayMs = NaN;
  #day = '';

  clear(): void {
    this.length = 0;
  }

  /** @param text ASCII that is JSON already */
  text(text: string): void {
    const { length } = text;
    this.#makeRoom(length);
    if (length > LONG_TEXT) {
      this.length += this.bytes.write(text, this.length, 'latin1');
      return;
    }
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < length; i++) bytes[at++] = text.charCodeAt(i);
    this.length = at;
  }

  /** @param value a whole number from 0 to 2^53 */
  whole(value: number): void {
    this.#makeRoom(16);
    if (value < BILLION) {
      this.#digits(value, digitsOf(value));
      return;
    }
    const billions = Math.floor(value / BILLION);
    this.#digits(billions, digitsOf(billions));
    this.#digits(value - billions * BILLION, 9);
  }

  /** A time (Unix ms) as records have it; most are of the same day as the one before. */
  time(atMs: number): void {
    const ofDay = atMs % DAY_MS;
    if (atMs - ofDay !== this.#dayMs) {
      this.#dayMs = atMs - ofDay;
      this.#day = new Date(atMs).toISOString().slice(0, 'YYYY-MM-DDT'.length);
    }
    this.text(this.#day);
    const seconds = Math.floor(ofDay / 1000);
    const minutes = Math.floor(seconds / 60);
    const hours = Math.floor(minutes / 60);
    this.#makeRoom(16);
    const { bytes } = this;
    this.#digits(hours, 2);
    bytes[this.length++] = COLON;
    this.#digits(minutes - hours * 60, 2);
    bytes[this.length++] = COLON;
    this.#digits(seconds - minutes * 60, 2);
    bytes[this.length++] = POINT;
    this.#digits(ofDay - seconds * 1000, 3);
    bytes[this.length++] = ZULU;
  }

  /** A name and its number, which is what most of a line is: `,"ms":` and 300000. */
  named(name: string, value: number): void {
    this.text(name);
    this.whole(value);
  }

  /** `[1,2,3]`: µJ by policy. */
  policies(usageUj: number, allocationUj: number, hybridUj: number): void {
    this.named('[', usageUj);
    this.named(',', allocationUj);
    this.named(',', hybridUj);
    this.text(']');
  }

  get string(): string {
    return this.bytes.toString('latin1', 0, this.length);
  }

  /** @param value below a billion */
  #digits(value: number, count: number): void {
    const { bytes } = this;
    let rest = value | 0;
    for (let at = this.length + count - 1; at >= this.length; at--) {
      const tens = (rest / 10) | 0;
      bytes[at] = ZERO + rest - tens * 10;
      rest = tens;
    }
    this.length += count;
  }

  #makeRoom(length: number): void {
    if (this.length + length <= this.bytes.length) return;
    this.bytes = Buffer.concat([this.bytes], 2 * (this.length + length));
  }
}

/** @param value below a billion */
function digitsOf(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1000) return 3;
  if (value < 10_000) return 4;
  if (value < 100_000) return 5;
  if (value < 1_000_000) return 6;
  if (value < 10_000_000) return 7;
  return value < 100_000_000 ? 8 : 9;
}
