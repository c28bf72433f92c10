import { isCovered, type RunSet, type RunSetFilter } from '../science/run-set';
import type { Output } from './output';
import type { TimeSpan } from '../exports/sci-manifest';
import type { WatchSets } from './run-sets';

/** Notes from when to when the runs of each set were, while they are read. */
export class RunSpans {
  readonly #spans = new Map<RunSetFilter, TimeSpan>();

  readonly watch: WatchSets = (filter) => {
    // Reading can begin anew, with fewer runs.
    this.#spans.delete(filter);
    return ({ run: { startedMs, toMs } }) => {
      const { fromMs, toMs: lastMs } = this.#spans.get(filter) ?? { fromMs: Infinity, toMs: -Infinity };
      this.#spans.set(filter, { fromMs: Math.min(fromMs, startedMs), toMs: Math.max(lastMs, toMs) });
    };
  };

  of(filter: RunSetFilter): TimeSpan {
    const span = this.#spans.get(filter);
    if (span === undefined) throw new Error(`no runs were read of ${filter.name}`);
    return span;
  }
}

/** Says of how many jobs of a set a part was not observed. */
export function notePartial({ filter, report }: RunSet, output: Output): void {
  const partial = report.groups.filter((job) => !isCovered(job)).length;
  if (partial > 0)
    output.note(
      `warning: ${filter.name}: ${partial} of ${report.groups.length} jobs were observed in part; their energy is too low`,
    );
}
