import type { RunSetFilter } from '../science/run-set';
import type { WatchSets } from './run-sets';

/** When the runs of a set were, Unix ms. */
export interface RunSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Notes from when to when the runs of each set were, while they are read. */
export class RunSpans {
  readonly #spans = new Map<RunSetFilter, RunSpan>();

  readonly watch: WatchSets = (filter) => {
    // Reading can begin anew, with fewer runs.
    this.#spans.delete(filter);
    return ({ run: { startedMs, toMs } }) => {
      const { fromMs, toMs: lastMs } = this.#spans.get(filter) ?? { fromMs: Infinity, toMs: -Infinity };
      this.#spans.set(filter, { fromMs: Math.min(fromMs, startedMs), toMs: Math.max(lastMs, toMs) });
    };
  };

  of(filter: RunSetFilter): RunSpan {
    const span = this.#spans.get(filter);
    if (span === undefined) throw new Error(`no runs were read of ${filter.name}`);
    return span;
  }
}
