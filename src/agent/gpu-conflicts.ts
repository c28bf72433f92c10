import type { RunState } from './host-state';

/** Contradictions in what tells whose GPUs are whose: each is told once a run. */
export class GpuConflicts {
  readonly #told = new Map<string, string>();

  /** Messages of what has not been told yet. */
  untold(runs: Readonly<Record<string, RunState>>): string[] {
    for (const key of this.#told.keys()) if (!(key in runs)) this.#told.delete(key);
    return Object.entries(runs).flatMap(([key, { identity, gpus }]) => {
      const conflict = gpus?.conflict;
      if (conflict === undefined || this.#told.get(key) === conflict) return [];
      this.#told.set(key, conflict);
      return [`the GPUs of job ${identity.job} on ${identity.node}: ${conflict}`];
    });
  }
}
