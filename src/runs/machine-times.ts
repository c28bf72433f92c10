import type { Part } from './runs';

/** Time of nodes of which is the same what they are, or of GPUs of one model. */
export interface MachineTime {
  readonly cluster: string;
  /** null: of a GPU. */
  readonly node: string | null;
  /** Of its CPUs, or of the GPU; null: not told. */
  readonly model: string | null;
  /** Milliseconds; of a node, times the part of its CPUs that is allocated. */
  ms: number;
}

/** The time that runs had of nodes and GPUs, by what these are. */
export class MachineTimes {
  readonly #times = new Map<string, MachineTime>();
  /** Time of nodes of which nobody knows what part a run had. */
  unknownNodeMs = 0;

  /** @param parts the slices of a run that belong to a group */
  add(cluster: string, parts: readonly Part[]): void {
    for (const { node, slice, cpuModel, gpuModels, nodeShare } of parts) {
      const ms = Math.max(0, slice.toMs - slice.fromMs);
      if (nodeShare === null) this.unknownNodeMs += ms;
      else this.#add({ cluster, node, model: cpuModel, ms: ms * nodeShare });
      const gpuMs = Number(slice.gpuMs.value);
      // Of several models nobody knows which ran how long: GPUs are allocated for the whole of a run.
      const models = gpuModels.length > 0 ? gpuModels : [null];
      if (gpuMs > 0)
        for (const model of models) this.#add({ cluster, node: null, model, ms: gpuMs / models.length });
    }
  }

  addSums(other: MachineTimes): void {
    for (const time of other.#times.values()) this.#add(time);
    this.unknownNodeMs += other.unknownNodeMs;
  }

  get times(): Iterable<MachineTime> {
    return this.#times.values();
  }

  #add({ cluster, node, model, ms }: MachineTime): void {
    const key = JSON.stringify([cluster, node, model]);
    const time = this.#times.get(key);
    if (time === undefined) this.#times.set(key, { cluster, node, model, ms });
    else time.ms += ms;
  }
}
