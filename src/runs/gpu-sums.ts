import { GPU_BINDINGS, type GpuBinding } from '../attribution/gpu-binding';
import { ExactSum } from './exact-sum';
import type { GpuRow } from './slice-row';

/** What GPUs did, as far as the lines of their runs tell. Times are GPU time: milliseconds times GPUs, or parts of them. */
export class GpuSums {
  /** In which they were read. */
  readonly readMs = new ExactSum();
  /** In which a kernel ran; absent where no line tells. */
  busyMs?: ExactSum;
  /** Of which busyMs is told. */
  readonly toldMs = new ExactSum();
  /** What they drew while no kernel ran, under the policy asked for; absent where no line tells. */
  idleUj?: ExactSum;
  /** In which heat or power held the clocks back; absent where no line tells. */
  throttledMs?: ExactSum;
  /** By the number of the performance state. */
  readonly pStateMs = new Map<number, ExactSum>();
  /** The most that a line tells; null: none does. */
  memoryBytes: number | null = null;
  /** What told which GPUs they are: the least certain. */
  by: GpuBinding = GPU_BINDINGS[0];
  /** Of several the first in the order of their characters, so that the lines may come in any. */
  conflict: string | null = null;

  /** @param policy index of the policy in a row's energies */
  addRow(row: GpuRow, policy: number): void {
    this.readMs.add(row.readMs);
    if (row.busyMs !== undefined) (this.busyMs ??= new ExactSum()).add(row.busyMs);
    this.toldMs.add(row.toldMs);
    const idleUj = row.idleUj[policy];
    if (idleUj !== undefined) (this.idleUj ??= new ExactSum()).add(idleUj);
    if (row.throttledMs !== undefined) (this.throttledMs ??= new ExactSum()).add(row.throttledMs);
    row.pStateMs.forEach((ms, state) => {
      if (ms !== undefined) this.#ofState(state).add(ms);
    });
    this.#addFacts(row.memoryBytes ?? null, GPU_BINDINGS[row.by] ?? GPU_BINDINGS[0], row.conflict ?? null);
  }

  /** Sums that were added up elsewhere; undefined: no line told. */
  static of(told: {
    readonly readMs: bigint;
    readonly busyMs: bigint | undefined;
    readonly toldMs: bigint;
    readonly idleUj: bigint | undefined;
    readonly throttledMs: bigint | undefined;
    /** By the number of the performance state. */
    readonly pStateMs: readonly (bigint | undefined)[];
    readonly memoryBytes: number | null;
  }): GpuSums {
    const sums = new GpuSums();
    sums.readMs.addBig(told.readMs);
    if (told.busyMs !== undefined) (sums.busyMs = new ExactSum()).addBig(told.busyMs);
    sums.toldMs.addBig(told.toldMs);
    if (told.idleUj !== undefined) (sums.idleUj = new ExactSum()).addBig(told.idleUj);
    if (told.throttledMs !== undefined) (sums.throttledMs = new ExactSum()).addBig(told.throttledMs);
    told.pStateMs.forEach((ms, state) => {
      if (ms !== undefined) sums.#ofState(state).addBig(ms);
    });
    sums.memoryBytes = told.memoryBytes;
    return sums;
  }

  /** Adds what another has. */
  addSums(other: GpuSums): void {
    this.readMs.addSum(other.readMs);
    if (other.busyMs !== undefined) (this.busyMs ??= new ExactSum()).addSum(other.busyMs);
    this.toldMs.addSum(other.toldMs);
    if (other.idleUj !== undefined) (this.idleUj ??= new ExactSum()).addSum(other.idleUj);
    if (other.throttledMs !== undefined) (this.throttledMs ??= new ExactSum()).addSum(other.throttledMs);
    for (const [state, ms] of other.pStateMs) this.#ofState(state).addSum(ms);
    this.#addFacts(other.memoryBytes, other.by, other.conflict);
  }

  #ofState(state: number): ExactSum {
    let sum = this.pStateMs.get(state);
    if (sum === undefined) this.pStateMs.set(state, (sum = new ExactSum()));
    return sum;
  }

  #addFacts(memoryBytes: number | null, by: GpuBinding, conflict: string | null): void {
    if (memoryBytes !== null) this.memoryBytes = Math.max(this.memoryBytes ?? 0, memoryBytes);
    if (GPU_BINDINGS.indexOf(by) > GPU_BINDINGS.indexOf(this.by)) this.by = by;
    if (conflict !== null && (this.conflict === null || conflict < this.conflict)) this.conflict = conflict;
  }
}
