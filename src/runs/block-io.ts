import type { RunIo } from '../generated/record';
import type { BlockIo } from '../generated/report';
import { ExactSum } from './exact-sum';

/** What runs read from and wrote to block devices, as far as their lines tell. */
export class BlockIoSums {
  readonly #readBytes = new ExactSum();
  readonly #writtenBytes = new ExactSum();
  readonly #reads = new ExactSum();
  readonly #writes = new ExactSum();

  /** @param sums bytes read, bytes written, reads, writes */
  static of([readBytes, writtenBytes, reads, writes]: readonly [
    bigint,
    bigint,
    bigint,
    bigint,
  ]): BlockIoSums {
    const sums = new BlockIoSums();
    sums.#readBytes.addBig(readBytes);
    sums.#writtenBytes.addBig(writtenBytes);
    sums.#reads.addBig(reads);
    sums.#writes.addBig(writes);
    return sums;
  }

  /** What a line leaves out of what it tells is 0. */
  add({ rb = 0, wb = 0, r = 0, w = 0 }: RunIo): void {
    this.#readBytes.add(rb);
    this.#writtenBytes.add(wb);
    this.#reads.add(r);
    this.#writes.add(w);
  }

  /** Adds what another has. */
  addSums(other: BlockIoSums): void {
    this.#readBytes.addSum(other.#readBytes);
    this.#writtenBytes.addSum(other.#writtenBytes);
    this.#reads.addSum(other.#reads);
    this.#writes.addSum(other.#writes);
  }

  /** Bytes read, bytes written, reads, writes: what {@link BlockIoSums.of} takes. */
  get values(): [bigint, bigint, bigint, bigint] {
    return [this.#readBytes.value, this.#writtenBytes.value, this.#reads.value, this.#writes.value];
  }

  /** @param runs of which something was told */
  figures(runs: number): BlockIo {
    return {
      runs,
      read_bytes: Number(this.#readBytes.value),
      written_bytes: Number(this.#writtenBytes.value),
      read_ops: Number(this.#reads.value),
      written_ops: Number(this.#writes.value),
    };
  }
}
