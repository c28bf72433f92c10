import type { RunIo } from '../generated/record';
import type { BlockIo } from '../generated/report';
import { ExactSum } from './exact-sum';

/** What runs read from and wrote to block devices, as far as their lines tell. */
export class BlockIoSums {
  readonly #readBytes = new ExactSum();
  readonly #writtenBytes = new ExactSum();
  readonly #reads = new ExactSum();
  readonly #writes = new ExactSum();

  /** What a line leaves out of what it tells is 0. */
  add({ rb = 0, wb = 0, r = 0, w = 0 }: RunIo): void {
    this.#readBytes.add(rb);
    this.#writtenBytes.add(wb);
    this.#reads.add(r);
    this.#writes.add(w);
  }

  /** Adds what another has. */
  addSums(other: BlockIoSums): void {
    // Those of one run: below where a double stops counting.
    const { read_bytes: rb, written_bytes: wb, read_ops: r, written_ops: w } = other.figures(0);
    this.add({ rb, wb, r, w });
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
