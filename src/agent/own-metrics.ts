import { describeError } from '../errors';
import type { EitConfig } from '../generated/config';
import { readPruned } from '../ledger/pruned';
import { readSpoolLag } from '../ledger/spool-lag';
import { exposition } from '../metrics/exposition';
import type { MetricsFile } from '../metrics/metrics-file';
import { type AgentFacts, hostMetrics } from './host-metrics';
import type { HostState } from './host-state';
import type { Log } from './log';

/** What varies of the agent's facts from one file of metrics to the next. */
export type MomentaryFacts = Pick<AgentFacts, 'cluster' | 'failing' | 'unwritten' | 'energy'>;

interface Parts {
  readonly config: EitConfig;
  readonly tool: string;
  readonly absentSources: Readonly<Record<string, string>>;
  /** Where they go; null: nobody asks. */
  readonly metrics: MetricsFile | null;
  readonly log: Log;
}

/** What the agent tells of its host and itself to Prometheus. */
export class OwnMetrics {
  readonly #parts: Parts;
  readonly #startedMs: number;
  readonly #ticks = { sumS: 0, count: 0, longestS: 0 };

  /** @param startedMs when the agent began, Unix time */
  constructor(parts: Parts, startedMs: number) {
    this.#parts = parts;
    this.#startedMs = startedMs;
  }

  /** A reading, with all that followed from it, took so long. */
  ticked(tookS: number): void {
    this.#ticks.sumS += tookS;
    this.#ticks.count += 1;
    this.#ticks.longestS = Math.max(this.#ticks.longestS, tookS);
  }

  /**
   * The metrics of this moment; null where none are due.
   * @param nowMs on the monotonic clock
   */
  due(nowMs: number, state: HostState, momentary: () => MomentaryFacts): string | null {
    const { metrics, config, tool, absentSources, log } = this.#parts;
    if (metrics?.isDue(nowMs) !== true) return null;
    try {
      const { user, system } = process.cpuUsage();
      const text = exposition(
        hostMetrics(state, {
          ...momentary(),
          version: tool,
          policy: config.policy,
          startedMs: this.#startedMs,
          cpuS: (user + system) / 1e6,
          rssBytes: process.memoryUsage.rss(),
          ticks: this.#ticks,
          absentSources: Object.keys(absentSources),
          spool: spoolFacts(config.spool_dir),
        }),
      );
      this.#ticks.longestS = 0;
      return text;
    } catch (error) {
      // The checkpoint, which is written with them, matters more.
      log('warn', `the metrics cannot be put together: ${describeError(error)}`);
      return null;
    }
  }
}

function spoolFacts(dir: string): AgentFacts['spool'] {
  try {
    return { lag: readSpoolLag(dir), pruned: readPruned(dir) };
  } catch (error) {
    // Where it cannot be written either the log tells why, and what waits in memory is told.
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}
