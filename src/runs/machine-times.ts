import type { Part } from './runs';

/** Time of nodes of which is the same what they are, or of GPUs of one model. */
export interface MachineTime {
  readonly cluster: string;
  /** null: of a GPU. */
  readonly node: string | null;
  /** Of its CPUs, or of the GPU; null: not told. */
  readonly model: string | null;
  /** Parts that a node or GPU has: its CPUs, or the models that share a run's GPU time. */
  readonly of: number;
  /** Milliseconds times parts: a whole number, so that sums do not depend on their order. */
  partMs: number;
}

/** The time that runs had of nodes and GPUs, by what these are. */
export class MachineTimes {
  readonly #times = new Map<string, MachineTime>();
  /** Time of nodes of which nobody knows what part a run had. */
  unknownNodeMs = 0;

  /** @param times as {@link MachineTimes.times} gave them */
  static of(times: readonly MachineTime[], unknownNodeMs: number): MachineTimes {
    const sums = new MachineTimes();
    for (const time of times) sums.#add(time);
    sums.unknownNodeMs = unknownNodeMs;
    return sums;
  }

  /** @param parts the slices of a run that belong to a group */
  add(cluster: string, parts: readonly Part[]): void {
    for (const { node, slice, cpuModel, gpuModels, nodeShare } of parts) {
      const ms = Math.max(0, slice.toMs - slice.fromMs);
      if (nodeShare === null) this.unknownNodeMs += ms;
      else this.#add({ cluster, node, model: cpuModel, of: nodeShare.of, partMs: ms * nodeShare.cpus });
      const gpuMs = Number(slice.gpuMs.value);
      // GPUs are allocated for the whole of a run: of several each had the same time.
      const models = gpuModels.length > 0 ? gpuModels : [null];
      if (gpuMs > 0)
        for (const model of models) {
          this.#add({ cluster, node: null, model, of: models.length, partMs: gpuMs });
        }
    }
  }

  addSums(other: MachineTimes): void {
    for (const time of other.#times.values()) this.#add(time);
    this.unknownNodeMs += other.unknownNodeMs;
  }

  /** In an order that does not depend on that in which they were added. */
  get times(): MachineTime[] {
    return [...this.#times].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, time]) => time);
  }

  #add(added: MachineTime): void {
    const { cluster, node, model, of, partMs } = added;
    const key = JSON.stringify([cluster, node, model, of]);
    const time = this.#times.get(key);
    if (time === undefined) this.#times.set(key, { ...added });
    else time.partMs += partMs;
  }
}
