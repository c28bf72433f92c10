import { EitError } from '../errors';

const NEWLINE = 0x0a;

/** A pickle's bytes, read from the front. */
export class PickleBytes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #place: string;
  at = 0;

  /** @param place named in errors */
  constructor(bytes: Uint8Array, place: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#place = place;
  }

  byte(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  /** Little-endian, signed. */
  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  /** Big-endian. */
  float64(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  /** A number without sign, little-endian, such as a length. @param bytes 2, 4 or 8 */
  length(bytes: 2 | 4 | 8): number {
    const at = this.#advance(bytes);
    if (bytes === 2) return this.#view.getUint16(at, true);
    if (bytes === 4) return this.#view.getUint32(at, true);
    // What a double cannot hold is more than there is anyway.
    return Number(this.#view.getBigUint64(at, true));
  }

  /** The next bytes; no copy. @throws EitError EIT_IMPORT where there are fewer */
  take(count: number): Uint8Array {
    const from = this.#advance(count);
    return this.#bytes.subarray(from, from + count);
  }

  /** Up to the next newline, which is passed over. @param longest in bytes */
  line(longest = Infinity): string {
    const end = this.#bytes.indexOf(NEWLINE, this.at);
    if (end < 0) throw this.fault('it ends in the middle');
    if (end - this.at > longest) throw this.fault(`a number of ${end - this.at} digits`);
    const text = Buffer.from(this.#bytes.subarray(this.at, end)).toString('latin1');
    this.at = end + 1;
    return text.endsWith('\r') ? text.slice(0, -1) : text;
  }

  /** @param at where, in bytes from the front */
  fault(what: string, at = this.at): EitError {
    return new EitError(
      'EIT_IMPORT',
      `${this.#place} is no pickle that can be read: ${what}, at byte ${at}. Is the file whole, and what experiment-impact-tracker wrote?`,
    );
  }

  #advance(count: number): number {
    const from = this.at;
    if (!(count <= this.#bytes.length - from))
      throw this.fault(
        `it ends in the middle: ${count} bytes are to come, ${this.#bytes.length - from} are there`,
      );
    this.at = from + count;
    return from;
  }
}
